//! A config as text, as Python's `json.dumps(…, indent=4)` writes it: ASCII only, floats in
//! their shortest spelling that reads back the same.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::document::Document;
use crate::python::{self, push_json_string};

/// AllenNLP's order of the top level; other keys follow by name.
const FIRST: [&str; 8] = [
    "dataset_reader",
    "iterator",
    "model",
    "train_data_path",
    "validation_data_path",
    "test_data_path",
    "trainer",
    "vocabulary",
];

/// Where callbacks stand, today's key and AllenNLP 1's.
pub(super) const CALLBACK_KEYS: [&str; 3] = ["callbacks", "epoch_callbacks", "batch_callbacks"];

impl Document {
    /// The text of a serialization directory's `config.json`: the effective values, the top
    /// level in AllenNLP's order, in every other object `type` first and then by name.
    /// Without a line break at the end.
    pub fn to_config_json(&self) -> String {
        let mut text = String::new();
        write_value(&mut text, &self.value, 0, Order::Config);
        text
    }

    /// The text of an exported configuration, as Optuna's `dump_best_config` writes it: the
    /// pruner is not among the callbacks, keys are sorted by name, and nothing is left to
    /// external variables. Without a line break at the end.
    pub fn to_exported_json(&self) -> String {
        let mut value = self.value.clone();
        if let Some(trainer) = value.get_mut("trainer").and_then(Value::as_object_mut) {
            remove_pruner(trainer);
        }
        let mut text = String::new();
        write_value(&mut text, &value, 0, Order::Sorted);
        text
    }
}

/// Takes the pruner out of the callbacks, and callbacks that are empty then out of the
/// trainer.
fn remove_pruner(trainer: &mut Map<String, Value>) {
    for key in CALLBACK_KEYS {
        let Some(Value::Array(callbacks)) = trainer.get_mut(key) else {
            continue;
        };
        let before = callbacks.len();
        callbacks.retain(|callback| !is_pruner(callback));
        if callbacks.is_empty() && before > 0 {
            trainer.remove(key);
        }
    }
}

fn is_pruner(callback: &Value) -> bool {
    let name = callback.as_str().or_else(|| callback.get("type")?.as_str());
    matches!(name, Some("optuna_pruner" | "optuner_pruner"))
}

#[derive(Clone, Copy)]
enum Order {
    Config,
    Sorted,
}

impl Order {
    /// What a key is sorted by.
    fn rank(self, key: &str, depth: usize) -> (usize, &str) {
        let rank = match self {
            Order::Sorted => 0,
            Order::Config if depth == 0 => FIRST
                .iter()
                .position(|first| *first == key)
                .unwrap_or(FIRST.len()),
            Order::Config => usize::from(key != "type"),
        };
        (rank, key)
    }
}

fn write_value(text: &mut String, value: &Value, depth: usize, order: Order) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(boolean) => text.push_str(if *boolean { "true" } else { "false" }),
        Value::Number(number) => write_number(text, number),
        Value::String(string) => push_json_string(text, string),
        Value::Array(items) if items.is_empty() => text.push_str("[]"),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                new_line(text, index, depth + 1);
                write_value(text, item, depth + 1, order);
            }
            new_line(text, 0, depth);
            text.push(']');
        }
        Value::Object(fields) if fields.is_empty() => text.push_str("{}"),
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| order.rank(key, depth));
            text.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                new_line(text, index, depth + 1);
                push_json_string(text, key);
                text.push_str(": ");
                write_value(text, value, depth + 1, order);
            }
            new_line(text, 0, depth);
            text.push('}');
        }
    }
}

/// A comma before all but the first, a line break, the indentation.
fn new_line(text: &mut String, index: usize, depth: usize) {
    if index > 0 {
        text.push(',');
    }
    text.push('\n');
    for _ in 0..depth {
        text.push_str("    ");
    }
}

