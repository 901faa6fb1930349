//! How alike the losses at two points are expected to be.
//!
//! `k = s₁·m(√5·r) + s₂/d · Σ m(√5·|x_j - x'_j|/ℓ'_j)` with Matérn's function of smoothness
//! 5/2, `m(t) = (1 + t + t²/3)·e^(-t)`, and `r² = Σ (x_j - x'_j)²/ℓ_j²` (Rasmussen and
//! Williams, "Gaussian Processes for Machine Learning", 2006, equation 4.17). The second
//! part is additive (Duvenaud et al., "Additive Gaussian Processes", NeurIPS 2011, equation
//! 2 of first order): curves of single parameters are learnt from few points. Choices
//! differ by 0 or 1.
//!
//! An exponential of a difference is a product of exponentials, so the additive part needs
//! none per pair of points.

use crate::math::exp::exp;
use crate::math::simd::{self, Kernel, LANES, padded};

const SQRT_5: f64 = 2.236_067_977_499_79;

/// Points by coordinate, each padded to whole vectors with zeros.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub n: usize,
    /// How far it is from one column to the next, and from one row of a matrix to the next.
    pub stride: usize,
    values: Vec<f64>,
    is_choice: Vec<bool>,
}

impl Columns {
    /// Points as rows; the coordinates that are choices.
    pub(super) fn new(points: &[Vec<f64>], is_choice: Vec<bool>) -> Self {
        let stride = padded(points.len());
        let mut values = vec![0.0; stride * is_choice.len()];
        for (at, point) in points.iter().enumerate() {
            for (axis, coordinate) in point.iter().enumerate() {
                values[axis * stride + at] = *coordinate;
            }
        }
        Self {
            n: points.len(),
            stride,
            values,
            is_choice,
        }
    }

    /// `d`.
    pub(super) fn n_axes(&self) -> usize {
        self.is_choice.len()
    }

    fn column(&self, axis: usize) -> &[f64] {
        &self.values[axis * self.stride..(axis + 1) * self.stride]
    }

    /// One point.
    pub(super) fn point(&self, at: usize) -> Vec<f64> {
        let axes = 0..self.n_axes();
        axes.map(|axis| self.values[axis * self.stride + at])
            .collect()
    }
}

/// The logarithms of the parameters: of `ℓ` by axis, of `ℓ'` by axis, of `s₁`, `s₂` and the
/// noise's variance.
pub(super) fn n_parameters(n_axes: usize) -> usize {
    2 * n_axes + 3
}

/// The function with its parameters, and what it needs of the points.
#[derive(Debug)]
pub(super) struct Covariance {
    /// By axis: `1/ℓ²`.
    weights: Vec<f64>,
    /// By axis: `√5/ℓ'`.
    rates: Vec<f64>,
    /// `s₁`.
    pub joint_scale: f64,
    /// `s₂`.
    pub single_scale: f64,
    /// The variance of the noise.
    pub noise: f64,
    /// By axis, as columns: `e^(rate·x)` and `e^(-rate·x)`.
    rising: Vec<f64>,
    falling: Vec<f64>,
}

impl Covariance {
    /// From the logarithms of the parameters.
    pub(super) fn new(theta: &[f64], columns: &Columns) -> Self {
        let d = columns.n_axes();
        let rates: Vec<f64> = theta[d..2 * d]
            .iter()
            .map(|log| SQRT_5 * (-log).exp())
            .collect();
        let by_axis = |sign: f64| {
            let mut all = columns.values.clone();
            for (axis, column) in all.chunks_mut(columns.stride.max(1)).enumerate() {
                for value in column {
                    *value = exp(sign * rates[axis] * *value);
                }
            }
            all
        };
        Self {
            weights: theta[..d].iter().map(|log| (-2.0 * log).exp()).collect(),
            joint_scale: theta[2 * d].exp(),
            single_scale: theta[2 * d + 1].exp(),
            noise: theta[2 * d + 2].exp(),
            rising: by_axis(1.0),
            falling: by_axis(-1.0),
            rates,
        }
    }

