//! Studies and trials as they are stored.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use jiff::Timestamp;

use crate::distribution::{Distribution, ParamValue};
use crate::json::Json;

/// Which objective values are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Small values are good.
    Minimize,
    /// Large values are good.
    Maximize,
}

impl Direction {
    /// `value` turned so that smaller is better; NaN stays NaN.
    pub fn to_loss(self, value: f64) -> f64 {
        match self {
            Self::Minimize => value,
            Self::Maximize => -value,
        }
    }

    /// Whether `a` is strictly better than `b`; never when one is NaN.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        self.to_loss(a) < self.to_loss(b)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minimize => "minimize",
            Self::Maximize => "maximize",
        })
    }
}

/// Where a trial is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrialState {
    /// An objective is computing it.
    Running,
    /// Finished with a value for each objective.
    Complete,
    /// Stopped early.
    Pruned,
    /// Ended without a value.
    Fail,
    /// Enqueued, not begun.
    Waiting,
}

impl TrialState {
    /// All states, in Optuna's order.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Complete,
        Self::Pruned,
        Self::Fail,
        Self::Waiting,
    ];

    /// Whether the trial can't change any more.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Complete | Self::Pruned | Self::Fail)
    }

    /// The stored name: `RUNNING`, `COMPLETE`, `PRUNED`, `FAIL`, `WAITING`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::Pruned => "PRUNED",
            Self::Fail => "FAIL",
            Self::Waiting => "WAITING",
        }
    }

    /// The state with this stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl fmt::Display for TrialState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The storage's name for a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StudyId(pub i64);

/// The storage's name for a trial, unique over all its studies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrialId(pub i64);

/// Attributes of a study or trial: JSON by name.
pub type Attrs = BTreeMap<String, Json>;

/// A study as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct FrozenStudy {
    /// Its id in the storage.
    pub id: StudyId,
    /// Its name.
    pub name: String,
    /// One direction for each objective.
    pub directions: Vec<Direction>,
    /// What users noted.
    pub user_attrs: Attrs,
    /// What samplers, pruners and programs noted.
    pub system_attrs: Attrs,
}

/// The system attribute of a trial in which Optuna and opah keep the values that it must
/// have because it was enqueued.
pub const FIXED_PARAMS_ATTR: &str = "fixed_params";

/// The system attribute in which the reason of a failure is kept.
pub const FAILURE_ATTR: &str = "opah:failure";

/// The system attributes in which Optuna and opah keep a trial's constraints begin so; their
/// names follow.
pub(crate) const CONSTRAINT_PREFIX: &str = "constraints:";

/// The system attributes in which opah keeps what a trial with several objectives reported
/// begin so; the step follows.
const REPORTS_PREFIX: &str = "opah:reports:";

/// The system attribute that holds the values of all objectives at a step, a list of numbers.
pub(crate) fn reports_attr(step: i64) -> String {
    format!("{REPORTS_PREFIX}{step}")
}

/// The system attribute in which Optuna and opah keep the names of objectives.
pub(crate) const METRIC_NAMES_ATTR: &str = "study:metric_names";

impl FrozenStudy {
    /// The names of its objectives, if they have got names.
    pub fn metric_names(&self) -> Option<Vec<String>> {
        self.system_attrs.get(METRIC_NAMES_ATTR)?.parse()
    }
}

/// One parameter of one trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Arc<str>,
    /// Its internal value: the number itself, or the index of the choice.
    pub value: f64,
    /// What it was drawn from.
    pub distribution: Arc<Distribution>,
}

impl Param {
    /// The value as the user gave and gets it.
    pub fn external(&self) -> ParamValue {
        self.distribution.to_external(self.value)
    }
}

/// The parameters of a trial, sorted by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Params(Vec<Param>);

impl Params {
    /// Adds a parameter, or replaces the one of the same name.
    pub fn insert(&mut self, param: Param) {
        match self.0.binary_search_by(|known| known.name.cmp(&param.name)) {
            Ok(at) => self.0[at] = param,
            Err(at) => self.0.insert(at, param),
        }
    }

