//! Simplex crossover.
//!
//! Tsutsui, Goldberg and Sastry, "Progress Toward Linkage Learning in Real-Coded GAs with
//! Simplex Crossover", `IlliGAL` Report 2000032 (2000), section 2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Draws uniformly from the triangle of three parents, enlarged.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SpxCrossover {
    /// How many times larger the triangle is; not negative; null: the root of 2 more than
    /// there are numbers.
    pub epsilon: Option<f64>,
}

impl SpxCrossover {
    pub(super) fn cross(
        &self,
        [a, b, c]: [&[f64]; 3],
        uniform: &mut dyn FnMut() -> f64,
    ) -> Vec<f64> {
        let epsilon = self.epsilon.unwrap_or(((a.len() + 2) as f64).sqrt());
        // Eq. 2: the k-th of 0 and 1 is uniform to the power of 1/(k + 1).
        let [first, second] = [uniform(), uniform().sqrt()];
        let genes = a.iter().zip(b).zip(c);
        genes
            .map(|((a, b), c)| {
                let centre = (a + b + c) / 3.0;
                // Eq. 3.
                let [a, b, c] = [a, b, c].map(|parent| centre + epsilon * (parent - centre));
                // Eq. 4 and 5.
                c + second * (b - c + first * (a - b))
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
            &Crossover::Spx(SpxCrossover::default()),
            true,
            [
                [
                    0.022_267_650_453_752_008,
                    0.561_806_707_690_037_2,
                    0.946_573_044_134_934_5,
                ],
                [
                    0.449_673_211_083_049_36,
                    0.598_082_399_290_600_1,
                    0.370_796_616_472_101_94,
                ],
                [
                    0.270_003_218_714_872_54,
                    -0.018_290_373_523_189_185,
                    1.123_792_713_633_248_2,
                ],
                [
                    0.277_861_080_179_078_3,
                    0.550_465_487_166_558_1,
                    0.630_331_458_680_100_8,
                ],
            ],
        );
        golden::check(
            &Crossover::Spx(SpxCrossover { epsilon: Some(1.5) }),
            true,
            [
                [
                    0.124_664_129_617_492_4,
                    0.535_974_873_178_946_9,
                    0.837_974_592_535_592_3,
                ],
                [
                    0.411_376_495_876_047_4,
                    0.560_309_346_883_85,
                    0.451_732_022_906_767_06,
                ],
                [
                    0.290_850_200_940_413_9,
                    0.146_833_921_036_349_85,
                    0.956_857_160_920_074_8,
                ],
                [
                    0.296_121_414_657_935_9,
                    0.528_366_951_167_452_5,
                    0.625_833_287_818_797_1,
                ],
            ],
        );
    }
}
