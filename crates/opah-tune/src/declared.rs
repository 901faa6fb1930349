//! The search space as it is kept with a study, in the order of suggestion.

use opah::json::Json;
use opah::{Distribution, Expression};
use serde_json::{Value, json};

use crate::hparams::Space;

/// A parameter of the search space.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    pub(crate) name: String,
    distribution: Distribution,
    condition: Option<Expression>,
}

impl Declared {
    /// All parameters of a space.
    pub(crate) fn all(space: &Space) -> Vec<Self> {
        let parameters = space.parameters.iter();
        parameters
            .map(|parameter| Self {
                name: parameter.name.to_string(),
                distribution: parameter.distribution.clone(),
                condition: parameter.condition.clone(),
            })
            .collect()
    }

    pub(crate) fn to_json(&self) -> Value {
        let distribution: Value = Json::from_text(self.distribution.to_json()).to_value();
        let mut entry = json!({"name": self.name, "distribution": distribution});
        if let Some(condition) = &self.condition {
            entry["if"] = condition.as_str().into();
        }
        entry
    }

    /// From what [`to_json`](Self::to_json) gives.
    pub(crate) fn from_json(entry: &Value) -> Option<Self> {
        let distribution = Json::new(entry.get("distribution")?);
        let condition = match entry.get("if") {
            Some(text) => Some(Expression::parse(text.as_str()?).ok()?),
            None => None,
        };
        Some(Self {
            name: entry.get("name")?.as_str()?.to_owned(),
            distribution: Distribution::from_json(distribution.as_str()).ok()?,
            condition,
        })
    }
}

/// A line for each parameter.
pub(crate) fn lines(space: &[Declared]) -> String {
    let line = |declared: &Declared| {
        let condition = declared.condition.as_ref();
        let condition = condition.map_or_else(String::new, |condition| format!(" if {condition}"));
        format!("{}: {}{condition}", declared.name, declared.distribution)
    };
    space.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use opah_train::config::ExtVars;

    use super::*;
    use crate::hparams::Source;

    #[test]
    fn what_is_kept_comes_back() {
        let texts = ["opt=cat(adam, sgd)", "m=float(0, 1) if opt == 'sgd'"];
        let texts = texts.map(str::to_owned).to_vec();
        let space = Source::Inline(texts).read(&ExtVars::new()).unwrap();
        let declared = Declared::all(&space);
        let stored = declared.iter().map(Declared::to_json);
        let read: Option<Vec<Declared>> = stored.map(|entry| Declared::from_json(&entry)).collect();
        assert_eq!(read.as_ref(), Some(&declared));
        let expected = "opt: categorical(adam, sgd)\nm: float(0.0, 1.0) if opt == 'sgd'";
        assert_eq!(lines(&declared), expected);
    }
}
