//! A read-only view of a study's trials.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::derived::{Derived, Memo};
use crate::distribution::Distribution;
use crate::error::Result;
use crate::frozen_trial::{Direction, FrozenTrial, Params, StudyId, TrialId, TrialState};
use crate::multi_objective::{losses, pareto_front};
use crate::search_space::SearchSpace;
use crate::storage::{Cursor, Storage};

/// The trials of a study as they were at one moment; cheap to clone.
///
/// Finished trials never change, so they are kept for ever and each
/// [`refresh`](Self::refresh) asks the storage only for the rest.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Trials>);

#[derive(Debug, Clone, Default)]
struct Trials {
    /// In the order in which they were seen to be finished.
    finished: Vec<Arc<FrozenTrial>>,
    /// By number: all that are not finished.
    unfinished: BTreeMap<u64, Arc<FrozenTrial>>,
    cursor: Cursor,
    /// By number: finished trials that are passed over.
    withdrawn: BTreeSet<u64>,
    intersection: Intersection,
    /// The first distribution that was seen of each parameter; of choices, the longest.
    known_distributions: SearchSpace,
    memo: Memo,
}

/// Two intersections of the spaces of finished trials, kept up to date.
#[derive(Debug, Clone, Default)]
struct Intersection {
    complete: Option<SearchSpace>,
    with_pruned: Option<SearchSpace>,
}

impl History {
    /// A history of these trials, e.g. for a test or of a file.
    pub fn of(trials: impl IntoIterator<Item = FrozenTrial>) -> Self {
        let mut history = Trials::default();
        for trial in trials {
            history.add(Arc::new(trial));
        }
        Self(Arc::new(history))
    }

    /// An empty history that will pass over the finished trials of these numbers: they don't
    /// count, though they are stored.
    pub fn without(withdrawn: BTreeSet<u64>) -> Self {
        Self(Arc::new(Trials {
            withdrawn,
            ..Trials::default()
        }))
    }

    /// Fetches what changed since the last refresh.
    pub fn refresh(&mut self, storage: &dyn Storage, study: StudyId) -> Result<()> {
        let changed = storage.changes(study, &self.0.cursor)?;
        let history = Arc::make_mut(&mut self.0);
        for trial in changed {
            history.add(trial);
        }
        Ok(())
    }

    /// Adds to running trials what they drew, by number, and may not have written yet; it is
    /// gone with the next refresh.
    pub(crate) fn show_drawn(&mut self, drawn: &BTreeMap<u64, Params>) {
        if drawn.is_empty() {
            return;
        }
        let history = Arc::make_mut(&mut self.0);
        for (number, params) in drawn {
            let Some(trial) = history.unfinished.get_mut(number) else {
                continue;
            };
            let trial = Arc::make_mut(trial);
            for param in params {
                if trial.params.get(&param.name).is_none() {
                    trial.params.insert(param.clone());
                }
            }
        }
    }

    /// COMPLETE, PRUNED and FAIL trials, in the order in which they were seen to
    /// finish. The list only grows at its end: what was computed from its first `n`
    /// entries stays true.
    pub fn finished(&self) -> &[Arc<FrozenTrial>] {
        &self.0.finished
    }

    /// COMPLETE trials, in the same order.
    pub fn complete(&self) -> impl Iterator<Item = &Arc<FrozenTrial>> {
        self.0
            .finished
            .iter()
            .filter(|trial| trial.state == TrialState::Complete)
    }

    /// RUNNING trials, by number.
    pub fn running(&self) -> impl Iterator<Item = &Arc<FrozenTrial>> {
        self.0
            .unfinished
            .values()
            .filter(|trial| trial.state == TrialState::Running)
    }

    /// RUNNING and WAITING trials, by number.
    pub fn unfinished(&self) -> impl Iterator<Item = &Arc<FrozenTrial>> {
        self.0.unfinished.values()
    }

    /// The trial of this number.
    pub fn get(&self, number: u64) -> Option<&Arc<FrozenTrial>> {
        let finished = || self.0.finished.iter().find(|trial| trial.number == number);
        self.0.unfinished.get(&number).or_else(finished)
    }

    /// Shows `read` what was derived from the finished trials. It is kept from call to
    /// call and only grown by the trials that have finished since. `read` must not ask
    /// this history for something derived.
    pub fn derived<D: Derived, T>(&self, read: impl FnOnce(&D) -> T) -> T {
        self.0.memo.read(&self.0.finished, read)
    }

    /// All trials, by number.
    pub fn trials(&self) -> Vec<Arc<FrozenTrial>> {
        let all = self.0.finished.iter().chain(self.0.unfinished.values());
        let mut trials: Vec<_> = all.cloned().collect();
        trials.sort_by_key(|trial| trial.number);
        trials
    }

    /// The number of trials, in whatever state.
    pub fn len(&self) -> usize {
        self.0.finished.len() + self.0.unfinished.len()
    }

    /// The number of finished trials that are passed over.
    pub(crate) fn n_withdrawn(&self) -> usize {
        self.0.withdrawn.len()
    }

