//! The density of a prior over the values of a distribution.
//!
//! It is measured against the uniform density on the coordinate of
//! [`transform`](crate::transform), so that where it is 1, the prior says nothing. A tenth of
//! it is uniform; the rest are normal kernels cut off at the ends of the range, or shares of
//! choices.
//!
//! The kernels of points are as wide as Scott's rule makes them (Scott, "Multivariate Density
//! Estimation", 1992, section 6.3, in one dimension), but never narrower than a twentieth of
//! the range.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Prior, did_you_mean};
use crate::distribution::{Choice, Distribution, ParamValue};
use crate::math::normal;
use crate::math::random::Rng;
use crate::transform;

/// The share of every prior that is uniform.
const UNIFORM: f64 = 0.1;
/// A deviation counts as at least this share of the range, and as at most this many ranges:
/// narrower, all draws would be one value; wider, a kernel is uniform but for rounding.
const DEVIATIONS: (f64, f64) = (1e-3, 10.0);
/// The least deviation of the kernels of points, as a share of the range.
const LEAST_OF_POINTS: f64 = 0.05;
/// Cells of a grid that are narrower than this share of the range are points.
const LEAST_CELL: f64 = 1e-6;

/// The density of a prior, where 1 is that of the uniform distribution.
#[derive(Debug, Clone)]
pub struct Density(Shape);

#[derive(Debug, Clone)]
enum Shape {
    Numbers(Kernels),
    /// The share of each choice; they sum to 1.
    Choices(Vec<f64>),
}

/// Normal kernels of one width and weight, cut off at the ends of the range.
#[derive(Debug, Clone)]
struct Kernels {
    low: f64,
    high: f64,
    cells: Cells,
    /// Ascending, at least one.
    centres: Vec<f64>,
    /// By kernel: the logarithm of its mass inside the range.
    log_masses: Vec<f64>,
    deviation: f64,
}

/// Which part of the coordinate a value owns.
#[derive(Debug, Clone, Copy)]
enum Cells {
    /// Numbers without a grid: a point.
    None,
    /// As much to both sides.
    Half(f64),
    /// Whole numbers in the logarithm: from a half below to a half above.
    Logarithmic,
}

impl Density {
    /// The density of a prior of `distribution`, or why it can have no such prior.
    pub(super) fn new(prior: &Prior, distribution: &Distribution) -> Result<Self, String> {
        let shape = match (prior, distribution) {
            (Prior::Weights(weights), Distribution::Categorical(d)) => {
                Shape::Choices(mixed(weights_of(weights, d.choices())?))
            }
            (Prior::Points(points), Distribution::Categorical(d)) => {
                Shape::Choices(mixed(counts(points, distribution, d.choices().len())))
            }
            (Prior::Normal { .. }, Distribution::Categorical(_)) => {
                return Err(format!(
                    "`normal` is for numbers, and the parameter is {distribution}; choices have \
                     `weights`"
                ));
            }
            (Prior::Weights(_), _) => {
                return Err(format!(
                    "`weights` are for choices, and the parameter is {distribution}; numbers \
                     have `normal`"
                ));
            }
            (Prior::Normal { mean, sd }, _) => {
                Shape::Numbers(Kernels::of_normal(*mean, *sd, distribution)?)
            }
            (Prior::Points(points), _) => Shape::Numbers(Kernels::of_points(points, distribution)?),
        };
        Ok(Self(shape))
    }

    /// The logarithm of the density at a coordinate inside the range; never below that of a
    /// tenth. Of a number on a grid, the mean density of its cell.
    pub fn log_at(&self, coordinate: f64) -> f64 {
        match &self.0 {
            Shape::Numbers(kernels) => (UNIFORM + (1.0 - UNIFORM) * kernels.at(coordinate)).ln(),
            Shape::Choices(shares) => {
                let share = shares.get(coordinate as usize).copied().unwrap_or(UNIFORM);
                (share * shares.len() as f64).ln()
            }
        }
    }

    /// The derivative of [`log_at`](Self::log_at) by the coordinate, of numbers without a
    /// grid; 0 of choices.
    pub fn slope_at(&self, coordinate: f64) -> f64 {
        match &self.0 {
            Shape::Numbers(kernels) => {
                let density = UNIFORM + (1.0 - UNIFORM) * kernels.at(coordinate);
                (1.0 - UNIFORM) * kernels.slope(coordinate) / density
            }
            Shape::Choices(_) => 0.0,
        }
    }

