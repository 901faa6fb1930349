//! Words, names, unknowns and bounds; Python's values, errors and properties in files of
//! their own.

mod errors;
mod properties;
mod python;

use std::sync::Arc;

use super::*;
use crate::distribution::{
    CategoricalDistribution, Choice, Distribution, FloatDistribution, IntDistribution,
};

/// The trial of all tests here; it has no parameter `unknown`.
fn lookup(name: &str) -> Option<ParamValue> {
    Some(match name {
        "lr" => ParamValue::Float(0.02),
        "layers" => ParamValue::Int(3),
        "momentum" => ParamValue::Float(0.95),
        "batch" => ParamValue::Categorical(Choice::Int(32)),
        "opt" => ParamValue::Categorical("sgd".into()),
        "bias" => ParamValue::Categorical(true.into()),
        "decay" => ParamValue::Categorical(Choice::Null),
        _ => return None,
    })
}

/// A space in which that trial is; each parameter has values of one kind, but for `mixed`
/// and `decay`.
fn space() -> SearchSpace {
    let choices = |choices: Vec<Choice>| {
        Distribution::Categorical(CategoricalDistribution::new(choices).unwrap())
    };
    let float =
        |low, high| Distribution::Float(FloatDistribution::new(low, high, false, None).unwrap());
    let layers = IntDistribution::new(1, 6, false, 1).unwrap();
    let parameters = [
        ("lr", float(0.0, 1.0)),
        ("layers", Distribution::Int(layers)),
        ("momentum", float(0.0, 1.0)),
        ("batch", choices(vec![Choice::Int(16), Choice::Int(32)])),
        ("opt", choices(vec!["adam".into(), "sgd".into()])),
        ("bias", choices(vec![false.into(), true.into()])),
        ("decay", choices(vec![Choice::Null, Choice::Float(0.1)])),
        (
            "mixed",
            choices(vec!["none".into(), Choice::Int(1), Choice::Int(2)]),
        ),
    ];
    let parameters = parameters.into_iter();
    parameters
        .map(|(name, distribution)| (Arc::<str>::from(name), Arc::new(distribution)))
        .collect()
}

fn holds(text: &str) -> Result<Option<bool>, ExpressionError> {
    Expression::parse(text)?.holds(&lookup)
}

/// The place and the problem of an error.
fn problem<T: fmt::Debug>(refused: Result<T, ExpressionError>) -> (usize, String) {
    let error = refused.unwrap_err();
    (error.column, error.problem)
}

#[test]
fn dividing_by_zero_is_infinite_and_nan_is_in_no_order() {
    for (text, expected) in [
        ("1 / 0 > 1e308", true),
        ("-1 / 0 < -1e308", true),
        ("log(0) == -1 / 0", true),
        ("0 / 0 < 1", false),
        ("0 / 0 >= 1", false),
        ("0 / 0 == 0 / 0", false),
        ("0 / 0 != 0 / 0", true),
        ("5 % 0 == 0", false),
        ("0 / 0 in [0 / 0]", false),
        ("(-8) ** (1 / 3) < 0", false),
        ("sqrt(-1) < 0 or sqrt(-1) >= 0", false),
        ("min(0 / 0, 1) <= 1", false),
        ("max(1, 0 / 0) >= 1", false),
    ] {
        assert_eq!(holds(text), Ok(Some(expected)), "{text}");
    }
}

#[test]
fn other_spellings_are_the_same_words() {
    for (text, expected) in [
        ("!(1 > 2) && true || false", true),
        ("true || false && false", true),
        ("!bias == false", true),
        ("lr<0.5&&!(opt=='adam')", true),
        ("decay==null", true),
    ] {
        assert_eq!(holds(text), Ok(Some(expected)), "{text}");
    }
}

#[test]
fn names_may_have_dots_letters_of_all_languages_and_in_backquotes_anything() {
    let names = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        expression.names().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        names("b < model.2.in and a < _x2"),
        ["_x2", "a", "b", "model.2.in"]
    );
    assert_eq!(names("größe * 学习率 < größe"), ["größe", "学习率"]);
    assert_eq!(
        names("`learning rate` < 1 or `a``b` or `and`"),
        ["a`b", "and", "learning rate"]
    );
    assert_eq!(names("log < log(min)"), ["log", "min"]);
    assert_eq!(names("'text' == \"text\""), [""; 0]);
}

