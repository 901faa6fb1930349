//! Bounds of what neighbouring kernels of one parameter give together.
//!
//! The exponential function is convex, so a sum of exponentials is at least its weight times
//! the exponential of the mean exponent (Jensen), which is a parabola. Of a run that is narrow
//! beside the bandwidths, it is less than a hundredth below the sum.

/// What a run of kernels gives; it holds as long as they stay the same and none moves to a
/// smaller position. At `x`, a kernel's log density is `log_norm - ((x - centre) scale)²`.
#[derive(Debug, Clone)]
pub(super) struct Summary {
    /// By kernel.
    scales: Vec<f64>,
    /// By kernel.
    log_norms: Vec<f64>,
    first: f64,
    last: f64,
    greatest_log_norm: f64,
    least_scale: f64,
    /// The sum of `position + 1`, the weights of the mean.
    pub shares: f64,
    /// The mean exponent at `first + t` is `at_first + t (slope - t curvature)`.
    at_first: f64,
    slope: f64,
    curvature: f64,
}

impl Summary {
    /// Of kernels by their centres, which ascend; a kernel at least.
    pub(super) fn new(
        centres: &[f64],
        positions: &[u32],
        scales: Vec<f64>,
        log_norms: Vec<f64>,
    ) -> Self {
        let first = centres.first().copied().unwrap_or(f64::NAN);
        let last = centres.last().copied().unwrap_or(f64::NAN);
        let (mut shares, mut at_first, mut slope, mut curvature) = (0.0, 0.0, 0.0, 0.0);
        let kernels = centres
            .iter()
            .zip(positions)
            .zip(scales.iter().zip(&log_norms));
        for ((centre, position), (scale, log_norm)) in kernels {
            let share = f64::from(*position) + 1.0;
            let (t, square) = (centre - first, share * scale * scale);
            shares += share;
            at_first += share * log_norm - t * t * square;
            slope += 2.0 * t * square;
            curvature += square;
        }
        Self {
            first,
            last,
            greatest_log_norm: log_norms.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            least_scale: scales.iter().copied().fold(f64::INFINITY, f64::min),
            scales,
            log_norms,
            shares,
            at_first: at_first / shares,
            slope: slope / shares,
            curvature: curvature / shares,
        }
    }

    /// The mean log density at `x`.
    pub(super) fn mean_exponent(&self, x: f64) -> f64 {
        let t = x - self.first;
        self.at_first + t * (self.slope - t * self.curvature)
    }

    /// Writes the log densities of the kernels at `x`, whose centres are `centres`.
    pub(super) fn exponents(&self, centres: &[f64], x: f64, exponents: &mut Vec<f64>) {
        exponents.clear();
        let kernels = centres.iter().zip(&self.scales).zip(&self.log_norms);
        exponents.extend(kernels.map(|((centre, scale), log_norm)| {
            let z = (x - centre) * scale;
            log_norm - z * z
        }));
    }

    /// Not less than the log density of any of the kernels, not by a digit: each step
    /// rounds monotonically, and kernels are evaluated by the same ones.
    pub(super) fn greatest_exponent(&self, x: f64) -> f64 {
        let distance = (self.first - x).max(x - self.last).max(0.0);
        let z = distance * self.least_scale;
        self.greatest_log_norm - z * z
    }
}
