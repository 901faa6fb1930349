//! Bounds, grids and the JSON of distributions.

use super::*;

/// Written by Optuna 5.0.0's `distribution_to_json`.
const OPTUNA: [&str; 5] = [
    r#"{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}"#,
    r#"{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}}"#,
    r#"{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}"#,
    r#"{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 10}}"#,
    r#"{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 1, 2.5, "\u00e9\"x", NaN, -Infinity]}}"#,
];

#[test]
fn optuna_json_is_read_and_written_byte_for_byte() {
    for text in OPTUNA {
        assert_eq!(Distribution::from_json(text).unwrap().to_json(), text);
    }
}

#[test]
fn legacy_classes_are_read() {
    let read = |text| Distribution::from_json(text).unwrap().to_string();
    assert_eq!(
        read(r#"{"name": "LogUniformDistribution", "attributes": {"low": 0.1, "high": 1}}"#),
        "float(0.1, 1.0, log)"
    );
    assert_eq!(
        read(
            r#"{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.3}}"#
        ),
        "float(0.0, 0.8999999999999999, step=0.3)"
    );
    assert_eq!(
        read(r#"{"type": "int", "low": 1, "high": 8, "log": true}"#),
        "int(1, 8, log)"
    );
}

#[test]
fn whole_numbers_are_read_to_the_last_digit() {
    let text = r#"{"type": "int", "low": 9007199254740993, "high": 9007199254740995}"#;
    assert_eq!(
        Distribution::from_json(text).unwrap().to_string(),
        "int(9007199254740993, 9007199254740995)"
    );
}

#[test]
fn what_can_not_be_read_is_named() {
    for (text, reason) in [
        (
            r#"{"type": "int", "high": 3}"#,
            "`low` is missing or no number",
        ),
        (
            r#"{"type": "int", "low": 1.5, "high": 3}"#,
            "`low` is missing or no whole number",
        ),
        (
            r#"{"type": "float", "low": 0, "high": 1, "step": "0.1"}"#,
            "`step` is missing or no number",
        ),
        (
            r#"{"type": "float", "low": 1, "high": 2, "log": "yes"}"#,
            "`log` is missing or no truth value",
        ),
    ] {
        assert_eq!(
            Distribution::from_json(text).unwrap_err().to_string(),
            format!("invalid distribution: {reason} in {text}")
        );
    }
}

#[test]
fn high_is_lowered_to_the_grid() {
    let grid = IntDistribution::new(0, 10, false, 4).unwrap();
    assert_eq!(grid.high(), 8);
    let exact = FloatDistribution::new(0.0, 0.3, false, Some(0.1)).unwrap();
    assert_eq!(exact.high(), 0.3);
    assert!(Distribution::Float(exact).contains(0.2));
}

#[test]
fn contradictions_are_refused() {
    for (low, high, log, step) in [
        (1.0, 0.0, false, None),
        (0.0, 1.0, true, None),
        (0.1, 1.0, true, Some(0.1)),
        (0.0, f64::INFINITY, false, None),
        (-1e308, 1e308, false, None),
        (f64::NAN, 1.0, false, None),
        (0.0, 1.0, false, Some(0.0)),
        (0.0, 1.0, false, Some(f64::NAN)),
        (0.0, 1.0, false, Some(f64::INFINITY)),
        (0.0, 1.0, false, Some(1e-320)),
    ] {
        assert!(FloatDistribution::new(low, high, log, step).is_err());
    }
    assert!(IntDistribution::new(0, 8, true, 1).is_err());
    assert!(IntDistribution::new(1, 8, true, 2).is_err());
    assert!(IntDistribution::new(i64::MIN, i64::MAX, false, 1).is_err());
    assert!(CategoricalDistribution::new(vec![]).is_err());
}

#[test]
fn the_widest_range_contains_its_ends() {
    let wide = IntDistribution::new(-1, i64::MAX - 1, false, 1).unwrap();
    let ends = [wide.low() as f64, wide.high() as f64];
    let wide = Distribution::Int(wide);
    assert!(ends.into_iter().all(|end| wide.contains(end)));
}

#[test]
fn choices_are_equal_as_in_python() {
    assert_eq!(Choice::Bool(true), Choice::Int(1));
    assert_eq!(Choice::Int(1), Choice::Float(1.0));
    assert_eq!(Choice::Float(f64::NAN), Choice::Float(f64::NAN));
    assert_ne!(Choice::Str("1".to_owned()), Choice::Int(1));
}

#[test]
fn choices_grow_at_their_end() {
    let distribution = |choices: &[&str]| {
        let choices = choices.iter().map(|text| Choice::Str((*text).to_owned()));
        Distribution::Categorical(CategoricalDistribution::new(choices.collect()).unwrap())
    };
    let (two, three) = (distribution(&["a", "b"]), distribution(&["a", "b", "c"]));
    assert!(two.is_compatible(&three) && three.is_compatible(&two));
    assert!(three.has_grown(&two) && !two.has_grown(&three) && !two.has_grown(&two));
    assert!(!three.is_compatible(&distribution(&["a", "b", "d"])));
    assert!(!two.is_compatible(&distribution(&["b", "a"])));
}

#[test]
fn a_list_that_is_a_choice_comes_back_as_a_list() {
    let text =
        r#"{"name": "CategoricalDistribution", "attributes": {"choices": [[1, 2], {"": "a"}]}}"#;
    let lists = Distribution::from_json(text).unwrap();
    let list = serde_json::json!([1, 2]);
    assert_eq!(lists.to_internal(&ParamValue::from_json(&list)), Some(0.0));
    assert_eq!(lists.to_external(0.0).to_json(), list);
    assert_eq!(lists.to_json(), text);
}

#[test]
fn nan_is_contained_nowhere() {
    for text in OPTUNA {
        assert!(!Distribution::from_json(text).unwrap().contains(f64::NAN));
    }
}
