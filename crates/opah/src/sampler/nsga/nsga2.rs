//! NSGA-II: the elite are the least dominated, and among those the loneliest.
//!
//! Deb, Pratap, Agarwal and Meyarivan, "A Fast and Elitist Multiobjective Genetic
//! Algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6 (2002).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::child::Reproduction;
use super::generation::{Individual, Memory, elite, losses_of};
use super::{Crossover, Genetic, Mutation, objection, operator, sample};
use crate::context::Context;
use crate::error::Result;
use crate::multi_objective::by_crowding;
use crate::registry::Configured;
use crate::sampler::{Draw, RandomSampler, Sampler};
use crate::search_space::SearchSpace;

/// Crosses the trials that are least dominated and least crowded.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Nsga2Sampler {
    /// So many complete trials make a generation, and so many survive it; at least 2.
    pub population_size: usize,
    /// How a mutated number is drawn; null: uniformly. Choices always are.
    #[serde(deserialize_with = "operator")]
    pub mutation: Option<Mutation>,
    /// The probability that a parameter is mutated, from 0 to 1; null: 1 over the number of
    /// parameters.
    pub mutation_prob: Option<f64>,
    /// How the numbers of parents make those of a child; null: uniform, with
    /// `swapping_prob`.
    #[serde(deserialize_with = "operator")]
    pub crossover: Option<Crossover>,
    /// The probability that a child has several parents, from 0 to 1; others copy one.
    pub crossover_prob: f64,
    /// The probability of a child's choice being that of its first parent, from 0 to 1.
    pub swapping_prob: f64,
    /// The seed of all draws; by default another one in every process.
    pub seed: u64,
    /// What is kept from one suggestion to the next; no option.
    #[serde(skip)]
    pub memory: Memory,
}

impl Default for Nsga2Sampler {
    fn default() -> Self {
        Self {
            population_size: 50,
            mutation: None,
            mutation_prob: None,
            crossover: None,
            crossover_prob: 0.9,
            swapping_prob: 0.5,
            seed: RandomSampler::default().seed,
            memory: Memory::default(),
        }
    }
}

impl Configured for Nsga2Sampler {
    const NAME: &'static str = "nsga2";
    const CLASS: &'static str = "NSGAIISampler";
    const SUMMARY: &'static str =
        "genetic search of two or three objectives; good for 100 to 10,000 trials";

    fn objection(&self) -> Option<String> {
        objection(self.population_size, &self.reproduction())
    }
}

impl Sampler for Nsga2Sampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn relative_search_space(&self, context: &Context) -> SearchSpace {
        context.history.intersection(false).without_single()
    }

    fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
        sample(self, context, space)
    }
}

impl Genetic for Nsga2Sampler {
    const ATTR: &'static str = "NSGAIISampler:generation";

    fn population_size(&self) -> usize {
        self.population_size
    }

    fn reproduction(&self) -> Reproduction {
        Reproduction::new(
            self.crossover.as_ref(),
            self.crossover_prob,
            self.swapping_prob,
            self.mutation.clone(),
            self.mutation_prob,
        )
    }

    fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Whole fronts as long as they fit; of the next one, the loneliest.
    fn survivors(&self, individuals: &[Individual], _generation: u64) -> Vec<usize> {
        elite(individuals, self.population_size, |_, front, n_free| {
            let losses = losses_of(individuals, front);
            let loneliest = by_crowding(&losses).into_iter().take(n_free);
            loneliest.map(|at| front[at]).collect()
        })
    }
}
