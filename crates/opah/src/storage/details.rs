//! What a storage tells of itself.

use serde_json::Value;

/// Facts and advice, for people.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details {
    /// Facts by name, in the order in which they are shown. Sizes have names that end in
    /// `_bytes`, and are in bytes.
    pub facts: Vec<(&'static str, Value)>,
    /// What its owner had better do, a sentence each.
    pub advice: Vec<String>,
}

impl Details {
    /// Adds a fact.
    pub fn fact(&mut self, name: &'static str, value: impl Into<Value>) {
        self.facts.push((name, value.into()));
    }

    /// The fact of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let found = self.facts.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }
}
