//! NSGA-II and NSGA-III: genetic search for whole Pareto fronts.
//!
//! Trials belong to generations. The children of a generation are crossed from the elite
//! of all earlier ones; the two samplers differ in whom they count among the elite. The
//! details are those of Optuna 5.0's samplers; `docs/samplers/nsga.md` tells when to use
//! them and where they differ from Optuna's.
//!
//! - [`Nsga2Sampler`], [`Nsga3Sampler`]: the options, and who survives
//! - `generation`: which trial is of which generation, and who its parents are
//! - `child`: from parents to a child; [`Crossover`] and [`Mutation`] are its parts
//! - `niches`: the mathematics of NSGA-III

mod child;
mod crossover;
mod generation;
mod mutation;
mod niches;
mod nsga2;
mod nsga3;
#[cfg(test)]
mod tests;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

pub use self::crossover::{
    BlxAlphaCrossover, Crossover, SimulatedBinaryCrossover, SpxCrossover, UndxCrossover,
    UniformCrossover,
};
pub use self::generation::Memory;
pub use self::mutation::{Mutation, PolynomialMutation};
pub use self::nsga2::Nsga2Sampler;
pub use self::nsga3::Nsga3Sampler;

use self::child::Reproduction;
use self::generation::{Individual, Individuals};
use super::{Draw, Sampler};
use crate::context::Context;
use crate::error::Result;
use crate::json::Json;
use crate::registry::{self, Configured};
use crate::search_space::SearchSpace;

/// The system attributes of trials in which Optuna and opah keep the generation, a whole
/// number from 0. A trial that is run again stays in its generation.
pub(crate) const GENERATION_ATTRS: [&str; 2] = [Nsga2Sampler::ATTR, Nsga3Sampler::ATTR];

/// A genetic sampler: what is said of it here, and whom it keeps.
trait Genetic: Configured + Sampler {
    /// The system attribute of trials with their generation.
    const ATTR: &'static str;

    /// So many survive a generation, and so many trials make one.
    fn population_size(&self) -> usize;

    /// How children are made.
    fn reproduction(&self) -> Reproduction;

    /// What is kept from one suggestion to the next.
    fn memory(&self) -> &Memory;

    /// Places of the individuals that survive the `generation`, at most as many as a
    /// population has.
    fn survivors(&self, individuals: &[Individual], generation: u64) -> Vec<usize>;
}

/// A child of the trial's generation; nothing in generation 0, or if parents lack a
/// parameter. The generation is saved with the trial.
fn sample<G: Genetic>(sampler: &G, context: &Context, space: &SearchSpace) -> Result<Draw> {
    registry::check("sampler", sampler)?;
    let own = generation::of(context.trial, G::ATTR);
    let (generation, parents): (u64, Individuals) =
        sampler.memory().with::<G, _>(context, |seen| {
            let generation = own.unwrap_or_else(|| seen.next_generation(sampler.population_size()));
            (generation, seen.parents(generation, sampler))
        });
    if own.is_none() {
        context.save_state(G::ATTR, Json::new(&generation));
    }
    let mut rng = context.rng(sampler.seed(), "child of a generation");
    let reproduction = sampler.reproduction();
    Ok(child::draw(
        &mut rng,
        &parents,
        space,
        context.directions,
        &reproduction,
    ))
}

/// Why these options can't be used, if they can't.
fn objection(population_size: usize, reproduction: &Reproduction) -> Option<String> {
    let crossover = &reproduction.crossover;
    if population_size < 2 {
        return Some(format!(
            "`population_size` must be at least 2, but it is {population_size}"
        ));
    }
    if population_size < crossover.n_parents() {
        return Some(format!(
            "`population_size` must be at least {}, the number of parents of this `crossover`, but \
             it is {population_size}",
            crossover.n_parents()
        ));
    }
    let probabilities = [
        ("mutation_prob", reproduction.mutation_prob.unwrap_or(0.0)),
        ("crossover_prob", reproduction.crossover_prob),
        ("swapping_prob", reproduction.swapping_prob),
    ];
    let wrong = probabilities
        .iter()
        .find_map(|(name, value)| not_in_unit(name, *value));
    let mutation = reproduction.mutation.as_ref();
    wrong
        .or_else(|| crossover.objection())
        .or_else(|| mutation.and_then(Mutation::objection))
}

/// What is wrong with a probability, if it is none.
fn not_in_unit(name: &str, value: f64) -> Option<String> {
    let is_right = (0.0..=1.0).contains(&value);
    (!is_right).then(|| format!("`{name}` must be from 0 to 1, but it is {value}"))
}

/// What is wrong with a number that may not be negative.
fn negative(name: &str, value: f64) -> Option<String> {
    let is_right = value >= 0.0 && value.is_finite();
    (!is_right).then(|| format!("`{name}` must be finite and not negative, but it is {value}"))
}

/// Reads an operator as `{"type": "sbx", "attributes": {…}}`, without the attributes, or as
/// its name alone; null is none.
fn operator<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> std::result::Result<Option<T>, D::Error> {
    let mut given = Value::deserialize(deserializer)?;
    if let Value::String(name) = given {
        given = json!({"type": name});
    }
    if let Value::Object(fields) = &mut given {
        let attributes = fields.entry("attributes").or_insert(Value::Null);
        if attributes.is_null() {
            *attributes = json!({});
        }
    }
    serde_json::from_value(given).map_err(D::Error::custom)
}
