//! Changes to the values of an evaluated config.
//!
//! Two forms. AllenNLP's (2.8 and later) is a Jsonnet object whose keys are paths: each
//! *replaces* the whole value at its path, and every key must be used. An assignment,
//! `trainer.num_epochs=3`, also makes the objects on the way.

use std::path::Path;

use serde_json::{Map, Value};

use super::document::{Document, none_to_null};
use super::error::{ChangeProblem, ConfigError};
use super::ext_vars::ExtVars;
use super::jsonnet;
use super::path::{KeyPath, Step};
use super::read::describe;
use super::suggestion::nearest;

impl Document {
    /// Changes values as AllenNLP's `-o` does. `snippet` is Jsonnet that gives an object; it
    /// may read the same external variables.
    ///
    /// A key is a path: keys and, into lists, numbers, with dots between them. The value at
    /// the path is replaced, not merged with. A last key may be new, those before it must
    /// exist.
    ///
    /// # Errors
    ///
    /// When the snippet does not evaluate to an object, or a key leads nowhere; the document
    /// is unchanged then.
    pub fn override_with(&mut self, snippet: &str, ext_vars: &ExtVars) -> Result<(), ConfigError> {
        let evaluation = jsonnet::evaluate(Path::new("overrides"), snippet.as_bytes(), ext_vars)?;
        let refuse = |problem| refuse(snippet, problem);
        let Value::Object(overrides) = evaluation.value else {
            let found = describe(&evaluation.value);
            return Err(refuse(ChangeProblem::NotAnObject { found }));
        };
        let mut changed = self.value.clone();
        let mut used = Vec::new();
        let entries = overrides
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        apply(&mut changed, entries, &KeyPath::default(), &mut used).map_err(refuse)?;
        none_to_null(&mut changed);
        self.value = changed;
        self.changes
            .extend(used.into_iter().map(|path| (path, snippet.to_owned())));
        self.note_ext_vars(evaluation.read_ext_vars, ext_vars);
        self.traces.extend(evaluation.traces);
        Ok(())
    }

    /// Changes one value: `trainer.num_epochs=3`. What follows the `=` is JSON if it can be,
    /// else a string.
    ///
    /// Objects that are missing on the way, or null, are made. Numbers lead into lists, to
    /// elements that exist.
    ///
    /// # Errors
    ///
    /// When there is no `=`, a key is empty, or the path leads into a value without parts or
    /// out of a list; the document is unchanged then.
    pub fn set(&mut self, assignment: &str) -> Result<(), ConfigError> {
        let refuse = |problem| refuse(assignment, problem);
        let (path, text) = assignment
            .split_once('=')
            .ok_or_else(|| refuse(ChangeProblem::NotAnAssignment))?;
        let keys: Vec<&str> = path.trim().split('.').collect();
        if keys.iter().any(|key| key.is_empty()) {
            return Err(refuse(ChangeProblem::NotAnAssignment));
        }
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let mut value = jsonnet::with_integers(value);
        none_to_null(&mut value);
        let mut changed = self.value.clone();
        let path = assign(&mut changed, &keys, value).map_err(refuse)?;
        self.value = changed;
        self.changes.push((path, assignment.to_owned()));
        Ok(())
    }
}

fn refuse(change: &str, problem: ChangeProblem) -> ConfigError {
    ConfigError::Change {
        change: change.to_owned(),
        problem: Box::new(problem),
    }
}

/// One level of the overrides, whose keys are seen from `value`. The paths that were
/// replaced are added to `used`.
fn apply(
    value: &mut Value,
    overrides: Vec<(&str, &Value)>,
    path: &KeyPath,
    used: &mut Vec<KeyPath>,
) -> Result<(), ChangeProblem> {
    let steps = steps_into(value, &overrides, path)?;
    let mut unused = overrides;
    for (name, step) in &steps {
        let here = extended(path, step);
        if let Some((_, replacement)) = unused.iter().find(|(key, _)| key == name) {
            put(value, step, (*replacement).clone());
            used.push(here);
            unused.retain(|(key, _)| key != name);
            continue;
        }
        let below = |key: &str| {
            let rest = key.strip_prefix(name.as_str())?;
            rest.strip_prefix('.')
                .map(str::len)
                .map(|length| key.len() - length)
        };
        let (inside, others): (Vec<_>, Vec<_>) = unused
            .into_iter()
            .partition(|(key, _)| below(key).is_some());
        unused = others;
        if inside.is_empty() {
            continue;
        }
        let inside = inside
            .into_iter()
            .map(|(key, replacement)| (&key[below(key).unwrap_or(0)..], replacement))
            .collect();
        if let Some(part) = part_mut(value, step) {
            apply(part, inside, &here, used)?;
        }
    }
    if unused.is_empty() {
        return Ok(());
    }
    let keys = unused
        .iter()
        .map(|(key, _)| (prefixed(path, key), meant(&steps, path, key)))
        .collect();
    Err(ChangeProblem::Unused { keys })
}

