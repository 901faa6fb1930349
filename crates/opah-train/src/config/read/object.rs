//! Reading values strictly: every key known, every number in its range.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::config::document::Document;
use crate::config::error::{ConfigError, Problem};
use crate::config::path::KeyPath;
use crate::config::suggestion::nearest;

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

/// The keys that an object may have.
pub(super) struct Keys {
    /// Read by opah.
    pub(super) known: &'static [&'static str],
    /// AllenNLP's, without effect here: no matter what they say, training does the same.
    pub(super) ignored: &'static [&'static str],
    /// AllenNLP's, refused unless they say what they say by default.
    pub(super) unsupported: &'static [Unsupported],
}

/// A key of AllenNLP's that opah does not have.
pub(super) struct Unsupported {
    pub(super) key: &'static str,
    /// The values, as JSON, that mean the feature is not used.
    pub(super) harmless: &'static [&'static str],
    /// What to do instead.
    pub(super) advice: &'static str,
}

/// Things that are chosen by `type`.
pub(super) struct Family {
    /// "encoder".
    pub(super) what: &'static str,
    /// The type when none is given.
    pub(super) default: Option<&'static str>,
    /// The types that opah has.
    pub(super) known: &'static [&'static str],
    /// AllenNLP's types that it does not have, and what to use instead.
    pub(super) unsupported: &'static [(&'static str, &'static str)],
}

impl<'a> Node<'a> {
    fn wrong(&self, expected: &str) -> ConfigError {
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

    /// An object of which every key is one of `keys`.
    pub(super) fn object(&self, keys: &Keys) -> Result<Object<'a>> {
        let fields = self
            .value
            .as_object()
            .ok_or_else(|| self.wrong("an object"))?;
        let object = Object {
            node: self.clone(),
            fields: Some(fields),
        };
        object.check(keys)?;
        Ok(object)
    }

    /// The type of an object of a family; a string is short for `{type: …}`.
    pub(super) fn typed(&self, family: &Family) -> Result<Typed<'a>> {
        let fields = match self.value {
            Value::String(name) => {
                return Ok(Typed {
                    name,
                    named_at: self.clone(),
                    object: Object {
                        node: self.clone(),
                        fields: None,
                    },
                });
            }
            Value::Object(fields) => fields,
            _ => return Err(self.wrong(&format!("{} {}", article(family.what), family.what))),
        };
        let object = Object {
            node: self.clone(),
            fields: Some(fields),
        };
        let (name, named_at) = match (object.given("type"), family.default) {
            (Some(node), _) => (node.text()?, node),
            (None, Some(default)) => (default, self.clone()),
            (None, None) => return Err(object.missing("type")),
        };
        Ok(Typed {
            name,
            named_at,
            object,
        })
    }
}

/// An object with the type it says it has.
pub(super) struct Typed<'a> {
    pub(super) name: &'a str,
    named_at: Node<'a>,
    object: Object<'a>,
}

impl<'a> Typed<'a> {
    /// The object, of which every key is `type` or one of `keys`.
    pub(super) fn object(self, keys: &Keys) -> Result<Object<'a>> {
        self.object.check(keys)?;
        Ok(self.object)
    }

    /// The error for a type that opah does not have.
    pub(super) fn refuse(&self, family: &Family) -> ConfigError {
        let known_elsewhere = family
            .unsupported
            .iter()
            .find(|(name, _)| *name == self.name);
        if let Some((_, advice)) = known_elsewhere {
            let what = format!("the {} `{}`", family.what, self.name);
            return self.named_at.unsupported(what, advice);
        }
        if self.name.contains('.') {
            let what = format!("`{}`, a Python class,", self.name);
            let advice = format!("opah has these: {}", super::list(family.known));
            return self.named_at.unsupported(what, &advice);
        }
        let problem = Problem::UnknownType {
            family: family.what,
            name: self.name.to_owned(),
            suggestion: nearest(self.name, family.known.iter().copied()).map(str::to_owned),
            known: family.known.to_vec(),
        };
        let reading = self.named_at.reading;
        reading.error(&self.named_at.path, problem)
    }
}

/// An object whose keys were checked.
pub(super) struct Object<'a> {
    pub(super) node: Node<'a>,
    /// None if it was written as a string.
    fields: Option<&'a Map<String, Value>>,
}

impl<'a> Object<'a> {
    /// The value of a key, null included.
    pub(super) fn given(&self, key: &str) -> Option<Node<'a>> {
        let value = self.fields?.get(key)?;
        Some(Node {
            reading: self.node.reading,
            path: self.node.path.key(key),
            value,
        })
    }

    /// The value of a key, unless it is null.
    pub(super) fn present(&self, key: &str) -> Option<Node<'a>> {
        self.given(key).filter(|node| !node.value.is_null())
    }

    /// The value of a key that must be there.
    pub(super) fn required(&self, key: &'static str) -> Result<Node<'a>> {
        self.given(key).ok_or_else(|| self.missing(key))
    }

    pub(super) fn boolean_or(&self, key: &str, default: bool) -> Result<bool> {
        self.given(key).map_or(Ok(default), |node| node.boolean())
    }

    pub(super) fn text_or(&self, key: &str, default: &str) -> Result<String> {
        self.given(key)
            .map_or(Ok(default), |node| node.text())
            .map(str::to_owned)
    }

    pub(super) fn present_count(&self, key: &str, least: usize) -> Result<Option<usize>> {
        self.present(key).map(|node| node.count(least)).transpose()
    }

    pub(super) fn warn(&self, warning: String) {
        self.node.reading.warn(warning);
    }

    fn missing(&self, key: &'static str) -> ConfigError {
        let problem = Problem::MissingKey {
            key,
            within: self.node.path.clone(),
        };
        self.node.reading.error(&self.node.path, problem)
    }

    fn check(&self, keys: &Keys) -> Result<()> {
        for (key, value) in self.fields.into_iter().flatten() {
            let key = key.as_str();
            if key == "type" || keys.known.contains(&key) || keys.ignored.contains(&key) {
                continue;
            }
            let path = self.node.path.key(key);
            let Some(unsupported) = keys.unsupported.iter().find(|entry| entry.key == key) else {
                return Err(self.unknown(key, &path, keys));
            };
            let is_harmless = unsupported.harmless.iter().any(|json| {
                serde_json::from_str::<Value>(json).is_ok_and(|harmless| harmless == *value)
            });
            if !is_harmless {
                let problem = Problem::Unsupported {
                    path: path.clone(),
                    what: String::new(),
                    advice_text: unsupported.advice.to_owned(),
                };
                return Err(self.node.reading.error(&path, problem));
            }
        }
        Ok(())
    }

    fn unknown(&self, key: &str, path: &KeyPath, keys: &Keys) -> ConfigError {
        let all = keys.known.iter().chain(keys.ignored);
        let all = all.chain(keys.unsupported.iter().map(|entry| &entry.key));
        let problem = Problem::UnknownKey {
            key: key.to_owned(),
            within: self.node.path.clone(),
            suggestion: nearest(key, all.copied()).map(str::to_owned),
            known: keys.known.to_vec(),
        };
        self.node.reading.error(path, problem)
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
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
