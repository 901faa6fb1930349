//! Studies in a journal: a log of operations, in Optuna's format. Optuna may read and
//! append to the same log at the same time.
//!
//! A journal needs no locks but one for appending, so it works on network file systems
//! where SQLite does not, and on a Redis server without any. It only grows, and is read
//! wholly when it is opened, after that only what is new.
//!
//! | part | what it knows |
//! | --- | --- |
//! | `record` | what can stand in a journal; spelled by `write`, understood by `parse` |
//! | `log` | what keeps the records, whatever it is |
//! | `file` | a log in a file, and how damage is repaired; `lock`: who may append |
//! | `redis` | a log on a Redis server, and what happens when that goes away |
//! | `replay` | what records amount to, study by study |
//! | `follower` | a log and its replay, kept up to date |
//! | `begin` | how a trial begins, and no more of them than may |
//!
//! An operation is decided by its place in the log: it is appended if it may succeed, read
//! back, and refused if others were faster. So a waiting trial is claimed by exactly one
//! worker, Optuna's included. An ask is visible to all when it returns, but flushed to the
//! disk only with the next tell, which is before the tell is acknowledged.
//!
//! Optuna's journals can't take back reports and attributes: a trial that was
//! [released](crate::Storage::release_trial) keeps them for Optuna.

mod begin;
mod file;
mod follower;
mod lock;
mod log;
mod parse;
mod raw_json;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod replay;
mod replayed_study;
#[cfg(test)]
mod tests;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use self::file::FileLog;
use self::follower::Follower;
use self::log::{Durability, Log};
use self::record::Operation;
#[cfg(feature = "redis")]
use self::redis::RedisLog;
use super::{
    AttrKind, Check, Cursor, Details, NEEDED_TO_FINISH, NEEDED_TO_UPDATE, Outcome, Storage,
    TrialStart, TrialUpdate, not_released, wrong_state,
};
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Direction, FrozenStudy, FrozenTrial, Params, StudyId, TrialId, TrialState,
};
use crate::json::Json;

/// A storage in a journal.
#[derive(Debug)]
pub struct JournalStorage(Mutex<Follower>);

impl JournalStorage {
    /// Opens the journal in a file, making it if it is missing; its folder must exist. A
    /// file that is something else is refused.
    pub fn open(path: &Path) -> Result<Self> {
        let log = FileLog::open(path)?;
        let (is_new, store) = (log.is_new()?, log.describe());
        let storage = Self::of(Box::new(log))?;
        if !is_new && storage.follower().n_records() == 0 {
            return Err(Error::Storage {
                store,
                problem: "the file is not a journal of Optuna's or opah's; name another file, or the URL `sqlite:///path` of a database".to_owned(),
                source: None,
            });
        }
        Ok(storage)
    }

    /// Opens the journal on a Redis server, `redis://user:password@host:6379/0`, which has the
    /// keys of Optuna's `JournalRedisBackend`; its option `prefix` may follow the URL, as in
    /// `?prefix=team`.
    ///
    /// If the server goes away later, an operation is tried again for ten minutes.
    #[cfg(feature = "redis")]
    pub fn open_redis(url: &str) -> Result<Self> {
        Self::of(Box::new(RedisLog::open(url)?))
    }

    fn of(log: Box<dyn Log>) -> Result<Self> {
        Ok(Self(Mutex::new(Follower::new(log)?)))
    }

    fn follower(&self) -> MutexGuard<'_, Follower> {
        // What was read is applied before anything else is done, so nothing is ever half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The studies and trials as they are now.
    fn synced(&self) -> Result<MutexGuard<'_, Follower>> {
        let mut follower = self.follower();
        follower.sync()?;
        Ok(follower)
    }

    /// The same, if the trial is in a state that `is_right`.
    fn synced_with(
        &self,
        trial: TrialId,
        is_right: impl FnOnce(TrialState) -> bool,
        needed: &'static str,
    ) -> Result<MutexGuard<'_, Follower>> {
        let follower = self.synced()?;
        let state = follower.replay.trial(trial)?.state;
        if is_right(state) {
            Ok(follower)
        } else {
            Err(wrong_state(trial, state, needed))
        }
    }
}

impl Storage for JournalStorage {
    fn create_study(&self, name: &str, directions: &[Direction]) -> Result<StudyId> {
        let mut follower = self.synced()?;
        if follower.replay.has_study(name) {
            return Err(Error::DuplicateStudy {
                name: name.to_owned(),
            });
        }
        let create = Operation::CreateStudy {
            name: name.to_owned(),
            directions: directions.to_vec(),
        };
        let ids = follower.write(&[create], Durability::Flushed)?;
        ids.first()
            .map(|id| StudyId(*id))
            .ok_or_else(super::deleted)
    }

    fn delete_study(&self, study: StudyId) -> Result<()> {
        let mut follower = self.synced()?;
        follower.replay.study(study)?;
        let delete = Operation::DeleteStudy { study };
        follower.write(&[delete], Durability::Flushed).map(|_| ())
    }

    fn studies(&self) -> Result<Vec<FrozenStudy>> {
        let follower = self.synced()?;
        let studies = follower.replay.studies();
        Ok(studies.map(|study| study.frozen.clone()).collect())
    }

    fn set_study_attr(
        &self,
        study: StudyId,
        kind: AttrKind,
        key: &str,
        value: &Json,
    ) -> Result<()> {
        let mut follower = self.synced()?;
        follower.replay.study(study)?;
        let set = Operation::SetStudyAttr {
            study,
            kind,
            key: key.to_owned(),
            value: value.clone(),
        };
        follower.write(&[set], Durability::Flushed).map(|_| ())
    }

