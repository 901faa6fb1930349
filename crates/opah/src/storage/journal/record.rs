//! What can stand in a journal.
//!
//! A record is one JSON object: the code of its operation, who wrote it, and the
//! operation's fields. Studies and trials have no ids in the records that make them: they
//! are numbered from 0 in the order of those records, trials over all studies.

use jiff::Timestamp;

use crate::frozen_trial::{Direction, Param, StudyId, TrialId, TrialState};
use crate::json::Json;
use crate::storage::{AttrKind, TrialStart};

/// A record as it was read.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Who wrote it.
    pub(super) worker: &'a str,
    pub(super) entry: Entry,
}

/// What a record says.
#[derive(Debug)]
pub(super) enum Entry {
    Operation(Operation),
    /// A trial that can't be read. It has an id and a number like any other.
    UnreadableTrial {
        study: StudyId,
        problem: String,
    },
    /// A parameter that can't be read, without which its trial is of no use.
    UnreadableParam {
        trial: TrialId,
        problem: String,
    },
    /// Nothing that matters here: `DISCARD_TRIALS`, which only rustuna writes.
    Nothing,
}

/// A change of a study or a trial.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    CreateStudy {
        name: String,
        directions: Vec<Direction>,
    },
    DeleteStudy {
        study: StudyId,
    },
    SetStudyAttr {
        study: StudyId,
        kind: AttrKind,
        key: String,
        value: Json,
    },
    CreateTrial {
        study: StudyId,
        start: Box<TrialStart>,
    },
    SetParam {
        trial: TrialId,
        param: Param,
    },
    SetState {
        trial: TrialId,
        state: TrialState,
        /// `None` leaves them as they are.
        values: Option<Vec<f64>>,
        /// When it began or ended.
        time: Option<Timestamp>,
        /// Whether a trial that waits again has no reports and system attributes any more.
        /// It is a field of opah's, which Optuna passes over.
        forgets: bool,
    },
    Report {
        trial: TrialId,
        step: i64,
        value: f64,
    },
    SetTrialAttr {
        trial: TrialId,
        kind: AttrKind,
        key: String,
        value: Json,
    },
}

/// The codes of operations, as Optuna numbers them.
pub(super) mod code {
    pub(crate) const CREATE_STUDY: i64 = 0;
    pub(crate) const DELETE_STUDY: i64 = 1;
    pub(crate) const SET_STUDY_USER_ATTR: i64 = 2;
    pub(crate) const SET_STUDY_SYSTEM_ATTR: i64 = 3;
    pub(crate) const CREATE_TRIAL: i64 = 4;
    pub(crate) const SET_TRIAL_PARAM: i64 = 5;
    pub(crate) const SET_TRIAL_STATE_VALUES: i64 = 6;
    pub(crate) const SET_TRIAL_INTERMEDIATE_VALUE: i64 = 7;
    pub(crate) const SET_TRIAL_USER_ATTR: i64 = 8;
    pub(crate) const SET_TRIAL_SYSTEM_ATTR: i64 = 9;
    pub(crate) const DISCARD_TRIALS: i64 = 10;
}

/// The field of [`Operation::SetState`] that tells whether it forgets.
pub(super) const FORGETS: &str = "opah:forgets";
