//! The density of one continuous parameter, of which only the kernels nearby are looked at.

use super::column::Column;
use super::line::Run;
use super::terms::Terms;
use super::weights::Weights;

/// Runs whose mean is so much below the nearest one's are left out of the bound.
const BOUND_CUTOFF: f64 = 8.0;

impl Column {
    /// Adds all kernels whose log density at `x` is `floor` or more to `terms`, by centre.
    /// All runs have their summaries.
    pub(super) fn collect(&self, x: f64, floor: f64, weights: &Weights, terms: &mut Terms) {
        let mut exponents = Vec::new();
        for run in &self.line.runs {
            let near = run.summary.as_ref();
            let Some(summary) = near.filter(|run| run.greatest_exponent(x) >= floor) else {
                continue;
            };
            summary.exponents(&run.centres, x, &mut exponents);
            let run_weights = run.positions.iter().map(|at| weights.at(*at as usize));
            if exponents.iter().all(|exponent| *exponent >= floor) {
                terms.extend(run_weights, &exponents);
                continue;
            }
            for (weight, exponent) in run_weights.zip(&exponents) {
                if *exponent >= floor {
                    terms.push(weight, *exponent);
                }
            }
        }
    }

    /// Adds `terms` that are together less than the weighted sum of all kernels at `x`, by
    /// little where there are many.
    pub(super) fn collect_bound(&self, x: f64, terms: &mut Terms) {
        let runs = &self.line.runs;
        let middle = runs.partition_point(|run| run.centres.last().is_some_and(|last| *last < x));
        let (left, right) = runs.split_at(middle);
        self.collect_means(x, right.iter(), terms);
        self.collect_means(x, left.iter().rev(), terms);
    }

    fn collect_means<'a>(&self, x: f64, runs: impl Iterator<Item = &'a Run>, terms: &mut Terms) {
        let mut floor = f64::NEG_INFINITY;
        for summary in runs.filter_map(|run| run.summary.as_ref()) {
            let exponent = summary.mean_exponent(x);
            if exponent < floor {
                break;
            }
            floor = floor.max(exponent - BOUND_CUTOFF);
            // A kernel's weight is at least its share of all.
            terms.push(summary.shares / self.line.len() as f64, exponent);
        }
    }
}