/// The keys or indices of a value, and the new keys of this level.
fn steps_into(
    value: &Value,
    overrides: &[(&str, &Value)],
    path: &KeyPath,
) -> Result<Vec<(String, Step)>, ChangeProblem> {
    match value {
        Value::Array(items) => Ok((0..items.len())
            .map(|index| (index.to_string(), Step::Index(index)))
            .collect()),
        Value::Object(fields) => {
            let new = overrides
                .iter()
                .map(|(key, _)| *key)
                .filter(|key| !key.contains('.') && !fields.contains_key(*key));
            let keys = fields.keys().map(String::as_str).chain(new);
            Ok(keys
                .map(|key| (key.to_owned(), Step::Key(key.to_owned())))
                .collect())
        }
        other => Err(ChangeProblem::NoParts {
            path: path.to_string(),
            rest: overrides
                .first()
                .map(|(key, _)| (*key).to_owned())
                .unwrap_or_default(),
            found: describe(other),
        }),
    }
}

fn extended(path: &KeyPath, step: &Step) -> KeyPath {
    match step {
        Step::Key(key) => path.key(key.as_str()),
        Step::Index(index) => path.index(*index),
    }
}

fn put(value: &mut Value, step: &Step, replacement: Value) {
    match (value, step) {
        (Value::Object(fields), Step::Key(key)) => {
            fields.insert(key.clone(), replacement);
        }
        (Value::Array(items), Step::Index(index)) => items[*index] = replacement,
        _ => {}
    }
}

fn part_mut<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(*index),
    }
}

