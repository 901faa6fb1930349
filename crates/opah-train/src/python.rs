//! Numbers and strings as Python writes them.

use std::fmt::Write as _;

/// Python's `repr` of a finite number: the shortest digits that read back the same, with an
/// exponent, of at least two digits, below 1e-4 and from 1e16.
pub(crate) fn repr(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 || (-4..16).contains(&exponent) {
        return format!("{number:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Adds a string in quotes, in ASCII, as Python's `json.dumps` writes it.
pub(crate) fn push_json_string(text: &mut String, string: &str) {
    text.reserve(string.len() + 2);
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `repr` of Python 3.12.
    #[test]
    fn numbers_are_pythons() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e-310, "1e-310"),
            (9_007_199_254_740_992.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (-1.25e300, "-1.25e+300"),
        ] {
            assert_eq!(repr(number), expected);
        }
    }

    /// `json.dumps` of Python 3.12.
    #[test]
    fn strings_are_ascii() {
        let mut text = "x = ".to_owned();
        push_json_string(&mut text, "é\u{85} 😀 \"\\/ \n\u{7f}\u{1}");
        assert_eq!(
            text,
            r#"x = "\u00e9\u0085 \ud83d\ude00 \"\\/ \n\u007f\u0001""#
        );
    }
}