    /// Gives back memory that further parameters would take.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// The parameter of this name.
    pub fn get(&self, name: &str) -> Option<&Param> {
        let at = self
            .0
            .binary_search_by(|known| known.name.as_ref().cmp(name))
            .ok()?;
        Some(&self.0[at])
    }

    /// All parameters, by name.
    pub fn iter(&self) -> std::slice::Iter<'_, Param> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Param> for Params {
    fn from_iter<I: IntoIterator<Item = Param>>(params: I) -> Self {
        let mut all = Self::default();
        for param in params {
            all.insert(param);
        }
        all
    }
}

impl<'a> IntoIterator for &'a Params {
    type Item = &'a Param;
    type IntoIter = std::slice::Iter<'a, Param>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A trial as stored. Once its state is finished, it never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct FrozenTrial {
    /// Its id in the storage.
    pub id: TrialId,
    /// Its place in the study, from 0.
    pub number: u64,
    /// Where it is in its life.
    pub state: TrialState,
    /// One value per objective; empty when there is none. Never NaN; may be infinite.
    pub values: Vec<f64>,
    /// Its parameters.
    pub params: Params,
    /// What was reported: value by step; of several objectives that of the first, the others
    /// are in [`reports`](Self::reports). Values may be NaN and infinite.
    pub intermediate_values: BTreeMap<i64, f64>,
    /// What users noted.
    pub user_attrs: Attrs,
    /// What samplers, pruners and programs noted.
    pub system_attrs: Attrs,
    /// When it began to run.
    pub datetime_start: Option<Timestamp>,
    /// When it ended.
    pub datetime_complete: Option<Timestamp>,
}

impl FrozenTrial {
    /// Whether it runs, and has since this moment, if one is given.
    pub(crate) fn runs_since(&self, since: Option<Timestamp>) -> bool {
        let is_same = since.is_none() || since == self.datetime_start;
        self.state == TrialState::Running && is_same
    }

    /// The value of the only objective.
    pub fn value(&self) -> Option<f64> {
        match self.values[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    /// The last step that was reported.
    pub fn last_step(&self) -> Option<i64> {
        self.intermediate_values.keys().next_back().copied()
    }

    /// The value of the last step that was reported.
    pub fn last_report(&self) -> Option<f64> {
        self.intermediate_values.values().next_back().copied()
    }

    /// What was reported at a step, one value per objective, which may be NaN and infinite;
    /// `None` if nothing was.
    pub fn reports(&self, step: i64) -> Option<Vec<f64>> {
        let first = *self.intermediate_values.get(&step)?;
        let all = self.system_attrs.get(&reports_attr(step));
        Some(all.and_then(Json::to_f64s).unwrap_or_else(|| vec![first]))
    }

    /// How long it ran.
    pub fn duration(&self) -> Option<std::time::Duration> {
        let span = self.datetime_complete?.duration_since(self.datetime_start?);
        span.try_into().ok()
    }

    /// The constraints by name (feasible when ≤ 0), from Optuna's `constraints:<name>`
    /// attributes; those of its older list `constraints` by their index.
    pub fn constraints(&self) -> BTreeMap<String, f64> {
        let named = self.system_attrs.iter().filter_map(|(key, json)| {
            let name = key.strip_prefix(CONSTRAINT_PREFIX)?;
            Some((name.to_owned(), json.to_f64()?))
        });
        let listed = self
            .system_attrs
            .get("constraints")
            .and_then(Json::parse::<Vec<f64>>);
        let listed = listed.unwrap_or_default().into_iter().enumerate();
        listed
            .map(|(at, value)| (at.to_string(), value))
            .chain(named)
            .collect()
    }

    /// The sum of all positive constraint values; 0 when the trial is feasible.
    pub fn violation(&self) -> f64 {
        self.constraints()
            .values()
            .filter(|value| **value > 0.0)
            .sum()
    }
}
