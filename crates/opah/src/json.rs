//! JSON as Python writes it: the form of every stored attribute and distribution.
//!
//! Python's `json` writes `NaN`, `Infinity` and `-Infinity` as bare words,
//! escapes everything beyond ASCII and puts a space after `,` and `:`. The same
//! text is written here, so that a stored row does not tell who wrote it.

use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A JSON text, kept as it was stored, so that what is not understood is passed
/// through unchanged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json(String);

impl Json {
    /// Wraps a text that is known to be JSON, e.g. because it was read from a database.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The JSON form of `value`, in Python's spelling; numbers in it that are NaN or
    /// infinite become null (but see [`from_f64`](Self::from_f64)).
    ///
    /// # Panics
    /// When `value` has a map whose keys are no strings.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Self {
        let value = serde_json::to_value(value).expect("maps have string keys");
        let mut text = String::new();
        write_value(&value, &mut text);
        Self(text)
    }

    /// A number in Python's spelling; `NaN`, `Infinity` and `-Infinity` too.
    pub fn from_f64(value: f64) -> Self {
        Self(python_float(value))
    }

    /// The number, if it is one; also `NaN`, `Infinity` and `-Infinity`.
    pub fn to_f64(&self) -> Option<f64> {
        match self.0.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => serde_json::from_str(text).ok(),
        }
    }

    /// A list of numbers in Python's spelling; `NaN`, `Infinity` and `-Infinity` too.
    pub fn from_f64s(values: &[f64]) -> Self {
        let numbers: Vec<String> = values.iter().map(|value| python_float(*value)).collect();
        Self(format!("[{}]", numbers.join(", ")))
    }

    /// The numbers, if it is a list of nothing else; also `NaN`, `Infinity` and `-Infinity`.
    pub fn to_f64s(&self) -> Option<Vec<f64>> {
        let inner = self.0.trim().strip_prefix('[')?.strip_suffix(']')?;
        if inner.trim().is_empty() {
            return Some(Vec::new());
        }
        let numbers = inner.split(',');
        numbers
            .map(|number| Self::from_text(number.trim()).to_f64())
            .collect()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, if it has the shape `T`. `NaN` and infinities become null.
    pub fn parse<T: DeserializeOwned>(&self) -> Option<T> {
        if let Ok(value) = serde_json::from_str(&self.0) {
            return Some(value);
        }
        serde_json::from_str(&replace_bare_words(&self.0, &["null"; 3])).ok()
    }

    /// The value as a [`Value`]; a bare string when it is no JSON at all.
    pub fn to_value(&self) -> Value {
        self.parse()
            .unwrap_or_else(|| Value::String(self.0.clone()))
    }
}

/// Replaces the bare words `NaN`, `Infinity` and `-Infinity` outside strings by
/// the three `words`, in this order.
pub fn replace_bare_words(text: &str, words: &[&str; 3]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if next == '"' {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if let Some(after) = rest.strip_prefix("NaN") {
            out.push_str(words[0]);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("Infinity") {
            out.push_str(words[1]);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("-Infinity") {
            out.push_str(words[2]);
            rest = after;
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// The byte length of the string literal that `text` begins with, quotes included.
pub(crate) fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Writes `value` as Python's `json.dumps` does.
fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => out.push_str(&python_float(float)),
            _ => out.push_str(&number.to_string()),
        },
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (at, (key, item)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_string(key, out);
                out.push_str(": ");
                write_value(item, out);
            }
            out.push('}');
        }
    }
}

/// Writes a string literal in pure ASCII.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// A float as Python's `repr` and `json.dumps` spell it: the shortest digits
/// that read back to the same bits, an exponent below 1e-4 and from 1e16 on.
///
/// ```
/// assert_eq!(opah::json::python_float(0.00001), "1e-05");
/// assert_eq!(opah::json::python_float(1.0), "1.0");
/// assert_eq!(opah::json::python_float(f64::NAN), "NaN");
/// ```
pub fn python_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let scientific = format!("{value:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_spelled_as_python_spells_it() {
        let json =
            Json::new(&serde_json::json!({"a": [1, 2.5, 1e-5, 1e16], "é\"": null, "😀": true}));
        assert_eq!(
            json.as_str(),
            r#"{"a": [1, 2.5, 1e-05, 1e+16], "\u00e9\"": null, "\ud83d\ude00": true}"#
        );
    }

    #[test]
    fn bare_words_are_read_outside_strings_only() {
        let json = Json::from_text(r#"{"a": NaN, "b": "NaN \" Infinity", "c": [-Infinity]}"#);
        assert_eq!(
            json.to_value(),
            serde_json::json!({"a": null, "b": "NaN \" Infinity", "c": [null]})
        );
    }

    #[test]
    fn every_number_comes_back() {
        for value in [0.1, -0.0, 1e300, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Json::from_f64(value).to_f64(), Some(value));
        }
        assert!(Json::from_f64(f64::NAN).to_f64().unwrap().is_nan());
        assert_eq!(Json::from_text("3").to_f64(), Some(3.0));
        assert_eq!(Json::from_text("\"3\"").to_f64(), None);
    }

    #[test]
    fn every_list_of_numbers_comes_back() {
        let all = [0.1, -0.0, 1e300, f64::INFINITY, f64::NEG_INFINITY];
        for length in 0..=all.len() {
            let values = &all[..length];
            assert_eq!(Json::from_f64s(values).to_f64s().as_deref(), Some(values));
        }
        let mixed = Json::from_f64s(&[f64::NAN, 2.0]);
        assert_eq!(mixed.as_str(), "[NaN, 2.0]");
        let read = mixed.to_f64s().unwrap();
        assert!(read[0].is_nan() && read[1] == 2.0);
        assert_eq!(Json::from_text(" [1,2 ] ").to_f64s(), Some(vec![1.0, 2.0]));
        for wrong in ["3", "[null]", "[1, \"2\"]", "[[1, 2]]", "[1,]", "[", "{}"] {
            assert_eq!(Json::from_text(wrong).to_f64s(), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_json_is_kept_as_text() {
        assert_eq!(
            Json::from_text("{oops").to_value(),
            Value::String("{oops".to_owned())
        );
    }
}
