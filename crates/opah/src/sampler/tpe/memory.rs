//! What is kept of a history from one suggestion to the next.
//!
//! Everything here can be rebuilt, and is when the history is another one; it is a
//! function of the set of trials, not of the order in which they were seen to finish.

use std::sync::Arc;

use super::groups::Groups;
use super::observation::observation;
use super::parzen::{Observation, Parzen, Weighting};
use super::split::{Place, Ranking};
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
        directions: &[Direction],
        use_it: impl FnOnce(&mut Seen) -> T,
    ) -> T {
        let new = || Seen::new(directions);
        self.0.with(finished, directions, new, |seen, unseen| {
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
    /// What good trials weigh.
    weighting: Weighting,
    groups: Groups,
    /// The last used first.
    spaces: Vec<Estimates>,
}

impl Seen {
    fn new(directions: &[Direction]) -> Self {
        Self {
            finished: Vec::new(),
            ranking: Ranking::new(directions),
            weighting: match directions.len() {
                0 | 1 => Weighting::OlderLighter,
                _ => Weighting::Equal,
            },
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
            None => Estimates::new(space, self.weighting),
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
    /// The good trials, by number.
    good_trials: Vec<Place>,
    /// The running trials that count as bad.
    running: Vec<Observation>,
    /// Of good trials.
    pub good: Parzen,
    /// Of bad trials.
    pub bad: Parzen,
}

impl Estimates {
    fn new(space: &SearchSpace, weighting: Weighting) -> Self {
        Self {
            space: space.clone(),
            n_seen: 0,
            good_trials: Vec::new(),
            running: Vec::new(),
            good: Parzen::new(space, weighting),
            bad: Parzen::new(space, Weighting::OlderLighter),
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

        let promoted = without(good_trials, &self.good_trials);
        let demoted = without(&self.good_trials, good_trials);
        let known_promoted = promoted.iter().filter(|(_, at)| *at < self.n_seen);
        leaving.extend(known_promoted.map(|(number, _)| *number));
        let is_good = |number, at| good_trials.binary_search(&(number, at)).is_ok();
        let new = finished[self.n_seen..].iter().zip(self.n_seen..);
        let new_bad = new
            .filter(|(trial, at)| !is_good(trial.number, *at))
            .map(|(trial, _)| trial);
        let bad = demoted.iter().map(|(_, at)| &finished[*at]).chain(new_bad);
        joining.extend(bad.filter_map(|trial| observation(trial, &self.space)));
        self.bad.change(&leaving, &joining);

        let leaving: Vec<u64> = demoted.iter().map(|(number, _)| *number).collect();
        let joining = promoted.iter().map(|(_, at)| &finished[*at]);
        let joining = joining.filter_map(|trial| observation(trial, &self.space));
        self.good.change(&leaving, &joining.collect::<Vec<_>>());

        self.good_trials = good_trials.to_vec();
        self.running = running;
        self.n_seen = finished.len();
    }
}

/// Those of `places` that are not among `others`; both ascend.
fn without(places: &[Place], others: &[Place]) -> Vec<Place> {
    let mut others = others.iter().peekable();
    let is_missing = |place: &Place| {
        while others.next_if(|other| *other < place).is_some() {}
        others.peek() != Some(&place)
    };
    places.iter().copied().filter(is_missing).collect()
}
