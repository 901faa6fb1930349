//! Uniform crossover.
//!
//! Syswerda, "Uniform Crossover in Genetic Algorithms", International Conference on Genetic
//! Algorithms (1989).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes each number from one of two parents.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UniformCrossover {
    /// The probability of the first parent's number, from 0 to 1.
    pub swapping_prob: f64,
}

impl Default for UniformCrossover {
    fn default() -> Self {
        Self { swapping_prob: 0.5 }
    }
}

impl UniformCrossover {
    pub(super) fn cross(
        &self,
        [first, second]: [&[f64]; 2],
        uniform: &mut dyn FnMut() -> f64,
    ) -> Vec<f64> {
        let genes = first.iter().zip(second);
        genes
            .map(|(first, second)| {
                if uniform() >= self.swapping_prob {
                    *second
                } else {
                    *first
                }
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
            &Crossover::Uniform(UniformCrossover { swapping_prob: 0.6 }),
            true,
            [
                [0.3, 0.2, 0.9],
                [0.1, 0.5, 0.9],
                [0.3, 0.5, 0.9],
                [0.1, 0.2, 0.9],
            ],
        );
    }
}
