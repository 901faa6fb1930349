//! Blend crossover.
//!
//! Eshelman and Schaffer, "Real-Coded Genetic Algorithms and Interval-Schemata",
//! Foundations of Genetic Algorithms 2 (1993).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Draws uniformly from a box around two parents.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BlxAlphaCrossover {
    /// How far the box reaches beyond both parents, in units of their distance; not
    /// negative.
    pub alpha: f64,
}

impl Default for BlxAlphaCrossover {
    fn default() -> Self {
        Self { alpha: 0.5 }
    }
}

impl BlxAlphaCrossover {
    pub(super) fn cross(
        &self,
        [first, second]: [&[f64]; 2],
        uniform: &mut dyn FnMut() -> f64,
    ) -> Vec<f64> {
        let genes = first.iter().zip(second);
        genes
            .map(|(first, second)| {
                let (least, greatest) = (first.min(*second), first.max(*second));
                let beyond = self.alpha * (greatest - least);
                let (low, high) = (least - beyond, greatest + beyond);
                low + uniform() * (high - low)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Crossover, golden};
    use super::*;

    #[test]
    fn children_are_optunas() {
        golden::check(
            &Crossover::BlxAlpha(BlxAlphaCrossover::default()),
            true,
            [
                [0.365_863_895_273_308_65, 0.473_603_477_565_704, 0.9],
                [0.115_479_164_584_790_64, 0.098_026_381_532_926_96, 0.9],
                [0.265_094_433_896_272_63, 0.322_449_285_500_149_84, 0.9],
                [0.014_709_703_207_754_584, 0.546_872_189_467_372_8, 0.9],
            ],
        );
    }
}
