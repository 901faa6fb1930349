//! The best trial again: its config, by itself, and a training that gives its value.

use opah::json::Json;
use opah::study::FAILURE_ATTR;
use opah::{ParamValue, Study, TrialState};
use opah_train::config::{self, Document, ExtVars};

use crate::error::{Error, Result};
use crate::experiment::{Change, Experiment};
use crate::record::{self, stored_space};

/// The best trial of a study, as far as it is needed to train it again.
#[derive(Debug, Clone)]
pub struct BestTrial {
    /// Its number.
    pub number: u64,
    /// Its value.
    pub value: f64,
    /// Its values, in the order of suggestion where that is known.
    pub values: Vec<(String, ParamValue)>,
    /// The metric of which `value` is one, where the study knows it.
    pub metric: Option<String>,
    /// The changes that the study made to its config.
    pub changes: Vec<Change>,
    /// The text of the study's config.
    pub config: Option<String>,
}

impl BestTrial {
    /// The best trial of a study with one objective.
    pub fn of(study: &Study) -> Result<Self> {
        let best = match study.best_trial() {
            Ok(best) => best,
            Err(opah::Error::NotAvailable(reason)) => {
                return Err(Error::NotAvailable(format!(
                    "{reason}{}",
                    last_failure(study)?
                )));
            }
            Err(error) => return Err(error.into()),
        };
        let frozen = study.frozen()?;
        let attr = |key: &str| frozen.system_attrs.get(key);
        let order: Vec<String> = stored_space(&frozen)
            .unwrap_or_default()
            .into_iter()
            .map(|declared| declared.name)
            .collect();
        let place = |name: &str| order.iter().position(|known| known == name);
        let mut values: Vec<(String, ParamValue)> = best
            .params
            .iter()
            .map(|param| (param.name.to_string(), param.external()))
            .collect();
        // Sorted by name before; what the space does not know comes last.
        values.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
        let value = best.value().ok_or_else(|| {
            Error::NotAvailable(format!("trial {} has several values", best.number))
        })?;
        let changes: Vec<Change> = match attr(record::CHANGES) {
            None => Vec::new(),
            Some(stored) => stored.parse().ok_or_else(|| {
                Error::NotAvailable(format!(
                    "study `{}`: the changes to its config, stored as `{}`, can't be read",
                    study.name(),
                    record::CHANGES
                ))
            })?,
        };
        Ok(Self {
            number: best.number,
            value,
            values,
            metric: attr(record::METRIC).and_then(Json::parse::<String>),
            changes,
            config: attr(record::CONFIG).and_then(Json::parse::<String>),
        })
    }

    /// The same, but `None` while there is no best trial.
    pub fn find(study: &Study) -> Result<Option<Self>> {
        match study.best_trial() {
            Ok(_) => Self::of(study).map(Some),
            Err(opah::Error::NotAvailable(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The config with the trial's values, without the pruner's callback and without any
    /// external variable: what `opah export-config` writes.
    pub fn document(&self, experiment: &Experiment) -> Result<Document> {
        let values = self
            .values
            .iter()
            .map(|(name, value)| (name.as_str(), value));
        let text = experiment.document(values)?.to_exported_json();
        let document = config::evaluate_text(experiment.file(), text.as_bytes(), &ExtVars::new())?;
        document.read()?;
        Ok(document)
    }

    /// The values as a line of environment variables, each quoted for the shell by `quote`.
    pub fn environment(&self, quote: impl Fn(&str) -> String) -> String {
        let assign =
            |(name, value): &(String, ParamValue)| format!("{name}={}", quote(&value.to_string()));
        let each: Vec<String> = self.values.iter().map(assign).collect();
        each.join(" ")
    }
}

/// Why the last failed trial failed, for those who ask for the best of no trials.
fn last_failure(study: &Study) -> Result<String> {
    let trials = study.trials()?;
    let failed = trials
        .iter()
        .rev()
        .find(|trial| trial.state == TrialState::Fail);
    let reason = failed.and_then(|trial| {
        let reason: String = trial.system_attrs.get(FAILURE_ATTR)?.parse()?;
        Some(format!("; trial {} failed: {reason}", trial.number))
    });
    Ok(reason.unwrap_or_default())
}

/// AllenNLP's seeds with their defaults.
const SEEDS: [(&str, u64); 3] = [
    ("random_seed", 13_370),
    ("numpy_seed", 1_337),
    ("pytorch_seed", 133),
];

/// The config with each of its seeds raised by `offset`, and the `random_seed` it then has.
pub fn with_seed(document: &Document, offset: u64) -> Result<(Document, u64)> {
    let mut document = document.clone();
    let mut first = 0;
    for (at, (key, default)) in SEEDS.into_iter().enumerate() {
        let seed = document
            .value
            .get(key)
            .map_or(default, |seed| seed.as_u64().unwrap_or(0));
        let seed = seed.wrapping_add(offset);
        if at == 0 {
            first = seed;
        }
        document.set(&format!("{key}={seed}"))?;
    }
    Ok((document, first))
}

/// Mean and sample standard deviation (0 of fewer than two values).
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 {
        return (mean, 0.0);
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use opah::Direction;
    use opah::storage::AttrKind;

    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample() {
        assert_eq!(mean_and_deviation(&[1.0, 2.0, 3.0]), (2.0, 1.0));
        assert_eq!(mean_and_deviation(&[0.25]), (0.25, 0.0));
    }

    #[test]
    fn changes_that_can_not_be_read_are_not_left_out() {
        let study = Study::in_memory("s", &[Direction::Maximize]).unwrap();
        assert!(BestTrial::find(&study).unwrap().is_none());
        let mut trial = study.ask().unwrap();
        study.tell(&mut trial, &[0.5]).unwrap();
        assert_eq!(BestTrial::find(&study).unwrap().unwrap().value, 0.5);
        let damaged = Json::from_text("3");
        study
            .set_attr(AttrKind::System, record::CHANGES, &damaged)
            .unwrap();
        let error = BestTrial::find(&study).unwrap_err().to_string();
        assert!(error.contains("`opah:changes`, can't be read"), "{error}");
    }

    #[test]
    fn seeds_are_raised_from_the_configs_own() {
        let text = b"{ random_seed: 42, pytorch_seed: null }";
        let file = std::path::Path::new("c.jsonnet");
        let document = config::evaluate_text(file, text, &ExtVars::new()).unwrap();
        let (raised, seed) = with_seed(&document, 2).unwrap();
        assert_eq!(seed, 44);
        let expected =
            serde_json::json!({"random_seed": 44, "pytorch_seed": 2, "numpy_seed": 1339});
        assert_eq!(raised.value, expected);
    }
}
