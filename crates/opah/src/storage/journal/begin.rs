//! How a trial begins: a waiting one is claimed, or a new one made, and no more of them than
//! may.
//!
//! Nobody can append to a journal on a condition. So a trial is begun, and its record read
//! back: at its place in the journal it is seen how many trials had begun. One too many waits
//! again, as if it had not begun.

use jiff::Timestamp;

use super::follower::Follower;
use super::log::Durability;
use super::record::Operation;
use super::{news, spelled};
use crate::error::{Error, Result};
use crate::frozen_trial::{FrozenTrial, StudyId, TrialId, TrialState};
use crate::storage::{TrialStart, TrialUpdate, deleted};

/// The first waiting trial or else a new one, running, with `update`; `None` if `most` have
/// begun.
pub(super) fn begin(
    follower: &mut Follower,
    study: StudyId,
    now: Timestamp,
    update: &TrialUpdate,
    most: Option<u64>,
) -> Result<Option<FrozenTrial>> {
    loop {
        let replayed = follower.replay.study(study)?;
        if most.is_some_and(|most| replayed.n_begun() >= most) {
            return Ok(None);
        }
        let waiting = replayed.next_waiting().map(|trial| trial.id);
        let trial = match waiting {
            Some(trial) if claim(follower, trial, now)? => trial,
            Some(_) => continue,
            None => {
                let start = TrialStart {
                    update: update.clone(),
                    ..TrialStart::running(now)
                };
                create(follower, study, start)?
            }
        };
        let place = follower
            .replay
            .study(study)?
            .place(follower.replay.trial(trial)?);
        if most.is_some_and(|most| place.is_some_and(|place| place > most)) {
            // What a trial that waited had of others, it keeps.
            let forgets = waiting.is_none();
            set_state(follower, trial, TrialState::Waiting, None, forgets)?;
            continue;
        }
        if waiting.is_some() && !update.is_empty() {
            let noted: Vec<Operation> = spelled(trial, update.clone()).collect();
            follower.write(&noted, Durability::Later)?;
        }
        return follower.replay.trial(trial).cloned().map(Some);
    }
}

/// Appends a new trial.
pub(super) fn create(
    follower: &mut Follower,
    study: StudyId,
    start: TrialStart,
) -> Result<TrialId> {
    let start = TrialStart {
        update: news(&start.update, None),
        ..start
    };
    let create = Operation::CreateTrial {
        study,
        start: Box::new(start),
    };
    let ids = follower.write(&[create], Durability::Later)?;
    ids.first().map(|id| TrialId(*id)).ok_or_else(deleted)
}

/// Whether a waiting trial runs now for this one, and for no other.
pub(super) fn claim(follower: &mut Follower, trial: TrialId, now: Timestamp) -> Result<bool> {
    set_state(follower, trial, TrialState::Running, Some(now), false)
}

/// Whether it was done; not if somebody else was faster, or deleted the study.
fn set_state(
    follower: &mut Follower,
    trial: TrialId,
    state: TrialState,
    time: Option<Timestamp>,
    forgets: bool,
) -> Result<bool> {
    let set = Operation::SetState {
        trial,
        state,
        values: None,
        time,
        forgets,
    };
    match follower.write(&[set], Durability::Later) {
        Ok(_) => Ok(true),
        Err(Error::WrongState { .. } | Error::UnknownTrial { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