    /// Whether there is no trial.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The best feasible COMPLETE trial of a study with one objective; the first of equals.
    pub fn best(&self, direction: Direction) -> Option<&Arc<FrozenTrial>> {
        let feasible = self.complete().filter(|trial| trial.violation() == 0.0);
        let valued = feasible.filter_map(|trial| Some((direction.to_loss(trial.value()?), trial)));
        let best = valued.min_by(|(a, x), (b, y)| a.total_cmp(b).then(x.number.cmp(&y.number)));
        best.map(|(_, trial)| trial)
    }

    /// The feasible COMPLETE trials that no other one dominates, by number; all of those with
    /// equal values.
    pub fn best_trials(&self, directions: &[Direction]) -> Vec<&Arc<FrozenTrial>> {
        let mut feasible: Vec<_> = self
            .complete()
            .filter(|trial| trial.values.len() == directions.len() && trial.violation() == 0.0)
            .collect();
        feasible.sort_by_key(|trial| trial.number);
        let losses: Vec<Vec<f64>> = feasible
            .iter()
            .map(|trial| losses(&trial.values, directions))
            .collect();
        let front = pareto_front(&losses);
        front.into_iter().map(|at| feasible[at]).collect()
    }

    /// The parameters that all COMPLETE trials (and PRUNED ones, if asked) have with
    /// identical distributions. No work: it is kept up to date.
    pub fn intersection(&self, with_pruned: bool) -> SearchSpace {
        let kept = &self.0.intersection;
        let space = if with_pruned {
            &kept.with_pruned
        } else {
            &kept.complete
        };
        space.clone().unwrap_or_default()
    }

    /// The distribution that a parameter had in the first trial that has it; of choices,
    /// which may grow, the one with the most.
    pub fn known_distribution(&self, name: &str) -> Option<&Arc<Distribution>> {
        self.0.known_distributions.get(name)
    }

    /// Every parameter that some trial has, with its
    /// [distribution](Self::known_distribution).
    pub fn known_distributions(&self) -> &SearchSpace {
        &self.0.known_distributions
    }

    /// The trials that `keep` accepts; costs a look at each.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&FrozenTrial) -> bool) -> Self {
        let all = self.0.finished.iter().chain(self.0.unfinished.values());
        Self::of(
            all.filter(|trial| keep(trial))
                .map(|trial| FrozenTrial::clone(trial)),
        )
    }
}

impl Trials {
    fn add(&mut self, trial: Arc<FrozenTrial>) {
        self.cursor.see(trial.id, trial.state.is_finished());
        if trial.state.is_finished() && self.withdrawn.contains(&trial.number) {
            self.unfinished.remove(&trial.number);
            return;
        }
        for param in &trial.params {
            let known = self.known_distributions.get(&param.name);
            if known.is_none_or(|known| param.distribution.has_grown(known)) {
                let distribution = param.distribution.clone();
                self.known_distributions
                    .insert(param.name.clone(), distribution);
            }
        }
        if !trial.state.is_finished() {
            self.unfinished.insert(trial.number, trial);
            return;
        }
        self.unfinished.remove(&trial.number);
        if trial.state == TrialState::Complete {
            intersect(&mut self.intersection.complete, &trial);
        }
        if trial.state != TrialState::Fail {
            intersect(&mut self.intersection.with_pruned, &trial);
        }
        self.finished.push(trial);
    }
}

fn intersect(space: &mut Option<SearchSpace>, trial: &FrozenTrial) {
    match space {
        Some(space) => space.intersect(trial),
        None => *space = Some(SearchSpace::from(trial)),
    }
}

impl Cursor {
    fn see(&mut self, id: TrialId, finished: bool) {
        self.last = self.last.max(Some(id));
        if finished {
            self.unfinished.remove(&id);
        } else {
            self.unfinished.insert(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::frozen_trial::Direction::{Maximize, Minimize};
    use crate::study::{Stop, Study};

    #[test]
    fn the_best_trials_are_feasible_and_not_dominated() {
        let study = Study::in_memory("s", &[Minimize, Maximize]).unwrap();
        let tell = |values: [f64; 2], constraint: f64| {
            let mut trial = study.ask().unwrap();
            trial.set_constraint("size", constraint).unwrap();
            study.tell(&mut trial, &values).unwrap();
        };
        tell([0.0, 9.0], 1.0);
        tell([1.0, 2.0], 0.0);
        tell([1.0, 2.0], -1.0);
        tell([1.0, 1.0], 0.0);
        tell([f64::NEG_INFINITY, f64::NEG_INFINITY], 0.0);
        tell([5.0, f64::INFINITY], 0.0);
        tell([6.0, f64::NAN], 0.0);
        let mut failed = study.ask().unwrap();
        study
            .tell_result(&mut failed, Err(Stop::failed("planned")))
            .unwrap();
        let best = study.best_trials().unwrap();
        let numbers: Vec<u64> = best.iter().map(|trial| trial.number).collect();
        assert_eq!(numbers, [1, 2, 4, 5]);
        // With one direction, trials with two values are not of this study.
        let history = study.history().unwrap();
        assert!(history.best_trials(&[Minimize]).is_empty());
    }
}
