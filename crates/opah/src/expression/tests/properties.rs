//! Random texts, random trees and random trials.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

static TOKENS: &[&str] = &[
    "lr", "opt", "bias", "unknown", "1", "2.5", "'sgd'", "true", "null", "(", ")", "[", "]", ",",
    "+", "-", "*", "/", "%", "**", "<", ">=", "==", "!=", "in", "not", "and", "or", "min(", "log(",
];

/// Trees of everything, sensible or not.
fn any_expression() -> impl Strategy<Value = String> {
    let leaves: &[&str] = &[
        "lr", "layers", "batch", "bias", "opt", "0.5", "3", "'sgd'", "true", "unknown",
    ];
    let operators: &[&str] = &[
        "+", "-", "*", "/", "%", "**", "<", ">=", "==", "!=", "and", "or",
    ];
    let leaf = select(leaves).prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 3, move |part| {
        let binary = (part.clone(), select(operators), part.clone());
        prop_oneof![
            4 => binary.prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            1 => part.clone().prop_map(|a| format!("(not {a})")),
            1 => part.clone().prop_map(|a| format!("-{a}")),
            1 => (part.clone(), part.clone()).prop_map(|(a, b)| format!("max({a}, {b})")),
            1 => (part.clone(), part.clone()).prop_map(|(a, b)| format!("({a} in [{b}, 3])")),
            1 => (part.clone(), part).prop_map(|(a, b)| format!("({a} <= 1 < {b})")),
        ]
    })
}

/// Trees of conditions on `p`, `q` and `x`.
fn any_condition() -> impl Strategy<Value = String> {
    let leaves: &[&str] = &[
        "p",
        "q",
        "x < 1",
        "x in [0, 2]",
        "0 <= x < 2",
        "x + x == 0",
        "true",
        "false",
    ];
    let leaf = select(leaves).prop_map(|leaf| format!("({leaf})"));
    leaf.prop_recursive(5, 40, 2, |part| {
        let pair = (part.clone(), part.clone());
        prop_oneof![
            pair.clone().prop_map(|(a, b)| format!("({a} and {b})")),
            pair.clone().prop_map(|(a, b)| format!("({a} or {b})")),
            pair.prop_map(|(a, b)| format!("({a} == {b})")),
            part.prop_map(|a| format!("(not {a})")),
        ]
    })
}

/// Parses, checks and asks.
fn try_out(text: &str) -> Result<(), TestCaseError> {
    match Expression::parse(text) {
        Ok(expression) => {
            prop_assert_eq!(expression.to_string(), text);
            let checked = expression.check(&space());
            let held = expression.holds(&lookup);
            // There is no `unknown` in the space, nor is a kind unknown to `check`.
            prop_assert!(checked.is_err() || held.is_ok(), "{text} is {held:?}");
        }
        Err(error) => prop_assert!((1..=text.chars().count() + 1).contains(&error.column)),
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(\\PC|[ \n'\"`\\\\u0-9a-c<>=!()]){0,40}") {
        try_out(&text)?;
    }

    #[test]
    fn any_tokens_are_read_or_refused(tokens in proptest::collection::vec(select(TOKENS), 0..30)) {
        try_out(&tokens.join(" "))?;
    }

    #[test]
    fn what_passes_the_check_does_not_fail(text in any_expression()) {
        prop_assert!(Expression::parse(&text).is_ok());
        try_out(&text)?;
    }

    #[test]
    fn what_is_decided_stays_so_whatever_is_drawn(text in any_condition()) {
        let expression = Expression::parse(&text).unwrap();
        for (known, drawn) in (0..8).flat_map(|known| (0..8).map(move |drawn| (known, drawn))) {
            let bits = |name: &str| match name {
                "p" => 1,
                "q" => 2,
                _ => 4,
            };
            let all = |name: &str| {
                let is_set = drawn & bits(name) != 0;
                Some(match name {
                    "x" => ParamValue::Float(if is_set { 1.5 } else { 0.0 }),
                    _ => ParamValue::Categorical(is_set.into()),
                })
            };
            let some = |name: &str| all(name).filter(|_| known & bits(name) != 0);
            let whole = expression.holds(&all).unwrap();
            prop_assert!(whole.is_some());
            let decided = expression.holds(&some).unwrap();
            prop_assert!(decided.is_none() || decided == whole);
        }
    }
}
