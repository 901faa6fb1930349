//! Bounds of what neighbouring kernels of one parameter give together.
//!
//! The exponential function is convex, so a sum of exponentials is at least its weight times
//! the exponential of the mean exponent (Jensen), which is a parabola. Of a run that is narrow
//! beside the bandwidths, it is less than a hundredth below the sum.

/// Bounds of a run, which hold as long as its kernels stay the same and none moves to a
/// smaller position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Summary {
    /// The sum of `position + 1`, the weights of the mean.
    shares: f64,
    /// The mean exponent at `first + t` is `at_first + t (slope - t curvature)`.
    first: f64,
    at_first: f64,
    slope: f64,
    curvature: f64,
    last: f64,
    greatest_log_norm: f64,
    least_scale: f64,
}

/// One kernel: at `x`, its log density is `log_norm - ((x - centre) scale)²`.
#[derive(Debug, Clone, Copy)]
pub(super) struct NormalKernel {
    pub position: usize,
    pub centre: f64,
    pub scale: f64,
    pub log_norm: f64,
}

impl Summary {
    /// Of kernels between two centres.
    pub(super) fn of(kernels: impl Iterator<Item = NormalKernel>, first: f64, last: f64) -> Self {
        let mut sums = [0.0; 4];
        let (mut greatest_log_norm, mut least_scale) = (f64::NEG_INFINITY, f64::INFINITY);
        for kernel in kernels {
            let share = (kernel.position + 1) as f64;
            let (t, square) = (kernel.centre - first, kernel.scale * kernel.scale);
            let terms = [
                1.0,
                kernel.log_norm - t * t * square,
                2.0 * t * square,
                square,
            ];
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += share * term;
            }
            greatest_log_norm = greatest_log_norm.max(kernel.log_norm);
            least_scale = least_scale.min(kernel.scale);
        }
        let [shares, at_first, slope, curvature] = sums;
        Self {
            shares,
            first,
            at_first: at_first / shares,
            slope: slope / shares,
            curvature: curvature / shares,
            last,
            greatest_log_norm,
            least_scale,
        }
    }

    /// The mean log density at `x`.
    pub(super) fn mean_exponent(&self, x: f64) -> f64 {
        let t = x - self.first;
        self.at_first + t * (self.slope - t * self.curvature)
    }

    /// The sum of `position + 1`.
    pub(super) fn shares(&self) -> f64 {
        self.shares
    }

    /// Not less than the log density of any of the kernels, not by a digit: each step
    /// rounds monotonically, and kernels are evaluated by the same ones.
    pub(super) fn greatest_exponent(&self, x: f64) -> f64 {
        let distance = (self.first - x).max(x - self.last).max(0.0);
        let z = distance * self.least_scale;
        self.greatest_log_norm - z * z
    }
}
