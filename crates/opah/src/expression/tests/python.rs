//! What Python says of the same texts.

use super::*;
use crate::expression::value::Value;

fn number(text: &str) -> f64 {
    let expression = Expression::parse(text).unwrap();
    let value = Evaluation::new(text, &lookup).value(&expression.root);
    match value.unwrap() {
        Some(Value::Number(number)) => number,
        other => panic!("{text} is {other:?}"),
    }
}

/// CPython 3.11.7's `eval` with `from math import *`, for the trial of [`lookup`].
const NUMBERS: [(&str, f64); 36] = [
    ("1 + 2 * 3", 7.0),
    ("(1 + 2) * 3", 9.0),
    ("2 * 3 % 4", 2.0),
    ("2 - 3 - 4", -5.0),
    ("2 / 4 / 8", 0.0625),
    ("2 ** 3 ** 2", 512.0),
    ("(2 ** 3) ** 2", 64.0),
    ("-2 ** 2", -4.0),
    ("2 ** -1", 0.5),
    ("2 ** -2 ** 2", 0.0625),
    ("- - 2", 2.0),
    ("2 * -3", -6.0),
    ("-7 % 3", 2.0),
    ("7 % -3", -2.0),
    ("-7 % -3", -1.0),
    ("7.5 % 2", 1.5),
    ("-0.5 % 0.2", 0.100_000_000_000_000_03),
    ("1 - -1", 2.0),
    ("2 * 3 ** 2", 18.0),
    ("6 / 2 * 3", 9.0),
    (".5 + 1.", 1.5),
    ("1e-3 * 1E+3", 1.0),
    ("lr * batch", 0.64),
    ("-lr ** 2", -0.0004),
    ("abs(-3) + abs(2)", 5.0),
    ("min(3, 1, 2) - max(3, 1, 2)", -2.0),
    ("log(layers)", 1.098_612_288_668_109_8),
    ("log2(batch) / log10(1000)", 1.666_666_666_666_666_7),
    ("exp(-lr)", 0.980_198_673_306_755_3),
    ("sqrt(batch) ** 2", 32.000_000_000_000_01),
    ("floor(-0.5) + ceil(-0.5)", -1.0),
    ("floor(2.7) + ceil(2.2)", 5.0),
    ("round(0.5) + round(1.5) + round(2.5) + round(-0.5)", 4.0),
    ("round(2.6) - round(-2.6)", 6.0),
    ("min(max(lr, 0.1), 1) + 1", 1.1),
    ("abs(-2) ** 2", 4.0),
];

/// The same; `True`, `False` and `None` are read as well as `true`, `false` and `null`.
const TRUTHS: [(&str, bool); 44] = [
    ("1 < 2", true),
    ("1 < 2 < 3", true),
    ("3 > 2 > 2", false),
    ("1 < 3 > 2", true),
    ("1 == 1 != 2", true),
    ("1 + 1 == 2 and 2 * 2 >= 4", true),
    ("not 1 == 2", true),
    ("not not bias", true),
    ("not bias or bias", true),
    ("not (bias or bias)", false),
    ("True or False and False", true),
    ("(True or False) and False", false),
    ("not False and False", false),
    ("1 < 2 or 1 / 1 < 0", true),
    ("lr * batch <= 0.5", false),
    ("lr * batch > 0.64", false),
    ("layers >= 2 or batch < 16", true),
    ("0 < lr <= momentum < 1", true),
    (r#"opt == "sgd""#, true),
    ("opt != 'adam' and momentum <= 0.9", false),
    (r#"opt in ["adam", "sgd"]"#, true),
    (r#"opt not in ["adam", "sgd"]"#, false),
    (r#"not opt in ["adam"]"#, true),
    ("layers in [1, 2, 3]", true),
    ("layers + 1 in [1, 2, 3]", false),
    ("layers in []", false),
    ("layers not in []", true),
    ("bias == True", true),
    ("bias == (1 < 2)", true),
    ("True == (False == False)", true),
    ("1 == 1.0", true),
    ("decay == None", true),
    ("decay != None", false),
    ("opt == None", false),
    ("opt == 3", false),
    ("opt != 3", true),
    (r#""a" == "\u0061""#, true),
    (r#""it's" == 'it\'s'"#, true),
    (r#""A" == "a""#, false),
    ("-3 in [abs(3), -layers]", true),
    ("0.1 + 0.2 == 0.3", false),
    ("7 % 4 == layers == 6 / 2", true),
    ("1e-3 <= lr < 2e-2", false),
    ("1e-3 <= lr <= 2e-2", true),
];

#[test]
fn numbers_are_pythons() {
    for (text, expected) in NUMBERS {
        let found = number(text);
        let tolerance = 4.0 * f64::EPSILON * expected.abs();
        assert!((found - expected).abs() <= tolerance, "{text} is {found}");
    }
}

#[test]
fn truths_are_pythons() {
    for (text, expected) in TRUTHS {
        assert_eq!(holds(text), Ok(Some(expected)), "{text}");
        // These are refused with a space, where they are always the same.
        let is_constant = ["opt == None", "opt == 3", "opt != 3"].contains(&text);
        let checked = Expression::parse(text).unwrap().check(&space());
        assert_eq!(checked.is_err(), is_constant, "{checked:?}");
    }
}
