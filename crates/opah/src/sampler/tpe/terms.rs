//! Sums of exponentials.

use crate::math::exp::exp;
use crate::math::simd::{self, Kernel, LANES};

/// The terms `weight · e^exponent` of a sum.
#[derive(Debug, Default)]
pub(super) struct Terms {
    weights: Vec<f64>,
    exponents: Vec<f64>,
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

    /// The logarithm of the sum; minus infinity of no terms. Terms that are a `10^300`th of
    /// the largest exponential count as much.
    pub(super) fn log_sum(&self) -> f64 {
        let mut log_sum = f64::NEG_INFINITY;
        simd::run(LogSum {
            terms: self,
            log_sum: &mut log_sum,
        });
        log_sum
    }
}

struct LogSum<'a> {
    terms: &'a Terms,
    log_sum: &'a mut f64,
}

impl Kernel for LogSum<'_> {
    #[expect(
        clippy::inline_always,
        reason = "compiled anew inside each version of a loop"
    )]
    #[inline(always)]
    fn run(self) {
        let (weights, last_weights) = self.terms.weights.as_chunks::<LANES>();
        let (exponents, last_exponents) = self.terms.exponents.as_chunks::<LANES>();
        let mut largest = [f64::NEG_INFINITY; LANES];
        for exponents in exponents {
            for lane in 0..LANES {
                largest[lane] = largest[lane].max(exponents[lane]);
            }
        }
        let all = largest.iter().chain(last_exponents);
        let largest = all.copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sums = [0.0; LANES];
        for (weights, exponents) in weights.iter().zip(exponents) {
            for lane in 0..LANES {
                sums[lane] += weights[lane] * exp(exponents[lane] - largest);
            }
        }
        let last = last_weights.iter().zip(last_exponents);
        let last: f64 = last
            .map(|(weight, exponent)| weight * exp(exponent - largest))
            .sum();
        *self.log_sum = largest + (sums.iter().sum::<f64>() + last).ln();
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
