//! Simulated binary crossover, as it is and modified.
//!
//! Deb and Agrawal, "Simulated Binary Crossover for Continuous Search Space", Complex
//! Systems 9 (1995), kept inside of the ranges as by Deb and Goyal (1996); and vSBX of
//! Ballester and Carter, "Real-Parameter Genetic Algorithms for Finding Multiple Optimal
//! Solutions in Multi-modal Optimization", GECCO (2003), section 3.2.
//!
//! Both make two children; as Optuna does, one is taken, after numbers of the children and
//! of their parents were exchanged at random.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{negative, not_in_unit};

/// The least distance of parents that is divided by.
const LEAST_DISTANCE: f64 = 1e-10;

/// Draws near one of two parents: inside of the ranges (`sbx`), or also beyond the parents
/// and the ranges (`vsbx`).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatedBinaryCrossover {
    /// The distribution index: the greater, the nearer to a parent; not negative; null: 20,
    /// with one objective 2.
    pub eta: Option<f64>,
    /// The probability of exchanging the numbers of the two children, from 0 to 1.
    pub uniform_crossover_prob: f64,
    /// The probability of a new number instead of a parent's, above 0 and at most 1.
    pub use_child_gene_prob: f64,
}

impl Default for SimulatedBinaryCrossover {
    fn default() -> Self {
        Self {
            eta: None,
            uniform_crossover_prob: 0.5,
            use_child_gene_prob: 0.5,
        }
    }
}

impl SimulatedBinaryCrossover {
    /// Why the options can't be used, if they can't.
    pub(super) fn objection(&self) -> Option<String> {
        let is_zero = self.use_child_gene_prob == 0.0;
        negative("eta", self.eta.unwrap_or(0.0))
            .or_else(|| not_in_unit("uniform_crossover_prob", self.uniform_crossover_prob))
            .or_else(|| not_in_unit("use_child_gene_prob", self.use_child_gene_prob))
            .or_else(|| is_zero.then(|| "`use_child_gene_prob` must be above 0".to_owned()))
    }

    /// A child inside of the ranges.
    pub(super) fn cross_inside(
        &self,
        parents: [&[f64]; 2],
        eta: f64,
        uniform: &mut dyn FnMut() -> f64,
    ) -> Vec<f64> {
        let [first, second] = parents;
        let genes = first.iter().zip(second);
        let children = genes
            .map(|(first, second)| {
                let (least, greatest) = (first.min(*second), first.max(*second));
                let distance = (greatest - least).max(LEAST_DISTANCE);
                let share = uniform();
                let below = spread(share, least / distance, eta);
                let above = spread(share, (1.0 - greatest) / distance, eta);
                let middle = 0.5 * (least + greatest);
                // Deb and Goyal (1996), eq. 4 and 5.
                [
                    middle - 0.5 * below * distance,
                    middle + 0.5 * above * distance,
                ]
            })
            .collect();
        self.exchanged(children, parents, uniform)
    }

    /// A child that may lie beyond the parents and the ranges.
    pub(super) fn cross_beyond(
        &self,
        parents: [&[f64]; 2],
        eta: f64,
        uniform: &mut dyn FnMut() -> f64,
    ) -> Vec<f64> {
        let [first, second] = parents;
        let power = 1.0 / (eta + 1.0);
        let factor = |share: f64| (1.0 / (2.0 * share).max(LEAST_DISTANCE)).powf(power);
        let shares = first.iter().map(|_| uniform());
        let factors: Vec<[f64; 2]> = shares.map(|u| [factor(u), factor(1.0 - u)]).collect();
        let [first_is_near, second_is_near] = [uniform() <= 0.5, uniform() <= 0.5];
        let genes = first.iter().zip(second).zip(&factors);
        let children = genes
            .map(|((a, b), [f, g])| {
                let one = if first_is_near {
                    0.5 * ((1.0 + f) * a + (1.0 - g) * b)
                } else {
                    0.5 * ((1.0 - f) * a + (1.0 + g) * b)
                };
                let other = if second_is_near {
                    0.5 * ((3.0 - f) * a - (1.0 - g) * b)
                } else {
                    0.5 * (-(1.0 - f) * a + (3.0 - g) * b)
                };
                [one, other]
            })
            .collect();
        self.exchanged(children, parents, uniform)
    }

