//! How well covariance parameters explain the data, and the best ones.
//!
//! Minus the logarithm of the marginal likelihood (Rasmussen and Williams 2006, equations
//! 2.30 and 5.9) and of priors: log-normal length scales whose middle grows with the number
//! of parameters (Hvarfner et al., "Vanilla Bayesian Optimization Performs Great in High
//! Dimensions", ICML 2024), scales near one half, noise near a thousandth.

use super::covariance::{Columns, Covariance, Rows, n_parameters};
use crate::math::cholesky;
use crate::math::lbfgs::{self, Stop};
use crate::math::matrix::dot;

/// The mean and standard deviation of a parameter's logarithm, and its bounds.
#[derive(Debug, Clone, Copy)]
struct Prior {
    mean: f64,
    deviation: f64,
    bounds: (f64, f64),
}

/// Where the noise's variance comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noise {
    /// It is told from the data.
    Fitted,
    /// The objective has none: it is the least there is, and stays it.
    Least,
}

/// The logarithm of the noise's least variance.
pub(super) const LEAST_NOISE: f64 = -14.0;

impl Noise {
    /// The bounds of the variance's logarithm.
    fn bounds(self) -> (f64, f64) {
        match self {
            Self::Fitted => (LEAST_NOISE, 1.0),
            Self::Least => (LEAST_NOISE, LEAST_NOISE),
        }
    }
}

/// The priors, in the order of the parameters.
fn priors(n_axes: usize, noise: Noise) -> Vec<Prior> {
    let prior = |mean, deviation, bounds| Prior {
        mean,
        deviation,
        bounds,
    };
    let joint = prior(joint_length(n_axes), 1.0, (-4.0, 5.0));
    let single = prior(0.4_f64.ln(), 1.0, (-4.0, 3.0));
    let scale = prior(-0.7, 1.0, (-6.0, 3.0));
    let mut all = vec![joint; n_axes];
    all.extend(vec![single; n_axes]);
    all.extend([scale, scale, prior(-7.0, 2.5, noise.bounds())]);
    all
}

/// The logarithm of a usual length scale of the joint part.
fn joint_length(n_axes: usize) -> f64 {
    0.5_f64.ln() + 0.5 * (n_axes as f64).ln()
}

/// Where a search for parameters may begin.
fn starts(n_axes: usize) -> [Vec<f64>; 3] {
    let start = |joint: f64, single: f64, scales: [f64; 3]| {
        let mut theta = vec![joint; n_axes];
        theta.extend(vec![single; n_axes]);
        theta.extend(scales);
        theta
    };
    let joint = joint_length(n_axes);
    [
        start(joint, 0.4_f64.ln(), [-0.7, -0.7, -6.0]),
        // Rough curves of single parameters.
        start(joint, 0.08_f64.ln(), [-1.5, 0.0, -6.0]),
        // Ripples are noise: a smooth model gets its chance.
        start(joint + 0.5, 0.0, [-0.7, -1.0, -1.0]),
    ]
}

/// The best parameters that are found from several starts; `None` if none has a likelihood.
pub(super) fn fit(columns: &Columns, targets: &[f64], noise: Noise) -> Option<Vec<f64>> {
    let starts = starts(columns.n_axes());
    let found = starts.into_iter().filter_map(|mut theta| {
        let value = improve(columns, targets, &mut theta, noise, 50);
        value.is_finite().then_some((value, theta))
    });
    let best = found.min_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, theta)| theta)
}

/// Better parameters than `theta`, of other data; `None` if there is no likelihood.
pub(super) fn refit(
    columns: &Columns,
    targets: &[f64],
    theta: &[f64],
    noise: Noise,
) -> Option<Vec<f64>> {
    let mut theta = theta.to_vec();
    improve(columns, targets, &mut theta, noise, 25)
        .is_finite()
        .then_some(theta)
}

fn improve(
    columns: &Columns,
    targets: &[f64],
    theta: &mut [f64],
    noise: Noise,
    n_steps: usize,
) -> f64 {
    let priors = priors(columns.n_axes(), noise);
    let bounds: Vec<(f64, f64)> = priors.iter().map(|prior| prior.bounds).collect();
    let stop = Stop {
        n_steps,
        gradient: 1e-3,
        decrease: 1e-6,
    };
    let mut room = Room::new(columns);
    lbfgs::minimize(theta, &bounds, stop, |theta, gradient| {
        let mut value = room.likelihood(columns, targets, theta, gradient)?;
        for ((prior, log), slope) in priors.iter().zip(theta).zip(gradient) {
            let score = (log - prior.mean) / prior.deviation;
            value += 0.5 * score * score;
            *slope += score / prior.deviation;
        }
        Some(value)
    })
}

/// Matrices that are used again from one evaluation to the next.
struct Room {
    joint: Vec<f64>,
    slope: Vec<f64>,
    total: Vec<f64>,
    factor: Vec<f64>,
}

impl Room {
    fn new(columns: &Columns) -> Self {
        let matrix = vec![0.0; columns.n * columns.stride];
        Self {
            joint: matrix.clone(),
            slope: matrix.clone(),
            total: matrix.clone(),
            factor: matrix,
        }
    }

