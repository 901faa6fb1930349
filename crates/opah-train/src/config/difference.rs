//! What differs between two configs, path by path.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::path::KeyPath;

/// A value that is not the same, or not there, in one of two configs.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The path to it.
    pub path: KeyPath,
    /// What it was.
    pub before: Option<Value>,
    /// What it is.
    pub now: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match (&self.before, &self.now) {
            (Some(before), Some(now)) => write!(f, "`{path}` was {before}, is {now}"),
            (Some(before), None) => write!(f, "`{path}` was {before}, is not there"),
            (None, Some(now)) => write!(f, "`{path}` was not there, is {now}"),
            (None, None) => write!(f, "`{path}`"),
        }
    }
}

/// The differences between two configs' values, in the order of their paths. Numbers are
/// equal when their values are.
pub fn differences(before: &Value, now: &Value) -> Vec<Difference> {
    let (before, now) = (leaves(before), leaves(now));
    let mut paths: Vec<&KeyPath> = before.keys().chain(now.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter(|path| match (before.get(path), now.get(path)) {
            (Some(before), Some(now)) => !same(before, now),
            _ => true,
        })
        .map(|path| Difference {
            path: path.clone(),
            before: before.get(path).map(|value| (*value).clone()),
            now: now.get(path).map(|value| (*value).clone()),
        })
        .collect()
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// Every value that has no parts, by its path.
fn leaves(value: &Value) -> BTreeMap<KeyPath, &Value> {
    let mut found = BTreeMap::new();
    collect(value, KeyPath::default(), &mut found);
    found
}

fn collect<'a>(value: &'a Value, path: KeyPath, found: &mut BTreeMap<KeyPath, &'a Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                collect(value, path.key(key.as_str()), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                collect(value, path.index(index), found);
            }
        }
        leaf => {
            found.insert(path, leaf);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_difference_has_its_path() {
        let before = json!({"a": 1, "b": {"c": [1, 2], "d": {}}, "e": null});
        let now = json!({"a": 1.0, "b": {"c": [1, 3], "d": {"x": true}}});
        let shown: Vec<String> = differences(&before, &now)
            .iter()
            .map(ToString::to_string)
            .collect();
        let expected = [
            "`b.c.1` was 2, is 3",
            "`b.d` was {}, is not there",
            "`b.d.x` was not there, is true",
            "`e` was null, is not there",
        ];
        assert_eq!(shown, expected);
        assert!(differences(&before, &before).is_empty());
    }
}
