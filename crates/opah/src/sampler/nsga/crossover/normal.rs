//! Unimodal normal distribution crossover.
//!
//! Kita, Ono and Kobayashi, "Multi-parental Extension of the Unimodal Normal Distribution
//! Crossover for Real-coded Genetic Algorithms", Congress on Evolutionary Computation
//! (1999), section 2. As in Optuna, the *squares* of the two sigmas are standard deviations,
//! so that children are nearer to their parents than in the paper.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::math::normal::inverse_cdf;

/// Draws around the middle of two parents, as far from their line as a third parent is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UndxCrossover {
    /// The root of the standard deviation along the line of the first two parents, in units
    /// of their distance; not negative.
    pub sigma_xi: f64,
    /// The root of the standard deviation in each direction across the line, in units of
    /// the third parent's distance from it; not negative; null: 0.35 over the root of the
    /// number of numbers.
    pub sigma_eta: Option<f64>,
}

impl Default for UndxCrossover {
    fn default() -> Self {
        Self {
            sigma_xi: 0.5,
            sigma_eta: None,
        }
    }
}

impl UndxCrossover {
    pub(super) fn cross(
        &self,
        [a, b, c]: [&[f64]; 3],
        uniform: &mut dyn FnMut() -> f64,
    ) -> Vec<f64> {
        let root = (a.len() as f64).sqrt();
        let sigma_eta = self.sigma_eta.unwrap_or(0.35 / root);
        let mut normal = |sigma: f64| sigma * sigma * inverse_cdf(uniform().max(f64::EPSILON));
        let across: Vec<f64> = a.iter().map(|_| normal(sigma_eta)).collect();
        let along = normal(self.sigma_xi);

        let line = difference(b, a);
        let length = dot(&line, &line).sqrt().max(1e-10);
        let line: Vec<f64> = line.iter().map(|edge| edge / length).collect();
        let third = without(&difference(c, a), &line);
        let distance = dot(&third, &third).sqrt();
        // A normal vector without its part along the line is normal in all directions
        // across it.
        let across = without(&across, &line);
        let genes = a.iter().zip(b).zip(across);
        // Eq. 5.
        genes
            .map(|((a, b), across)| 0.5 * (a + b) + along * (a - b) + distance * across)
            .collect()
    }
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A vector without its part along another one of length 1.
fn without(vector: &[f64], unit: &[f64]) -> Vec<f64> {
    let part = dot(vector, unit);
    vector
        .iter()
        .zip(unit)
        .map(|(edge, unit)| edge - part * unit)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Crossover;
    use super::*;
    use crate::math::random::Rng;

    /// The parents' line is the first axis, so the moments can be read off.
    #[test]
    fn children_have_the_moments_of_the_formula() {
        let parents = [
            vec![0.2, 0.5, 0.5],
            vec![0.6, 0.5, 0.5],
            vec![0.9, 0.5, 0.8],
        ];
        let crossover = Crossover::Undx(UndxCrossover::default());
        let mut rng = Rng::keyed(1, 0, "undx");
        let n = 20_000;
        let (mut sums, mut squares) = ([0.0; 3], [0.0; 3]);
        for _ in 0..n {
            let child = crossover.cross(&parents, true, &mut || rng.uniform());
            for (gene, value) in child.iter().enumerate() {
                sums[gene] += value / f64::from(n);
                squares[gene] += value * value / f64::from(n);
            }
        }
        let expected = [
            (0.4, 0.25 * 0.4),
            (0.5, 0.1225 / 3.0 * 0.3),
            (0.5, 0.1225 / 3.0 * 0.3),
        ];
        for (gene, (mean, deviation)) in expected.into_iter().enumerate() {
            let got = (squares[gene] - sums[gene] * sums[gene]).sqrt();
            assert!(
                (sums[gene] - mean).abs() < 0.03 * deviation,
                "{} is not {mean}",
                sums[gene]
            );
            assert!(
                (got / deviation - 1.0).abs() < 0.03,
                "{got} is not {deviation}"
            );
        }
    }

    #[test]
    fn equal_parents_have_their_child() {
        let equal = [0.25, 0.75];
        let crossover = UndxCrossover::default();
        let child = crossover.cross([&equal; 3], &mut || 0.3);
        assert_eq!(child, equal);
        let alone = crossover.cross([&[0.2], &[0.4], &[0.9]], &mut || 0.5);
        assert!((alone[0] - 0.3).abs() < 1e-12);
    }
}
