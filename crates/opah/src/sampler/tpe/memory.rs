//! What is kept of a history from one suggestion to the next.
//!
//! Everything here can be rebuilt, and is when the history is another one; it is a
//! function of the set of trials, not of the order in which they were seen to finish.

use std::sync::{Arc, Mutex};

use super::groups::Groups;
use super::observation::observation;
use super::parzen::{Observation, Parzen};
use super::split::{Ranking, is_observed};
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::search_space::SearchSpace;

/// As many histories are remembered: one sampler may serve a few studies.
const N_HISTORIES: usize = 4;
/// As many spaces are remembered of each, e.g. one per parameter.
const N_SPACES: usize = 256;

/// The histories that a sampler has seen lately.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Seen>>);

impl Memory {
    /// Runs `use_it` on what is known of the history, brought up to date.
    pub(super) fn with<T>(
        &self,
        finished: &[Arc<FrozenTrial>],
        direction: Direction,
        use_it: impl FnOnce(&mut Seen) -> T,
    ) -> T {
        let mut histories = self.0.lock().unwrap_or_else(|poisoned| {
            // A panic may have left half an update.
            let mut histories = poisoned.into_inner();
            histories.clear();
            histories
        });
        let known = histories.iter().enumerate();
        let grown = known.filter(|(_, seen)| seen.is_beginning_of(finished, direction));
        let longest = grown.max_by_key(|(_, seen)| seen.finished.len());
        let mut seen = match longest.map(|(at, _)| at) {
            Some(at) => histories.remove(at),
            None => Seen::new(direction),
        };
        seen.extend(finished);
        let result = use_it(&mut seen);
        histories.insert(0, seen);
        histories.truncate(N_HISTORIES);
        result
    }
}

/// One history as far as it was seen.
#[derive(Debug)]
pub(super) struct Seen {
    direction: Direction,
    finished: Vec<Arc<FrozenTrial>>,
    ranking: Ranking,
    groups: Groups,
    /// The last used first.
    spaces: Vec<Estimates>,
}

impl Seen {
    fn new(direction: Direction) -> Self {
        Self {
            direction,
            finished: Vec::new(),
            ranking: Ranking::new(direction),
            groups: Groups::default(),
            spaces: Vec::new(),
        }
    }

    /// Whether the history `finished` began as this one: with the same records, not
    /// only with equal ones.
    fn is_beginning_of(&self, finished: &[Arc<FrozenTrial>], direction: Direction) -> bool {
        // Lists of finished trials only grow at their ends: with the same record in one
        // place, they are the same up to there.
        let is_grown = self.finished.last().is_none_or(|last| {
            let there = finished.get(self.finished.len() - 1);
            there.is_some_and(|trial| Arc::ptr_eq(trial, last))
        });
        self.direction == direction && is_grown
    }

    fn extend(&mut self, finished: &[Arc<FrozenTrial>]) {
        let first = self.finished.len();
        let new = &finished[first..];
        self.ranking.extend(new, first);
        self.finished.extend_from_slice(new);
    }

    /// How many trials are observed.
    pub(super) fn n_observed(&self) -> usize {
        self.ranking.len()
    }

    /// The parameters in groups of those that occur together.
    pub(super) fn groups(&mut self) -> Vec<SearchSpace> {
        self.groups.extend(&self.finished);
        self.groups.spaces()
    }

    /// The density estimates of good and bad trials in `space`.
    pub(super) fn estimates(
        &mut self,
        space: &SearchSpace,
        running: Vec<Observation>,
    ) -> &Estimates {
        let known = self.spaces.iter().position(|known| known.space == *space);
        let mut estimates = match known {
            Some(at) => self.spaces.remove(at),
            None => Estimates::new(space),
        };
        estimates.update(&self.finished, &self.ranking, running);
        self.spaces.truncate(N_SPACES - 1);
        self.spaces.insert(0, estimates);
        &self.spaces[0]
    }
}

/// Density estimates of the trials that have all parameters of a space.
#[derive(Debug)]
pub(super) struct Estimates {
    space: SearchSpace,
    /// How many finished trials were looked at.
    n_seen: usize,
    /// Numbers of good trials and their places among the finished ones.
    good_trials: Vec<(u64, usize)>,
    /// The running trials that count as bad.
    running: Vec<Observation>,
    /// Of good trials.
    pub good: Parzen,
    /// Of bad trials.
    pub bad: Parzen,
}

impl Estimates {
    fn new(space: &SearchSpace) -> Self {
        Self {
            space: space.clone(),
            n_seen: 0,
            good_trials: Vec::new(),
            running: Vec::new(),
            good: Parzen::new(space),
            bad: Parzen::new(space),
        }
    }

    /// Follows what changed: trials ended, some became good or bad, others run.
    fn update(
        &mut self,
        finished: &[Arc<FrozenTrial>],
        ranking: &Ranking,
        running: Vec<Observation>,
    ) {
        let good_trials = ranking.good();
        let stopped = self.running.iter().filter(|known| !running.contains(known));
        let mut leaving: Vec<u64> = stopped.map(|known| known.number).collect();
        let started = running.iter().filter(|trial| !self.running.contains(trial));
        let mut joining: Vec<Observation> = started.cloned().collect();

        let is_in = |trials: &[(u64, usize)], trial| trials.binary_search(&trial).is_ok();
        let is_new = |trial: &(u64, usize)| trial.1 >= self.n_seen;
        let promoted = good_trials
            .iter()
            .filter(|trial| !is_new(trial) && !is_in(&self.good_trials, **trial));
        leaving.extend(promoted.map(|(number, _)| *number));
        let demoted = self
            .good_trials
            .iter()
            .filter(|trial| !is_in(&good_trials, **trial))
            .map(|(_, at)| &finished[*at]);
        let new = finished[self.n_seen..].iter().zip(self.n_seen..);
        let new_bad = new
            .filter(|(trial, at)| is_observed(trial) && !is_in(&good_trials, (trial.number, *at)))
            .map(|(trial, _)| trial);
        let bad = demoted.chain(new_bad);
        joining.extend(bad.filter_map(|trial| observation(trial, &self.space)));

        self.bad.change(&leaving, &joining);
        if good_trials != self.good_trials {
            let observed = good_trials
                .iter()
                .filter_map(|(_, at)| observation(&finished[*at], &self.space));
            self.good = Parzen::new(&self.space);
            self.good.change(&[], &observed.collect::<Vec<_>>());
            self.good_trials = good_trials;
        }
        self.running = running;
        self.n_seen = finished.len();
    }
}
