//! One study of a replayed journal, with its trials.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Attrs, FIXED_PARAMS_ATTR, FrozenStudy, FrozenTrial, Param, Params, TrialId, TrialState,
};
use crate::storage::{Cursor, TrialStart, TrialUpdate};

/// A study and its trials.
#[derive(Debug)]
pub(super) struct ReplayedStudy {
    pub(super) frozen: FrozenStudy,
    /// By number, and so by id.
    trials: Vec<Arc<FrozenTrial>>,
    /// The numbers of the waiting trials, so that nobody has to look for one.
    waiting: BTreeSet<usize>,
    /// By the number of a running trial: how many had begun when it did, itself included.
    places: BTreeMap<usize, u64>,
    /// By number: the trials that are not shown, and why.
    hidden: BTreeMap<usize, String>,
    /// Of each parameter the first trial that has it, and its distribution there.
    firsts: BTreeMap<Arc<str>, (usize, Arc<Distribution>)>,
}

impl ReplayedStudy {
    pub(super) fn new(frozen: FrozenStudy) -> Self {
        Self {
            frozen,
            trials: Vec::new(),
            waiting: BTreeSet::new(),
            places: BTreeMap::new(),
            hidden: BTreeMap::new(),
            firsts: BTreeMap::new(),
        }
    }

    /// Adds a trial, and gives its number.
    pub(super) fn create_trial(&mut self, id: TrialId, start: TrialStart) -> usize {
        let number = self.trials.len();
        let TrialUpdate {
            params,
            reports,
            user_attrs,
            system_attrs,
        } = start.update;
        self.trials.push(Arc::new(FrozenTrial {
            id,
            number: number as u64,
            state: start.state,
            values: start.values,
            params: Params::default(),
            intermediate_values: reports.into_iter().collect(),
            user_attrs: user_attrs.into_iter().collect::<Attrs>(),
            system_attrs: system_attrs.into_iter().collect::<Attrs>(),
            datetime_start: start.datetime_start,
            datetime_complete: start.datetime_complete,
        }));
        for param in params {
            self.insert_param(number, param);
        }
        self.note_state(number, start.state);
        number
    }

    /// The trial of this number, which must be one, shown or not.
    pub(super) fn trial(&self, number: usize) -> &FrozenTrial {
        &self.trials[number]
    }

    /// The same, to be changed.
    pub(super) fn trial_mut(&mut self, number: usize) -> &mut FrozenTrial {
        Arc::make_mut(&mut self.trials[number])
    }

    /// Sets a parameter, whatever was there before.
    pub(super) fn insert_param(&mut self, number: usize, param: Param) {
        let here = (number, param.distribution.clone());
        match self.firsts.get_mut(&param.name) {
            Some(first) if first.0 < number => {}
            Some(first) => *first = here,
            None => {
                self.firsts.insert(param.name.clone(), here);
            }
        }
        self.trial_mut(number).params.insert(param);
    }

    /// Optuna compares with the first trial that has the parameter.
    pub(super) fn check_compatible(&self, param: &Param) -> Result<()> {
        match self.firsts.get(&param.name) {
            Some((_, first)) if !first.is_compatible(&param.distribution) => {
                Err(Error::IncompatibleDistribution {
                    name: param.name.to_string(),
                    before: first.to_string(),
                    now: param.distribution.to_string(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Changes the state of a trial that is not finished, and says whether it did: a trial
    /// that runs is not begun again.
    pub(super) fn set_state(
        &mut self,
        number: usize,
        state: TrialState,
        values: Option<Vec<f64>>,
        time: Option<Timestamp>,
        forgets: bool,
    ) -> bool {
        let trial = Arc::make_mut(&mut self.trials[number]);
        match state {
            TrialState::Running if trial.state == TrialState::Running => return false,
            TrialState::Running => trial.datetime_start = time,
            TrialState::Waiting if forgets => {
                trial.intermediate_values.clear();
                trial.system_attrs.retain(|key, _| key == FIXED_PARAMS_ATTR);
                trial.datetime_start = None;
            }
            TrialState::Waiting => {}
            TrialState::Complete | TrialState::Pruned | TrialState::Fail => {
                trial.datetime_complete = time;
            }
        }
        trial.state = state;
        if let Some(values) = values {
            trial.values = values;
        }
        self.note_state(number, state);
        true
    }

    /// Keeps up what depends on the state that a trial has now.
    fn note_state(&mut self, number: usize, state: TrialState) {
        if state == TrialState::Waiting {
            self.waiting.insert(number);
        } else {
            self.waiting.remove(&number);
        }
        if state == TrialState::Running {
            self.places.insert(number, self.n_begun());
        } else {
            self.places.remove(&number);
        }
        self.check_values(number);
    }

    /// The trials that don't wait.
    pub(super) fn n_begun(&self) -> u64 {
        (self.trials.len() - self.waiting.len()) as u64
    }

    /// How many trials had begun when this one did, itself included; `None` if it does not
    /// run.
    pub(super) fn place(&self, trial: &FrozenTrial) -> Option<u64> {
        self.places.get(&(trial.number as usize)).copied()
    }

    /// Hides a trial that can't be read.
    pub(super) fn hide(&mut self, number: usize, problem: String) {
        self.hidden.entry(number).or_insert(problem);
    }

    /// A finished trial must have the values that its state promises.
    fn check_values(&mut self, number: usize) {
        let trial = &self.trials[number];
        if !trial.state.is_finished() {
            return;
        }
        let (n_values, n_objectives) = (trial.values.len(), self.frozen.directions.len());
        let is_complete = trial.state == TrialState::Complete;
        if n_values > n_objectives || (is_complete && n_values != n_objectives) {
            let problem = format!(
                "it is {} with {n_values} value(s), and the study has {n_objectives} objective(s)",
                trial.state
            );
            self.hide(number, problem);
        } else if trial.values.iter().any(|value| value.is_nan()) {
            self.hide(number, "a value is not a number".to_owned());
        }
    }

    /// The waiting trial of the lowest number.
    pub(super) fn next_waiting(&self) -> Option<&FrozenTrial> {
        let mut waiting = self.waiting.iter();
        let shown = waiting.find(|number| !self.hidden.contains_key(*number))?;
        Some(&self.trials[*shown])
    }

    /// The trial of this number, if it can be read.
    pub(super) fn shown(&self, number: u64) -> Option<&FrozenTrial> {
        let at = usize::try_from(number).ok()?;
        let trial = self.trials.get(at)?;
        self.is_shown(trial).then_some(&**trial)
    }

    /// The trials that are new since `cursor` or were not finished then, by number.
    pub(super) fn changes(&self, cursor: &Cursor) -> Vec<Arc<FrozenTrial>> {
        let first_new = self
            .trials
            .partition_point(|trial| Some(trial.id) <= cursor.last);
        let old = cursor.unfinished.iter().filter_map(|id| {
            let at = self.trials.binary_search_by_key(id, |trial| trial.id);
            at.ok().map(|at| &self.trials[at])
        });
        let all = old.chain(&self.trials[first_new..]);
        all.filter(|trial| self.is_shown(trial)).cloned().collect()
    }

    fn is_shown(&self, trial: &FrozenTrial) -> bool {
        !self.hidden.contains_key(&(trial.number as usize))
    }

    /// What is wrong with the trials that are not shown, one line each.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        self.hidden.iter().map(|(number, problem)| {
            format!(
                "study `{}`: trial {number} is skipped: {problem}",
                self.frozen.name
            )
        })
    }
}
