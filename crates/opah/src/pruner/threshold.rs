//! Stops a trial that reports a value outside of given bounds, or NaN.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use super::interval::{objection_to_interval, step_to_judge};
use crate::context::Context;
use crate::error::Result;
use crate::registry::{self, Configured};

/// Stops at NaN, below `lower` and above `upper`, whatever the direction. At least one
/// bound must be given.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ThresholdPruner {
    /// The least value that may be reported; without it, any.
    pub lower: Option<f64>,
    /// The greatest value that may be reported; without it, any.
    pub upper: Option<f64>,
    /// Trials are left alone before this step.
    pub n_warmup_steps: u32,
    /// Steps from one look to the next, at least 1; a late report is looked at when it
    /// comes.
    pub interval_steps: u32,
}

impl Default for ThresholdPruner {
    fn default() -> Self {
        Self {
            lower: None,
            upper: None,
            n_warmup_steps: 0,
            interval_steps: 1,
        }
    }
}

impl Configured for ThresholdPruner {
    const NAME: &'static str = "threshold";
    const CLASS: &'static str = "ThresholdPruner";
    const SUMMARY: &'static str = "stops at NaN and outside of given bounds";

    fn objection(&self) -> Option<String> {
        match (self.lower, self.upper) {
            (None, None) => Some("`lower`, `upper` or both must be given".to_owned()),
            (Some(lower), Some(upper)) if lower > upper => Some(format!(
                "`lower` must not be above `upper`, but they are {lower} and {upper}"
            )),
            _ => objection_to_interval(self.interval_steps),
        }
    }
}

impl Pruner for ThresholdPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        let step = step_to_judge(context.trial, self.n_warmup_steps, self.interval_steps);
        let value = step.and_then(|step| context.trial.intermediate_values.get(&step));
        Ok(value.is_some_and(|value| {
            value.is_nan()
                || self.lower.is_some_and(|lower| *value < lower)
                || self.upper.is_some_and(|upper| *value > upper)
        }))
    }
}