    /// A map from `[0, 1)` to coordinates that turns the uniform distribution into the prior:
    /// a draw of a random share, or an even spread of evenly spread ones.
    pub fn coordinate_at(&self, share: f64) -> f64 {
        match &self.0 {
            Shape::Numbers(kernels) if share < UNIFORM => {
                kernels.low + share / UNIFORM * (kernels.high - kernels.low)
            }
            Shape::Numbers(kernels) => kernels.coordinate_at((share - UNIFORM) / (1.0 - UNIFORM)),
            Shape::Choices(shares) => {
                let mut sum = 0.0;
                let place = shares.iter().position(|part| {
                    sum += part;
                    share < sum
                });
                place.unwrap_or(shares.len() - 1) as f64 + 0.5
            }
        }
    }

    /// A draw from the prior of `distribution`, as an internal value.
    pub fn draw(&self, rng: &mut Rng, distribution: &Distribution) -> f64 {
        transform::from_coordinate(distribution, self.coordinate_at(rng.uniform()))
    }

    /// The coordinate of the most probable value; of several points that of the most crowded,
    /// of choices with equal shares the first.
    pub fn mode(&self) -> f64 {
        let (candidates, densities): (Vec<f64>, Vec<f64>) = match &self.0 {
            Shape::Numbers(kernels) => {
                let centres = kernels.centres.iter();
                centres.map(|centre| (*centre, kernels.at(*centre))).unzip()
            }
            Shape::Choices(shares) => {
                let places = shares.iter().enumerate();
                places.map(|(at, share)| (at as f64 + 0.5, *share)).unzip()
            }
        };
        let mut best = (0.0, f64::NEG_INFINITY);
        for (candidate, density) in candidates.into_iter().zip(densities) {
            if density > best.1 {
                best = (candidate, density);
            }
        }
        best.0
    }
}

impl Kernels {
    fn of_normal(mean: f64, sd: f64, distribution: &Distribution) -> Result<Self, String> {
        if !is_log(distribution) {
            return Ok(Self::new(distribution, vec![mean], sd));
        }
        if mean <= 0.0 {
            return Err(format!(
                "`mean` = {mean} must be positive, because the parameter is logarithmic"
            ));
        }
        if sd <= 1.0 {
            return Err(format!(
                "`sd` = {sd} must be greater than 1, because the parameter is logarithmic and it \
                 is a factor: 3 means from a third of the mean to three times the mean"
            ));
        }
        Ok(Self::new(distribution, vec![mean.ln()], sd.ln()))
    }

    fn of_points(points: &[Value], distribution: &Distribution) -> Result<Self, String> {
        let is_log = is_log(distribution);
        let (low, high) = transform::interval(distribution);
        let coordinate = |point: &Value| match point.as_f64() {
            None => Err(format!(
                "{point} in `points` is no number, and the parameter is {distribution}"
            )),
            Some(number) if is_log && number <= 0.0 => Err(format!(
                "{point} in `points` must be positive, because the parameter is logarithmic"
            )),
            Some(number) => {
                let coordinate = transform::to_coordinate(distribution, number);
                Ok(coordinate.max(low).min(high))
            }
        };
        let centres: Vec<f64> = points.iter().map(coordinate).collect::<Result<_, _>>()?;
        let n = centres.len() as f64;
        let mean = centres.iter().sum::<f64>() / n;
        let variance = centres.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n;
        let scott = variance.sqrt() * n.powf(-0.2);
        let deviation = scott.max(LEAST_OF_POINTS * (high - low));
        Ok(Self::new(distribution, centres, deviation))
    }

    fn new(distribution: &Distribution, mut centres: Vec<f64>, deviation: f64) -> Self {
        let (low, high) = transform::interval(distribution);
        for centre in &mut centres {
            *centre = centre.max(low).min(high);
        }
        centres.sort_unstable_by(f64::total_cmp);
        let (least, most) = DEVIATIONS;
        let deviation = deviation.max(least * (high - low)).min(most * (high - low));
        let log_mass = |centre: &f64| {
            normal::log_mass((low - centre) / deviation, (high - centre) / deviation)
        };
        let cells = match distribution {
            Distribution::Float(d) => d.step().map_or(Cells::None, |step| Cells::Half(step / 2.0)),
            Distribution::Int(d) if d.is_log() => Cells::Logarithmic,
            Distribution::Int(d) => Cells::Half(d.step() as f64 / 2.0),
            Distribution::Categorical(_) => Cells::None,
        };
        Self {
            low,
            high,
            cells,
            log_masses: centres.iter().map(log_mass).collect(),
            centres,
            deviation,
        }
    }

    fn width(&self) -> f64 {
        self.high - self.low
    }

    /// The mean of the kernels, where 1 is the uniform density.
    fn at(&self, coordinate: f64) -> f64 {
        let sum: f64 = self.each(coordinate).sum();
        sum / self.centres.len() as f64
    }

    /// The derivative of [`at`](Self::at), of numbers without a grid.
    fn slope(&self, coordinate: f64) -> f64 {
        let both = self.each(coordinate).zip(&self.centres);
        let slopes = both.map(|(density, centre)| {
            density * (centre - coordinate) / (self.deviation * self.deviation)
        });
        slopes.sum::<f64>() / self.centres.len() as f64
    }