    /// `k(x, x)`, without noise.
    pub(super) fn variance(&self) -> f64 {
        self.joint_scale + self.single_scale
    }

    /// What a loss has of its own: the noise's variance, and so much that factors exist.
    pub(super) fn own_variance(&self) -> f64 {
        self.noise + 1e-8
    }

    /// The covariance of a point with the first `n` points (padded) in `rows.total`, with
    /// its parts.
    pub(super) fn row(&self, columns: &Columns, point: &[f64], n: usize, rows: Rows<'_>) {
        simd::run(RowOf {
            covariance: self,
            columns,
            point,
            n: padded(n),
            rows,
        });
    }

    /// Adds to `sums` what row `at` of the points contributes to the derivative of a sum
    /// of `weights` times the covariance; `weights` must be 0 from the padding on.
    pub(super) fn add_derivative(
        &self,
        columns: &Columns,
        at: usize,
        weights: &[f64],
        slopes: &[f64],
        sums: &mut [f64],
    ) {
        simd::run(DerivativeOf {
            covariance: self,
            columns,
            at,
            weights,
            slopes,
            sums,
        });
    }

    /// The derivative by the coordinates of `point` of `Σ_j weights_j·k(point, x_j)`, for two
    /// lists of weights at once; `slopes` are the joint part's, as [`row`](Self::row) leaves
    /// them. Of choices, 0.
    pub(super) fn gradient(
        &self,
        columns: &Columns,
        point: &[f64],
        slopes: &[f64],
        weights: [&[f64]; 2],
    ) -> [Vec<f64>; 2] {
        let d = columns.n_axes();
        let mut gradients = [vec![0.0; d], vec![0.0; d]];
        for axis in (0..d).filter(|axis| !columns.is_choice[*axis]) {
            let (x, rate) = (point[axis], self.rates[axis]);
            let (up, down) = (exp(rate * x), exp(-rate * x));
            let joint = -self.joint_scale * self.weights[axis];
            let single = -self.single_scale / d as f64 * rate / 3.0;
            let column = columns.column(axis);
            let part = axis * columns.stride..(axis + 1) * columns.stride;
            let (rising, falling) = (&self.rising[part.clone()], &self.falling[part]);
            for j in 0..columns.n {
                let difference = x - column[j];
                let t = rate * difference.abs();
                let decay = (up * falling[j]).min(down * rising[j]);
                let own = single * difference.signum() * t * (1.0 + t) * decay;
                let slope = joint * slopes[j] * difference + own;
                gradients[0][axis] += weights[0][j] * slope;
                gradients[1][axis] += weights[1][j] * slope;
            }
        }
        gradients
    }
}

/// Where a row of covariances goes.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    /// `s₁·m(√5·r)`.
    pub joint: &'a mut [f64],
    /// `5/3·(1 + √5·r)·e^(-√5·r)`: minus the derivative of `m(√5·r)` by `r²/2`.
    pub slope: &'a mut [f64],
    /// `k`.
    pub total: &'a mut [f64],
}

struct RowOf<'a> {
    covariance: &'a Covariance,
    columns: &'a Columns,
    point: &'a [f64],
    n: usize,
    rows: Rows<'a>,
}

