//! From parents to a child.

use super::generation::Individual;
use super::{Crossover, Mutation, UniformCrossover};
use crate::distribution::Distribution;
use crate::frozen_trial::Direction;
use crate::math::random::Rng;
use crate::sampler::Draw;
use crate::search_space::SearchSpace;
use crate::transform;

/// A crossover that leaves the space is tried again so many times; then its numbers are
/// moved to the nearest ends of their ranges.
const N_TRIES: usize = 100;

/// How children are made; all probabilities are from 0 to 1.
#[derive(Debug)]
pub(super) struct Reproduction {
    pub crossover: Crossover,
    pub crossover_prob: f64,
    pub swapping_prob: f64,
    pub mutation: Option<Mutation>,
    /// `None`: 1 over the number of parameters.
    pub mutation_prob: Option<f64>,
}

impl Reproduction {
    pub(super) fn new(
        crossover: Option<&Crossover>,
        crossover_prob: f64,
        swapping_prob: f64,
        mutation: Option<Mutation>,
        mutation_prob: Option<f64>,
    ) -> Self {
        let uniform = || Crossover::Uniform(UniformCrossover { swapping_prob });
        Self {
            crossover: crossover.cloned().unwrap_or_else(uniform),
            crossover_prob,
            swapping_prob,
            mutation,
            mutation_prob,
        }
    }
}

/// The parameters of a child; those that are missing are to be drawn uniformly. Nothing if
/// there are no parents, or a parent lacks a parameter.
pub(super) fn draw(
    rng: &mut Rng,
    parents: &[Individual],
    space: &SearchSpace,
    directions: &[Direction],
    reproduction: &Reproduction,
) -> Draw {
    let genome: Vec<&Distribution> = space.iter().map(|(_, gene)| gene.as_ref()).collect();
    let values = if rng.uniform() < reproduction.crossover_prob {
        crossed(
            rng,
            parents,
            space,
            &genome,
            directions.len() > 1,
            reproduction,
        )
    } else {
        let parent = parents.get(rng.below(parents.len()));
        parent.and_then(|parent| genes(parent, space))
    };
    let Some(values) = values else {
        return Draw::new();
    };
    let by_default = 1.0 / space.len().max(1) as f64;
    let mutation_prob = reproduction.mutation_prob.unwrap_or(by_default);
    let mut child = Draw::new();
    for ((name, distribution), value) in space.iter().zip(values) {
        let value = if rng.uniform() >= mutation_prob {
            Some(value)
        } else {
            mutated(rng, distribution, value, reproduction.mutation.as_ref())
        };
        if let Some(value) = value.filter(|value| distribution.contains(*value)) {
            child.push((name.clone(), value));
        }
    }
    child
}

/// The internal values of the space's parameters, by name.
fn genes(parent: &Individual, space: &SearchSpace) -> Option<Vec<f64>> {
    let values = space
        .iter()
        .map(|(name, _)| Some(parent.trial.params.get(name)?.value));
    values.collect()
}

/// The internal values of a child of several parents.
fn crossed(
    rng: &mut Rng,
    parents: &[Individual],
    space: &SearchSpace,
    genome: &[&Distribution],
    is_multi_objective: bool,
    reproduction: &Reproduction,
) -> Option<Vec<f64>> {
    let numeric: Vec<usize> = (0..genome.len())
        .filter(|at| is_numeric(genome[*at]))
        .collect();
    let mut tries = 0;
    loop {
        tries += 1;
        let places = couple(rng, parents, reproduction.crossover.n_parents());
        let couple = places.iter().map(|at| genes(parents.get(*at)?, space));
        let couple: Vec<Vec<f64>> = couple.collect::<Option<_>>()?;
        let (first, last) = (couple.first()?, couple.last()?);

        let mut child = first.clone();
        for at in (0..genome.len()).filter(|at| !is_numeric(genome[*at])) {
            if rng.uniform() >= reproduction.swapping_prob {
                child[at] = last[at];
            }
        }
        let units = |values: &Vec<f64>| -> Vec<f64> {
            numeric
                .iter()
                .map(|at| to_unit(genome[*at], values[*at]))
                .collect()
        };
        let units: Vec<Vec<f64>> = couple.iter().map(units).collect();
        let crossover = &reproduction.crossover;
        let crossed = crossover.cross(&units, is_multi_objective, &mut || rng.uniform());
        if tries < N_TRIES && !crossed.iter().all(|unit| (0.0..=1.0).contains(unit)) {
            continue;
        }
        for (gene, (at, unit)) in numeric.iter().zip(crossed).enumerate() {
            // A number that is a parent's is copied, as the way back might lose a bit.
            let same = units.iter().position(|parent| parent[gene] == unit);
            child[*at] = match same {
                Some(parent) => couple[parent][*at],
                None => from_unit(genome[*at], unit),
            };
        }
        return Some(child);
    }
}

/// Places of parents, each the winner of a tournament of two; different ones if there are
/// as many.
fn couple(rng: &mut Rng, parents: &[Individual], n_parents: usize) -> Vec<usize> {
    let mut places: Vec<usize> = Vec::new();
    for _ in 0..n_parents {
        let free = (0..parents.len()).filter(|at| !places.contains(at));
        let mut free: Vec<usize> = free.collect();
        if free.is_empty() {
            free = (0..parents.len()).collect();
        }
        let (Some(first), Some(second)) = (
            free.get(rng.below(free.len())),
            free.get(rng.below(free.len())),
        ) else {
            break;
        };
        // The second wins a draw.
        let first_wins = parents[*first].dominates(&parents[*second]);
        places.push(if first_wins { *first } else { *second });
    }
    places
}

/// Another value instead of this one; `None` if it is to be drawn uniformly.
fn mutated(
    rng: &mut Rng,
    distribution: &Distribution,
    value: f64,
    mutation: Option<&Mutation>,
) -> Option<f64> {
    let mutation = mutation.filter(|_| is_numeric(distribution))?;
    let unit = mutation.mutate(to_unit(distribution, value), rng.uniform());
    Some(from_unit(distribution, unit))
}

fn is_numeric(distribution: &Distribution) -> bool {
    !matches!(distribution, Distribution::Categorical(_))
}

/// Where in its interval a number lies: from 0 to 1.
fn to_unit(distribution: &Distribution, internal: f64) -> f64 {
    let (low, high) = transform::interval(distribution);
    if high > low {
        (transform::to_coordinate(distribution, internal) - low) / (high - low)
    } else {
        0.0
    }
}

fn from_unit(distribution: &Distribution, unit: f64) -> f64 {
    let (low, high) = transform::interval(distribution);
    transform::from_coordinate(distribution, low + unit.clamp(0.0, 1.0) * (high - low))
}
