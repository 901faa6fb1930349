//! Leaves a trial alone as long as it has improved lately; then asks another pruner.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Pruner;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::registry::{self, Configured};

/// Asks `wrapped_pruner` once the best of the last `patience + 1` reports is worse than
/// the best before them by more than `min_delta`. NaN is ignored; where one of the two
/// has nothing else, the trial runs on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PatientPruner {
    /// Who decides then, as `{"type": "median", "attributes": {…}}`; null: the trial stops.
    #[schemars(with = "Option<Named>")]
    pub wrapped_pruner: Option<WrappedPruner>,
    /// So many reports after the last good one are waited for.
    pub patience: usize,
    /// How much worse is still not bad; not negative.
    #[schemars(range(min = 0.0))]
    pub min_delta: f64,
}

impl Default for PatientPruner {
    fn default() -> Self {
        Self {
            wrapped_pruner: None,
            patience: 1,
            min_delta: 0.0,
        }
    }
}

impl Configured for PatientPruner {
    const NAME: &'static str = "patient";
    const CLASS: &'static str = "PatientPruner";
    const SUMMARY: &'static str = "waits while a trial improves, then asks another pruner";

    fn objection(&self) -> Option<String> {
        let possible = self.min_delta >= 0.0;
        (!possible).then(|| {
            format!(
                "`min_delta` must not be negative, but it is {}",
                self.min_delta
            )
        })
    }
}

impl Pruner for PatientPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        if !self.has_lost_patience(context.trial, context.direction()) {
            return Ok(false);
        }
        match &self.wrapped_pruner {
            Some(wrapped) => wrapped.pruner.should_prune(context),
            None => Ok(true),
        }
    }

    fn saves_state(&self) -> bool {
        let wrapped = self.wrapped_pruner.as_ref();
        wrapped.is_some_and(|wrapped| wrapped.pruner.saves_state())
    }
}

impl PatientPruner {
    fn has_lost_patience(&self, trial: &FrozenTrial, direction: Direction) -> bool {
        let losses: Vec<f64> = trial
            .intermediate_values
            .values()
            .map(|value| direction.to_loss(*value))
            .collect();
        let n_late = self.patience.saturating_add(1);
        let Some(n_early) = losses.len().checked_sub(n_late).filter(|n| *n > 0) else {
            return false;
        };
        let (early, late) = losses.split_at(n_early);
        match (least(early), least(late)) {
            (Some(before), Some(now)) => before + self.min_delta < now,
            _ => false,
        }
    }
}

/// The least value that is not NaN.
fn least(values: &[f64]) -> Option<f64> {
    let values = values.iter().copied().filter(|value| !value.is_nan());
    values.reduce(f64::min)
}

/// A pruner inside of another one, which is made when the options are read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Named", into = "Named")]
pub struct WrappedPruner {
    named: Named,
    pruner: Arc<dyn Pruner>,
}

/// A pruner's name in [`PRUNERS`](super::PRUNERS), and its options.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    attributes: Value,
}

impl WrappedPruner {
    /// The pruner called `name`, with these options (null: the defaults).
    pub fn new(name: &str, attributes: Value) -> Result<Self> {
        let name = name.to_owned();
        Named { name, attributes }.try_into()
    }
}

impl TryFrom<Named> for WrappedPruner {
    type Error = Error;

    fn try_from(named: Named) -> Result<Self> {
        let pruner = super::build(&named.name, &named.attributes)?;
        Ok(Self { named, pruner })
    }
}

impl From<WrappedPruner> for Named {
    fn from(wrapped: WrappedPruner) -> Self {
        wrapped.named
    }
}
