//! A config whose external variables are a trial's values.
//!
//! A value reaches the config as `std.extVar` sees it: a text. Numbers are spelled as
//! Python does (`0.0003`, `1e-05`), truth values and null as JSON does (`true`, `null`),
//! so that `std.parseJson` reads them all. A trial's value wins over an environment
//! variable of the same name.

use std::path::{Path, PathBuf};

use opah::ParamValue;
use opah_train::config::{self, ConfigError, Document, ExtVars};

use crate::error::{Error, Result};

/// A change of the evaluated config.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// `--overrides`: a Jsonnet object.
    Overrides(String),
    /// `--set`: `trainer.num_epochs=3`.
    Set(String),
}

impl Change {
    /// Makes the change; a snippet may read the external variables.
    pub fn apply(
        &self,
        document: &mut Document,
        ext_vars: &ExtVars,
    ) -> std::result::Result<(), ConfigError> {
        match self {
            Self::Overrides(snippet) => document.override_with(snippet, ext_vars),
            Self::Set(assignment) => document.set(assignment),
        }
    }
}

/// A config file, read once, and everything but the trial's values that it depends on.
#[derive(Debug, Clone)]
pub struct Experiment {
    file: PathBuf,
    text: String,
    ext_vars: ExtVars,
    changes: Vec<Change>,
}

impl Experiment {
    /// Reads the file; `ext_vars` is what the config sees besides the trial's values.
    pub fn open(file: &Path, ext_vars: ExtVars, changes: Vec<Change>) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(Error::unreadable("config", file))?;
        Ok(Self {
            file: file.to_owned(),
            text,
            ext_vars,
            changes,
        })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is changed after evaluation.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The config with these values filled in.
    pub fn document<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, &'a ParamValue)>,
    ) -> std::result::Result<Document, ConfigError> {
        self.evaluate(&self.ext_vars_with(values))
    }

    /// What the config sees when it has these values: they and its environment.
    pub(crate) fn ext_vars_with<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, &'a ParamValue)>,
    ) -> ExtVars {
        let add = |ext_vars: ExtVars, (name, value): (&str, &ParamValue)| {
            ext_vars.with(name, value.to_string())
        };
        values.into_iter().fold(self.ext_vars.clone(), add)
    }

    /// The config with exactly these external variables.
    pub(crate) fn evaluate(
        &self,
        ext_vars: &ExtVars,
    ) -> std::result::Result<Document, ConfigError> {
        let mut document = config::evaluate_text(&self.file, self.text.as_bytes(), ext_vars)?;
        for change in &self.changes {
            change.apply(&mut document, ext_vars)?;
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opah::Choice;

    #[test]
    fn a_trials_values_win_over_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.jsonnet");
        let text = "{ lr: std.parseJson(std.extVar('lr')), on: std.parseJson(std.extVar('on')),
                      none: std.parseJson(std.extVar('none')), home: std.extVar('home'), t: { a: 1 } }";
        std::fs::write(&file, text).unwrap();
        let ext_vars = ExtVars::new().with("lr", "7").with("home", "/home");
        let changes = vec![
            Change::Set("t.a=2".to_owned()),
            Change::Overrides("{'t.b': std.extVar('home')}".to_owned()),
        ];
        let experiment = Experiment::open(&file, ext_vars, changes).unwrap();
        let (lr, on) = (
            ParamValue::Float(1e-5),
            ParamValue::Categorical(Choice::Bool(true)),
        );
        let none = ParamValue::Categorical(Choice::Null);
        let document = experiment
            .document([("lr", &lr), ("on", &on), ("none", &none)])
            .unwrap();
        let expected = serde_json::json!({
            "home": "/home", "lr": 1e-5, "none": null, "on": true, "t": {"a": 2, "b": "/home"}
        });
        assert_eq!(document.value, expected);
    }
}
