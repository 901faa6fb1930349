//! How the numbers of parents make those of a child.
//!
//! Each crossover knows vectors in the unit cube, a gene per parameter, and a stream of
//! numbers uniform in `[0, 1)`; no trials. Children may lie outside of the cube; then the
//! caller tries again.

mod blend;
mod normal;
mod simplex;
mod simulated_binary;
mod uniform;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::blend::BlxAlphaCrossover;
pub use self::normal::UndxCrossover;
pub use self::simplex::SpxCrossover;
pub use self::simulated_binary::SimulatedBinaryCrossover;
pub use self::uniform::UniformCrossover;

use super::{negative, not_in_unit};

/// A crossover by its name, with its options: `{"type": "sbx", "attributes": {"eta": 10}}`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "type",
    content = "attributes",
    rename_all = "lowercase",
    deny_unknown_fields
)]
pub enum Crossover {
    /// Each number is one of two parents'.
    #[serde(alias = "UniformCrossover")]
    Uniform(UniformCrossover),
    /// Uniform in a box around two parents.
    #[serde(alias = "BLXAlphaCrossover")]
    BlxAlpha(BlxAlphaCrossover),
    /// Near one of two parents, inside of the ranges.
    #[serde(alias = "SBXCrossover")]
    Sbx(SimulatedBinaryCrossover),
    /// As `sbx`, but also beyond the parents and the ranges.
    #[serde(alias = "VSBXCrossover")]
    Vsbx(SimulatedBinaryCrossover),
    /// Uniform in an enlarged triangle of three parents.
    #[serde(alias = "SPXCrossover")]
    Spx(SpxCrossover),
    /// Normal around the middle of two parents, as wide as a third is far.
    #[serde(alias = "UNDXCrossover")]
    Undx(UndxCrossover),
}

/// The distribution index of `sbx` and `vsbx` unless another is given.
fn default_eta(is_multi_objective: bool) -> f64 {
    if is_multi_objective { 20.0 } else { 2.0 }
}

impl Crossover {
    /// How many parents a child has.
    pub fn n_parents(&self) -> usize {
        match self {
            Self::Uniform(_) | Self::BlxAlpha(_) | Self::Sbx(_) | Self::Vsbx(_) => 2,
            Self::Spx(_) | Self::Undx(_) => 3,
        }
    }

    /// A child's numbers, one per gene. `parents` is `n_parents × n_genes`, mostly in the
    /// unit cube; `uniform` gives numbers in `[0, 1)`.
    pub(super) fn cross(
        &self,
        parents: &[Vec<f64>],
        is_multi_objective: bool,
        uniform: &mut dyn FnMut() -> f64,
    ) -> Vec<f64> {
        let eta = |given: Option<f64>| given.unwrap_or_else(|| default_eta(is_multi_objective));
        match (self, parents) {
            (Self::Uniform(it), [a, .., b]) => it.cross([a, b], uniform),
            (Self::BlxAlpha(it), [a, .., b]) => it.cross([a, b], uniform),
            (Self::Sbx(it), [a, .., b]) => it.cross_inside([a, b], eta(it.eta), uniform),
            (Self::Vsbx(it), [a, .., b]) => it.cross_beyond([a, b], eta(it.eta), uniform),
            (Self::Spx(it), [a, b, c]) => it.cross([a, b, c], uniform),
            (Self::Undx(it), [a, b, c]) => it.cross([a, b, c], uniform),
            (_, few) => few.first().cloned().unwrap_or_default(),
        }
    }

    /// Why its options can't be used, if they can't.
    pub(super) fn objection(&self) -> Option<String> {
        match self {
            Self::Uniform(it) => not_in_unit("swapping_prob", it.swapping_prob),
            Self::BlxAlpha(it) => negative("alpha", it.alpha),
            Self::Sbx(it) | Self::Vsbx(it) => it.objection(),
            Self::Spx(it) => negative("epsilon", it.epsilon.unwrap_or(0.0)),
            Self::Undx(it) => negative("sigma_xi", it.sigma_xi)
                .or_else(|| negative("sigma_eta", it.sigma_eta.unwrap_or(0.0))),
        }
    }
}

/// Golden numbers of the crossovers, and of mutation: what Optuna 5.0.0 makes of the parents
/// `(0.1, 0.5, 0.9)`, `(0.3, 0.2, 0.9)`, `(0.6, 0.75, 0.05)` in the unit cube if its `rand()`
/// gives the numbers of [`uniform`](golden::uniform).
#[cfg(test)]
mod golden {
    use super::Crossover;

    /// The `k`-th number is `(k·7919 + 1234) mod 10007 / 10007`, `k = 1, 2, …`.
    fn uniform() -> impl FnMut() -> f64 {
        let mut k = 0_u64;
        move || {
            k += 1;
            ((k * 7_919 + 1_234) % 10_007) as f64 / 10_007.0
        }
    }

    /// What four children in a row are.
    #[track_caller]
    pub(super) fn check(crossover: &Crossover, is_multi_objective: bool, expected: [[f64; 3]; 4]) {
        let parents = [
            vec![0.1, 0.5, 0.9],
            vec![0.3, 0.2, 0.9],
            vec![0.6, 0.75, 0.05],
        ];
        let mut uniform = uniform();
        for expected in expected {
            let parents = &parents[..crossover.n_parents()];
            let child = crossover.cross(parents, is_multi_objective, &mut uniform);
            for (got, expected) in child.iter().zip(expected) {
                assert!(
                    (got - expected).abs() < 1e-12,
                    "{child:?} is not {expected}"
                );
            }
        }
    }
}
