//! NSGA-III: the elite are the least dominated, and among those the ones that fill the
//! niches around reference points.
//!
//! Deb and Jain, "An Evolutionary Many-Objective Optimization Algorithm Using
//! Reference-Point-Based Nondominated Sorting Approach, Part I: Solving Problems with Box
//! Constraints", IEEE Transactions on Evolutionary Computation 18 (2014).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::child::Reproduction;
use super::generation::{Individual, Memory, elite, losses_of};
use super::{Crossover, Genetic, Mutation, niches, objection, operator, sample};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::math::random::Rng;
use crate::registry::Configured;
use crate::sampler::{Draw, RandomSampler, Sampler};
use crate::search_space::SearchSpace;

/// Crosses the trials that are least dominated and nearest to lines through reference
/// points.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Nsga3Sampler {
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
    /// A point per niche with a number per objective, finite, not negative and not all 0;
    /// only the direction counts, in units of the range of each objective, from its best
    /// value on. Null: spread evenly.
    pub reference_points: Option<Vec<Vec<f64>>>,
    /// Evenly spread points divide the distance of two objectives into so many parts; at
    /// least 1.
    pub dividing_parameter: usize,
    /// What is kept from one suggestion to the next; no option.
    #[serde(skip)]
    pub memory: Memory,
}

impl Default for Nsga3Sampler {
    fn default() -> Self {
        Self {
            population_size: 50,
            mutation: None,
            mutation_prob: None,
            crossover: None,
            crossover_prob: 0.9,
            swapping_prob: 0.5,
            seed: RandomSampler::default().seed,
            reference_points: None,
            dividing_parameter: 3,
            memory: Memory::default(),
        }
    }
}

impl Configured for Nsga3Sampler {
    const NAME: &'static str = "nsga3";
    const CLASS: &'static str = "NSGAIIISampler";
    const SUMMARY: &'static str =
        "genetic search of three and more objectives; good for 100 to 10,000 trials";

    fn objection(&self) -> Option<String> {
        if self.dividing_parameter == 0 {
            return Some("`dividing_parameter` must be at least 1".to_owned());
        }
        let is_direction = |point: &Vec<f64>| {
            let is_right = |number: &f64| number.is_finite() && *number >= 0.0;
            point.iter().all(is_right) && point.iter().any(|number| *number > 0.0)
        };
        if let Some(points) = &self.reference_points
            && (points.is_empty() || !points.iter().all(is_direction))
        {
            return Some(
                "`reference_points` must be points of finite numbers that are not negative and \
                 not all 0, at least one"
                    .to_owned(),
            );
        }
        objection(self.population_size, &self.reproduction())
    }
}

impl Sampler for Nsga3Sampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn relative_search_space(&self, context: &Context) -> SearchSpace {
        context.history.intersection(false).without_single()
    }

    fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
        self.check_reference_points(context)?;
        sample(self, context, space)
    }
}

impl Nsga3Sampler {
    fn check_reference_points(&self, context: &Context) -> Result<()> {
        let n_objectives = context.directions.len();
        let given = self.reference_points.iter().flatten();
        if let Some(other) = given
            .map(Vec::len)
            .find(|n_numbers| *n_numbers != n_objectives)
        {
            return Err(Error::NotAvailable(format!(
                "a reference point of sampler `nsga3` has {other} number(s), but study `{}` has \
                 {n_objectives} objective(s)",
                context.study_name
            )));
        }
        let is_made = self.reference_points.is_none();
        if is_made && !niches::has_reference_points(n_objectives, self.dividing_parameter) {
            return Err(Error::NotAvailable(format!(
                "`dividing_parameter` {} makes more than {} reference points for the \
                 {n_objectives} objective(s) of study `{}`; use a smaller one",
                self.dividing_parameter,
                niches::MOST_POINTS,
                context.study_name
            )));
        }
        Ok(())
    }
}

impl Genetic for Nsga3Sampler {
    const ATTR: &'static str = "NSGAIIISampler:generation";

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

    /// Whole fronts as long as they fit; of the next one, those that fill niches.
    fn survivors(&self, individuals: &[Individual], generation: u64) -> Vec<usize> {
        elite(
            individuals,
            self.population_size,
            |members, front, n_free| {
                let losses = losses_of(individuals, members.iter().chain(front));
                let n_objectives = losses.first().map_or(0, |point| point.len());
                let made = || niches::reference_points(n_objectives, self.dividing_parameter);
                let points = self.reference_points.clone().unwrap_or_else(made);
                let places = niches::places(&losses, &points);
                let (members, candidates) = places.split_at(members.len());
                let mut rng = Rng::keyed(self.seed, generation, "niches of a generation");
                let joining = niches::joining(n_free, members, candidates, &mut rng);
                joining.into_iter().map(|at| front[at]).collect()
            },
        )
    }
}
