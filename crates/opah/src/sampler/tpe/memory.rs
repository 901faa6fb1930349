//! What is kept of a history from one suggestion to the next.
//!
//! Everything here can be rebuilt, and is when the history is another one; it is a
//! function of the set of trials, not of the order in which they were seen to finish.

use std::sync::Arc;

use super::groups::Groups;
use super::observation::observation;
use super::parzen::{Observation, Parzen};
use super::split::{Ranking, is_observed};
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::sampler::histories::Histories;
use crate::search_space::SearchSpace;

/// As many spaces are remembered of each, e.g. one per parameter.
const N_SPACES: usize = 256;

/// The histories that a sampler has seen lately.
#[derive(Debug, Default)]
pub struct Memory(Histories<Seen>);

impl Memory {
    /// Runs `use_it` on what is known of the history, brought up to date.
    pub(super) fn with<T>(
        &self,
        finished: &[Arc<FrozenTrial>],
        direction: Direction,
        use_it: impl FnOnce(&mut Seen) -> T,
    ) -> T {
        let new = || Seen::new(direction);
        self.0.with(finished, &[direction], new, |seen, unseen| {
            seen.extend(unseen);
            use_it(seen)
        })
    }
}

/// One history as far as it was seen.
#[derive(Debug)]
pub(super) struct Seen {
    finished: Vec<Arc<FrozenTrial>>,
    ranking: Ranking,
    groups: Groups,
    /// The last used first.
    spaces: Vec<Estimates>,
}

impl Seen {
    fn new(direction: Direction) -> Self {
        Self {
            finished: Vec::new(),
            ranking: Ranking::new(direction),
            groups: Groups::default(),
            spaces: Vec::new(),
        }
    }

    fn extend(&mut self, unseen: &[Arc<FrozenTrial>]) {
        self.ranking.extend(unseen, self.finished.len());
        self.finished.extend_from_slice(unseen);
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
