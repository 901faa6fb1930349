//! JSON values as YAML: blocks, a key or an item a line. Every text is quoted that another
//! reader could take for something else.

use std::fmt::Write as _;

use serde_json::Value;

/// The value as a YAML document.
pub(crate) fn document(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// Writes a value where its first line is already indented.
fn block(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    pad(indent, out);
                }
                out.push_str("- ");
                block(item, indent + 2, out);
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (at, (key, item)) in fields.iter().enumerate() {
                if at > 0 {
                    pad(indent, out);
                }
                out.push_str(&text(key));
                out.push(':');
                if is_block(item) {
                    out.push('\n');
                    pad(indent + 2, out);
                } else {
                    out.push(' ');
                }
                block(item, indent + 2, out);
            }
        }
        single => {
            out.push_str(&scalar(single));
            out.push('\n');
        }
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => false,
    }
}

/// What stands on one line; of lists and objects, only empty ones.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        Value::Number(number) if number.is_f64() => float(number.as_f64().unwrap_or(f64::NAN)),
        other => other.to_string(),
    }
}

/// YAML 1.1 takes a number with an exponent for a text unless it has a point.
fn float(value: f64) -> String {
    let spelled = opah::json::python_float(value);
    match spelled.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
        _ => spelled,
    }
}

/// Words that some version of YAML reads as something else.
const RESERVED: [&str; 10] = [
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan",
];

/// A text, in double quotes unless it can be nothing but a text.
fn text(text: &str) -> String {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let is_plain = text.starts_with(begins)
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Line ends and byte-order marks of Unicode, which readers refuse or fold.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                escape(c, &mut quoted);
            }
            c if c.is_control() => escape(c, &mut quoted),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(c: char, out: &mut String) {
    // Writing to a text can't fail.
    let _ = write!(out, "\\u{:04x}", u32::from(c));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{document, text};

    #[test]
    fn values_are_blocks() {
        let value = json!([
            {"number": 3, "params": {"lr": 1e-5, "kind": "it's", "layers": [8, [1.5, null]]}},
            {"empty": {}, "none": [], "ok": true},
            "last",
        ]);
        let expected = "\
- number: 3
  params:
    lr: 1.0e-05
    kind: \"it's\"
    layers:
      - 8
      - - 1.5
        - null
- empty: {}
  none: []
  ok: true
- last
";
        assert_eq!(document(&value), expected);
        assert_eq!(document(&json!([])), "[]\n");
        assert_eq!(document(&json!(2.5e300)), "2.5e+300\n");
    }

    #[test]
    fn texts_that_could_be_something_else_are_quoted() {
        for plain in ["lr", "model.adam-w", "_x", "a/b"] {
            assert_eq!(text(plain), plain);
        }
        for (given, quoted) in [
            ("", "\"\""),
            ("NO", "\"NO\""),
            ("Null", "\"Null\""),
            ("1e5", "\"1e5\""),
            ("2025-01-01", "\"2025-01-01\""),
            ("- a", "\"- a\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("~", "\"~\""),
            ("\u{e9}", "\"\u{e9}\""),
            ("say \"\\\"\n\t", "\"say \\\"\\\\\\\"\\n\\t\""),
            ("\u{7f}\u{85}\u{2028}", "\"\\u007f\\u0085\\u2028\""),
        ] {
            assert_eq!(text(given), quoted);
        }
    }
}
