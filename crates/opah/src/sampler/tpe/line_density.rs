//! The density of one continuous parameter, of which only the kernels nearby are looked at.

use super::column::Column;
use super::terms::Terms;
use super::weights::Weights;

/// Runs whose mean is so much below the nearest one's are left out of the bound.
const BOUND_CUTOFF: f64 = 12.0;

impl Column {
    /// Adds all kernels whose log density at `x` is `floor` or more to `terms`, by centre.
    pub(super) fn collect(&self, x: f64, floor: f64, weights: &Weights, terms: &mut Terms) {
        for run in &self.line.runs {
            let bound = run.summary.map(|summary| summary.greatest_exponent(x));
            if bound.is_some_and(|bound| bound < floor) {
                continue;
            }
            for (centre, position) in run.centres.iter().zip(&run.positions) {
                let position = *position as usize;
                let z = (x - centre) * self.scales[position];
                let exponent = self.log_norms[position] - z * z;
                if exponent >= floor {
                    terms.push(weights.at(position), exponent);
                }
            }
        }
    }

    /// Less than the weighted sum of all kernels and of the prior at `x`, by little where
    /// there are many kernels.
    pub(super) fn least_sum(&self, x: f64, prior_log_density: f64) -> f64 {
        let runs = &self.line.runs;
        let middle = runs.partition_point(|run| run.centres.last().is_some_and(|last| *last < x));
        let (left, right) = runs.split_at(middle);
        let mut shares = 0.0;
        let mut add = |runs: &mut dyn Iterator<Item = &super::line::Run>| {
            let mut floor = f64::NEG_INFINITY;
            for summary in runs.filter_map(|run| run.summary) {
                let exponent = summary.mean_exponent(x);
                if exponent < floor {
                    break;
                }
                floor = floor.max(exponent - BOUND_CUTOFF);
                shares += summary.shares() * exponent.exp();
            }
        };
        add(&mut right.iter());
        add(&mut left.iter().rev());
        prior_log_density.exp() + shares / self.line.len().max(1) as f64
    }
}
