//! An evaluated config: JSON that still knows where it comes from.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::error::ConfigError;
use super::ext_vars::ExtVars;
use super::jsonnet::{self, Source};
use super::locate;
use super::path::KeyPath;
use super::place::Location;

/// An evaluated config, perhaps with changes.
#[derive(Debug, Clone)]
pub struct Document {
    /// The effective values. Numbers are integers where they are integral; strings that say
    /// `None` are null, as in AllenNLP.
    pub value: Value,
    /// The external variables that the evaluation really read; ones that stand only in code
    /// that did not run are left out.
    pub read_ext_vars: BTreeSet<String>,
    /// What `std.trace` said while evaluating, with its place.
    pub traces: Vec<String>,
    pub(super) file: PathBuf,
    pub(super) sources: Vec<Source>,
    /// The values of the external variables that were read: keys may come from them.
    pub(super) read_values: Vec<String>,
    /// What was changed, and by what.
    pub(super) changes: Vec<(KeyPath, String)>,
}

/// Evaluates a Jsonnet or JSON file. Imports are looked for beside it.
///
/// # Errors
///
/// When the file can't be read, is no Jsonnet, does not evaluate to JSON, or reads an
/// external variable that is not among `ext_vars`.
pub fn evaluate(file: &Path, ext_vars: &ExtVars) -> Result<Document, ConfigError> {
    let text = fs::read(file).map_err(|source| ConfigError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    evaluate_text(file, &text, ext_vars)
}

/// Evaluates a text as if it were the file's. Errors are those of [`evaluate`].
pub fn evaluate_text(
    file: &Path,
    text: &[u8],
    ext_vars: &ExtVars,
) -> Result<Document, ConfigError> {
    let evaluation = jsonnet::evaluate(file, text, ext_vars)?;
    let mut document = Document {
        value: evaluation.value,
        read_ext_vars: BTreeSet::new(),
        traces: evaluation.traces,
        file: file.to_owned(),
        sources: evaluation.sources,
        read_values: Vec::new(),
        changes: Vec::new(),
    };
    none_to_null(&mut document.value);
    document.note_ext_vars(evaluation.read_ext_vars, ext_vars);
    Ok(document)
}

impl Document {
    /// The file it was evaluated from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn note_ext_vars(&mut self, read: BTreeSet<String>, ext_vars: &ExtVars) {
        let values = read.iter().filter_map(|name| ext_vars.get(name));
        self.read_values.extend(values.map(str::to_owned));
        self.read_ext_vars.extend(read);
    }

    /// Where the value at a path comes from: the key, or the element of a list.
    pub(super) fn location(&self, path: &KeyPath) -> Location {
        let changed = self
            .changes
            .iter()
            .rev()
            .find(|(changed, _)| path.0.starts_with(&changed.0));
        if let Some((_, change)) = changed {
            return Location::Change(change.clone());
        }
        match locate::key(&self.sources, &self.read_values, path) {
            Some(place) => Location::At(place),
            None => Location::In(self.file.clone()),
        }
    }
}

/// AllenNLP's last step: a string that says `None` is null, anywhere.
pub(super) fn none_to_null(value: &mut Value) {
    match value {
        Value::String(text) if text == "None" => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(none_to_null),
        Value::Object(fields) => fields.values_mut().for_each(none_to_null),
        _ => {}
    }
}
