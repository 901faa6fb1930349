//! Which trial is of which generation, and who its parents are.
//!
//! A trial's generation is a system attribute that Optuna reads and writes too. Who the
//! parents of a generation are follows from the complete trials of all earlier ones; so a
//! result that comes late still counts, and nothing need be stored but the attribute.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use super::Genetic;
use crate::context::Context;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::json::Json;
use crate::multi_objective::{constrained_ranks, losses};
use crate::sampler::histories::Histories;

/// A complete trial of some generation; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Individual {
    pub trial: Arc<FrozenTrial>,
    /// One per objective, the smaller the better; never NaN.
    pub losses: Arc<Vec<f64>>,
    /// The sum of all positive constraints; 0 when it is feasible.
    pub violation: f64,
}

/// Some of them, e.g. the parents of a generation.
pub(super) type Individuals = Arc<Vec<Individual>>;

impl Individual {
    /// Whether it is feasible and `other` is not, or both are not and it violates less, or
    /// both are and it is better in an objective and nowhere worse (Deb et al. 2002,
    /// definition 1).
    pub(super) fn dominates(&self, other: &Self) -> bool {
        if self.violation > 0.0 || other.violation > 0.0 {
            return self.violation < other.violation;
        }
        let mut pairs = self.losses.iter().zip(other.losses.iter());
        pairs.all(|(own, others)| own <= others) && self.losses != other.losses
    }
}

/// The generation that is noted with a trial.
pub(super) fn of(trial: &FrozenTrial, attr: &str) -> Option<u64> {
    trial.system_attrs.get(attr).and_then(Json::parse)
}

/// Places of individuals, front after front; in each front, as they come.
pub(super) fn fronts(individuals: &[Individual]) -> Vec<Vec<usize>> {
    let losses: Vec<&[f64]> = individuals
        .iter()
        .map(|one| one.losses.as_slice())
        .collect();
    let violations: Vec<f64> = individuals.iter().map(|one| one.violation).collect();
    let mut fronts: Vec<Vec<usize>> = Vec::new();
    for (at, rank) in constrained_ranks(&losses, &violations)
        .into_iter()
        .enumerate()
    {
        if fronts.len() <= rank {
            fronts.resize(rank + 1, Vec::new());
        }
        fronts[rank].push(at);
    }
    fronts
}

/// Whole fronts as long as they fit into `n_survivors`; of the next one, the members that
/// `choose` takes, given who survives already, the front, and how many are free. All are
/// places of individuals.
pub(super) fn elite(
    individuals: &[Individual],
    n_survivors: usize,
    choose: impl FnOnce(&[usize], &[usize], usize) -> Vec<usize>,
) -> Vec<usize> {
    let mut survivors = Vec::new();
    for front in fronts(individuals) {
        let n_free = n_survivors - survivors.len();
        if front.len() >= n_free {
            let chosen = choose(&survivors, &front, n_free);
            survivors.extend(chosen);
            break;
        }
        survivors.extend(front);
    }
    survivors
}

/// The losses of the individuals in these places.
pub(super) fn losses_of<'a>(
    individuals: &'a [Individual],
    places: impl IntoIterator<Item = &'a usize>,
) -> Vec<&'a [f64]> {
    let places = places.into_iter();
    places
        .map(|at| individuals[*at].losses.as_slice())
        .collect()
}

/// The histories that a sampler has seen lately.
#[derive(Debug, Default)]
pub struct Memory(Histories<Seen>);

impl Memory {
    /// Runs `use_it` on what is known of the context's history, brought up to date.
    pub(super) fn with<G: Genetic, T>(
        &self,
        context: &Context,
        use_it: impl FnOnce(&mut Seen) -> T,
    ) -> T {
        let (finished, directions) = (context.history.finished(), context.directions);
        self.0
            .with(finished, directions, Seen::default, |seen, unseen| {
                seen.extend(unseen, directions, G::ATTR);
                use_it(seen)
            })
    }
}

/// One history as far as it was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// By generation: its complete trials, by number.
    populations: BTreeMap<u64, Vec<Individual>>,
    /// By generation: who survived it.
    survivors: BTreeMap<u64, Individuals>,
}

impl Seen {
    fn extend(&mut self, unseen: &[Arc<FrozenTrial>], directions: &[Direction], attr: &str) {
        for trial in unseen {
            if trial.state == TrialState::Complete
                && trial.values.len() == directions.len()
                && let Some(generation) = of(trial, attr)
            {
                self.add(trial, directions, generation);
            }
        }
    }

    fn add(&mut self, trial: &Arc<FrozenTrial>, directions: &[Direction], generation: u64) {
        let individual = Individual {
            trial: trial.clone(),
            losses: Arc::new(losses(&trial.values, directions)),
            violation: trial.violation(),
        };
        let population = self.populations.entry(generation).or_default();
        let place = population.partition_point(|known| known.trial.number < trial.number);
        population.insert(place, individual);
        // Who survives this generation or a later one has to be seen again.
        self.survivors.retain(|earlier, _| *earlier < generation);
    }

    /// The generation of a new trial: the last one that has a complete trial, or the next
    /// if that one is full.
    pub(super) fn next_generation(&self, population_size: usize) -> u64 {
        match self.populations.last_key_value() {
            None => 0,
            Some((last, population)) if population.len() < population_size => *last,
            Some((last, _)) => last.saturating_add(1),
        }
    }

    /// Who survived all generations before this one.
    pub(super) fn parents<G: Genetic>(&mut self, generation: u64, sampler: &G) -> Individuals {
        let known = self.survivors.range(..generation).next_back();
        let (from, mut survivors) = match known {
            Some((last, survivors)) => (Bound::Excluded(*last), survivors.clone()),
            None => (Bound::Unbounded, Individuals::default()),
        };
        let later = self.populations.range((from, Bound::Excluded(generation)));
        for (generation, population) in later {
            let mut all = population.clone();
            all.extend(survivors.iter().cloned());
            let places = sampler.survivors(&all, *generation);
            survivors = Arc::new(places.into_iter().map(|at| all[at].clone()).collect());
            self.survivors.insert(*generation, survivors.clone());
        }
        survivors
    }
}
