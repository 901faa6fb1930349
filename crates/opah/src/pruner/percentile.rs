//! Stops a trial whose best report is worse than a percentile of what completed trials
//! reported at the same step.
//!
//! The median rule is that of Golovin et al., "Google Vizier: A Service for Black-Box
//! Optimization", KDD 2017, section 3.2.2, with medians at a step instead of running
//! averages; decisions are those of Optuna 5. A trial that was once good is never
//! stopped, because its best report counts, and only equal steps are compared. A trial
//! with nothing but NaN is stopped; NaN of completed trials counts for `n_min_trials`
//! alone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use super::interval::{objection_to_interval, step_to_judge};
use super::reports::CompleteReports;
use crate::context::Context;
use crate::error::Result;
use crate::frozen_trial::Direction;
use crate::registry::{self, Configured};

/// Keeps the given share of trials at each step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PercentilePruner {
    /// The share that is kept, from 0 to 100.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percentile: f64,
    /// Nothing is stopped before this many trials completed.
    pub n_startup_trials: usize,
    /// Trials are left alone before this step.
    pub n_warmup_steps: u32,
    /// Steps from one look to the next, at least 1; a late report is looked at when it
    /// comes.
    pub interval_steps: u32,
    /// Nothing is stopped at a step that fewer completed trials reported; at least 1.
    pub n_min_trials: usize,
}

impl Default for PercentilePruner {
    fn default() -> Self {
        Self {
            percentile: 25.0,
            n_startup_trials: 5,
            n_warmup_steps: 0,
            interval_steps: 1,
            n_min_trials: 1,
        }
    }
}

impl Configured for PercentilePruner {
    const NAME: &'static str = "percentile";
    const CLASS: &'static str = "PercentilePruner";
    const SUMMARY: &'static str = "stops what is worse than a percentile of completed trials";

    fn objection(&self) -> Option<String> {
        if !(0.0..=100.0).contains(&self.percentile) {
            let given = self.percentile;
            return Some(format!(
                "`percentile` must be from 0 to 100, but it is {given}"
            ));
        }
        objection_to_interval(self.interval_steps)
            .or_else(|| objection_to_n_min_trials(self.n_min_trials))
    }
}

impl Pruner for PercentilePruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        context
            .history
            .derived(|reports| Ok(self.is_worse(context, reports)))
    }
}

impl PercentilePruner {
    fn is_worse(&self, context: &Context, complete: &CompleteReports) -> bool {
        if complete.n_trials == 0 || complete.n_trials < self.n_startup_trials {
            return false;
        }
        let Some(step) = step_to_judge(context.trial, self.n_warmup_steps, self.interval_steps)
        else {
            return false;
        };
        let reports = context.trial.intermediate_values.values().copied();
        let reports = reports.filter(|value| !value.is_nan());
        let (best, share) = match context.direction() {
            Direction::Minimize => (reports.reduce(f64::min), self.percentile),
            Direction::Maximize => (reports.reduce(f64::max), 100.0 - self.percentile),
        };
        let Some(best) = best else {
            return true;
        };
        let at_step = complete.at(step);
        let Some(at_step) = at_step.filter(|reports| reports.n_reports >= self.n_min_trials) else {
            return false;
        };
        // Nothing is worse than a NaN.
        let bar = at_step.percentile(share);
        context.direction().is_better(bar, best)
    }
}

/// Keeps the better half of trials at each step.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MedianPruner {
    /// Nothing is stopped before this many trials completed.
    pub n_startup_trials: usize,
    /// Trials are left alone before this step.
    pub n_warmup_steps: u32,
    /// Steps from one look to the next, at least 1; a late report is looked at when it
    /// comes.
    pub interval_steps: u32,
    /// Nothing is stopped at a step that fewer completed trials reported; at least 1.
    pub n_min_trials: usize,
}

impl Default for MedianPruner {
    fn default() -> Self {
        Self {
            n_startup_trials: 5,
            n_warmup_steps: 0,
            interval_steps: 1,
            n_min_trials: 1,
        }
    }
}

impl Configured for MedianPruner {
    const NAME: &'static str = "median";
    const CLASS: &'static str = "MedianPruner";
    const SUMMARY: &'static str = "stops what is worse than the median of completed trials";

    fn objection(&self) -> Option<String> {
        objection_to_interval(self.interval_steps)
            .or_else(|| objection_to_n_min_trials(self.n_min_trials))
    }
}

impl Pruner for MedianPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        let half = PercentilePruner {
            percentile: 50.0,
            n_startup_trials: self.n_startup_trials,
            n_warmup_steps: self.n_warmup_steps,
            interval_steps: self.interval_steps,
            n_min_trials: self.n_min_trials,
        };
        half.should_prune(context)
    }
}

fn objection_to_n_min_trials(n_min_trials: usize) -> Option<String> {
    (n_min_trials < 1).then(|| "`n_min_trials` must be at least 1, but it is 0".to_owned())
}
