//! What `std.extVar` gives.

use std::collections::BTreeMap;

/// External variables, by name. Every value is a string, as AllenNLP's are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtVars(BTreeMap<String, String>);

impl ExtVars {
    /// None at all.
    pub fn new() -> ExtVars {
        ExtVars::default()
    }

    /// The process's environment, but for variables that are no valid Unicode. To be called
    /// where the command line is read, and passed on.
    pub fn from_environment() -> ExtVars {
        let valid = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        ExtVars(valid.collect())
    }

    /// These and one more; it replaces one of the same name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> ExtVars {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The value of one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for ExtVars {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> ExtVars {
        let pairs = pairs.into_iter();
        ExtVars(
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_values_win() {
        let given: ExtVars = [("lr", "0.1"), ("dropout", "0")].into_iter().collect();
        let given = given.with("lr", "0.2");
        assert_eq!(given.get("lr"), Some("0.2"));
        assert_eq!(given.names().collect::<Vec<_>>(), ["dropout", "lr"]);
    }
}