    /// One of two children, after each of their numbers was replaced by the parents' or not,
    /// and exchanged or not.
    fn exchanged(
        &self,
        children: Vec<[f64; 2]>,
        [first, second]: [&[f64]; 2],
        uniform: &mut dyn FnMut() -> f64,
    ) -> Vec<f64> {
        let genes = children.into_iter().zip(first.iter().zip(second));
        let mut pairs: Vec<[f64; 2]> = Vec::with_capacity(first.len());
        for (child, (first, second)) in genes {
            let [one, other] = if uniform() < self.use_child_gene_prob {
                child
            } else {
                [*first, *second]
            };
            let is_kept = uniform() >= self.uniform_crossover_prob;
            pairs.push(if is_kept { [one, other] } else { [other, one] });
        }
        let taken = usize::from(uniform() >= 0.5);
        pairs.into_iter().map(|pair| pair[taken]).collect()
    }
}

/// How many times farther than their parents the children are from each other, so that none
/// lies beyond an end that is `room` parents' distances away (Deb and Goyal 1996, eq. 3).
fn spread(share: f64, room: f64, eta: f64) -> f64 {
    let alpha = 2.0 - (1.0 + 2.0 * room).powf(-(eta + 1.0));
    let base = if share * alpha > 1.0 {
        1.0 / (2.0 - share * alpha)
    } else {
        share * alpha
    };
    base.powf(1.0 / (eta + 1.0))
}

#[cfg(test)]
mod tests {
    use super::super::{Crossover, golden};
    use super::*;

    #[test]
    fn children_are_optunas() {
        golden::check(
            &Crossover::Sbx(SimulatedBinaryCrossover::default()),
            true,
            [
                [0.308_783_409_967_677_56, 0.5, 0.900_000_000_049_987_4],
                [0.305_216_322_174_921_84, 0.2, 0.899_999_999_950_465_6],
                [0.303_192_891_135_705_4, 0.5, 0.899_999_999_951_020_4],
                [0.301_783_255_828_046_44, 0.5, 0.900_000_000_048_260_9],
            ],
        );
        golden::check(
            &Crossover::Sbx(SimulatedBinaryCrossover::default()),
            false,
            [
                [0.379_651_710_603_593_93, 0.5, 0.900_000_000_049_911_5],
                [0.342_528_686_669_981_4, 0.2, 0.899_999_999_953_169_6],
                [0.324_492_542_349_878_2, 0.5, 0.899_999_999_956_720_4],
                [0.313_100_928_421_032_6, 0.5, 0.900_000_000_039_025],
            ],
        );
        golden::check(
            &Crossover::Vsbx(SimulatedBinaryCrossover::default()),
            true,
            [
                [0.3, 0.493_365_185_046_509_84, 0.899_773_013_755_238_3],
                [0.301_637_817_685_195_93, 0.5, 0.9],
                [0.3, 0.493_619_654_434_384_2, 0.899_113_342_052_624_2],
                [0.301_775_209_784_683_64, 0.5, 0.9],
            ],
        );
        golden::check(
            &Crossover::Vsbx(SimulatedBinaryCrossover::default()),
            false,
            [
                [0.3, 0.453_475_374_935_737, 0.898_411_089_110_897_6],
                [0.311_370_484_045_944_3, 0.5, 0.9],
                [0.3, 0.455_314_430_429_468_5, 0.893_792_966_689_190_5],
                [0.312_320_896_764_658_7, 0.5, 0.9],
            ],
        );
    }

    #[test]
    fn children_of_sbx_stay_inside() {
        let crossover = SimulatedBinaryCrossover {
            use_child_gene_prob: 1.0,
            ..SimulatedBinaryCrossover::default()
        };
        let mut rng = crate::math::random::Rng::keyed(0, 0, "sbx");
        let parents = [&[0.0, 0.01, 0.5][..], &[1.0, 0.02, 0.5][..]];
        for _ in 0..1_000 {
            for gene in crossover.cross_inside(parents, 0.5, &mut || rng.uniform()) {
                assert!((-1e-12..=1.0 + 1e-12).contains(&gene), "{gene}");
            }
        }
    }
}
