//! CMA-ES with margin: values on a grid keep a chance to change.
//!
//! Hamano, Saito, Nomura and Shirakawa, "CMA-ES with Margin: Lower-Bounding Marginal
//! Probability for Mixed-Integer Black-Box Optimization", GECCO 2022, arXiv:2205.13482,
//! section 4. Otherwise, once the distribution is narrower than a step of the grid, all
//! points round to the same value, and the search can't leave it any more. Here the mean
//! and a factor `A` for each dimension are corrected after every generation so that the
//! values beside the most probable one keep the probability `α/2` each.

use super::model::Model;
use crate::math::normal;

/// Probabilities are kept away from 0 and ½, where their quantiles are infinite and 0.
const PROBABILITIES: (f64, f64) = (1e-10, 0.5 - 1e-10);

/// Values of one dimension, the first at coordinate 0 and the last at 1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Grid {
    /// As many values in equal distances, at least 2.
    Even { n_values: f64 },
    /// The logarithms of as many consecutive whole numbers, at least 2.
    Logarithms { first: f64, n_values: f64 },
}

impl Grid {
    fn n_values(self) -> f64 {
        match self {
            Self::Even { n_values } | Self::Logarithms { n_values, .. } => n_values,
        }
    }

    /// The index of the value nearest to a coordinate, which may be outside the grid.
    pub(super) fn nearest(self, coordinate: f64) -> f64 {
        let place = match self {
            Self::Even { n_values } => coordinate * (n_values - 1.0),
            Self::Logarithms { first, n_values } => {
                let ratio = (first + n_values - 1.0) / first;
                first * (coordinate * ratio.ln()).exp() - first
            }
        };
        place.round().clamp(0.0, self.n_values() - 1.0)
    }

    /// The coordinate between the values `index` and `index + 1`.
    fn threshold(self, index: f64) -> f64 {
        match self {
            Self::Even { n_values } => (index + 0.5) / (n_values - 1.0),
            Self::Logarithms { first, n_values } => {
                let ratio = (first + n_values - 1.0) / first;
                ((first + index + 0.5) / first).ln() / ratio.ln()
            }
        }
    }

    /// The ends of the cell that a coordinate is in; equal in the first and last cell,
    /// which have one end.
    fn cell(self, coordinate: f64) -> (f64, f64) {
        let (index, last) = (self.nearest(coordinate), self.n_values() - 2.0);
        (
            self.threshold((index - 1.0).clamp(0.0, last)),
            self.threshold(index.clamp(0.0, last)),
        )
    }
}

/// The grids of a space, and what their dimensions are stretched by.
#[derive(Debug, Clone)]
pub(super) struct Margin {
    grids: Vec<Stretched>,
    /// `α`.
    share: f64,
}

#[derive(Debug, Clone, Copy)]
struct Stretched {
    dimension: usize,
    grid: Grid,
    /// `A`.
    factor: f64,
}

impl Margin {
    /// With `α = 1/(n·λ)`, as in the paper's section 5.
    pub(super) fn new(
        grids: impl IntoIterator<Item = (usize, Grid)>,
        n_dims: usize,
        popsize: usize,
    ) -> Self {
        let grids = grids.into_iter().map(|(dimension, grid)| Stretched {
            dimension,
            grid,
            factor: 1.0,
        });
        Self {
            grids: grids.collect(),
            share: 1.0 / (n_dims as f64 * popsize as f64),
        }
    }

    /// Turns a drawn point into the one to be rounded and tried: `m + A·(x - m)`.
    pub(super) fn stretch(&self, point: &mut [f64], mean: &[f64]) {
        for Stretched {
            dimension: at,
            factor,
            ..
        } in &self.grids
        {
            point[*at] = mean[*at] + factor * (point[*at] - mean[*at]);
        }
    }

    /// The inverse of [`stretch`](Self::stretch).
    pub(super) fn shrink(&self, point: &mut [f64], mean: &[f64]) {
        for Stretched {
            dimension: at,
            factor,
            ..
        } in &self.grids
        {
            point[*at] = mean[*at] + (point[*at] - mean[*at]) / factor;
        }
    }