/// Integers in full, however long, as Jsonnet and Python write them; other numbers as
/// Python's `repr`.
fn write_number(text: &mut String, number: &serde_json::Number) {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 => {
            let _ = write!(text, "{float:.0}");
        }
        Some(float) if number.is_f64() => text.push_str(&python::repr(float)),
        _ => {
            let _ = write!(text, "{number}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use serde_json::json;

    use super::super::document::evaluate_text;
    use super::super::ext_vars::ExtVars;
    use super::*;

    fn document(text: &str) -> Document {
        evaluate_text(Path::new("f"), text.as_bytes(), &ExtVars::new()).unwrap()
    }

    #[test]
    fn numbers_are_spelt_as_python_does() {
        // CPython 3.12: json.dumps of the same numbers.
        let text = document(
            "[0.1, 1e-05, 0.0001, 1.5e-7, 1.0, 128, 1e20, 1e300 / 1e280, -0.0, -2.5, 1e-310]",
        )
        .to_exported_json();
        let spelt: Vec<&str> = text
            .lines()
            .map(|line| line.trim().trim_end_matches(','))
            .filter(|line| line.len() > 1 || *line == "0" || *line == "1")
            .collect();
        let expected = [
            "0.1",
            "1e-05",
            "0.0001",
            "1.5e-07",
            "1",
            "128",
            "100000000000000000000",
            "100000000000000000000",
            "0",
            "-2.5",
            "1e-310",
        ];
        assert_eq!(spelt, expected);
    }

    #[test]
    fn the_spelling_of_an_assignment_does_not_count() {
        let text = |assignment: &str| {
            let mut document = document("{ model: {} }");
            document.set(assignment).unwrap();
            document.to_config_json()
        };
        assert_eq!(text("model.dropout=0.50"), text("model.dropout=5e-1"));
        assert_ne!(text("model.dropout=0.50"), text("model.dropout=0.4"));
    }

    #[test]
    fn strings_are_ascii() {
        let text = document(r#""é\u0085 😀 \"\\/ \n\u007f\u0001""#).to_exported_json();
        // CPython 3.12: json.dumps("é\x85 😀 \"\\/ \n\x7f\x01").
        assert_eq!(text, r#""\u00e9\u0085 \ud83d\ude00 \"\\/ \n\u007f\u0001""#);
    }

    #[test]
    fn the_order_of_keys() {
        let document = document(
            "{ zeta: 1, trainer: { b: [], type: 't', a: {} }, model: 'm', alpha: 2,
               vocabulary: { type: 'v' }, dataset_reader: { tokens: [{ x: 1, type: 'y' }] } }",
        );
        insta::assert_snapshot!(document.to_config_json(), @r#"
        {
            "dataset_reader": {
                "tokens": [
                    {
                        "type": "y",
                        "x": 1
                    }
                ]
            },
            "model": "m",
            "trainer": {
                "type": "t",
                "a": {},
                "b": []
            },
            "vocabulary": {
                "type": "v"
            },
            "alpha": 2,
            "zeta": 1
        }
        "#);
        insta::assert_snapshot!(document.to_exported_json(), @r#"
        {
            "alpha": 2,
            "dataset_reader": {
                "tokens": [
                    {
                        "type": "y",
                        "x": 1
                    }
                ]
            },
            "model": "m",
            "trainer": {
                "a": {},
                "b": [],
                "type": "t"
            },
            "vocabulary": {
                "type": "v"
            },
            "zeta": 1
        }
        "#);
    }

    #[test]
    fn the_pruner_is_not_exported() {
        let exported = |trainer: &str| {
            let text = document(&format!("{{ trainer: {trainer} }}")).to_exported_json();
            serde_json::from_str::<Value>(&text).unwrap()["trainer"].clone()
        };
        assert_eq!(
            exported("{ callbacks: [{ type: 'optuna_pruner' }] }"),
            json!({})
        );
        assert_eq!(exported("{ callbacks: ['optuner_pruner'] }"), json!({}));
        assert_eq!(
            exported("{ epoch_callbacks: ['optuna_pruner'] }"),
            json!({})
        );
        assert_eq!(
            exported("{ callbacks: ['optuna_pruner', 'console_logger'] }"),
            json!({"callbacks": ["console_logger"]})
        );
        assert_eq!(exported("{ callbacks: [] }"), json!({"callbacks": []}));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(|number| Value::from(number >> 11)),
            proptest::num::f64::NORMAL
                .prop_map(|float| super::super::jsonnet::with_integers(float.into())),
            "\\PC*"
                .prop_filter("becomes null", |text| text != "None")
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("\\PC*", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn texts_evaluate_to_the_same_values(value in any_json()) {
            let mut document = document("null");
            document.value = value.clone();
            for text in [document.to_config_json(), document.to_exported_json()] {
                prop_assert!(text.is_ascii());
                prop_assert_eq!(&super::tests::document(&text).value, &value);
            }
        }
    }
}
