//! Whether a config and a search space fit together, before the first trial.
//!
//! The config is evaluated and read at the corners of the space: every parameter at its
//! low, its high, a value in between and each choice, one at a time, and all at their lows,
//! highs and in-betweens together. What is wrong anywhere is told at once, instead of after
//! hours, in the trial that happens to draw it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use opah::{Distribution, ParamValue};
use opah_train::config::{Config, ConfigError};

use crate::error::{Error, Result};
use crate::experiment::Experiment;
use crate::hparams::{self, Parameter, Space};
use crate::problem::{did_you_mean, suggested};

/// What is known of a config that fits its space.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The config with every parameter at its low.
    pub config: Config,
    /// The same as the text of `config.json`.
    pub config_json: String,
    /// What was accepted with a doubt.
    pub warnings: Vec<String>,
}

/// More choices than these are not tried one by one.
const MOST_CHOICES: usize = 100;

/// What is said of a missing variable.
const NOWHERE: &str = "is neither in the search space nor in the environment";

/// How often a missing variable is looked over to find the next one.
const MOST_MISSING: usize = 100;

type Assignment = hparams::Values;

/// Evaluates the config at the corners of the space.
pub fn check(experiment: &Experiment, space: &Space) -> Result<Checked> {
    let mut findings = Findings::default();
    let mut base = None;
    for (label, corner) in corners(space) {
        let corner = as_in_a_trial(space, corner);
        let read = findings.evaluate(experiment, &label, &corner);
        if label.is_empty() {
            base = read;
        }
    }
    if base.is_some() || !findings.missing.is_empty() {
        findings.find_unread(space);
    }
    // One thing that is wrong everywhere has nothing to do with the space.
    if let (Some(error), true) = (findings.base.take(), findings.is_alone()) {
        return Err(error.into());
    }
    let problems = findings.told();
    match base {
        Some(checked) if problems.is_empty() => Ok(checked),
        _ => Err(Error::Mismatch {
            config: experiment.file().to_owned(),
            space: space.file.clone(),
            problems,
        }),
    }
}

/// The corners, each with the words that tell it from the first, which is all lows.
fn corners(space: &Space) -> Vec<(String, Assignment)> {
    let points: Vec<Vec<ParamValue>> = space.parameters.iter().map(points).collect();
    let at = |choose: &dyn Fn(&[ParamValue]) -> ParamValue| -> Assignment {
        let named = space.parameters.iter().zip(&points);
        named
            .map(|(parameter, points)| (parameter.name.clone(), choose(points)))
            .collect()
    };
    let lows = at(&|points| points[0].clone());
    let mut corners = vec![(String::new(), lows.clone())];
    for (index, values) in points.iter().enumerate() {
        for value in &values[1..] {
            let mut corner = lows.clone();
            corner[index].1 = value.clone();
            corners.push((spelled(&corner[index..=index]), corner));
        }
    }
    for corner in [
        at(&|points| points[points.len() - 1].clone()),
        at(&|points| points[points.len() / 2].clone()),
    ] {
        corners.push((spelled(&corner), corner));
    }
    corners
}

/// The corner without the parameters that a trial there would not have.
fn as_in_a_trial(space: &Space, corner: Assignment) -> Assignment {
    let mut kept = Assignment::with_capacity(corner.len());
    for (parameter, value) in space.parameters.iter().zip(corner) {
        if parameter.belongs_to(&kept).unwrap_or(false) {
            kept.push(value);
        }
    }
    kept
}