    /// The density of each kernel.
    fn each(&self, coordinate: f64) -> impl Iterator<Item = f64> {
        let cell = self.cell(coordinate);
        let both = self.centres.iter().zip(&self.log_masses);
        both.map(move |(centre, log_mass)| {
            let z = |end: f64| (end - centre) / self.deviation;
            let log_density = if let Some((left, right)) = cell {
                normal::log_mass(z(left), z(right)) - ((right - left) / self.width()).ln()
            } else {
                let z = z(coordinate);
                -0.5 * z * z - normal::LN_SQRT_TAU - (self.deviation / self.width()).ln()
            };
            (log_density - log_mass).exp()
        })
    }

    /// The ends of the cell that the value at a coordinate owns.
    fn cell(&self, coordinate: f64) -> Option<(f64, f64)> {
        let (left, right) = match self.cells {
            Cells::None => return None,
            Cells::Half(half) => (coordinate - half, coordinate + half),
            Cells::Logarithmic => {
                let number = coordinate.exp().round();
                ((number - 0.5).ln(), (number + 0.5).ln())
            }
        };
        (right - left > LEAST_CELL * self.width()).then_some((left, right))
    }

    /// As [`Density::coordinate_at`], without the uniform part.
    fn coordinate_at(&self, share: f64) -> f64 {
        let among = share * self.centres.len() as f64;
        let kernel = (among as usize).min(self.centres.len() - 1);
        let within = (among - kernel as f64).clamp(0.0, 1.0 - f64::EPSILON);
        let centre = self.centres[kernel];
        let (a, b) = (
            (self.low - centre) / self.deviation,
            (self.high - centre) / self.deviation,
        );
        let coordinate = centre + self.deviation * normal::truncated(within, a, b);
        coordinate.max(self.low).min(self.high)
    }
}

fn is_log(distribution: &Distribution) -> bool {
    match distribution {
        Distribution::Float(d) => d.is_log(),
        Distribution::Int(d) => d.is_log(),
        Distribution::Categorical(_) => false,
    }
}

/// By choice: its weight; the choices that are named must be there.
fn weights_of(weights: &BTreeMap<String, f64>, choices: &[Choice]) -> Result<Vec<f64>, String> {
    let texts: Vec<String> = choices.iter().map(ToString::to_string).collect();
    if let Some(unknown) = weights.keys().find(|name| !texts.contains(name)) {
        let meant = did_you_mean(unknown, texts.iter().map(String::as_str));
        return Err(format!("there is no choice `{unknown}`{meant}"));
    }
    let of_text = |text: &String| weights.get(text).copied().unwrap_or(0.0);
    Ok(texts.iter().map(of_text).collect())
}

/// By choice: how often it is among the points, and once more, so that few points say little.
fn counts(points: &[Value], distribution: &Distribution, n_choices: usize) -> Vec<f64> {
    let mut counts = vec![1.0; n_choices];
    for point in points {
        let place = distribution.to_internal(&ParamValue::from_json(point));
        if let Some(count) = place.and_then(|place| counts.get_mut(place as usize)) {
            *count += 1.0;
        }
    }
    counts
}

