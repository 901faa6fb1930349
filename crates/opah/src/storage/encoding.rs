//! Values as they stand in Optuna's tables, whatever the database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::distribution::Distribution;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};

/// The only revision of the schema that is read and written: alembic's, of Optuna 5.0.
pub(super) const HEAD: &str = "v3.2.0.a";

/// The number of the same schema in Optuna's own table.
const SCHEMA: i64 = 12;

/// The revisions before it, which Optuna's `storage upgrade` brings up.
const OLDER: [&str; 9] = [
    "v0.9.0.a", "v1.2.0.a", "v1.3.0.a", "v2.4.0.a", "v2.6.0.a", "v3.0.0.a", "v3.0.0.b", "v3.0.0.c",
    "v3.0.0.d",
];

/// A revision of the schema.
pub(super) enum Revision {
    Head,
    Older(String),
    Newer(String),
}

impl Revision {
    /// By alembic's revision and Optuna's own number of the schema.
    pub(super) fn of(revision: Option<&str>, schema: Option<i64>) -> Self {
        match revision {
            Some(HEAD) => Self::Head,
            None if schema.is_none_or(|schema| schema == SCHEMA) => Self::Head,
            // From before Optuna noted revisions.
            None => Self::Older(OLDER[0].to_owned()),
            Some(old) if OLDER.contains(&old) => Self::Older(old.to_owned()),
            Some(new) => Self::Newer(new.to_owned()),
        }
    }
}

/// What is said of a newer revision; `place` is what holds the tables, e.g. "the file".
pub(super) fn too_new(place: &str, new: &str) -> String {
    format!("{place} has schema {new}, which is newer than {HEAD}; use a newer opah")
}

/// Whether a server's tables of this revision can be used.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn check_revision(
    revision: Option<&str>,
    schema: Option<i64>,
    place: &str,
) -> Result<(), String> {
    match Revision::of(revision, schema) {
        Revision::Head => Ok(()),
        Revision::Older(old) => Err(format!(
            "{place} has Optuna's older schema {old}, and {HEAD} is needed; run `optuna storage upgrade --storage URL` once"
        )),
        Revision::Newer(new) => Err(too_new(place, &new)),
    }
}

/// A number as its two columns: the value if it is finite, and its kind.
pub(super) fn columns(value: f64) -> (Option<f64>, &'static str) {
    if value.is_nan() {
        (None, "NAN")
    } else if value == f64::INFINITY {
        (None, "INF_POS")
    } else if value == f64::NEG_INFINITY {
        (None, "INF_NEG")
    } else {
        (Some(value), "FINITE")
    }
}

/// The number of these two columns; `None` if they don't fit together.
fn number(value: Option<f64>, kind: &str) -> Option<f64> {
    match (kind, value) {
        ("FINITE", Some(value)) => Some(value),
        ("INF_POS", _) => Some(f64::INFINITY),
        ("INF_NEG", _) => Some(f64::NEG_INFINITY),
        ("NAN", _) => Some(f64::NAN),
        _ => None,
    }
}

/// The same, or what is wrong with them.
pub(super) fn number_or_problem(value: Option<f64>, kind: &str) -> Result<f64, String> {
    number(value, kind).ok_or_else(|| {
        let value = value.map_or("nothing".to_owned(), |value| value.to_string());
        format!("{value} is not of the kind `{kind}`")
    })
}

/// A direction as stored.
pub(super) fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "MINIMIZE",
        Direction::Maximize => "MAXIMIZE",
    }
}

/// A stored direction; Optuna treats `NOT_SET` as minimize.
pub(super) fn direction(name: &str) -> Option<Direction> {
    match name {
        "MAXIMIZE" => Some(Direction::Maximize),
        "MINIMIZE" | "NOT_SET" => Some(Direction::Minimize),
        _ => None,
    }
}

/// Names and distributions that many rows share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    names: BTreeSet<Arc<str>>,
    distributions: BTreeMap<String, Arc<Distribution>>,
}

impl Shared {
    pub(super) fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.names.insert(name.clone());
        name
    }

    /// The distribution, or why the text is none.
    pub(super) fn distribution(&mut self, json: &str) -> Result<Arc<Distribution>, String> {
        if let Some(known) = self.distributions.get(json) {
            return Ok(known.clone());
        }
        let distribution = Distribution::from_json(json).map_err(|error| error.to_string())?;
        let distribution = Arc::new(distribution);
        self.distributions
            .insert(json.to_owned(), distribution.clone());
        Ok(distribution)
    }
}

/// What is wrong with a parameter's internal value, if anything is.
pub(super) fn param_problem(distribution: &Distribution, value: f64) -> Option<String> {
    let is_choice = matches!(distribution, Distribution::Categorical(_));
    (is_choice && !distribution.contains(value))
        .then(|| format!("there is no choice {value} in {distribution}"))
}

/// What is wrong with a trial's objective values, if anything is.
pub(super) fn values_problem(trial: &FrozenTrial, n_objectives: usize) -> Option<String> {
    let n_values = trial.values.len();
    let is_complete = trial.state == TrialState::Complete;
    if n_values > n_objectives || (is_complete && n_values != n_objectives) {
        Some(format!(
            "it is {} with {n_values} value(s), and the study has {n_objectives} objective(s)",
            trial.state
        ))
    } else if trial.values.iter().any(|value| value.is_nan()) {
        Some("a value is missing or not a number".to_owned())
    } else {
        None
    }
}