#[test]
fn unknowns_are_kleenes() {
    let (t, f, u) = (Some(true), Some(false), None);
    let word = |truth| match truth {
        Some(true) => "true",
        Some(false) => "false",
        None => "unknown",
    };
    for (left, right, and, or) in [
        (t, t, t, t),
        (t, f, f, t),
        (t, u, u, t),
        (f, t, f, t),
        (f, f, f, f),
        (f, u, f, u),
        (u, t, u, t),
        (u, f, f, u),
        (u, u, u, u),
    ] {
        let (left, right) = (word(left), word(right));
        assert_eq!(holds(&format!("{left} and {right}")), Ok(and));
        assert_eq!(holds(&format!("{left} or {right}")), Ok(or));
    }
    for (text, expected) in [
        ("not unknown", u),
        ("unknown", u),
        ("unknown < 1", u),
        ("unknown == unknown", u),
        ("unknown * 0 == 0", u),
        ("-unknown < 1", u),
        ("min(1, unknown) < 2", u),
        ("sqrt(unknown) >= 0", u),
        ("1 < 0 < unknown", f),
        ("unknown < 1 < 0", f),
        ("unknown < 1 < 2", u),
        ("layers in [unknown, 3]", t),
        ("layers in [unknown, 4]", u),
        ("layers not in [unknown, 3]", f),
        ("unknown in [1]", u),
        ("unknown in []", f),
        ("opt != 'sgd' or unknown < 1", u),
        ("opt == 'sgd' or unknown < 1", t),
    ] {
        assert_eq!(holds(text), Ok(expected), "{text}");
    }
}

#[test]
fn a_text_is_displayed_stored_and_read_again() {
    let text = " lr<1 and `a b`  in ['x']";
    let expression: Expression = text.parse().unwrap();
    assert_eq!(expression.to_string(), text);
    let stored = serde_json::to_string(&expression).unwrap();
    assert_eq!(stored, format!("\"{text}\""));
    assert_eq!(
        serde_json::from_str::<Expression>(&stored).unwrap(),
        expression
    );
    let error = serde_json::from_str::<Expression>("\"lr <\"").unwrap_err();
    let begins = "`lr <`, column 5: the expression ends where a value";
    assert!(error.to_string().starts_with(begins), "{error}");
}

#[test]
fn depth_and_length_are_bounded() {
    for part in [
        "(",
        "not ",
        "-",
        "[",
        "2 ** ",
        "x in [",
        "abs(",
        "1 < (1 + (",
        "é",
        "''",
    ] {
        for n in [65, 1_000, 100_000] {
            let refused = Expression::parse(&part.repeat(n)).is_err();
            assert!(refused || (part == "é" && n < 10_000), "{n} of `{part}`");
        }
    }
    let nested = |n: usize| format!("{}true{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(holds(&nested(64)), Ok(Some(true)));
    let expected = "the expression is nested more than 64 deep".to_owned();
    assert_eq!(problem(holds(&nested(65))), (66, expected));
    let expected = "the expression has more than 10000 characters".to_owned();
    assert_eq!(problem(holds(&"é".repeat(10_001))), (10_001, expected));
    let flat = format!("{}1 > 0", "1 + ".repeat(2_000));
    assert_eq!(holds(&flat), Ok(Some(true)));
    let message = Expression::parse(&"1".repeat(9_999))
        .unwrap_err()
        .to_string();
    assert!(message.len() < 400, "{message}");
}

#[test]
fn chains_in_chains_cost_what_they_are_long() {
    let mut text = "true".to_owned();
    for _ in 0..64 {
        text = format!("(true == {text} == true)");
    }
    assert_eq!(holds(&text), Ok(Some(true)));
    let checked = Expression::parse(&text).unwrap().check(&space());
    assert_eq!(checked, Ok(()));
}