/// The values of one parameter that are tried; the first is the low or the first choice,
/// the last the high or the last choice.
fn points(parameter: &Parameter) -> Vec<ParamValue> {
    let distribution = &parameter.distribution;
    let internal: Vec<f64> = match distribution {
        // Not the middle: between 32 and 256 that would be a whole number, and a config that
        // takes only whole numbers would pass.
        Distribution::Float(d) => match d.step() {
            Some(step) => {
                let steps = ((d.high() - d.low()) / step).round();
                vec![d.low(), d.low() + (steps / 3.0).ceil() * step, d.high()]
            }
            None => vec![
                d.low(),
                d.low() + (d.high() - d.low()) * 0.381_966,
                d.high(),
            ],
        },
        Distribution::Int(d) => {
            let steps = (d.high() - d.low()) / d.step();
            let middle = d.low() + steps / 2 * d.step();
            vec![d.low() as f64, middle as f64, d.high() as f64]
        }
        Distribution::Categorical(d) => {
            let n = d.choices().len();
            (0..n.min(MOST_CHOICES)).map(|at| at as f64).collect()
        }
    };
    let mut values: Vec<ParamValue> = Vec::new();
    for internal in internal {
        let value = distribution.to_external(internal);
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

fn spelled(values: &[(Arc<str>, ParamValue)]) -> String {
    let each = values.iter().map(|(name, value)| format!("{name}={value}"));
    each.collect::<Vec<_>>().join(" ")
}

/// What the corners have shown so far.
#[derive(Default)]
struct Findings {
    /// Variables that nobody gives, with the error of the first place.
    missing: BTreeMap<String, String>,
    /// Other errors by their place, with the corner that showed them first.
    wrong: Vec<(String, String)>,
    /// The error of the first corner.
    base: Option<ConfigError>,
    /// What any corner read.
    read: BTreeSet<String>,
    /// The parameters that some corner has.
    given: BTreeSet<Arc<str>>,
    /// Space entries that no corner read.
    unread: Vec<String>,
}

impl Findings {
    fn evaluate(
        &mut self,
        experiment: &Experiment,
        label: &str,
        corner: &Assignment,
    ) -> Option<Checked> {
        self.given
            .extend(corner.iter().map(|(name, _)| name.clone()));
        let values = corner.iter().map(|(name, value)| (&**name, value));
        let mut ext_vars = experiment.ext_vars_with(values);
        // A missing variable is noted and given a number, to find the next one.
        let mut is_whole = true;
        for _ in 0..MOST_MISSING {
            let document = match experiment.evaluate(&ext_vars) {
                Ok(document) => document,
                Err(ConfigError::MissingExtVar { name, .. }) if ext_vars.get(&name).is_some() => {
                    return None;
                }
                Err(error) => {
                    if let ConfigError::MissingExtVar { name, .. } = &error {
                        is_whole = false;
                        ext_vars = ext_vars.with(name, "1");
                        self.missing
                            .entry(name.clone())
                            .or_insert_with(|| missing_text(&error));
                        continue;
                    }
                    if is_whole {
                        self.note(label, error);
                    }
                    return None;
                }
            };
            self.read.extend(document.read_ext_vars.iter().cloned());
            if !is_whole {
                return None;
            }
            return match document.read_with_warnings() {
                Ok((config, warnings)) => Some(Checked {
                    config,
                    config_json: document.to_config_json(),
                    warnings,
                }),
                Err(error) => {
                    self.note(label, error);
                    None
                }
            };
        }
        None
    }

    fn note(&mut self, label: &str, error: ConfigError) {
        let place = match &error {
            ConfigError::Jsonnet(diagnostic) => diagnostic.at.to_string(),
            ConfigError::Invalid { at, .. } => at.to_string(),
            other => other.to_string(),
        };
        if self.wrong.iter().any(|(known, _)| *known == place) {
            return;
        }
        let corner = if label.is_empty() {
            String::new()
        } else {
            format!("\n(with {label})")
        };
        let message = without_trace(&error.to_string());
        self.wrong.push((place, format!("{message}{corner}")));
        if label.is_empty() {
            self.base = Some(error);
        }
    }

    fn is_alone(&self) -> bool {
        self.missing.is_empty() && self.unread.is_empty() && self.wrong.len() == 1
    }

    fn find_unread(&mut self, space: &Space) {
        for parameter in &space.parameters {
            // One whose condition holds at no corner may be read elsewhere.
            if self.read.contains(&*parameter.name) || !self.given.contains(&parameter.name) {
                continue;
            }
            let name = &parameter.name;
            let meant = did_you_mean(name, self.missing.keys().map(String::as_str));
            let message = format!(
                "{}: the config never reads the external variable `{name}`{meant}",
                parameter.place
            );
            self.unread.push(message);
        }
        for parameter in &space.parameters {
            if let Some(text) = self.missing.get_mut(&*parameter.name) {
                *text = text.replace(NOWHERE, "is read also by trials that go without it");
            }
        }
    }

    fn told(self) -> Vec<String> {
        let missing = self.missing.into_values();
        let wrong = self.wrong.into_iter().map(|(_, message)| message);
        missing.chain(wrong).chain(self.unread).collect()
    }
}

/// The error of a missing variable in the words of a search.
fn missing_text(error: &ConfigError) -> String {
    let ConfigError::MissingExtVar {
        name,
        suggestion,
        diagnostic,
    } = error
    else {
        return error.to_string();
    };
    let meant = suggested(suggestion.as_deref());
    let text = without_trace(&error.to_string());
    let source = text.split_once('\n').map_or("", |(_, source)| source);
    format!(
        "{}: the external variable `{name}` {NOWHERE}{meant}\n{source}",
        diagnostic.at
    )
}

/// A message without the steps of the evaluation that led to it.
fn without_trace(text: &str) -> String {
    let lines = text
        .lines()
        .take_while(|line| !line.starts_with("  while "));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use opah_train::config::ExtVars;

    const CONFIG: &str = "
local embedding_dim = std.parseInt(std.extVar('embedding_dim'));
local max_filter_size = std.parseInt(std.extVar('max_filter_size'));
{
  dataset_reader: { type: 'text_classification_json', tokenizer: { type: 'whitespace' } },
  train_data_path: 'train.jsonl',
  validation_data_path: 'dev.jsonl',
  model: {
    type: 'basic_classifier',
    text_field_embedder: { token_embedders: { tokens: { embedding_dim: embedding_dim } } },
    seq2vec_encoder: {
      type: 'cnn',
      embedding_dim: embedding_dim,
      num_filters: 2,
      ngram_filter_sizes: std.range(2, max_filter_size),
    },
    dropout: std.parseJson(std.extVar('dropout')),
  },
  data_loader: { batch_size: 2 },
  trainer: { num_epochs: 1, optimizer: { type: 'sgd', lr: 0.1 }, validation_metric: '+accuracy' },
}";

    fn checked(config: &str, space: &str) -> Result<Checked> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.jsonnet");
        std::fs::write(&file, config).unwrap();
        let experiment = Experiment::open(&file, ExtVars::new(), Vec::new()).unwrap();
        let space = hparams::parse(Path::new("space.json"), space, &ExtVars::new()).unwrap();
        check(&experiment, &space)
    }

    fn told(config: &str, space: &str) -> String {
        let error = checked(config, space).unwrap_err().to_string();
        let mut lines: Vec<String> = error.lines().map(str::to_owned).collect();
        for line in &mut lines {
            // The temporary folder differs from run to run.
            if let (Some(start), Some(end)) = (line.find('/'), line.find("c.jsonnet")) {
                line.replace_range(start..end, "");
            }
        }
        lines.join("\n")
    }

    fn int(name: &str, low: i64, high: i64) -> String {
        format!(
            r#"{{"type": "int", "attributes": {{"name": "{name}", "low": {low}, "high": {high}}}}}"#
        )
    }

    fn float(name: &str, low: f64, high: f64) -> String {
        format!(
            r#"{{"type": "float", "attributes": {{"name": "{name}", "low": {low}, "high": {high}}}}}"#
        )
    }

    fn space(entries: &[String]) -> String {
        format!("[\n{}\n]", entries.join(",\n"))
    }

    #[test]
    fn what_fits_is_read_at_the_lows() {
        let fitting = space(&[
            int("embedding_dim", 2, 8),
            int("max_filter_size", 2, 3),
            float("dropout", 0.0, 0.5),
        ]);
        let checked = checked(CONFIG, &fitting).unwrap();
        assert_eq!(checked.config.model.embedding.embedding_dim, 2);
        assert_eq!(checked.config.model.dropout, Some(0.0));
    }

    #[test]
    fn misspelt_missing_and_unread_variables_are_told_together() {
        let misspelt = space(&[int("embeding_dim", 2, 8), float("dropout", 0.0, 0.5)]);
        insta::assert_snapshot!(told(CONFIG, &misspelt));
    }

    #[test]
    fn corners_show_what_a_middle_would_not() {
        let corners = space(&[
            float("embedding_dim", 32.0, 256.0),
            int("max_filter_size", 1, 3),
            float("dropout", 0.0, 1.0),
        ]);
        insta::assert_snapshot!(told(CONFIG, &corners));
        let json = CONFIG.replace(
            "std.parseInt(std.extVar('embedding_dim'))",
            "std.parseJson(std.extVar('embedding_dim'))",
        );
        let told = told(&json, &corners);
        assert!(told.contains("(with embedding_dim=117."), "{told}");
    }

    #[test]
    fn corners_have_the_parameters_that_trials_have() {
        let config = CONFIG.replace(
            "dropout: std.parseJson(std.extVar('dropout')),",
            "dropout: if max_filter_size > 2 then std.parseJson(std.extVar('dropout')) else 0.0,",
        );
        let dropout =
            float("dropout", 0.0, 0.5).replace("}}", "}, \"if\": \"max_filter_size > 2\"}");
        let entries = [
            int("embedding_dim", 2, 8),
            int("max_filter_size", 2, 3),
            dropout,
        ];
        checked(&config, &space(&entries)).unwrap();
        // Without the test in the config, a trial without it could not run.
        let told = told(CONFIG, &space(&entries));
        let expected = "`dropout` is read also by trials that go without it";
        assert!(told.contains(expected), "{told}");
    }

    #[test]
    fn dimensions_that_do_not_fit_are_found() {
        let config = CONFIG.replace(
            "embedding_dim: embedding_dim,\n",
            "embedding_dim: std.parseInt(std.extVar('dim')),\n",
        );
        let two = space(&[
            int("embedding_dim", 4, 8),
            int("dim", 4, 8),
            int("max_filter_size", 2, 3),
            float("dropout", 0.0, 0.5),
        ]);
        let told = told(&config, &two);
        assert!(told.contains("(with embedding_dim=6)"), "{told}");
    }
}
