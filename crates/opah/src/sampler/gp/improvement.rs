//! How much better than the best a point is expected to be, as a logarithm.
//!
//! Ament et al., "Unexpected Improvements to Expected Improvement for Bayesian
//! Optimization", NeurIPS 2023, equations 8 and 9: improvement itself, and its slope, are 0
//! in floating point over most of the space.

use super::process::{Expected, Process};
use super::proposal::Acquisition;
use crate::math::normal;

/// The logarithm of the expected improvement on a loss.
#[derive(Debug)]
pub(super) struct LogExpectedImprovement<'a> {
    pub process: &'a Process,
    /// The loss to improve on.
    pub best: f64,
}

impl LogExpectedImprovement<'_> {
    fn score(&self, expected: Expected) -> f64 {
        let z = (self.best - expected.mean) / expected.deviation;
        log_h(z) + expected.deviation.ln()
    }
}

impl Acquisition for LogExpectedImprovement<'_> {
    fn scores(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let expected = self.process.expected(points).into_iter();
        expected.map(|expected| self.score(expected)).collect()
    }

    fn score_with_gradient(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let (expected, [by_mean, by_deviation]) = self.process.expected_with_gradient(point);
        let z = (self.best - expected.mean) / expected.deviation;
        let slope = log_h_slope(z);
        for (axis, target) in gradient.iter_mut().enumerate() {
            let of_z = -(by_mean[axis] + z * by_deviation[axis]) / expected.deviation;
            *target = slope * of_z + by_deviation[axis] / expected.deviation;
        }
        self.score(expected)
    }
}

/// `ln(φ(z) + z·Φ(z))`, for `φ` and `Φ` the normal density and distribution.
pub(super) fn log_h(z: f64) -> f64 {
    if z > -1.0 {
        let density = (-0.5 * z * z - normal::LN_SQRT_TAU).exp();
        return (density + z * normal::cdf(z)).ln();
    }
    let log_density = -0.5 * z * z - normal::LN_SQRT_TAU;
    let rest = if z < -500.0 {
        1.0 / (z * z)
    } else {
        1.0 + z * (normal::log_cdf(z) - log_density).exp()
    };
    log_density + rest.max(1e-300).ln()
}

/// The derivative of [`log_h`].
pub(super) fn log_h_slope(z: f64) -> f64 {
    (normal::log_cdf(z) - log_h(z)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By 50 digits of mpmath: `log(npdf(z) + z*ncdf(z))`.
    #[test]
    fn is_accurate_far_below_zero() {
        let expected = [
            (3.0, 1.098_739_665_327_707_8),
            (0.0, -0.918_938_533_204_672_7),
            (-1.0, -2.485_121_025_712_641_3),
            (-5.0, -16.744_301_162_660_99),
            (-20.0, -206.917_838_509_425_1),
            (-100.0, -5_010.129_578_800_25),
        ];
        for (z, expected) in expected {
            let error = (log_h(z) - expected).abs();
            assert!(error < 1e-9 * expected.abs().max(1.0), "{z}: {}", log_h(z));
        }
        assert!((log_h(-499.999) - log_h(-500.001)).abs() < 2.0);
    }

    #[test]
    fn slopes_are_those_of_differences() {
        for z in [-50.0, -3.0, -0.5, 0.7, 4.0] {
            let difference = (log_h(z + 1e-5) - log_h(z - 1e-5)) / 2e-5;
            let error = (log_h_slope(z) - difference).abs();
            assert!(error < 1e-5 * difference.abs(), "{z}: {difference}");
        }
    }
}
