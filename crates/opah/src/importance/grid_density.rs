//! The density of a parameter's values on a grid, by Parzen's method.
//!
//! The domain becomes at most [`MAX_POINTS`] points. Values are counted at the nearest
//! point; every point with a count is the centre of a normal distribution, cut off at
//! the ends of the grid, with the count as its weight; all have the width of Scott's
//! rule (Scott, "Multivariate Density Estimation", 1992). One flat kernel of weight 1 is
//! added. Categories are the points themselves. Densities are Optuna 5's.

use crate::distribution::Distribution;
use crate::math::normal::log_mass;

/// The most points a grid of numbers has.
const MAX_POINTS: f64 = 50.0;
/// Added to every density, so that ratios exist.
const FLOOR: f64 = 1e-12;

/// The probability of each point of `distribution`'s grid, estimated from internal
/// `values`, of which there must be at least one. The sum is 1, but for [`FLOOR`].
///
/// `distribution` must have more than one value.
pub(super) fn grid_density(distribution: &Distribution, values: &[f64]) -> Vec<f64> {
    let counts = counts(distribution, values);
    let mut density = match distribution {
        Distribution::Categorical(_) => categorical_density(&counts),
        _ => numerical_density(&counts),
    };
    for probability in &mut density {
        *probability += FLOOR;
    }
    density
}

/// How many of the values are nearest to each point of the grid.
fn counts(distribution: &Distribution, values: &[f64]) -> Vec<f64> {
    let (low, high, is_log, n_points) = match distribution {
        Distribution::Categorical(d) => {
            let last = d.choices().len() - 1;
            (0.0, last as f64, false, d.choices().len())
        }
        Distribution::Float(d) => {
            let n_values = d.step().map(|step| (d.high() - d.low()) / step);
            let n_values = n_values.map_or(MAX_POINTS, |steps| steps.round_ties_even() + 1.0);
            (
                d.low(),
                d.high(),
                d.is_log(),
                n_values.min(MAX_POINTS) as usize,
            )
        }
        Distribution::Int(d) => {
            let width = (d.high() - d.low()) as f64;
            let n_values = if d.is_log() {
                ((width + 1.0).ln() / 2.0_f64.ln()).ceil() + 1.0
            } else {
                (width / d.step() as f64).round_ties_even() + 1.0
            };
            let (low, high) = (d.low() as f64, d.high() as f64);
            (low, high, d.is_log(), n_values.min(MAX_POINTS) as usize)
        }
    };
    let coordinate = |value: f64| if is_log { value.ln() } else { value };
    let distance = (coordinate(high) - coordinate(low)) / (n_points - 1) as f64;
    let mut counts = vec![0.0; n_points];
    for value in values {
        // A value halfway between two points counts for the lower one.
        let point = ((coordinate(*value) - coordinate(low)) / distance - 0.5).ceil();
        // A cast takes NaN, from a domain too narrow or wide for arithmetic, to 0.
        counts[(point as usize).min(n_points - 1)] += 1.0;
    }
    counts
}

/// The kernels' mixture for `counts` of points in order.
fn numerical_density(counts: &[f64]) -> Vec<f64> {
    let n_points = counts.len() as f64;
    let total: f64 = counts.iter().sum();
    let width = kernel_width(counts, total);
    let mut density = vec![0.0; counts.len()];
    let prior = ((n_points - 1.0) / 2.0, n_points, 1.0);
    let observed = counts.iter().enumerate();
    let observed = observed.map(|(at, count)| (at as f64, width, *count));
    for (centre, width, weight) in observed.chain([prior]) {
        if weight == 0.0 {
            continue;
        }
        let mass =
            |low: f64, high: f64| log_mass((low - centre) / width, (high - centre) / width).exp();
        let scale = weight / (total + 1.0) / mass(-0.5, n_points - 0.5);
        for (at, probability) in density.iter_mut().enumerate() {
            let at = at as f64;
            *probability += scale * mass(at - 0.5, at + 0.5);
        }
    }
    density
}

/// Scott's rule on the counts, never so narrow that less than 90% of a kernel is in its
/// own cell.
fn kernel_width(counts: &[f64], total: f64) -> f64 {
    let observed: Vec<(f64, f64)> = counts
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0.0)
        .map(|(at, count)| (at as f64, *count))
        .collect();
    let mean = observed.iter().map(|(at, count)| at * count).sum::<f64>() / total;
    let squares = observed
        .iter()
        .map(|(at, count)| (at - mean).powi(2) * count);
    let deviation = (squares.sum::<f64>() / (total - 1.0).max(1.0)).sqrt();
    let cumulative: Vec<f64> = observed
        .iter()
        .scan(0.0, |sum, (_, count)| {
            *sum += count;
            Some(*sum)
        })
        .collect();
    let first = cumulative.partition_point(|sum| *sum < (total / 4.0).floor());
    let third = cumulative.partition_point(|sum| *sum <= (total * 3.0 / 4.0).floor());
    let interquartile = observed[third.min(observed.len() - 1)].0 - observed[first].0;
    let scott = 1.059 * (interquartile / 1.34).min(deviation) * total.powf(-0.2);
    scott.max(0.5 / 1.64)
}

/// The mixture for categories: each one's kernel prefers it to all others alike.
fn categorical_density(counts: &[f64]) -> Vec<f64> {
    let n_choices = counts.len() as f64;
    let total: f64 = counts.iter().sum();
    let n_kernels = counts.iter().filter(|count| **count > 0.0).count() as f64 + 1.0;
    let smoothing = 1.0 / n_kernels;
    let kernel_sum = 1.0 + n_choices * smoothing;
    let shared = (total * smoothing / kernel_sum + 1.0 / n_choices) / (total + 1.0);
    let own = |count: &f64| count / kernel_sum / (total + 1.0);
    counts.iter().map(|count| shared + own(count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::{
        CategoricalDistribution, Choice, FloatDistribution, IntDistribution,
    };

    #[test]
    fn values_are_counted_at_the_nearest_point() {
        let linear = Distribution::Float(FloatDistribution::new(0.0, 49.0, false, None).unwrap());
        let counted = counts(&linear, &[0.0, 0.5, 0.51, 49.0, 60.0]);
        assert_eq!((counted[0], counted[1], counted[49]), (2.0, 1.0, 2.0));
        let log = Distribution::Int(IntDistribution::new(1, 8, true, 1).unwrap());
        assert_eq!(counts(&log, &[1.0, 2.0, 4.0, 8.0]), [1.0, 1.0, 1.0, 1.0]);
        let step = Distribution::Int(IntDistribution::new(2, 11, false, 3).unwrap());
        assert_eq!(counts(&step, &[2.0, 5.0, 5.0, 11.0]), [1.0, 2.0, 0.0, 1.0]);
    }

    #[test]
    fn densities_sum_to_one() {
        let choices = (0..4).map(Choice::Int).collect();
        for distribution in [
            Distribution::Float(FloatDistribution::new(1e-5, 1e-1, true, None).unwrap()),
            Distribution::Int(IntDistribution::new(1, 3, false, 1).unwrap()),
            Distribution::Categorical(CategoricalDistribution::new(choices).unwrap()),
        ] {
            let density = grid_density(&distribution, &[1.0, 1.0, 2.0]);
            let sum: f64 = density.iter().sum();
            assert!((sum - 1.0).abs() < 1e-10, "{distribution}: {sum}");
        }
    }
}
