//! What the process models: losses made alike a normal distribution.
//!
//! Losses are centred by the median and scaled by the interquartile range, and then bent by
//! the transform of Yeo and Johnson, "A new family of power transformations to improve
//! normality or symmetry", Biometrika 87 (2000), equation 2.1, with the most likely power.
//! It is what makes objectives with heavy tails tame.

use super::bend::Bend;

/// The powers that are tried.
const POWERS: std::ops::RangeInclusive<i8> = -6..=6;

/// So many interquartile ranges from the median, losses are all alike.
pub(super) const FAR: f64 = 1e4;

/// Losses, transformed to mean 0 and standard deviation 1, in their order. Infinite ones
/// and NaN count as the greatest finite one. All zero if they do not differ.
pub(super) fn standardized(losses: &[f64]) -> Vec<f64> {
    bent(losses).map_or_else(|| vec![0.0; losses.len()], |(targets, _)| targets)
}

/// The same, and how they became so; `None` if no loss is finite.
pub(super) fn bent(losses: &[f64]) -> Option<(Vec<f64>, Bend)> {
    let mut sorted: Vec<f64> = losses
        .iter()
        .copied()
        .filter(|loss| loss.is_finite())
        .collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (least, greatest) = (sorted.first()?, sorted.last()?);
    let finite = losses.iter().map(|loss| match *loss {
        f64::NEG_INFINITY => *least,
        loss if loss.is_finite() => loss,
        _ => *greatest,
    });
    let (median, range) = (
        quantile(&sorted, 0.5),
        quantile(&sorted, 0.75) - quantile(&sorted, 0.25),
    );
    let least_scale = (1e-12 * median.abs()).max(f64::MIN_POSITIVE);
    let mut scale = range.max(least_scale);
    if range <= 1e-9 * (greatest - least) {
        // More than half of the losses are equal.
        scale = ((greatest - least) / 4.0).max(least_scale);
    }
    let scaled: Vec<f64> = finite
        .map(|loss| ((loss - median) / scale).clamp(-FAR, FAR))
        .collect();
    let (power, values) = most_normal(&scaled).unwrap_or((1.0, scaled));
    let (mean, deviation) = moments(&values);
    let factor = if deviation > 1e-12 {
        1.0 / deviation
    } else {
        0.0
    };
    let targets = values.iter().map(|value| (value - mean) * factor).collect();
    let bend = Bend {
        median,
        scale,
        power,
        mean,
        factor,
    };
    Some((targets, bend))
}

/// The quantile of sorted numbers, linear between them.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    match sorted.get(below + 1) {
        Some(above) => sorted[below] * (1.0 - part) + above * part,
        None => sorted[below],
    }
}

/// The most likely power, and the values bent by it; `None` if they do not differ.
fn most_normal(values: &[f64]) -> Option<(f64, Vec<f64>)> {
    let jacobian: f64 = values
        .iter()
        .map(|value| value.signum() * value.abs().ln_1p())
        .sum();
    let n = values.len() as f64;
    let mut best: Option<(f64, f64, Vec<f64>)> = None;
    for power in POWERS {
        let power = f64::from(power) * 0.25;
        let bent: Vec<f64> = values
            .iter()
            .map(|value| yeo_johnson(*value, power))
            .collect();
        let (_, deviation) = moments(&bent);
        if deviation <= 1e-6 {
            continue;
        }
        let likelihood = (power - 1.0) * jacobian - n * deviation.ln();
        if best
            .as_ref()
            .is_none_or(|(known, _, _)| likelihood > *known)
        {
            best = Some((likelihood, power, bent));
        }
    }
    best.map(|(_, power, bent)| (power, bent))
}

/// Equation 2.1.
pub(super) fn yeo_johnson(value: f64, power: f64) -> f64 {
    if value >= 0.0 {
        if power == 0.0 {
            value.ln_1p()
        } else {
            ((1.0 + value).powf(power) - 1.0) / power
        }
    } else if power == 2.0 {
        -(-value).ln_1p()
    } else {
        -((1.0 - value).powf(2.0 - power) - 1.0) / (2.0 - power)
    }
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>();
    (mean, (square / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.yeojohnson([-2, -0.5, 0, 0.5, 3], lmbda)`, SciPy 1.17.
    #[test]
    fn the_transform_is_scipys() {
        let expected = [
            (
                0.5,
                [
                    -2.797_434_948_471_088,
                    -0.558_078_204_724_921_5,
                    0.0,
                    0.449_489_742_783_178,
                    2.0,
                ],
            ),
            (
                0.0,
                [
                    -4.0,
                    -0.625,
                    0.0,
                    0.405_465_108_108_164_4,
                    1.386_294_361_119_890_6,
                ],
            ),
        ];
        for (power, expected) in expected {
            for (value, expected) in [-2.0, -0.5, 0.0, 0.5, 3.0].into_iter().zip(expected) {
                assert!((yeo_johnson(value, power) - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn outliers_do_not_hide_the_rest() {
        let losses: Vec<f64> = (0..50).map(|i| (f64::from(i) * 0.3).exp()).collect();
        let bent = standardized(&losses);
        let gaps: Vec<f64> = bent.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| *gap > 0.0));
        assert!(bent[49] < 3.5, "{}", bent[49]);
    }

    #[test]
    fn strange_losses_give_numbers() {
        for losses in [
            vec![f64::NAN, f64::INFINITY],
            vec![1.0; 4],
            vec![f64::MAX, f64::MIN, 0.0],
            vec![0.0, 0.0, 0.0, 0.0, 1e-300],
            vec![f64::NEG_INFINITY, 1.0, 2.0, f64::INFINITY],
            vec![5.0],
        ] {
            let bent = standardized(&losses);
            assert_eq!(bent.len(), losses.len());
            assert!(
                bent.iter().all(|value| value.is_finite()),
                "{losses:?}: {bent:?}"
            );
        }
    }
}
