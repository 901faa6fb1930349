//! A value of a document: the way to it, and its kinds.

use std::cell::RefCell;

use serde_json::Value;

use crate::config::document::Document;
use crate::config::error::{ConfigError, Problem};
use crate::config::path::KeyPath;

pub(super) type Result<T> = std::result::Result<T, ConfigError>;

/// One reading of a document.
pub(super) struct Reading<'a> {
    pub(super) document: &'a Document,
    pub(super) warnings: RefCell<Vec<String>>,
}

impl<'a> Reading<'a> {
    pub(super) fn root(&'a self) -> Node<'a> {
        Node {
            reading: self,
            path: KeyPath::default(),
            value: &self.document.value,
        }
    }

    pub(super) fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    pub(super) fn error(&self, path: &KeyPath, problem: Problem) -> ConfigError {
        ConfigError::Invalid {
            at: Box::new(self.document.location(path)),
            problem: Box::new(problem),
        }
    }
}

/// A value and the path to it.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) path: KeyPath,
    pub(super) value: &'a Value,
}

impl<'a> Node<'a> {
    pub(super) fn wrong(&self, expected: &str) -> ConfigError {
        self.wrong_with_hint(expected, None)
    }

    pub(super) fn wrong_with_hint(&self, expected: &str, hint: Option<String>) -> ConfigError {
        let problem = Problem::WrongValue {
            path: self.path.clone(),
            expected: expected.to_owned(),
            found: describe(self.value),
            hint,
        };
        self.reading.error(&self.path, problem)
    }

    pub(super) fn mismatch(&self, sentence: String) -> ConfigError {
        self.reading.error(&self.path, Problem::Mismatch(sentence))
    }

    pub(super) fn unsupported(&self, what: String, advice: &str) -> ConfigError {
        let problem = Problem::Unsupported {
            path: self.path.clone(),
            what,
            advice_text: advice.to_owned(),
        };
        self.reading.error(&self.path, problem)
    }

    /// The value of a key, null included; for objects that were checked before.
    pub(super) fn child(&self, key: &str) -> Option<Node<'a>> {
        Some(Node {
            reading: self.reading,
            path: self.path.key(key),
            value: self.value.get(key)?,
        })
    }

    /// The value of a key, unless it is null.
    pub(super) fn present_child(&self, key: &str) -> Option<Node<'a>> {
        self.child(key).filter(|child| !child.value.is_null())
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.wrong("a string"))
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| {
            let hint = match self.value {
                Value::String(text) if text.eq_ignore_ascii_case("true") => {
                    Some("without the quotes, `true`".to_owned())
                }
                Value::String(text) if text.eq_ignore_ascii_case("false") => {
                    Some("without the quotes, `false`".to_owned())
                }
                _ => None,
            };
            self.wrong_with_hint("true or false", hint)
        })
    }

    /// An integer of at least `least`.
    pub(super) fn count(&self, least: usize) -> Result<usize> {
        let expected = format!("an integer of at least {least}");
        match self
            .value
            .as_u64()
            .and_then(|count| usize::try_from(count).ok())
        {
            Some(count) if count >= least => Ok(count),
            _ => Err(self.wrong_with_hint(&expected, number_hint(self.value, "parseInt"))),
        }
    }

    pub(super) fn integer(&self) -> Result<i64> {
        self.value
            .as_i64()
            .ok_or_else(|| self.wrong_with_hint("an integer", number_hint(self.value, "parseInt")))
    }

    /// A number for which `holds`, described by `expected`.
    pub(super) fn number(&self, expected: &str, holds: impl Fn(f64) -> bool) -> Result<f64> {
        match self.value.as_f64() {
            Some(number) if number.is_finite() && holds(number) => Ok(number),
            _ => Err(self.wrong_with_hint(expected, number_hint(self.value, "parseJson"))),
        }
    }

    /// A number that may be dropped or kept of all: at least 0, below 1.
    pub(super) fn share(&self) -> Result<f64> {
        self.number("a number from 0 up to, not including, 1", |share| {
            (0.0..1.0).contains(&share)
        })
    }

    pub(super) fn list(&self) -> Result<Vec<Node<'a>>> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("a list"))?;
        Ok(items
            .iter()
            .enumerate()
            .map(|(index, value)| Node {
                reading: self.reading,
                path: self.path.index(index),
                value,
            })
            .collect())
    }

    pub(super) fn texts(&self) -> Result<Vec<String>> {
        let items = self.list()?;
        items
            .iter()
            .map(|item| item.text().map(str::to_owned))
            .collect()
    }

    /// The entries of an object whose keys are the user's.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Node<'a>)>> {
        let fields = self
            .value
            .as_object()
            .ok_or_else(|| self.wrong("an object"))?;
        Ok(fields
            .iter()
            .map(|(key, value)| {
                let node = Node {
                    reading: self.reading,
                    path: self.path.key(key.as_str()),
                    value,
                };
                (key.as_str(), node)
            })
            .collect())
    }
}

/// A value in a few words.
pub(in crate::config) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(_) => format!("the string {value}"),
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Why a string stands where a number should.
fn number_hint(value: &Value, function: &str) -> Option<String> {
    let text = value.as_str()?;
    text.trim().parse::<f64>().ok()?;
    Some(format!(
        "external variables are strings; write `std.{function}(std.extVar(…))`"
    ))
}
