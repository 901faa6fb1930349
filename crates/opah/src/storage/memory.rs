//! Studies in memory, gone with the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{
    AttrKind, Cursor, NEEDED_TO_FINISH, NEEDED_TO_UPDATE, Outcome, Storage, TrialStart,
    TrialUpdate, deleted, not_released, wrong_state,
};
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Attrs, Direction, FIXED_PARAMS_ATTR, FrozenStudy, FrozenTrial, Params, StudyId, TrialId,
    TrialState,
};
use crate::json::Json;

/// A storage that forgets.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<Contents>);

#[derive(Debug, Default)]
struct Contents {
    /// By id; deleted studies leave a gap.
    studies: Vec<Option<MemoryStudy>>,
    /// By trial id: the study's index and the trial's number.
    places: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct MemoryStudy {
    study: FrozenStudy,
    /// By number; shared with those who have read them.
    trials: Vec<Arc<FrozenTrial>>,
    /// The numbers of the waiting trials, so that nobody has to look for one.
    waiting: BTreeSet<usize>,
}

impl MemoryStorage {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        // Every method checks before it changes, so a panic can't leave half a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn study(&mut self, id: StudyId) -> Result<&mut MemoryStudy> {
        let study = usize::try_from(id.0)
            .ok()
            .and_then(|at| self.studies.get_mut(at));
        study.and_then(Option::as_mut).ok_or_else(deleted)
    }

    fn trial(&mut self, id: TrialId) -> Result<&mut FrozenTrial> {
        let place = usize::try_from(id.0)
            .ok()
            .and_then(|at| self.places.get(at).copied());
        let (study, number) = place.ok_or(Error::UnknownTrial { trial: id.0 })?;
        let study = self.studies[study]
            .as_mut()
            .ok_or(Error::UnknownTrial { trial: id.0 })?;
        Ok(Arc::make_mut(&mut study.trials[number]))
    }

    fn create(&mut self, study: StudyId, start: &TrialStart) -> Result<FrozenTrial> {
        let id = TrialId(next_id(self.places.len()));
        let kept = self.study(study)?;
        let number = kept.trials.len();
        let mut trial = FrozenTrial {
            id,
            number: number as u64,
            state: start.state,
            values: start.values.clone(),
            params: Params::default(),
            intermediate_values: BTreeMap::new(),
            user_attrs: Attrs::new(),
            system_attrs: Attrs::new(),
            datetime_start: start.datetime_start,
            datetime_complete: start.datetime_complete,
        };
        start.update.add_to(&mut trial);
        kept.trials.push(Arc::new(trial.clone()));
        if trial.state == TrialState::Waiting {
            kept.waiting.insert(number);
        }
        self.places.push((study.0 as usize, number));
        Ok(trial)
    }
}

impl MemoryStudy {
    fn claim(&mut self, now: Timestamp, update: &TrialUpdate) -> Option<FrozenTrial> {
        let number = self.waiting.pop_first()?;
        let trial = Arc::make_mut(&mut self.trials[number]);
        trial.state = TrialState::Running;
        trial.datetime_start = Some(now);
        update.add_to(trial);
        Some(trial.clone())
    }

    /// The trials that don't wait.
    fn n_begun(&self) -> u64 {
        (self.trials.len() - self.waiting.len()) as u64
    }
}

fn next_id(taken: usize) -> i64 {
    i64::try_from(taken).expect("memory ends before i64 does")
}

impl Storage for MemoryStorage {
    fn create_study(&self, name: &str, directions: &[Direction]) -> Result<StudyId> {
        let mut contents = self.contents();
        if contents
            .studies
            .iter()
            .flatten()
            .any(|known| known.study.name == name)
        {
            return Err(Error::DuplicateStudy {
                name: name.to_owned(),
            });
        }
        let id = StudyId(next_id(contents.studies.len()));
        let study = FrozenStudy {
            id,
            name: name.to_owned(),
            directions: directions.to_vec(),
            user_attrs: Attrs::new(),
            system_attrs: Attrs::new(),
        };
        contents.studies.push(Some(MemoryStudy {
            study,
            trials: Vec::new(),
            waiting: BTreeSet::new(),
        }));
        Ok(id)
    }

    fn delete_study(&self, study: StudyId) -> Result<()> {
        let mut contents = self.contents();
        contents.study(study)?;
        contents.studies[study.0 as usize] = None;
        Ok(())
    }