fn prefixed(path: &KeyPath, key: &str) -> String {
    if path.0.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// The path with its first key spelt as the nearest of those that exist.
fn meant(steps: &[(String, Step)], path: &KeyPath, key: &str) -> Option<String> {
    let (first, rest) = key.split_once('.')?;
    let near = nearest(first, steps.iter().map(|(name, _)| name.as_str()))?;
    (near != first).then(|| prefixed(path, &format!("{near}.{rest}")))
}

/// Puts `new` at the end of `keys`, making objects where there is nothing.
fn assign(value: &mut Value, keys: &[&str], new: Value) -> Result<KeyPath, ChangeProblem> {
    let mut at = value;
    let mut path = KeyPath::default();
    for (position, key) in keys.iter().enumerate() {
        if at.is_null() && position > 0 {
            *at = Value::Object(Map::new());
        }
        (at, path) = match at {
            Value::Object(fields) => {
                let part = fields.entry(*key).or_insert(Value::Null);
                (part, path.key(*key))
            }
            Value::Array(items) => {
                let length = items.len();
                let index = key.parse().ok().filter(|index| *index < length);
                let Some(index) = index else {
                    return Err(ChangeProblem::NoElement {
                        path: path.to_string(),
                        length,
                        index: (*key).to_owned(),
                    });
                };
                (&mut items[index], path.index(index))
            }
            other => {
                return Err(ChangeProblem::NoParts {
                    path: path.to_string(),
                    rest: keys[position..].join("."),
                    found: describe(other),
                });
            }
        };
    }
    *at = new;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::document::evaluate_text;
    use super::*;

    const CONFIG: &str = "{
        trainer: { num_epochs: 15, optimizer: { type: 'sgd', lr: 0.1 },
                   callbacks: [{ type: 'optuna_pruner' }], patience: null },
        model: { dropout: 0.2 },
    }";

    fn document() -> Document {
        evaluate_text(Path::new("f"), CONFIG.as_bytes(), &ExtVars::new()).unwrap()
    }

    fn overridden(snippet: &str) -> Value {
        let mut document = document();
        let given = ExtVars::new().with("n", "3");
        document.override_with(snippet, &given).unwrap();
        document.value
    }

    fn refused(snippet: &str) -> String {
        let mut document = document();
        let before = document.value.clone();
        let error = document
            .override_with(snippet, &ExtVars::new())
            .unwrap_err();
        assert_eq!(document.value, before, "a refused change leaves no trace");
        error.to_string()
    }

    #[test]
    fn a_whole_value_is_replaced() {
        let value = overridden("{ trainer: { num_epochs: 1 }, 'model.dropout': 'None' }");
        let expected = json!({"trainer": {"num_epochs": 1}, "model": {"dropout": null}});
        assert_eq!(value, expected);
    }

    #[test]
    fn dotted_keys_lead_into_objects_and_lists() {
        let value = overridden(
            "{ 'trainer.num_epochs': std.parseInt(std.extVar('n')),
               'trainer.callbacks.0.type': 'console_logger', 'trainer.grad_norm': 1.0 }",
        );
        assert_eq!(value["trainer"]["num_epochs"], 3);
        assert_eq!(value["trainer"]["callbacks"][0]["type"], "console_logger");
        assert_eq!(value["trainer"]["grad_norm"], 1);
    }

    #[test]
    fn ext_vars_of_overrides_count_as_read() {
        let mut document = document();
        let given = ExtVars::new().with("n", "3").with("m", "4");
        document
            .override_with(
                "{ 'trainer.num_epochs': std.parseInt(std.extVar('n')) }",
                &given,
            )
            .unwrap();
        assert_eq!(document.read_ext_vars, ["n".to_owned()].into());
    }

    #[test]
    fn keys_that_lead_nowhere_are_refused() {
        insta::assert_snapshot!(refused("{ 'trainer.optimzer.lr': 1, 'foo.bar': 2 }"), @r"in `{ 'trainer.optimzer.lr': 1, 'foo.bar': 2 }`: the config has nothing to override at `trainer.optimzer.lr` (did you mean `trainer.optimizer.lr`?); a new key needs its object to exist");
        insta::assert_snapshot!(refused("{ 'trainer.checkpointer.x': 1 }"), @r"in `{ 'trainer.checkpointer.x': 1 }`: the config has nothing to override at `trainer.checkpointer.x`; a new key needs its object to exist");
        insta::assert_snapshot!(refused("{ 'trainer.callbacks.1': 1 }"), @r"in `{ 'trainer.callbacks.1': 1 }`: the config has nothing to override at `trainer.callbacks.1`; a new key needs its object to exist");
        insta::assert_snapshot!(refused("{ model: {}, 'model.dropout': 0 }"), @r"in `{ model: {}, 'model.dropout': 0 }`: the config has nothing to override at `model.dropout`; a new key needs its object to exist");
        insta::assert_snapshot!(refused("{ 'model.dropout.rate': 0 }"), @r"in `{ 'model.dropout.rate': 0 }`: `model.dropout` is 0.2, so `model.dropout.rate` can't be changed");
        insta::assert_snapshot!(refused("[1]"), @r#"in `[1]`: overrides must be an object like `{"trainer.num_epochs": 3}`, not a list"#);
        insta::assert_snapshot!(refused("{ 'model.dropout': std.extVar('dropout') }"), @r"
        overrides:1:20: external variable `dropout` is not given; set it in the environment, as in `dropout=… opah train …`
          1 | { 'model.dropout': std.extVar('dropout') }
            |                    ^^^^^^^^^^^^^^^^^^^^^
          while evaluating the key `model.dropout`
        ");
        insta::assert_snapshot!(refused("{ 'model.dropout': }"), @r"
        overrides:1:20: syntax error: expected a value, found `}`
          1 | { 'model.dropout': }
            |                    ^
        ");
    }

    fn set(assignment: &str) -> Value {
        let mut document = document();
        document.set(assignment).unwrap();
        document.value
    }

    #[test]
    fn assignments_take_json_or_text_and_make_objects() {
        assert_eq!(set("trainer.num_epochs=3")["trainer"]["num_epochs"], 3);
        assert_eq!(
            set("trainer.num_epochs=3.0")["trainer"]["num_epochs"],
            json!(3)
        );
        assert_eq!(set("model.dropout=5e-1")["model"]["dropout"], 0.5);
        assert_eq!(
            set("train_data_path=a=b.jsonl")["train_data_path"],
            "a=b.jsonl"
        );
        assert_eq!(set("model.dropout=None")["model"]["dropout"], Value::Null);
        assert_eq!(
            set("trainer.checkpointer.keep_most_recent_by_count=1")["trainer"]["checkpointer"],
            json!({"keep_most_recent_by_count": 1})
        );
        assert_eq!(
            set("trainer.patience.a=1")["trainer"]["patience"],
            json!({"a": 1})
        );
        let callback = &set("trainer.callbacks.0.type=null")["trainer"]["callbacks"][0];
        assert_eq!(callback, &json!({"type": null}));
        assert_eq!(
            set("trainer.optimizer={\"type\": \"adam\"}")["trainer"]["optimizer"],
            json!({"type": "adam"})
        );
    }

    #[test]
    fn impossible_assignments_are_refused() {
        let refused = |assignment: &str| document().set(assignment).unwrap_err().to_string();
        insta::assert_snapshot!(refused("trainer.num_epochs"), @r"in `trainer.num_epochs`: a change is written `trainer.num_epochs=3`: keys with dots between them, `=`, and a value");
        insta::assert_snapshot!(refused("trainer..num_epochs=3"), @r"in `trainer..num_epochs=3`: a change is written `trainer.num_epochs=3`: keys with dots between them, `=`, and a value");
        insta::assert_snapshot!(refused("trainer.callbacks.1.type=x"), @r"in `trainer.callbacks.1.type=x`: `trainer.callbacks` has no element `1`; it has 1, counted from 0");
        insta::assert_snapshot!(refused("trainer.num_epochs.x=3"), @r"in `trainer.num_epochs.x=3`: `trainer.num_epochs` is 15, so `trainer.num_epochs.x` can't be changed");
    }
}
