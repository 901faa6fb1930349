//! A distribution as an interval of the real line, and back.
//!
//! The coordinates are Optuna's: numbers on a grid reach half a step beyond both
//! ends, so that every grid point owns an interval of the same length; log
//! parameters live in the natural logarithm.

use crate::distribution::Distribution;

/// The interval `[low, high]` of the coordinate of `distribution`.
///
/// Categorical parameters have the interval `[0, n_choices]`, choice `i` owning `[i, i+1)`.
pub fn interval(distribution: &Distribution) -> (f64, f64) {
    match distribution {
        Distribution::Float(d) => {
            let half = d.step().unwrap_or(0.0) / 2.0;
            if d.is_log() {
                (d.low().ln(), d.high().ln())
            } else {
                (d.low() - half, d.high() + half)
            }
        }
        Distribution::Int(d) => {
            let (low, high) = (d.low() as f64, d.high() as f64);
            if d.is_log() {
                ((low - 0.5).ln(), (high + 0.5).ln())
            } else {
                let half = d.step() as f64 / 2.0;
                (low - half, high + half)
            }
        }
        Distribution::Categorical(d) => (0.0, d.choices().len() as f64),
    }
}

/// The coordinate of an internal value.
pub fn to_coordinate(distribution: &Distribution, internal: f64) -> f64 {
    match distribution {
        Distribution::Float(d) if d.is_log() => internal.ln(),
        Distribution::Int(d) if d.is_log() => internal.ln(),
        Distribution::Categorical(_) => internal + 0.5,
        _ => internal,
    }
}

/// The internal value at a coordinate: rounded to the grid and kept in the domain.
pub fn from_coordinate(distribution: &Distribution, coordinate: f64) -> f64 {
    match distribution {
        Distribution::Float(d) => match d.step() {
            _ if d.is_log() => coordinate.exp().clamp(d.low(), d.high()),
            Some(step) => {
                let steps = ((coordinate - d.low()) / step).round();
                (d.low() + steps * step).clamp(d.low(), d.high())
            }
            None => coordinate.clamp(d.low(), d.high()),
        },
        Distribution::Int(d) => {
            let number = if d.is_log() {
                coordinate.exp()
            } else {
                coordinate
            };
            let steps = ((number - d.low() as f64) / d.step() as f64 + 0.5).floor();
            (d.low() as f64 + steps * d.step() as f64).clamp(d.low() as f64, d.high() as f64)
        }
        Distribution::Categorical(d) => coordinate
            .floor()
            .clamp(0.0, (d.choices().len() - 1) as f64),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::distribution::{
        CategoricalDistribution, Choice, FloatDistribution, IntDistribution,
    };

    fn distributions() -> impl Strategy<Value = Distribution> {
        prop_oneof![
            (-1e3..1e3, 0.0..1e3).prop_map(|(low, width)| Distribution::Float(
                FloatDistribution::new(low, low + width, false, None).unwrap()
            )),
            (1e-6..1.0, 0.0..1e3).prop_map(|(low, width)| Distribution::Float(
                FloatDistribution::new(low, low + width, true, None).unwrap()
            )),
            (-1e3..1e3, 0.0..1e3, 1e-3..10.0).prop_map(|(low, width, step)| Distribution::Float(
                FloatDistribution::new(low, low + width, false, Some(step)).unwrap()
            )),
            (-1000..1000i64, 0..1000i64, 1..9i64).prop_map(|(low, width, step)| {
                Distribution::Int(IntDistribution::new(low, low + width, false, step).unwrap())
            }),
            (1..1000i64, 0..1000i64).prop_map(|(low, width)| Distribution::Int(
                IntDistribution::new(low, low + width, true, 1).unwrap()
            )),
            (1..9usize).prop_map(|n| Distribution::Categorical(
                CategoricalDistribution::new((0..n as i64).map(Choice::Int).collect()).unwrap()
            )),
        ]
    }

    proptest! {
        #[test]
        fn every_coordinate_is_a_value_that_comes_back(distribution in distributions(), u in 0.0..1.0) {
            let (low, high) = interval(&distribution);
            let value = from_coordinate(&distribution, low + u * (high - low));
            prop_assert!(distribution.contains(value), "{value} not in {distribution}");
            let again = from_coordinate(&distribution, to_coordinate(&distribution, value));
            prop_assert!((again - value).abs() <= 1e-9 * value.abs(), "{value} became {again}");
        }
    }
}