    fn studies(&self) -> Result<Vec<FrozenStudy>> {
        Ok(self
            .contents()
            .studies
            .iter()
            .flatten()
            .map(|known| known.study.clone())
            .collect())
    }

    fn set_study_attr(
        &self,
        study: StudyId,
        kind: AttrKind,
        key: &str,
        value: &Json,
    ) -> Result<()> {
        let mut contents = self.contents();
        let study = &mut contents.study(study)?.study;
        let attrs = match kind {
            AttrKind::User => &mut study.user_attrs,
            AttrKind::System => &mut study.system_attrs,
        };
        attrs.insert(key.to_owned(), value.clone());
        Ok(())
    }

    fn create_trial(&self, study: StudyId, start: &TrialStart) -> Result<FrozenTrial> {
        self.contents().create(study, start)
    }

    fn claim_waiting(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>> {
        let mut contents = self.contents();
        let kept = contents.study(study)?;
        Ok(kept.claim(now, &TrialUpdate::default()))
    }

    fn begin_trial(
        &self,
        study: StudyId,
        now: Timestamp,
        update: &TrialUpdate,
        most: Option<u64>,
    ) -> Result<Option<FrozenTrial>> {
        let mut contents = self.contents();
        let kept = contents.study(study)?;
        if most.is_some_and(|most| kept.n_begun() >= most) {
            return Ok(None);
        }
        if let Some(claimed) = kept.claim(now, update) {
            return Ok(Some(claimed));
        }
        let start = TrialStart {
            update: update.clone(),
            ..TrialStart::running(now)
        };
        contents.create(study, &start).map(Some)
    }

    fn update_trial(&self, trial: TrialId, update: &TrialUpdate) -> Result<()> {
        let mut contents = self.contents();
        let trial = contents.trial(trial)?;
        if trial.state.is_finished() {
            return Err(wrong_state(trial.id, trial.state, NEEDED_TO_UPDATE));
        }
        update.add_to(trial);
        Ok(())
    }

    fn finish_trial(
        &self,
        trial: TrialId,
        update: &TrialUpdate,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<()> {
        let mut contents = self.contents();
        let trial = contents.trial(trial)?;
        if trial.state != TrialState::Running {
            return Err(wrong_state(trial.id, trial.state, NEEDED_TO_FINISH));
        }
        update.add_to(trial);
        trial.state = outcome.state();
        trial.values = outcome.values().to_vec();
        trial.params.shrink();
        trial.datetime_complete = Some(now);
        Ok(())
    }

    fn release_trial(
        &self,
        trial: TrialId,
        since: Option<Timestamp>,
        update: &TrialUpdate,
    ) -> Result<()> {
        let mut contents = self.contents();
        let released = contents.trial(trial)?;
        if !released.runs_since(since) {
            return Err(not_released(trial, released.state));
        }
        released.intermediate_values.clear();
        released
            .system_attrs
            .retain(|key, _| key == FIXED_PARAMS_ATTR);
        update.add_to(released);
        released.state = TrialState::Waiting;
        released.datetime_start = None;
        let (study, number) = contents.places[trial.0 as usize];
        if let Some(kept) = &mut contents.studies[study] {
            kept.waiting.insert(number);
        }
        Ok(())
    }

    fn changes(&self, study: StudyId, cursor: &Cursor) -> Result<Vec<Arc<FrozenTrial>>> {
        let mut contents = self.contents();
        let trials = &contents.study(study)?.trials;
        // Ids grow with numbers, so the new trials are at the end.
        let first_new = trials.partition_point(|trial| Some(trial.id) <= cursor.last);
        let old = cursor.unfinished.iter().filter_map(|id| {
            let at = trials.binary_search_by_key(id, |trial| trial.id).ok()?;
            Some(&trials[at])
        });
        Ok(old.chain(&trials[first_new..]).cloned().collect())
    }

    fn trial(&self, study: StudyId, number: u64) -> Result<FrozenTrial> {
        let mut contents = self.contents();
        let trials = &contents.study(study)?.trials;
        let found = usize::try_from(number).ok().and_then(|at| trials.get(at));
        found
            .map(|trial| FrozenTrial::clone(trial))
            .ok_or(Error::UnknownTrial {
                trial: number as i64,
            })
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        "memory:".to_owned()
    }
}