    /// Corrects the mean of `model` and the factors after a generation.
    pub(super) fn correct(&mut self, model: &mut Model) {
        for stretched in &mut self.grids {
            let at = stretched.dimension;
            let spread = model.spread(at);
            let (mean, factor) = stretched.corrected(model.mean()[at], spread, self.share);
            if mean.is_finite() && factor.is_finite() && factor > 0.0 {
                model.mean_mut()[at] = mean;
                stretched.factor = factor;
            }
        }
    }
}

impl Stretched {
    /// The mean and the factor of a dimension with the standard deviation `spread`.
    fn corrected(&self, mean: f64, spread: f64, share: f64) -> (f64, f64) {
        let (low, high) = self.grid.cell(mean);
        let deviation = spread * self.factor;
        let below = normal::cdf((low - mean) / deviation);
        let above = normal::cdf((mean - high) / deviation);
        if low >= high {
            // Section 4.2: one end, and on both of its sides the probability α at least.
            if below.min(above) >= share {
                return (mean, self.factor);
            }
            let distance = deviation * quantile(share);
            let side = (mean - high).signum();
            return (high + side * distance, self.factor);
        }
        let least = share / 2.0;
        if below >= least && above >= least {
            return (mean, self.factor);
        }
        // Section 4.3: what one side gets is taken from the others in proportion to what
        // they have above the least.
        let within = 1.0 - below - above;
        let (raised_below, raised_above) = (below.max(least), above.max(least));
        let excess = 1.0 - raised_below - raised_above - within;
        let divisor = raised_below + within + raised_above - 3.0 * least;
        let shared = |raised: f64| {
            let probability = raised + excess * (raised - least) / divisor;
            quantile(probability.clamp(PROBABILITIES.0, PROBABILITIES.1))
        };
        let (to_low, to_high) = (shared(raised_below), shared(raised_above));
        let sum = to_low + to_high;
        let factor = (high - low) / (sum * spread);
        ((low * to_high + high * to_low) / sum, factor)
    }
}

/// The distance from the mean, in standard deviations, beyond which `probability` lies.
fn quantile(probability: f64) -> f64 {
    -normal::inverse_cdf(probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_those_of_rounding() {
        let even = Grid::Even { n_values: 5.0 };
        assert_eq!(even.cell(0.5), (0.375, 0.625));
        assert_eq!(even.cell(0.1), (0.125, 0.125));
        assert_eq!(even.cell(7.0), (0.875, 0.875));
        let logarithms = Grid::Logarithms {
            first: 1.0,
            n_values: 8.0,
        };
        let (low, high) = logarithms.cell(2_f64.ln() / 8_f64.ln());
        assert!((low - 1.5_f64.ln() / 8_f64.ln()).abs() < 1e-15);
        assert!((high - 2.5_f64.ln() / 8_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn a_narrow_distribution_keeps_the_least_probability_on_both_sides() {
        let share = 0.02;
        for n_values in [2.0, 3.0, 1e6] {
            let stretched = Stretched {
                dimension: 0,
                grid: Grid::Even { n_values },
                factor: 1.0,
            };
            for mean in [-0.3, 0.001, 0.26, 0.5, 0.74, 1.2] {
                let spread = 1e-9;
                let (moved, factor) = stretched.corrected(mean, spread, share);
                let (low, high) = stretched.grid.cell(moved);
                let deviation = spread * factor;
                let below = normal::cdf((low - moved) / deviation);
                let above = normal::cdf((moved - high) / deviation);
                let least = if low < high { share / 2.0 } else { share };
                assert!(
                    below.min(above) > 0.99 * least,
                    "{n_values} {mean}: {below} {above}"
                );
            }
        }
    }

    #[test]
    fn a_wide_distribution_stays_as_it_is() {
        let stretched = Stretched {
            dimension: 0,
            grid: Grid::Even { n_values: 1e12 },
            factor: 1.5,
        };
        assert_eq!(stretched.corrected(0.4, 0.1, 0.01), (0.4, 1.5));
    }
}