/// The shares of choices with these weights, a part of them shared out evenly.
fn mixed(weights: Vec<f64>) -> Vec<f64> {
    let (n, sum) = (weights.len() as f64, weights.iter().sum::<f64>());
    let share = |weight: f64| UNIFORM / n + (1.0 - UNIFORM) * weight / sum;
    weights.into_iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::distribution::{CategoricalDistribution, FloatDistribution, IntDistribution};

    fn density(prior: &Value, distribution: &Distribution) -> Density {
        let prior: Prior = serde_json::from_value(prior.clone()).unwrap();
        Density::new(&prior, distribution).unwrap()
    }

    fn float(low: f64, high: f64, log: bool, step: Option<f64>) -> Distribution {
        Distribution::Float(FloatDistribution::new(low, high, log, step).unwrap())
    }

    fn int(low: i64, high: i64, log: bool, step: i64) -> Distribution {
        Distribution::Int(IntDistribution::new(low, high, log, step).unwrap())
    }

    fn kinds() -> Distribution {
        let choices = ["a", "b", "c"].map(Choice::from).to_vec();
        Distribution::Categorical(CategoricalDistribution::new(choices).unwrap())
    }

    /// Priors of all kinds and widths.
    fn cases() -> Vec<(Value, Distribution)> {
        let mut cases = Vec::new();
        for distribution in [
            float(-5.0, 5.0, false, None),
            float(1e-5, 1.0, true, None),
            float(0.0, 3.0, false, Some(0.5)),
            int(-3, 3, false, 1),
            int(1, 1000, true, 1),
            int(8, 64, false, 8),
        ] {
            let sds: &[f64] = if is_log(&distribution) {
                &[1.000_000_1, 3.0, 1e300]
            } else {
                &[1e-300, 0.7, 1e300]
            };
            for mean in [1e-200, 0.3, 1e300] {
                for sd in sds {
                    let prior = json!({"normal": {"mean": mean, "sd": sd}});
                    cases.push((prior, distribution.clone()));
                }
            }
            cases.push((json!({"points": [0.2, 0.3, 2, 1e9]}), distribution.clone()));
        }
        cases.push((json!({"weights": {"a": 1e300, "c": 1}}), kinds()));
        cases.push((json!({"points": ["b", "b", "c", "zebra"]}), kinds()));
        cases
    }

    /// The shares of draws and the integral of the density are the same in every part of the
    /// range.
    #[test]
    fn draws_are_those_of_the_density() {
        for (prior, distribution) in cases() {
            let density = density(&prior, &distribution);
            let (low, high) = transform::interval(&distribution);
            let n_shares = 20_000;
            let drawn: Vec<f64> = (0..n_shares)
                .map(|at| density.coordinate_at((f64::from(at) + 0.5) / f64::from(n_shares)))
                .map(|at| transform::from_coordinate(&distribution, at))
                .collect();
            assert!(drawn.iter().all(|value| distribution.contains(*value)));
            // By the middles of many small parts.
            let n_parts = 100_000;
            let mut below_half = 0.0;
            let mut whole = 0.0;
            let middle = transform::from_coordinate(&distribution, 0.5 * (low + high));
            for part in 0..n_parts {
                let at = low + (f64::from(part) + 0.5) / f64::from(n_parts) * (high - low);
                let value = transform::from_coordinate(&distribution, at);
                let at = match distribution {
                    Distribution::Float(ref d) if d.step().is_none() => at,
                    _ => transform::to_coordinate(&distribution, value),
                };
                let share = density.log_at(at).exp() / f64::from(n_parts);
                whole += share;
                below_half += if value < middle { share } else { 0.0 };
            }
            assert!(
                (whole - 1.0).abs() < 1e-2,
                "{prior} {distribution}: {whole}"
            );
            let n_below = drawn.iter().filter(|value| **value < middle).count();
            let share = n_below as f64 / f64::from(n_shares);
            assert!(
                (share - below_half).abs() < 1e-2,
                "{prior} {distribution}: {share} of the draws, {below_half} of the density"
            );
        }
    }

    #[test]
    fn nothing_is_excluded_and_slopes_are_those_of_differences() {
        for (prior, distribution) in cases() {
            let density = density(&prior, &distribution);
            let (low, high) = transform::interval(&distribution);
            for part in 0..=100 {
                let at = low + f64::from(part) / 101.0 * (high - low);
                let log = density.log_at(at);
                assert!(log >= UNIFORM.ln() - 1e-9 && log < 10.0, "{prior}: {log}");
            }
        }
        let smooth = density(
            &json!({"points": [1e-3, 2e-3, 0.1]}),
            &float(1e-5, 1.0, true, None),
        );
        for at in [-10.0, -6.5, -4.0, -1.0] {
            let difference = (smooth.log_at(at + 1e-5) - smooth.log_at(at - 1e-5)) / 2e-5;
            assert!((smooth.slope_at(at) - difference).abs() < 1e-6, "{at}");
        }
    }

    #[test]
    fn a_factor_is_one_deviation_of_the_logarithm() {
        let distribution = float(1e-9, 1e9, true, None);
        let density = density(&json!({"normal": {"mean": 10, "sd": 3}}), &distribution);
        let mut rng = Rng::keyed(1, 0, "draws");
        let n_near = (0..20_000)
            .map(|_| density.draw(&mut rng, &distribution))
            .filter(|value| (10.0 / 3.0..30.0).contains(value))
            .count();
        // 68.3% of nine tenths, and 5.3% of a tenth.
        assert!((12_100..12_650).contains(&n_near), "{n_near}");
        assert!((density.mode() - 10_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn choices_have_their_shares() {
        let given = density(&json!({"weights": {"a": 3, "c": 1}}), &kinds());
        let third = UNIFORM / 3.0;
        let expected = [0.9 * 0.75 + third, third, 0.9 * 0.25 + third];
        for (at, expected) in expected.into_iter().enumerate() {
            let density = given.log_at(at as f64 + 0.5).exp();
            assert!((density / 3.0 - expected).abs() < 1e-12);
        }
        assert_eq!(given.mode(), 0.5);
        let counted = density(&json!({"points": ["b", "b", "c"]}), &kinds());
        assert_eq!(counted.mode(), 1.5);
        let share = counted.log_at(1.5).exp() / 3.0;
        assert!((share - (0.9 * 0.5 + third)).abs() < 1e-12);
    }
}
