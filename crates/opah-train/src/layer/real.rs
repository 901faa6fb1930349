//! The two kinds of numbers a model can be made of.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

/// `f32`, in which models are trained, or `f64`, in which gradients are checked.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + AddAssign
    + Div<Output = Self>
    + Mul<Output = Self>
    + MulAssign
    + Neg<Output = Self>
    + Sub<Output = Self>
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Below every number.
    const NEG_INFINITY: Self;

    /// The nearest number of this kind.
    fn from_f64(value: f64) -> Self;
    /// The same number.
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NEG_INFINITY: Self = f32::NEG_INFINITY;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const NEG_INFINITY: Self = f64::NEG_INFINITY;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

/// Whether all numbers are finite.
pub(crate) fn all_finite<T: Real>(values: &[T]) -> bool {
    // Finite numbers times 0 are 0, others NaN; side by side, for the vector units.
    let mut sums = [T::ZERO; 8];
    let (groups, rest) = values.as_chunks::<8>();
    for group in groups {
        for (sum, value) in sums.iter_mut().zip(group) {
            *sum += *value * T::ZERO;
        }
    }
    for value in rest {
        sums[0] += *value * T::ZERO;
    }
    sums == [T::ZERO; 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinite_and_undefined_numbers_are_found_anywhere() {
        for length in [1, 7, 8, 19] {
            let finite = vec![f32::MAX; length];
            assert!(all_finite(&finite));
            for at in 0..length {
                for bad in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
                    let mut values = finite.clone();
                    values[at] = bad;
                    assert!(!all_finite(&values));
                }
            }
        }
    }
}
