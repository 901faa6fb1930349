//! When a run is over and another one may find more.
//!
//! Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772 (2016), section B.3.
//! Where the tutorial goes on to 1e-12, a run ends at 1e-9 of the values' span and of the
//! first step size: who tunes has no trials to spend on the digits after that.

use std::collections::VecDeque;

use super::model::Model;

/// Values that differ less, in units of all that the run has seen, are equal.
const VALUE_TOLERANCE: f64 = 1e-9;
/// A distribution that is narrower, in units of the first step size, has converged.
const STEP_TOLERANCE: f64 = 1e-9;
/// A standard deviation of so many times the space diverges.
const LARGEST_DEVIATION: f64 = 1e4;
/// The longest axis may be so many times as long as the shortest.
const LARGEST_RATIO: f64 = 1e7;

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// All values of late are equal: `TolFun`, `EqualFunValues`.
    Flat,
    /// The distribution is narrow in every direction: `TolX`.
    Narrow,
    /// It is far wider than the space: `TolXUp`.
    Wide,
    /// Steps are too small to change a number: `NoEffectAxis`, `NoEffectCoord`.
    NoEffect,
    /// Its axes differ too much: `ConditionCov`.
    IllConditioned,
    /// Neither the best nor the middle value got better for long: `Stagnation`.
    Stagnant,
}

/// The values of a run's last generations.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    first_sigma: f64,
    /// Generations whose values must be equal.
    n_flat: usize,
    /// Generations that must be no better at the end than at the beginning.
    n_stagnant: usize,
    last: VecDeque<Values>,
    /// The smallest and the largest finite loss of the run.
    span: (f64, f64),
}

/// The losses of a generation.
#[derive(Debug, Clone, Copy)]
struct Values {
    best: f64,
    middle: f64,
    worst: f64,
}

impl Progress {
    pub(super) fn new(n_dims: usize, popsize: usize, first_sigma: f64) -> Self {
        let long = (30.0 * n_dims as f64 / popsize as f64).ceil() as usize;
        Self {
            first_sigma,
            n_flat: 10 + long,
            n_stagnant: 120 + long,
            last: VecDeque::new(),
            span: (f64::INFINITY, f64::NEG_INFINITY),
        }
    }

    /// Takes in the losses of a generation, the best first; at least one. They may be
    /// infinite.
    pub(super) fn see(&mut self, losses: &[f64]) {
        for loss in losses.iter().filter(|loss| loss.is_finite()) {
            self.span = (self.span.0.min(*loss), self.span.1.max(*loss));
        }
        if self.last.len() == self.n_stagnant {
            self.last.pop_front();
        }
        self.last.push_back(Values {
            best: losses[0],
            middle: losses[losses.len() / 2],
            worst: losses[losses.len() - 1],
        });
    }

    /// Why the run of `model` is over; `None` if it is not.
    pub(super) fn ending(&self, model: &Model) -> Option<Ending> {
        let (shortest, longest) = model.extreme_deviations();
        if self.is_flat() {
            Some(Ending::Flat)
        } else if self.is_narrow(model) {
            Some(Ending::Narrow)
        } else if model.paths().sigma * longest > LARGEST_DEVIATION {
            Some(Ending::Wide)
        } else if has_no_effect(model) {
            Some(Ending::NoEffect)
        } else if longest > LARGEST_RATIO * shortest {
            Some(Ending::IllConditioned)
        } else if self.is_stagnant() {
            Some(Ending::Stagnant)
        } else {
            None
        }
    }

    fn is_flat(&self) -> bool {
        let late = self.last.iter().rev().take(self.n_flat);
        let best = late.clone().map(|values| values.best);
        let best = best.fold(f64::INFINITY, f64::min);
        let worst = late.map(|values| values.worst);
        let worst = worst.fold(f64::NEG_INFINITY, f64::max);
        // The difference of equal infinities is not a number.
        let span = self.span.1 - self.span.0;
        let is_equal = best == worst || worst - best < VALUE_TOLERANCE * span;
        self.last.len() > self.n_flat && is_equal
    }

    fn is_narrow(&self, model: &Model) -> bool {
        let limit = STEP_TOLERANCE * self.first_sigma;
        let paths = model.paths();
        let moves = |along: &f64| paths.sigma * along.abs() >= limit;
        let n_dims = model.mean().len();
        (0..n_dims).all(|at| model.spread(at) < limit) && !paths.covariance.iter().any(moves)
    }

    fn is_stagnant(&self) -> bool {
        let n = self.last.len();
        if n < self.n_stagnant {
            return false;
        }
        let third = 3 * n / 10;
        let is_no_better = |value: fn(&Values) -> f64| {
            let early = median(self.last.iter().take(third).map(value));
            let late = median(self.last.iter().skip(n - third).map(value));
            late >= early
        };
        is_no_better(|values| values.best) && is_no_better(|values| values.middle)
    }
}

/// Whether a fifth of a standard deviation in some dimension, or a tenth along the axis
/// whose turn it is, leaves the mean as it is.
fn has_no_effect(model: &Model) -> bool {
    let mean = model.mean();
    let stays = |(at, mean): (usize, &f64)| mean + 0.2 * model.spread(at) == *mean;
    let step = model.axis_step(model.paths().generation % mean.len());
    let mut along = mean.iter().zip(&step);
    mean.iter().enumerate().any(stays) || along.all(|(mean, step)| mean + 0.1 * step == *mean)
}

/// The upper median; NaN of nothing.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::super::optimizer::Optimizer;
    use super::*;

    fn model(sigma: f64, covariance: Option<Vec<f64>>) -> Model {
        Model::Full(Box::new(Optimizer::new(vec![0.5; 2], sigma, covariance, 6)))
    }

    #[test]
    fn a_run_ends_for_each_of_the_reasons() {
        let fresh = Progress::new(2, 6, 0.2);
        assert_eq!(fresh.ending(&model(0.2, None)), None);
        assert_eq!(fresh.ending(&model(1e-11, None)), Some(Ending::Narrow));
        assert_eq!(fresh.ending(&model(1e5, None)), Some(Ending::Wide));
        let narrow = model(0.2, Some(vec![1.0, 0.0, 0.0, 1e-33]));
        assert_eq!(fresh.ending(&narrow), Some(Ending::NoEffect));
        let long = model(0.2, Some(vec![1.0, 0.0, 0.0, 1e-15]));
        assert_eq!(fresh.ending(&long), Some(Ending::IllConditioned));
    }

    #[test]
    fn values_that_stay_the_same_or_get_no_better_end_a_run() {
        let seen = |value: fn(usize) -> f64, n| {
            let mut progress = Progress::new(2, 6, 0.2);
            for at in 0..n {
                progress.see(&[value(at), value(at) + 0.5, value(at) + 1.0]);
            }
            progress.ending(&model(0.2, None))
        };
        assert_eq!(seen(|_| f64::INFINITY, 20), None);
        assert_eq!(seen(|_| f64::INFINITY, 21), Some(Ending::Flat));
        assert_eq!(seen(|at| (at % 2) as f64, 129), None);
        assert_eq!(seen(|at| (at % 2) as f64, 130), Some(Ending::Stagnant));
        assert_eq!(seen(|at| -(at as f64), 500), None);
    }
}
