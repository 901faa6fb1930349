//! What completed trials reported, sorted by step and value.

use std::collections::BTreeMap;

use crate::derived::Derived;
use crate::frozen_trial::{FrozenTrial, TrialState};

/// The reports of all COMPLETE trials, ready to be asked for percentiles.
#[derive(Debug, Default)]
pub(super) struct CompleteReports {
    /// How many trials are COMPLETE, with reports or without.
    pub(super) n_trials: usize,
    /// The greatest step that any of them reported.
    pub(super) last_step: Option<i64>,
    steps: BTreeMap<i64, StepReports>,
}

/// What was reported at one step.
#[derive(Debug, Default)]
pub(super) struct StepReports {
    /// How many reports there are, NaN included.
    pub(super) n_reports: usize,
    /// In increasing order, without NaN.
    values: Vec<f64>,
}

impl Derived for CompleteReports {
    fn add(&mut self, trial: &FrozenTrial) {
        if trial.state != TrialState::Complete {
            return;
        }
        self.n_trials += 1;
        self.last_step = self.last_step.max(trial.last_step());
        for (step, value) in &trial.intermediate_values {
            self.steps.entry(*step).or_default().add(*value);
        }
    }
}

impl CompleteReports {
    /// What was reported at `step`.
    pub(super) fn at(&self, step: i64) -> Option<&StepReports> {
        self.steps.get(&step)
    }
}

impl StepReports {
    fn add(&mut self, value: f64) {
        self.n_reports += 1;
        if !value.is_nan() {
            let at = self.values.partition_point(|known| *known < value);
            self.values.insert(at, value);
        }
    }

    /// The percentile of the values, with linear interpolation, computed as NumPy does:
    /// NaN if there are none, and where the interpolation meets an infinity that it
    /// can't subtract. `share` is from 0 to 100.
    pub(super) fn percentile(&self, share: f64) -> f64 {
        let Some(last) = self.values.len().checked_sub(1) else {
            return f64::NAN;
        };
        let position = (share / 100.0).clamp(0.0, 1.0) * last as f64;
        let below = position.floor() as usize;
        let (left, right) = (self.values[below], self.values[(below + 1).min(last)]);
        let (difference, fraction) = (right - left, position - below as f64);
        if fraction < 0.5 {
            left + difference * fraction
        } else {
            right - difference * (1.0 - fraction)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StepReports;

    fn percentile(values: &[f64], share: f64) -> f64 {
        let mut reports = StepReports::default();
        for value in values {
            reports.add(*value);
        }
        reports.percentile(share)
    }

    #[test]
    fn the_order_of_reports_does_not_matter() {
        let values = [0.3, f64::NAN, -1.0, f64::INFINITY, 0.3, 7.0];
        let reversed: Vec<f64> = values.iter().rev().copied().collect();
        for share in [0.0, 17.0, 50.0, 99.0] {
            let (one, other) = (percentile(&values, share), percentile(&reversed, share));
            assert_eq!(one.to_bits(), other.to_bits());
        }
    }

    /// `numpy.nanpercentile` of NumPy 2.4.6.
    #[test]
    fn percentiles_are_numpys() {
        assert_eq!(percentile(&[4.0, 1.0, f64::NAN, 2.0], 25.0), 1.5);
        assert_eq!(percentile(&[4.0, 1.0, 2.0], 75.0), 3.0);
        assert_eq!(percentile(&[7.0], 40.0), 7.0);
        assert!(percentile(&[f64::NAN], 50.0).is_nan());
        let infinite = f64::INFINITY;
        assert_eq!(percentile(&[1.0, infinite], 30.0), infinite);
        assert_eq!(percentile(&[-infinite, 1.0], 50.0), -infinite);
        assert_eq!(percentile(&[-infinite, 1.0], 100.0), 1.0);
        assert!(percentile(&[1.0, infinite], 0.0).is_nan());
        assert!(percentile(&[infinite, infinite], 50.0).is_nan());
    }
}
