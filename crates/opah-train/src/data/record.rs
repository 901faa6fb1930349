//! A record: one JSON object, of which only the text and the label are kept.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::error::RecordProblem;
use crate::python;

/// The keys of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys<'k> {
    pub(super) text: &'k str,
    pub(super) label: &'k str,
}

/// What is kept of a record; made once and filled again and again.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) text: String,
    /// As Python's `str` shows it; `None` if it is missing or null.
    pub(super) label: Option<String>,
}

impl Record {
    /// Reads a line. Of a key that occurs twice the last value counts, as in Python.
    pub(super) fn parse(&mut self, line: &[u8], keys: Keys<'_>) -> Result<(), RecordProblem> {
        let line = std::str::from_utf8(line).map_err(|error| RecordProblem::Utf8 {
            byte: error.valid_up_to() + 1,
        })?;
        let mut deserializer = serde_json::Deserializer::from_str(line);
        let found = Object { record: self, keys }
            .deserialize(&mut deserializer)
            .and_then(|found| deserializer.end().map(|()| found))
            .map_err(|error| json(&error))?;
        if !found.text {
            return Err(RecordProblem::NoText {
                key: keys.text.to_owned(),
                found: keys_of(line),
            });
        }
        self.label = found.label.map(label).transpose()?.flatten();
        Ok(())
    }
}

/// A label as Python's `str` shows it.
fn label(value: Value) -> Result<Option<String>, RecordProblem> {
    let kind = |found| Err(RecordProblem::LabelKind { found });
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) if number.is_f64() => {
            python::repr(number.as_f64().unwrap_or(f64::NAN))
        }
        Value::Number(number) => number.to_string(),
        Value::Array(_) => return kind("a list"),
        Value::Object(_) => return kind("an object"),
    }))
}

fn json(error: &serde_json::Error) -> RecordProblem {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    RecordProblem::Json {
        column: error.column(),
        message: message.to_owned(),
    }
}

/// The keys of a line that was read before.
fn keys_of(line: &str) -> Vec<String> {
    match serde_json::from_str(line) {
        Ok(Value::Object(object)) => object.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// What was found in an object.
#[derive(Default)]
struct Found {
    text: bool,
    label: Option<Value>,
}

struct Object<'r, 'k> {
    record: &'r mut Record,
    keys: Keys<'k>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a JSON object with the key `{}`", self.keys.text)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found, A::Error> {
        let mut found = Found::default();
        while let Some(key) = map.next_key_seed(KeySeed(self.keys))? {
            match key {
                Key::Text => {
                    map.next_value_seed(Text(&mut self.record.text, self.keys.text))?;
                    found.text = true;
                }
                Key::Label => found.label = Some(map.next_value()?),
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }
}

enum Key {
    Text,
    Label,
    Other,
}

struct KeySeed<'k>(Keys<'k>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Key, E> {
        Ok(match key {
            _ if key == self.0.text => Key::Text,
            _ if key == self.0.label => Key::Label,
            _ => Key::Other,
        })
    }
}

struct Text<'t>(&'t mut String, &'t str);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // Not `deserialize_str`, so that a wrong kind is named in the error.
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text under `{}`", self.1)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(text);
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Err(E::custom(format_args!("`{}` is null, not a text", self.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: Keys<'static> = Keys {
        text: "text",
        label: "label",
    };

    fn parse(line: &str) -> Result<Record, String> {
        let mut record = Record::default();
        let result = record.parse(line.as_bytes(), KEYS);
        result
            .map(|()| record)
            .map_err(|problem| problem.to_string())
    }

    fn label_of(value: &str) -> Option<String> {
        parse(&format!(r#"{{"text": "x", "label": {value}}}"#))
            .unwrap()
            .label
    }

    /// `str(json.loads(…))` of Python 3.11.
    #[test]
    fn labels_are_pythons_str() {
        let cases = [
            ("\"pos\"", "pos"),
            ("1", "1"),
            ("-3", "-3"),
            ("true", "True"),
            ("false", "False"),
            ("0.5", "0.5"),
            ("1.0", "1.0"),
            ("1e2", "100.0"),
            ("1e16", "1e+16"),
            ("123456789012345.6", "123456789012345.6"),
            ("1e-4", "0.0001"),
            ("1.5e-5", "1.5e-05"),
            ("1e300", "1e+300"),
            ("18446744073709551615", "18446744073709551615"),
            ("\"\"", ""),
        ];
        for (value, expected) in cases {
            assert_eq!(label_of(value).as_deref(), Some(expected), "{value}");
        }
        assert_eq!(label_of("null"), None);
        assert_eq!(parse(r#"{"text": "x"}"#).unwrap().label, None);
    }

    #[test]
    fn other_keys_are_ignored_and_escapes_are_read() {
        let record =
            parse(r#"{"id": [1, {"text": 3}], "text": "a\u0085b\u2028c \ud83d\ude00", "x": null}"#);
        assert_eq!(record.unwrap().text, "a\u{85}b\u{2028}c 😀");
        assert_eq!(parse(r#"{"text": "a", "text": "b"}"#).unwrap().text, "b");
    }

    #[test]
    fn problems_are_named() {
        let cases = [
            (
                r#"{"sentence": "x", "label": "a"}"#,
                "no key `text`; the record has `sentence`, `label`; `dataset_reader.text_key` names the text",
            ),
            (
                "{}",
                "no key `text`; the record has none; `dataset_reader.text_key` names the text",
            ),
            (
                r#"{"text": 5}"#,
                "column 10: invalid type: integer `5`, expected a text under `text`",
            ),
            (r#"{"text": null}"#, "column 13: `text` is null, not a text"),
            (
                "[1]",
                "column 0: invalid type: sequence, expected a JSON object with the key `text`",
            ),
            (r#"{"text": "x""#, "column 12: EOF while parsing an object"),
            (r#"{"text": "x"} {"#, "column 15: trailing characters"),
            (r#"{'text': "x"}"#, "column 2: key must be a string"),
            (
                r#"{"text": "x", "label": ["a"]}"#,
                "the label is a list; expected a text, number or boolean",
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(parse(line).unwrap_err(), expected, "{line}");
        }
        let mut record = Record::default();
        let problem = record.parse(b"{\"text\": \"a\xff\"}", KEYS).unwrap_err();
        assert_eq!(problem.to_string(), "invalid UTF-8 at byte 12 of the line");
    }
}