    /// Minus the log likelihood but for a constant, and its gradient; `None` if the
    /// covariance is not positive definite in floating point.
    fn likelihood(
        &mut self,
        columns: &Columns,
        targets: &[f64],
        theta: &[f64],
        gradient: &mut [f64],
    ) -> Option<f64> {
        let (n, stride, d) = (columns.n, columns.stride, columns.n_axes());
        debug_assert_eq!(theta.len(), n_parameters(d));
        let covariance = Covariance::new(theta, columns);
        for at in 0..n {
            let row = at * stride..(at + 1) * stride;
            let rows = Rows {
                joint: &mut self.joint[row.clone()],
                slope: &mut self.slope[row.clone()],
                total: &mut self.total[row],
            };
            covariance.row(columns, &columns.point(at), at + 1, rows);
        }
        self.factor.copy_from_slice(&self.total);
        for at in 0..n {
            self.factor[at * stride + at] += covariance.own_variance();
        }
        if !cholesky::factor(&mut self.factor, stride, n) {
            return None;
        }
        let inverse_factor = cholesky::inverse_factor(&self.factor, stride, n);
        let halfway = cholesky::lower_times(&inverse_factor, stride, targets);
        let alpha = cholesky::lower_transposed_times(&inverse_factor, stride, &halfway);
        let log_diagonal = (0..n).map(|at| self.factor[at * stride + at].ln());
        let value = 0.5 * dot(&halfway, &halfway) + log_diagonal.sum::<f64>();

        // The derivative is -½·tr((α·αᵀ - K⁻¹)·dK); the triangle below counts twice.
        let mut weights = cholesky::inverse_from(&inverse_factor, stride, n);
        gradient.fill(0.0);
        let (mut by_joint, mut by_total, mut trace) = (0.0, 0.0, 0.0);
        for at in 0..n {
            let row = at * stride..(at + 1) * stride;
            let weights = &mut weights[row.clone()];
            for (weight, other) in weights[..=at].iter_mut().zip(&alpha) {
                *weight = alpha[at] * other - *weight;
            }
            let own = weights[at];
            trace += own;
            weights[at..].fill(0.0);
            by_joint += 2.0 * dot(&weights[..at], &self.joint[row.clone()][..at])
                + own * covariance.joint_scale;
            by_total += 2.0 * dot(&weights[..at], &self.total[row.clone()][..at])
                + own * covariance.variance();
            let slopes = &self.slope[row];
            covariance.add_derivative(columns, at, weights, slopes, gradient);
        }
        for slope in &mut gradient[..2 * d] {
            *slope = -*slope;
        }
        gradient[2 * d] = -0.5 * by_joint;
        gradient[2 * d + 1] = -0.5 * (by_total - by_joint);
        gradient[2 * d + 2] = -0.5 * covariance.noise * trace;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Rng;

    fn data(n: usize) -> (Columns, Vec<f64>) {
        let mut rng = Rng::keyed(5, 0, "data");
        let points: Vec<Vec<f64>> = (0..n)
            .map(|_| vec![rng.uniform(), rng.uniform(), rng.below(3) as f64])
            .collect();
        let loss = |point: &Vec<f64>| (point[0] * 5.0).sin() + point[1] * point[2] - 0.5;
        let targets = points.iter().map(loss).collect();
        (Columns::new(&points, vec![false, false, true]), targets)
    }

    #[test]
    fn the_gradient_is_that_of_differences() {
        let (columns, targets) = data(37);
        let theta = [-0.3, 0.4, 0.1, -0.9, -0.2, 0.3, -0.5, -1.0, -3.0];
        let mut gradient = vec![0.0; theta.len()];
        let mut room = Room::new(&columns);
        room.likelihood(&columns, &targets, &theta, &mut gradient)
            .unwrap();
        for at in 0..theta.len() {
            let mut value = |step: f64| {
                let mut moved = theta;
                moved[at] += step;
                let mut unused = vec![0.0; theta.len()];
                room.likelihood(&columns, &targets, &moved, &mut unused)
                    .unwrap()
            };
            let difference = (value(1e-5) - value(-1e-5)) / 2e-5;
            assert!(
                (difference - gradient[at]).abs() < 1e-4 * difference.abs().max(1.0),
                "{at}: {difference} {}",
                gradient[at]
            );
        }
    }

    #[test]
    fn fitting_finds_noise_and_smoothness() {
        let (columns, targets) = data(60);
        let smooth = fit(&columns, &targets, Noise::Fitted).unwrap();
        let mut rng = Rng::keyed(6, 0, "noise");
        let noise: Vec<f64> = (0..60).map(|_| 3.0 * rng.uniform() - 1.5).collect();
        let rough = fit(&columns, &noise, Noise::Fitted).unwrap();
        let noise_of = |theta: &[f64]| theta[8].exp();
        assert!(noise_of(&smooth) < 1e-2, "{smooth:?}");
        assert!(noise_of(&rough) > 0.1, "{rough:?}");
    }

    #[test]
    fn an_objective_without_noise_is_given_none() {
        // Equal points, whose values contradict each other.
        let point = |at: i32| vec![f64::from(at % 6) / 5.0, 0.5, f64::from(at % 2)];
        let points: Vec<Vec<f64>> = (0..24).map(point).collect();
        let columns = Columns::new(&points, vec![false, false, true]);
        let mut rng = Rng::keyed(7, 0, "contradiction");
        let targets: Vec<f64> = points.iter().map(|_| 2.0 * rng.uniform() - 1.0).collect();
        let theta = fit(&columns, &targets, Noise::Least).unwrap();
        assert_eq!(theta[8], LEAST_NOISE);
        let again = refit(&columns, &targets, &theta, Noise::Least).unwrap();
        assert_eq!(again[8], LEAST_NOISE);
        let fitted = fit(&columns, &targets, Noise::Fitted).unwrap();
        assert!(fitted[8] > LEAST_NOISE, "{fitted:?}");
    }
}
