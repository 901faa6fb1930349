//! The values of a distribution that has finitely many, counted from 0.

use crate::distribution::Distribution;

/// How many values there are; `None` if they can't be counted.
pub(super) fn n_values(distribution: &Distribution) -> Option<u64> {
    match distribution {
        Distribution::Float(d) => match d.step() {
            Some(step) => Some((((d.high() - d.low()) / step).round() as u64).saturating_add(1)),
            None => distribution.is_single().then_some(1),
        },
        Distribution::Int(d) => Some(((d.high() - d.low()) / d.step()) as u64 + 1),
        Distribution::Categorical(d) => Some(d.choices().len() as u64),
    }
}

/// The internal value at a place.
pub(super) fn value(distribution: &Distribution, place: u64) -> f64 {
    match distribution {
        Distribution::Float(d) => {
            let step = d.step().unwrap_or(0.0);
            (d.low() + place as f64 * step).min(d.high())
        }
        Distribution::Int(d) => (d.low() + place as i64 * d.step()) as f64,
        Distribution::Categorical(_) => place as f64,
    }
}

/// The place of an internal value; `None` if it is not one of the countable ones.
pub(super) fn place(distribution: &Distribution, internal: f64) -> Option<u64> {
    if !distribution.contains(internal) {
        return None;
    }
    Some(match distribution {
        Distribution::Float(d) => ((internal - d.low()) / d.step()?).round() as u64,
        Distribution::Int(d) => ((internal - d.low() as f64) / d.step() as f64).round() as u64,
        Distribution::Categorical(_) => internal as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::{FloatDistribution, IntDistribution};

    #[test]
    fn places_are_counted_through() {
        let float = |low, high, step| {
            Distribution::Float(FloatDistribution::new(low, high, false, Some(step)).unwrap())
        };
        let int = |low, high, step| {
            Distribution::Int(IntDistribution::new(low, high, false, step).unwrap())
        };
        for (distribution, n) in [
            (float(0.0, 0.3, 0.1), 4),
            (float(-1.0, 1.05, 0.5), 5),
            (float(2.0, 2.0, 0.5), 1),
            (int(-3, 8, 5), 3),
            (int(i64::MAX - 1, i64::MAX, 1), 2),
        ] {
            assert_eq!(n_values(&distribution), Some(n), "{distribution}");
            // Whole numbers beyond 2⁵³ are not all floats.
            let exact = !matches!(&distribution, Distribution::Int(d) if d.low() > 1 << 53);
            for at in (0..n).filter(|_| exact) {
                let value = value(&distribution, at);
                assert_eq!(place(&distribution, value), Some(at), "{distribution}");
            }
        }
        let continuous =
            Distribution::Float(FloatDistribution::new(0.0, 1.0, false, None).unwrap());
        assert_eq!(n_values(&continuous), None);
        assert_eq!(place(&continuous, 0.5), None);
    }
}
