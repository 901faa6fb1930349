//! The attributes of a parameter: each of its kind, or told with its place.

use opah::Choice;

use super::kind::Kind;
use crate::positioned_json::{Node, NodeValue, Position};
use crate::problem::{Problems, did_you_mean};

/// The attributes of one parameter while they are read.
pub(super) struct Attributes<'n, 'p, 'f> {
    pub(super) node: &'n Node,
    /// `` `lr`:  `` before every message.
    pub(super) label: String,
    pub(super) problems: &'p mut Problems<'f>,
}

impl Attributes<'_, '_, '_> {
    pub(super) fn check_keys(&mut self, kind: &Kind) {
        let known = || kind.required.iter().chain(kind.optional).copied();
        for (key, at, _) in self.node.fields().unwrap_or_default() {
            if known().all(|name| name != key) {
                let meant = did_you_mean(key, known());
                let all = known().collect::<Vec<_>>().join(", ");
                let of = kind.name;
                self.wrong(
                    *at,
                    format!("unknown attribute `{key}`{meant} (`{of}` has {all})"),
                );
            }
        }
        for name in kind.required {
            if self.node.get(name).is_none() {
                let message = format!("`{}` needs the attribute `{name}`", kind.name);
                self.wrong(self.node.at, message);
            }
        }
    }

    fn wrong(&mut self, at: Option<Position>, message: impl AsRef<str>) {
        let message = format!("{}{}", self.label, message.as_ref());
        self.problems.add(at, message);
    }

    pub(super) fn number(&mut self, key: &str) -> Option<f64> {
        let node = self.node.get(key)?;
        if let NodeValue::Number(number) = &node.value {
            return number.as_f64();
        }
        let hint = unquoted(node);
        self.wrong(
            node.at,
            format!("`{key}` must be a number, not {node}{hint}"),
        );
        None
    }

    pub(super) fn whole(&mut self, key: &str) -> Option<i64> {
        let node = self.node.get(key)?;
        if let NodeValue::Number(number) = &node.value {
            let integral = |float: &f64| float.fract() == 0.0 && float.abs() < (1_u64 << 53) as f64;
            let whole = number
                .as_i64()
                .or_else(|| number.as_f64().filter(integral).map(|float| float as i64));
            if whole.is_some() {
                return whole;
            }
        }
        let hint = match &node.value {
            NodeValue::Number(_) => "; use the type `float`, or round it".to_owned(),
            _ => unquoted(node),
        };
        let message = format!("`{key}` must be a whole number, not {node}{hint}");
        self.wrong(node.at, message);
        None
    }

    fn is_given(&self, key: &str) -> bool {
        let given = self.node.get(key);
        given.is_some_and(|node| node.value != NodeValue::Null)
    }

    pub(super) fn optional_whole(&mut self, key: &str, default: i64) -> Option<i64> {
        if self.is_given(key) {
            self.whole(key)
        } else {
            Some(default)
        }
    }

    /// `Some(None)` when it is not given, `None` when it is wrong.
    #[expect(
        clippy::option_option,
        reason = "absent and wrong are different things"
    )]
    pub(super) fn optional_number(&mut self, key: &str) -> Option<Option<f64>> {
        if self.is_given(key) {
            self.number(key).map(Some)
        } else {
            Some(None)
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let Some(node) = self.node.get(key) else {
            return Some(false);
        };
        if let NodeValue::Bool(truth) = node.value {
            return Some(truth);
        }
        self.wrong(
            node.at,
            format!("`{key}` must be true or false, not {node}"),
        );
        None
    }

    pub(super) fn choices(&mut self) -> Option<Vec<Choice>> {
        let node = self.node.get("choices")?;
        let NodeValue::Array(items) = &node.value else {
            self.wrong(node.at, format!("`choices` must be an array, not {node}"));
            return None;
        };
        let mut choices = Vec::new();
        for item in items {
            let choice = match &item.value {
                NodeValue::Null => Choice::Null,
                NodeValue::Bool(truth) => Choice::Bool(*truth),
                NodeValue::Text(text) => Choice::Str(text.clone()),
                NodeValue::Number(number) => match (number.as_i64(), number.as_f64()) {
                    (Some(whole), _) => Choice::Int(whole),
                    (None, float) => Choice::Float(float?),
                },
                _ => {
                    let can = "null, true, false, a number or a text";
                    self.wrong(item.at, format!("a choice can be {can}, not {item}"));
                    return None;
                }
            };
            if choices.contains(&choice) {
                self.wrong(item.at, format!("the choice {item} is given twice"));
                return None;
            }
            choices.push(choice);
        }
        Some(choices)
    }
}

/// The hint for a number in quotes.
fn unquoted(node: &Node) -> String {
    let number = node.text().filter(|text| text.parse::<f64>().is_ok());
    number.map_or_else(String::new, |text| format!("; write {text} without quotes"))
}
