//! Stops a trial whose best report is worse than a percentile of what completed trials
//! reported at the same step.
//!
//! The median rule is that of Golovin et al., "Google Vizier: A Service for Black-Box
//! Optimization", KDD 2017, section 3.2.2, with medians at a step instead of running
//! averages; decisions are those of Optuna 5. A trial that was once good is never
//! stopped, because its best report counts, and only equal steps are compared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use super::interval::step_to_judge;
use crate::context::Context;
use crate::error::Result;
use crate::frozen_trial::Direction;
use crate::registry::Configured;

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
    /// Steps from one look to the next; a late report is looked at when it comes.
    pub interval_steps: u32,
    /// Nothing is stopped at a step that fewer completed trials reported.
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
}

impl Pruner for PercentilePruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        let n_complete = context.history.complete().count();
        if n_complete == 0 || n_complete < self.n_startup_trials {
            return Ok(false);
        }
        let Some(step) = step_to_judge(context.trial, self.n_warmup_steps, self.interval_steps)
        else {
            return Ok(false);
        };
        let reports = context.trial.intermediate_values.values().copied();
        let reports = reports.filter(|value| !value.is_nan());
        let (best, share) = match context.direction() {
            Direction::Minimize => (reports.reduce(f64::min), self.percentile),
            Direction::Maximize => (reports.reduce(f64::max), 100.0 - self.percentile),
        };
        let Some(best) = best else {
            return Ok(true);
        };
        let at_step: Vec<f64> = context
            .history
            .complete()
            .filter_map(|trial| trial.intermediate_values.get(&step).copied())
            .collect();
        if at_step.len() < self.n_min_trials {
            return Ok(false);
        }
        let bar = percentile(at_step, share);
        Ok(match context.direction() {
            Direction::Minimize => best > bar,
            Direction::Maximize => best < bar,
        })
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
    /// Steps from one look to the next; a late report is looked at when it comes.
    pub interval_steps: u32,
    /// Nothing is stopped at a step that fewer completed trials reported.
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
}

impl Pruner for MedianPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
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

/// The percentile of the values that are not NaN, with linear interpolation, rounded as
/// NumPy does; NaN if there are none. `share` is from 0 to 100.
fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.retain(|value| !value.is_nan());
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return f64::NAN;
    };
    let position = (share / 100.0).clamp(0.0, 1.0) * last as f64;
    let below = position.floor() as usize;
    let (left, right) = (values[below], values[(below + 1).min(last)]);
    let fraction = position - below as f64;
    if left == right {
        left
    } else if fraction < 0.5 {
        left + (right - left) * fraction
    } else {
        right - (right - left) * (1.0 - fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::percentile;

    /// `numpy.nanpercentile` of NumPy 2.
    #[test]
    fn percentiles_are_numpys() {
        assert_eq!(percentile(vec![4.0, 1.0, f64::NAN, 2.0], 25.0), 1.5);
        assert_eq!(percentile(vec![4.0, 1.0, 2.0], 75.0), 3.0);
        assert_eq!(percentile(vec![7.0], 40.0), 7.0);
        assert!(percentile(vec![f64::NAN], 50.0).is_nan());
    }
}
