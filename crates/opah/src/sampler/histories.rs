//! What samplers keep of histories from one suggestion to the next.
//!
//! All of it can be rebuilt, and is when the history is another one; so it must be a
//! function of the set of trials, not of the order in which they were seen to finish.

use std::sync::{Arc, Mutex};

use crate::frozen_trial::{Direction, FrozenTrial};

/// As many histories are remembered: one sampler may serve a few studies.
const N_HISTORIES: usize = 4;

/// A state for each of the histories that a sampler has seen lately.
#[derive(Debug)]
pub(super) struct Histories<S>(Mutex<Vec<Seen<S>>>);

/// One history as far as it was seen.
#[derive(Debug)]
struct Seen<S> {
    directions: Vec<Direction>,
    n_trials: usize,
    last_trial: Option<Arc<FrozenTrial>>,
    state: S,
}

impl<S> Default for Histories<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S> Histories<S> {
    /// Runs `use_it` on the state of the history with these `finished` trials and on those
    /// of them that the state has not taken in; `new` makes the state of no trials.
    pub(super) fn with<T>(
        &self,
        finished: &[Arc<FrozenTrial>],
        directions: &[Direction],
        new: impl FnOnce() -> S,
        use_it: impl FnOnce(&mut S, &[Arc<FrozenTrial>]) -> T,
    ) -> T {
        let mut histories = self.0.lock().unwrap_or_else(|poisoned| {
            // A panic may have left half an update.
            let mut histories = poisoned.into_inner();
            histories.clear();
            histories
        });
        let known = histories.iter().enumerate();
        let grown = known.filter(|(_, seen)| seen.is_beginning_of(finished, directions));
        let longest = grown.max_by_key(|(_, seen)| seen.n_trials);
        let mut seen = match longest.map(|(at, _)| at) {
            Some(at) => histories.remove(at),
            None => Seen {
                directions: directions.to_vec(),
                n_trials: 0,
                last_trial: None,
                state: new(),
            },
        };
        let unseen = &finished[seen.n_trials..];
        seen.n_trials = finished.len();
        seen.last_trial = finished.last().cloned();
        let result = use_it(&mut seen.state, unseen);
        histories.insert(0, seen);
        histories.truncate(N_HISTORIES);
        result
    }
}

impl<S> Seen<S> {
    /// Whether the history `finished` began as this one. Lists of finished trials only grow
    /// at their ends: with the same record in one place, they are the same up to there.
    fn is_beginning_of(&self, finished: &[Arc<FrozenTrial>], directions: &[Direction]) -> bool {
        let is_grown = self.last_trial.as_ref().is_none_or(|last| {
            let there = finished.get(self.n_trials - 1);
            there.is_some_and(|trial| Arc::ptr_eq(trial, last))
        });
        self.directions == directions && is_grown
    }
}
