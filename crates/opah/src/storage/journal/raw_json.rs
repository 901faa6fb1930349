//! JSON taken apart without being understood: what nobody looks into keeps its spelling,
//! numbers their digits and `NaN` its name.
//!
//! All functions but [`is_json`] expect JSON.

use serde::de::IgnoredAny;

use crate::json::{replace_bare_words, string_end};

/// Whether Python reads `text` as JSON; `NaN` and infinities are numbers there.
pub(super) fn is_json(text: &str) -> bool {
    let is_strict = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    is_strict(text) || is_strict(&replace_bare_words(text, &["null"; 3]))
}

/// The fields of an object, as they are spelled: key with its quotes, and value.
#[derive(Debug)]
pub(super) struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    /// The fields of `text`; `None` if it is no object.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let fields = parts(text, '{', '}')?.into_iter().map(|field| {
            let (key, rest) = field.split_at(string_end(field));
            Some((key, rest.trim_start().strip_prefix(':')?.trim_start()))
        });
        fields.collect::<Option<_>>().map(Self)
    }

    /// The value of `key`. Of several the last counts, as in Python.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        let mut last_first = self.0.iter().rev();
        let found = last_first.find(|(known, _)| inner(known) == key);
        found.map(|(_, value)| *value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }
}

/// What stands between the quotes of a string, still escaped.
pub(super) fn inner(string: &str) -> &str {
    let end = string.len().saturating_sub(1);
    string.get(1..end).unwrap_or_default()
}

/// The text of a string; `None` if it is something else.
pub(super) fn string(raw: &str) -> Option<String> {
    if !raw.starts_with('"') {
        return None;
    }
    // Half a surrogate pair has no place in a text; its spelling has.
    let text = serde_json::from_str(raw);
    Some(text.unwrap_or_else(|_| inner(raw).to_owned()))
}

/// A number; also `NaN`, `Infinity` and `-Infinity`.
pub(super) fn number(raw: &str) -> Option<f64> {
    match raw {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // Rust knows other names of numbers than JSON.
        _ if raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
            raw.parse().ok()
        }
        _ => None,
    }
}

/// A whole number, also one that is spelled `3.0`.
pub(super) fn whole(raw: &str) -> Option<i64> {
    let float = || number(raw).filter(|float| float.fract() == 0.0);
    raw.parse()
        .ok()
        .or_else(|| float().map(|float| float as i64))
}

/// A list of numbers.
pub(super) fn numbers(raw: &str) -> Option<Vec<f64>> {
    parts(raw, '[', ']')?.into_iter().map(number).collect()
}

/// The same JSON with other spellings of `,` and `:`, and no other space outside strings.
pub(super) fn respaced(text: &str, [comma, colon]: [&str; 2]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let length = if next == '"' {
            string_end(rest)
        } else {
            next.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        match token {
            "," => out.push_str(comma),
            ":" => out.push_str(colon),
            _ if next.is_ascii_whitespace() => {}
            _ => out.push_str(token),
        }
        rest = after;
    }
    out
}

/// What stands between the commas of a list or an object.
fn parts(text: &str, open: char, close: char) -> Option<Vec<&str>> {
    let inside = text.trim().strip_prefix(open)?.strip_suffix(close)?;
    let bytes = inside.as_bytes();
    let mut parts = Vec::new();
    let (mut depth, mut start, mut at) = (0_usize, 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += string_end(&inside[at..]);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(inside[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    let last = inside[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_reads_is_json() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for text in [
            r#"{"a": [NaN, -Infinity]}"#,
            r#""\ud800""#,
            "1e999",
            deep.as_str(),
        ] {
            assert!(is_json(text), "{}", &text[..text.len().min(20)]);
        }
        for text in [
            "",
            " ",
            "\0\0",
            r#"{"a": 1"#,
            r#"{"a" 1}"#,
            "{}{}",
            "nan",
            "'a'",
        ] {
            assert!(!is_json(text), "{text:?}");
        }
    }

    #[test]
    fn fields_keep_their_spelling() {
        let fields = Fields::of(r#" {"a" : [1,{"b":"},\""}] ,"c":-0.10e1,"a,b":NaN,"c":2} "#);
        let fields: Vec<_> = fields.unwrap().iter().collect();
        let expected = [
            (r#""a""#, r#"[1,{"b":"},\""}]"#),
            (r#""c""#, "-0.10e1"),
            (r#""a,b""#, "NaN"),
            (r#""c""#, "2"),
        ];
        assert_eq!(fields, expected);
        assert_eq!(Fields(fields).get("c"), Some("2"));
        assert_eq!(Fields::of("{}").unwrap().iter().count(), 0);
        assert!(Fields::of("[1]").is_none());
    }

    #[test]
    fn values_are_read_as_what_they_are() {
        assert_eq!(string(r#""a\n\u00e9""#).as_deref(), Some("a\né"));
        assert_eq!(string(r#""\ud800""#).as_deref(), Some(r"\ud800"));
        assert_eq!(string("1"), None);
        assert_eq!(
            numbers("[1, 2.5,-Infinity]"),
            Some(vec![1.0, 2.5, f64::NEG_INFINITY])
        );
        assert_eq!(numbers("[1,null]"), None);
        assert_eq!(
            (number("inf"), number("true"), number("\"1\"")),
            (None, None, None)
        );
        assert_eq!(
            (whole("7"), whole("7.0"), whole("7.5")),
            (Some(7), Some(7), None)
        );
        assert_eq!(whole("9007199254740993"), Some(9_007_199_254_740_993));
    }

    #[test]
    fn space_is_changed_outside_strings_only() {
        let python = r#"{"a, b": [1, NaN], "c": "x: \" ,"}"#;
        let compact = r#"{"a, b":[1,NaN],"c":"x: \" ,"}"#;
        assert_eq!(respaced(python, [",", ":"]), compact);
        assert_eq!(respaced(compact, [", ", ": "]), python);
    }
}
