//! Objects: every key is known, or refused.

use serde_json::Value;

use super::node::{Node, Result};
use crate::config::error::{ConfigError, Problem};
use crate::config::path::KeyPath;
use crate::config::suggestion::nearest;

/// The keys that an object may have.
pub(super) struct Keys {
    /// Read by opah.
    pub(super) known: &'static [&'static str],
    /// AllenNLP's, without effect here: no matter what they say, training does the same.
    pub(super) ignored: &'static [&'static str],
    /// AllenNLP's, refused unless they say what they say by default.
    pub(super) unsupported: &'static [Unsupported],
}

impl Keys {
    /// No key but `type`.
    pub(super) const NONE: Keys = Keys {
        known: &[],
        ignored: &[],
        unsupported: &[],
    };
}

/// A key of AllenNLP's that opah does not have.
pub(super) struct Unsupported {
    pub(super) key: &'static str,
    /// The values, as JSON, that mean the feature is not used.
    pub(super) harmless: &'static [&'static str],
    /// What to do instead.
    pub(super) advice: &'static str,
}

impl<'a> Node<'a> {
    /// An object of which every key is one of `keys`.
    pub(super) fn object(&self, keys: &Keys) -> Result<Object<'a>> {
        if !self.value.is_object() {
            return Err(self.wrong("an object"));
        }
        let object = Object { node: self.clone() };
        object.check(keys)?;
        Ok(object)
    }
}

/// An object whose keys were checked; without any if it was written as a string.
pub(super) struct Object<'a> {
    pub(super) node: Node<'a>,
}

impl<'a> Object<'a> {
    /// The value of a key, null included.
    pub(super) fn given(&self, key: &str) -> Option<Node<'a>> {
        self.node.child(key)
    }

    /// The value of a key, unless it is null.
    pub(super) fn present(&self, key: &str) -> Option<Node<'a>> {
        self.node.present_child(key)
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

    pub(super) fn missing(&self, key: &'static str) -> ConfigError {
        let problem = Problem::MissingKey {
            key,
            within: self.node.path.clone(),
        };
        self.node.reading.error(&self.node.path, problem)
    }

    /// Refuses keys that are none of `keys`, and features that opah does not have.
    pub(super) fn check(&self, keys: &Keys) -> Result<()> {
        for (key, value) in self.node.value.as_object().into_iter().flatten() {
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