impl Kernel for RowOf<'_> {
    #[expect(
        clippy::inline_always,
        reason = "compiled anew inside each version of a loop"
    )]
    #[inline(always)]
    fn run(self) {
        let Self {
            covariance: own,
            columns,
            point,
            n,
            rows,
        } = self;
        let d = columns.n_axes();
        let (squares, total) = (&mut rows.joint[..n], &mut rows.total[..n]);
        let slopes = &mut rows.slope[..n];
        squares.fill(0.0);
        total.fill(0.0);
        for (axis, x) in point.iter().copied().enumerate() {
            let (weight, rate) = (own.weights[axis], own.rates[axis]);
            let column = &columns.column(axis)[..n];
            if columns.is_choice[axis] {
                let other = matern(rate, exp(-rate));
                for j in 0..n {
                    let is_same = column[j] == x;
                    squares[j] += if is_same { 0.0 } else { weight };
                    total[j] += if is_same { 1.0 } else { other };
                }
                continue;
            }
            let (up, down) = (exp(rate * x), exp(-rate * x));
            let first = axis * columns.stride;
            let rising = &own.rising[first..first + n];
            let falling = &own.falling[first..first + n];
            for j in 0..n {
                let difference = x - column[j];
                squares[j] += weight * difference * difference;
                let (a, b) = (up * falling[j], down * rising[j]);
                let decay = if a < b { a } else { b };
                total[j] += matern(rate * difference.abs(), decay);
            }
        }
        let share = own.single_scale / d as f64;
        for j in 0..n {
            let t = SQRT_5 * squares[j].sqrt();
            let decay = exp(-t);
            slopes[j] = 5.0 / 3.0 * (1.0 + t) * decay;
            squares[j] = own.joint_scale * matern(t, decay);
            total[j] = squares[j] + share * total[j];
        }
    }
}

/// `(1 + t + t²/3)·e^(-t)`.
#[expect(
    clippy::inline_always,
    reason = "compiled anew inside each version of a loop"
)]
#[inline(always)]
fn matern(t: f64, decay: f64) -> f64 {
    (1.0 + t + t * t * (1.0 / 3.0)) * decay
}

struct DerivativeOf<'a> {
    covariance: &'a Covariance,
    columns: &'a Columns,
    at: usize,
    weights: &'a [f64],
    slopes: &'a [f64],
    sums: &'a mut [f64],
}

impl Kernel for DerivativeOf<'_> {
    /// By the logarithms of `ℓ` and `ℓ'`.
    #[expect(
        clippy::inline_always,
        reason = "compiled anew inside each version of a loop"
    )]
    #[inline(always)]
    fn run(self) {
        let Self {
            covariance: own,
            columns,
            at,
            weights,
            slopes,
            sums,
        } = self;
        let (d, n) = (columns.n_axes(), padded(at));
        let (weights, slopes) = (&weights[..n], &slopes[..n]);
        for axis in 0..d {
            let column = &columns.column(axis)[..n];
            let x = columns.column(axis)[at];
            let rate = own.rates[axis];
            let (mut joint, mut single) = ([0.0; LANES], [0.0; LANES]);
            if columns.is_choice[axis] {
                for first in (0..n).step_by(LANES) {
                    for lane in 0..LANES {
                        let j = first + lane;
                        let weight = if column[j] == x { 0.0 } else { weights[j] };
                        joint[lane] += weight * slopes[j];
                        single[lane] += weight;
                    }
                }
                let decay = exp(-rate);
                for sum in &mut single {
                    *sum *= (1.0 + rate) * rate * rate * decay;
                }
            } else {
                let base = axis * columns.stride;
                let rising = &own.rising[base..base + n];
                let falling = &own.falling[base..base + n];
                let (up, down) = (own.rising[base + at], own.falling[base + at]);
                for first in (0..n).step_by(LANES) {
                    for lane in 0..LANES {
                        let j = first + lane;
                        let difference = x - column[j];
                        joint[lane] += weights[j] * slopes[j] * difference * difference;
                        let t = rate * difference.abs();
                        let (a, b) = (up * falling[j], down * rising[j]);
                        let decay = if a < b { a } else { b };
                        single[lane] += weights[j] * (1.0 + t) * (t * t) * decay;
                    }
                }
            }
            let joint: f64 = joint.iter().sum();
            let single: f64 = single.iter().sum();
            sums[axis] += own.joint_scale * own.weights[axis] * joint;
            sums[d + axis] += own.single_scale / (3 * d) as f64 * single;
        }
    }
}
