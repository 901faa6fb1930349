//! Which trial is of which generation, and who its parents are.
//!
//! A trial's generation is a system attribute that Optuna reads and writes too. Who the
//! parents of a generation are follows from the complete trials of all earlier ones; so a
//! result that comes late still counts, and nothing need be stored but the attribute.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use super::Genetic;
use crate::context::Context;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::json::Json;
use crate::multi_objective::{constrained_ranks, losses};

/// As many histories are remembered: one sampler may serve a few studies.
const N_HISTORIES: usize = 4;

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

/// The histories that a sampler has seen lately.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Seen>>);

impl Memory {
    /// Runs `use_it` on what is known of the context's history, brought up to date.
    pub(super) fn with<G: Genetic, T>(
        &self,
        context: &Context,
        use_it: impl FnOnce(&mut Seen) -> T,
    ) -> T {
        let mut histories = self.0.lock().unwrap_or_else(|poisoned| {
            // A panic may have left half an update.
            let mut histories = poisoned.into_inner();
            histories.clear();
            histories
        });
        let finished = context.history.finished();
        let known = histories.iter().enumerate();
        let grown = known.filter(|(_, seen)| seen.is_beginning_of(finished, context.directions));
        let longest = grown.max_by_key(|(_, seen)| seen.n_known).map(|(at, _)| at);
        let mut seen = match longest {
            Some(at) => histories.remove(at),
            None => Seen::new(context.directions),
        };
        seen.extend(finished, G::ATTR);
        let result = use_it(&mut seen);
        histories.insert(0, seen);
        histories.truncate(N_HISTORIES);
        result
    }
}

/// One history as far as it was seen.
#[derive(Debug)]
pub(super) struct Seen {
    directions: Vec<Direction>,
    n_known: usize,
    last_known: Option<Arc<FrozenTrial>>,
    /// By generation: its complete trials, by number.
    populations: BTreeMap<u64, Vec<Individual>>,
    /// By generation: who survived it.
    survivors: BTreeMap<u64, Individuals>,
}

impl Seen {
    fn new(directions: &[Direction]) -> Self {
        Self {
            directions: directions.to_vec(),
            n_known: 0,
            last_known: None,
            populations: BTreeMap::new(),
            survivors: BTreeMap::new(),
        }
    }

    /// Whether the history began as this one: lists of finished trials only grow at their
    /// ends, so with the same record in one place they are the same up to there.
    fn is_beginning_of(&self, finished: &[Arc<FrozenTrial>], directions: &[Direction]) -> bool {
        let is_grown = self.last_known.as_ref().is_none_or(|last| {
            let there = finished.get(self.n_known - 1);
            there.is_some_and(|trial| Arc::ptr_eq(trial, last))
        });
        self.directions == directions && is_grown
    }

    fn extend(&mut self, finished: &[Arc<FrozenTrial>], attr: &str) {
        for trial in &finished[self.n_known..] {
            let is_valued = trial.values.len() == self.directions.len();
            if trial.state == TrialState::Complete
                && is_valued
                && let Some(generation) = of(trial, attr)
            {
                self.add(trial, generation);
            }
        }
        self.n_known = finished.len();
        self.last_known = finished.last().cloned();
    }

    fn add(&mut self, trial: &Arc<FrozenTrial>, generation: u64) {
        let individual = Individual {
            trial: trial.clone(),
            losses: Arc::new(losses(&trial.values, &self.directions)),
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
