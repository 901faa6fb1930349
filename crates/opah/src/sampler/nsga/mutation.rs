//! How a number is mutated.
//!
//! Polynomial mutation of Deb, Pratap, Agarwal and Meyarivan, "A Fast and Elitist
//! Multiobjective Genetic Algorithm: NSGA-II", IEEE Transactions on Evolutionary
//! Computation 6 (2002), in the bounded form of their program (revision 1.1.6).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::negative;

/// A mutation by its name, with its options: `{"type": "polynomial", "attributes": {"eta":
/// 5}}`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "type",
    content = "attributes",
    rename_all = "lowercase",
    deny_unknown_fields
)]
pub enum Mutation {
    /// A number near the old one.
    #[serde(alias = "PolynomialMutation")]
    Polynomial(PolynomialMutation),
}

/// Draws a number near the old one, inside of its range.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolynomialMutation {
    /// The distribution index: the greater, the nearer to the old number; not negative.
    pub eta: f64,
}

impl Default for PolynomialMutation {
    fn default() -> Self {
        Self { eta: 20.0 }
    }
}

impl Mutation {
    /// A number of the unit interval instead of `unit`; `uniform` is from `[0, 1)`.
    pub(super) fn mutate(&self, unit: f64, uniform: f64) -> f64 {
        let Self::Polynomial(PolynomialMutation { eta }) = self;
        let power = eta + 1.0;
        let moved = if uniform <= 0.5 {
            let down = 2.0 * uniform + (1.0 - 2.0 * uniform) * (1.0 - unit).powf(power);
            unit + down.powf(1.0 / power) - 1.0
        } else {
            let up = 2.0 * (1.0 - uniform) + 2.0 * (uniform - 0.5) * unit.powf(power);
            unit + 1.0 - up.powf(1.0 / power)
        };
        moved.clamp(0.0, 1.0)
    }

    /// Why its options can't be used, if they can't.
    pub(super) fn objection(&self) -> Option<String> {
        let Self::Polynomial(PolynomialMutation { eta }) = self;
        negative("eta", *eta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `optuna.samplers.nsgaii.PolynomialMutation`, Optuna 5.0.0, in the unit interval.
    #[test]
    fn mutants_are_optunas() {
        for (eta, unit, uniform, expected) in [
            (20.0, 0.0, 0.3, 0.0),
            (20.0, 0.0, 0.7, 0.024_031_560_532_588_148),
            (20.0, 0.25, 0.01, 0.084_404_105_243_592_65),
            (20.0, 0.25, 0.5, 0.25),
            (20.0, 0.25, 0.99, 0.419_964_501_460_820_3),
            (20.0, 0.9, 0.9, 0.957_625_813_953_168_6),
            (20.0, 1.0, 0.6, 1.0),
            (2.0, 0.0, 0.3, 0.0),
            (2.0, 0.0, 0.7, 0.156_567_334_698_250_68),
            (2.0, 0.25, 0.01, 0.006_790_190_739_933_699),
            (2.0, 0.25, 0.5, 0.25),
            (2.0, 0.25, 0.99, 0.921_922_720_469_689_7),
            (2.0, 0.9, 0.9, 0.978_226_483_449_348_9),
            (2.0, 1.0, 0.6, 1.0),
            (0.0, 0.0, 0.3, 0.0),
            (0.0, 0.0, 0.7, 0.399_999_999_999_999_9),
            (0.0, 0.25, 0.01, 0.005_000_000_000_000_004_4),
            (0.0, 0.25, 0.5, 0.25),
            (0.0, 0.25, 0.99, 0.985),
            (0.0, 0.9, 0.9, 0.98),
            (0.0, 1.0, 0.6, 1.0),
        ] {
            let mutation = Mutation::Polynomial(PolynomialMutation { eta });
            let got = mutation.mutate(unit, uniform);
            assert!((got - expected).abs() < 1e-13, "{got} is not {expected}");
        }
    }
}
