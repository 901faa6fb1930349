//! What a journal amounts to: its records applied one after the other.
//!
//! Everybody who replays the same records gets the same studies and trials, so a conflict
//! is decided by the order of records: of two studies of one name, of two claims of one
//! trial, of two results the first counts, and the other record changes nothing.

use super::record::{Entry, Operation};
use super::replayed_study::ReplayedStudy;
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Attrs, Direction, FrozenStudy, FrozenTrial, Param, StudyId, TrialId, TrialState,
};
use crate::storage::{
    AttrKind, NEEDED_TO_CLAIM, NEEDED_TO_FINISH, NEEDED_TO_UPDATE, TrialStart, TrialUpdate,
    deleted, not_released, wrong_state,
};

/// The studies and trials after the records so far.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// By id; a deleted study leaves a gap.
    studies: Vec<Option<ReplayedStudy>>,
    /// By trial id: the study's index and the trial's number.
    places: Vec<(usize, usize)>,
}

impl Replay {
    /// Applies a record, and gives the id of the study or trial that it made or changed. If
    /// it is refused nothing changes, and the error is its writer's.
    pub(super) fn apply(&mut self, entry: Entry) -> Result<i64> {
        match entry {
            Entry::Operation(operation) => self.apply_operation(operation),
            Entry::UnreadableTrial { study, problem } => {
                let id = self.create_trial(study, TrialStart::waiting(TrialUpdate::default()))?;
                let (study, number) = self.place(id)?;
                study.hide(number, problem);
                Ok(id.0)
            }
            Entry::UnreadableParam { trial, problem } => {
                let (study, number) = self.unfinished(trial, NEEDED_TO_UPDATE)?;
                study.hide(number, problem);
                Ok(trial.0)
            }
            Entry::Nothing => Ok(0),
        }
    }

    fn apply_operation(&mut self, operation: Operation) -> Result<i64> {
        match operation {
            Operation::CreateStudy { name, directions } => {
                self.create_study(name, directions).map(|id| id.0)
            }
            Operation::DeleteStudy { study } => {
                self.study_mut(study)?;
                self.studies[study.0 as usize] = None;
                Ok(study.0)
            }
            Operation::SetStudyAttr {
                study,
                kind,
                key,
                value,
            } => {
                let frozen = &mut self.study_mut(study)?.frozen;
                let attrs = match kind {
                    AttrKind::User => &mut frozen.user_attrs,
                    AttrKind::System => &mut frozen.system_attrs,
                };
                attrs.insert(key, value);
                Ok(study.0)
            }
            Operation::CreateTrial { study, start } => {
                self.create_trial(study, *start).map(|id| id.0)
            }
            Operation::SetParam { trial, param } => {
                let (study, number) = self.unfinished(trial, NEEDED_TO_UPDATE)?;
                study.check_compatible(&param)?;
                study.insert_param(number, param);
                Ok(trial.0)
            }
            Operation::SetState {
                trial,
                state,
                values,
                time,
                forgets,
            } => {
                let (study, number) = self.unfinished(trial, NEEDED_TO_FINISH)?;
                let before = study.trial(number).state;
                // Of two who take a trial back, the first did.
                if forgets && before != TrialState::Running {
                    return Err(not_released(trial, before));
                }
                if !study.set_state(number, state, values, time, forgets) {
                    return Err(wrong_state(trial, before, NEEDED_TO_CLAIM));
                }
                Ok(trial.0)
            }
            Operation::Report { trial, step, value } => {
                let (study, number) = self.unfinished(trial, NEEDED_TO_UPDATE)?;
                let reports = &mut study.trial_mut(number).intermediate_values;
                reports.insert(step, value);
                Ok(trial.0)
            }
            Operation::SetTrialAttr {
                trial,
                kind,
                key,
                value,
            } => {
                let (study, number) = self.unfinished(trial, NEEDED_TO_UPDATE)?;
                let changed = study.trial_mut(number);
                let attrs = match kind {
                    AttrKind::User => &mut changed.user_attrs,
                    AttrKind::System => &mut changed.system_attrs,
                };
                attrs.insert(key, value);
                Ok(trial.0)
            }
        }
    }

    fn create_study(&mut self, name: String, directions: Vec<Direction>) -> Result<StudyId> {
        if self.has_study(&name) {
            return Err(Error::DuplicateStudy { name });
        }
        let id = StudyId(self.studies.len() as i64);
        self.studies.push(Some(ReplayedStudy::new(FrozenStudy {
            id,
            name,
            directions,
            user_attrs: Attrs::new(),
            system_attrs: Attrs::new(),
        })));
        Ok(id)
    }

    fn create_trial(&mut self, study: StudyId, start: TrialStart) -> Result<TrialId> {
        let id = TrialId(self.places.len() as i64);
        let number = self.study_mut(study)?.create_trial(id, start);
        self.places.push((study.0 as usize, number));
        Ok(id)
    }

    /// All studies, by id.
    pub(super) fn studies(&self) -> impl Iterator<Item = &ReplayedStudy> {
        self.studies.iter().flatten()
    }

    pub(super) fn has_study(&self, name: &str) -> bool {
        self.studies().any(|study| study.frozen.name == name)
    }

    pub(super) fn study(&self, id: StudyId) -> Result<&ReplayedStudy> {
        let study = usize::try_from(id.0)
            .ok()
            .and_then(|at| self.studies.get(at));
        study.and_then(Option::as_ref).ok_or_else(deleted)
    }

    pub(super) fn trial(&self, id: TrialId) -> Result<&FrozenTrial> {
        let (study, number) = self.indices(id)?;
        let study = self.studies[study].as_ref();
        let study = study.ok_or(Error::UnknownTrial { trial: id.0 })?;
        Ok(study.trial(number))
    }

    /// Whether the parameters fit the study of this trial.
    pub(super) fn check_compatible(&self, trial: TrialId, params: &[Param]) -> Result<()> {
        let (study, _) = self.indices(trial)?;
        let mut studies = self.studies[study].iter();
        studies.try_for_each(|study| {
            params
                .iter()
                .try_for_each(|param| study.check_compatible(param))
        })
    }

    fn study_mut(&mut self, id: StudyId) -> Result<&mut ReplayedStudy> {
        let study = usize::try_from(id.0)
            .ok()
            .and_then(|at| self.studies.get_mut(at));
        study.and_then(Option::as_mut).ok_or_else(deleted)
    }

    fn indices(&self, id: TrialId) -> Result<(usize, usize)> {
        let place = usize::try_from(id.0)
            .ok()
            .and_then(|at| self.places.get(at));
        place.copied().ok_or(Error::UnknownTrial { trial: id.0 })
    }

    /// The study of a trial, and the trial's number.
    fn place(&mut self, id: TrialId) -> Result<(&mut ReplayedStudy, usize)> {
        let (study, number) = self.indices(id)?;
        let study = self.studies[study].as_mut();
        let study = study.ok_or(Error::UnknownTrial { trial: id.0 })?;
        Ok((study, number))
    }

    fn unfinished(
        &mut self,
        id: TrialId,
        needed: &'static str,
    ) -> Result<(&mut ReplayedStudy, usize)> {
        let (study, number) = self.place(id)?;
        let state = study.trial(number).state;
        if state.is_finished() {
            return Err(wrong_state(id, state, needed));
        }
        Ok((study, number))
    }
}