    fn create_trial(&self, study: StudyId, start: &TrialStart) -> Result<FrozenTrial> {
        let mut follower = self.synced()?;
        follower.replay.study(study)?;
        let trial = begin::create(&mut follower, study, start.clone())?;
        follower.replay.trial(trial).cloned()
    }

    fn claim_waiting(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>> {
        let mut follower = self.synced()?;
        loop {
            let waiting = follower.replay.study(study)?.next_waiting();
            let Some(trial) = waiting.map(|trial| trial.id) else {
                return Ok(None);
            };
            if begin::claim(&mut follower, trial, now)? {
                return follower.replay.trial(trial).cloned().map(Some);
            }
        }
    }

    fn begin_trial(
        &self,
        study: StudyId,
        now: Timestamp,
        update: &TrialUpdate,
        most: Option<u64>,
    ) -> Result<Option<FrozenTrial>> {
        let mut follower = self.synced()?;
        begin::begin(&mut follower, study, now, update, most)
    }

    fn update_trial(&self, trial: TrialId, update: &TrialUpdate) -> Result<()> {
        let mut follower =
            self.synced_with(trial, |state| !state.is_finished(), NEEDED_TO_UPDATE)?;
        let operations = operations(&follower, trial, update)?;
        if operations.is_empty() {
            return Ok(());
        }
        follower.write(&operations, Durability::Later).map(|_| ())
    }

    fn finish_trial(
        &self,
        trial: TrialId,
        update: &TrialUpdate,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<()> {
        let is_right = |state: TrialState| state == TrialState::Running;
        let mut follower = self.synced_with(trial, is_right, NEEDED_TO_FINISH)?;
        let mut operations = operations(&follower, trial, update)?;
        let values = outcome.values();
        // What is known of a trial comes before its end, after which nothing can come.
        operations.push(Operation::SetState {
            trial,
            state: outcome.state(),
            values: (!values.is_empty()).then(|| values.to_vec()),
            time: Some(now),
            forgets: false,
        });
        follower.write(&operations, Durability::Flushed).map(|_| ())
    }

    fn release_trial(
        &self,
        trial: TrialId,
        since: Option<Timestamp>,
        update: &TrialUpdate,
    ) -> Result<()> {
        let mut follower = self.synced()?;
        let known = follower.replay.trial(trial)?;
        if !known.runs_since(since) {
            return Err(not_released(trial, known.state));
        }
        let release = Operation::SetState {
            trial,
            state: TrialState::Waiting,
            values: None,
            time: None,
            forgets: true,
        };
        // The trial's reports are forgotten, so those of the update are all news.
        let forgetful = FrozenTrial {
            intermediate_values: BTreeMap::new(),
            ..known.clone()
        };
        let news = news(update, Some(&forgetful));
        follower.replay.check_compatible(trial, &news.params)?;
        let mut operations = vec![release];
        operations.extend(spelled(trial, news));
        follower.write(&operations, Durability::Later).map(|_| ())
    }

    fn changes(&self, study: StudyId, cursor: &Cursor) -> Result<Vec<Arc<FrozenTrial>>> {
        let follower = self.synced()?;
        Ok(follower.replay.study(study)?.changes(cursor))
    }

    fn warnings(&self) -> Vec<String> {
        self.follower().warnings()
    }

    fn check(&self, repair: bool) -> Result<Check> {
        self.synced()?.check(repair)
    }

    fn describe(&self) -> String {
        self.follower().describe()
    }

    fn details(&self) -> Result<Details> {
        let mut details = Details::default();
        details.fact("kind", "journal");
        self.synced()?.details(&mut details)?;
        Ok(details)
    }

    fn trial(&self, study: StudyId, number: u64) -> Result<FrozenTrial> {
        let follower = self.synced()?;
        let found = follower.replay.study(study)?.shown(number);
        found.cloned().ok_or(Error::UnknownTrial {
            trial: number as i64,
        })
    }
}

/// The operations of an update, if the study can take its parameters.
fn operations(follower: &Follower, trial: TrialId, update: &TrialUpdate) -> Result<Vec<Operation>> {
    let news = news(update, Some(follower.replay.trial(trial)?));
    follower.replay.check_compatible(trial, &news.params)?;
    Ok(spelled(trial, news).collect())
}

/// What of an update is not there yet. In a journal the last value of a parameter and of a
/// step would count; the first is to stay.
fn news(update: &TrialUpdate, trial: Option<&FrozenTrial>) -> TrialUpdate {
    let mut params: Params = trial.map(|trial| trial.params.clone()).unwrap_or_default();
    let mut steps: BTreeSet<i64> = trial
        .into_iter()
        .flat_map(|trial| trial.intermediate_values.keys().copied())
        .collect();
    let mut news = update.clone();
    news.params.retain(|param| {
        let is_new = params.get(&param.name).is_none();
        if is_new {
            params.insert(param.clone());
        }
        is_new
    });
    news.reports.retain(|(step, _)| steps.insert(*step));
    news
}

fn spelled(trial: TrialId, update: TrialUpdate) -> impl Iterator<Item = Operation> {
    let TrialUpdate {
        params,
        reports,
        user_attrs,
        system_attrs,
    } = update;
    let params = params
        .into_iter()
        .map(move |param| Operation::SetParam { trial, param });
    let reports = reports
        .into_iter()
        .map(move |(step, value)| Operation::Report { trial, step, value });
    let attrs = move |kind, attrs: Vec<(String, Json)>| {
        attrs
            .into_iter()
            .map(move |(key, value)| Operation::SetTrialAttr {
                trial,
                kind,
                key,
                value,
            })
    };
    params
        .chain(reports)
        .chain(attrs(AttrKind::User, user_attrs))
        .chain(attrs(AttrKind::System, system_attrs))
}

/// A text that nobody else has.
fn unique() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
