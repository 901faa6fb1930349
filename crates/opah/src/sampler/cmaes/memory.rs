//! What is kept of a history from one suggestion to the next.
//!
//! Everything here can be rebuilt, and is when the history is another one; it is a function
//! of the set of trials, not of the order in which they were seen to finish.

use std::sync::{Arc, Mutex};

use super::CmaEsSampler;
use super::replay::Replay;
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::search_space::SearchSpace;

/// As many histories are remembered: one sampler may serve a few studies.
const N_HISTORIES: usize = 4;
/// As many spaces are remembered of each: the last ones that its trials have in common.
const N_SPACES: usize = 4;

/// The histories that a sampler has seen lately.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Seen>>);

impl Memory {
    /// Runs `use_it` on the search in `space` after the trials in `finished`.
    pub(super) fn with<T>(
        &self,
        options: &CmaEsSampler,
        finished: &[Arc<FrozenTrial>],
        direction: Direction,
        space: &SearchSpace,
        use_it: impl FnOnce(&Replay) -> T,
    ) -> T {
        let mut histories = self.0.lock().unwrap_or_else(|poisoned| {
            // A panic may have left half an update.
            let mut histories = poisoned.into_inner();
            histories.clear();
            histories
        });
        let known = histories.iter().enumerate();
        let grown = known.filter(|(_, seen)| seen.is_beginning_of(finished, direction));
        let longest = grown.max_by_key(|(_, seen)| seen.n_trials);
        let mut seen = match longest.map(|(at, _)| at) {
            Some(at) => histories.remove(at),
            None => Seen::new(direction),
        };
        seen.n_trials = finished.len();
        seen.last_trial = finished.last().cloned();
        let result = use_it(seen.replay(options, finished, space));
        histories.insert(0, seen);
        histories.truncate(N_HISTORIES);
        result
    }
}

/// One history as far as it was seen.
#[derive(Debug)]
struct Seen {
    direction: Direction,
    n_trials: usize,
    last_trial: Option<Arc<FrozenTrial>>,
    /// The last used first.
    replays: Vec<Replay>,
}

impl Seen {
    fn new(direction: Direction) -> Self {
        Self {
            direction,
            n_trials: 0,
            last_trial: None,
            replays: Vec::new(),
        }
    }

    /// Whether the history `finished` began as this one. Lists of finished trials only grow
    /// at their ends: with the same record in one place, they are the same up to there.
    fn is_beginning_of(&self, finished: &[Arc<FrozenTrial>], direction: Direction) -> bool {
        let is_grown = self.last_trial.as_ref().is_none_or(|last| {
            let there = finished.get(self.n_trials - 1);
            there.is_some_and(|trial| Arc::ptr_eq(trial, last))
        });
        self.direction == direction && is_grown
    }

    fn replay(
        &mut self,
        options: &CmaEsSampler,
        finished: &[Arc<FrozenTrial>],
        space: &SearchSpace,
    ) -> &Replay {
        let known = self.replays.iter().position(|known| known.space == *space);
        let mut replay = match known {
            Some(at) => self.replays.remove(at),
            None => Replay::new(options, space),
        };
        replay.update(options, finished, self.direction);
        self.replays.truncate(N_SPACES - 1);
        self.replays.insert(0, replay);
        &self.replays[0]
    }
}
