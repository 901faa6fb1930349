//! Sums of exponentials.

use crate::math::exp::exp;
use crate::math::simd::{self, Kernel, LANES};

/// The terms `weight · e^exponent` of a sum.
#[derive(Debug, Default)]
pub(super) struct Terms {
    weights: Vec<f64>,
    exponents: Vec<f64>,
    /// Room for the terms themselves.
    values: Vec<f64>,
}

impl Terms {
    pub(super) fn clear(&mut self) {
        self.weights.clear();
        self.exponents.clear();
    }

    pub(super) fn push(&mut self, weight: f64, exponent: f64) {
        self.weights.push(weight);
        self.exponents.push(exponent);
    }

    pub(super) fn extend(&mut self, weights: impl Iterator<Item = f64>, exponents: &[f64]) {
        self.weights.extend(weights);
        self.exponents.extend_from_slice(exponents);
    }

    /// The logarithm of the sum; minus infinity of no terms. Terms that are a `10^300`th of
    /// the largest exponential count as much.
    pub(super) fn log_sum(&mut self) -> f64 {
        let largest = fold(&self.exponents, f64::NEG_INFINITY, f64::max);
        self.values.resize(self.weights.len(), 0.0);
        simd::run(Exponentials {
            weights: &self.weights,
            exponents: &self.exponents,
            largest,
            values: &mut self.values,
        });
        largest + fold(&self.values, 0.0, |sum, value| sum + value).ln()
    }
}

/// In lanes, so that steps need not wait for one another.
fn fold(numbers: &[f64], zero: f64, step: impl Fn(f64, f64) -> f64) -> f64 {
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let mut lanes = [zero; LANES];
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane = step(*lane, *number);
        }
    }
    lanes.iter().chain(rest).copied().fold(zero, step)
}

struct Exponentials<'a> {
    weights: &'a [f64],
    exponents: &'a [f64],
    largest: f64,
    values: &'a mut [f64],
}

impl Kernel for Exponentials<'_> {
    #[expect(
        clippy::inline_always,
        reason = "compiled anew inside each version of a loop"
    )]
    #[inline(always)]
    fn run(self) {
        let terms = self.weights.iter().zip(self.exponents);
        for (value, (weight, exponent)) in self.values.iter_mut().zip(terms) {
            *value = weight * exp(exponent - self.largest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_any_length() {
        let mut terms = Terms::default();
        assert_eq!(terms.log_sum(), f64::NEG_INFINITY);
        let mut sum = 0.0_f64;
        for at in 0..50 {
            let (weight, exponent) = (f64::from(at % 7) + 0.5, f64::from(at * 37 % 50) - 30.0);
            terms.push(weight, exponent);
            sum += weight * exponent.exp();
            assert!((terms.log_sum() - sum.ln()).abs() < 1e-14 * sum.ln().abs().max(1.0));
        }
        terms.clear();
        terms.push(2.0, -5e4);
        assert_eq!(terms.log_sum(), -5e4 + 2.0_f64.ln());
    }
}
