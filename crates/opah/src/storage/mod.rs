//! Where studies and trials are kept.
//!
//! # How to write a storage
//! Implement [`Storage`]: eleven methods, each one transaction, and those of the others that
//! it can do better than by default. Then add a test to
//! `storage/contract.rs`, on whose random histories every storage must agree with the
//! one in memory. What a caller may rely on:
//! - trial numbers are 0, 1, 2, … per study, in the order of the ids, and ids become
//!   visible in increasing order;
//! - a finished trial never changes;
//! - an update is visible wholly or not at all;
//! - [`claim_waiting`](Storage::claim_waiting) gives a trial to exactly one caller;
//! - [`begin_trial`](Storage::begin_trial) never begins more trials than it may.

mod check;
#[cfg(test)]
mod contract;
mod details;
pub mod dump;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod encoding;
#[cfg(test)]
#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis"))]
mod faults;
mod journal;
mod memory;
mod merge;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
mod snapshot;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis"))]
mod tries;
mod url;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

pub use check::{Check, Finding, Status};
pub use details::Details;
pub use journal::JournalStorage;
pub use memory::MemoryStorage;
pub use merge::Merged;
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub use server::{ServerStorage, password_in_file};
pub use snapshot::Snapshot;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStorage, Upgrade};
pub use url::{masked, masked_in, with_password};

use crate::error::{Error, Result};
use crate::frozen_trial::{
    Direction, FrozenStudy, FrozenTrial, Param, StudyId, TrialId, TrialState,
};
use crate::json::Json;

/// The system attribute of a trial in which storages without a table for it note that who
/// runs it is alive.
pub const HEARTBEAT_ATTR: &str = "opah:heartbeat";

/// How a trial ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With one value per objective; never NaN, may be infinite.
    Complete(Vec<f64>),
    /// Stopped early; with the last reported value, if there is one.
    Pruned(Option<f64>),
    /// Without a value.
    Failed,
}

impl Outcome {
    /// The state that a trial has after it.
    pub fn state(&self) -> TrialState {
        match self {
            Self::Complete(_) => TrialState::Complete,
            Self::Pruned(_) => TrialState::Pruned,
            Self::Failed => TrialState::Fail,
        }
    }

    /// The values that are stored.
    pub fn values(&self) -> &[f64] {
        match self {
            Self::Complete(values) => values,
            Self::Pruned(value) => value.as_slice(),
            Self::Failed => &[],
        }
    }
}

/// What is written to a trial in one transaction, all or none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrialUpdate {
    /// New parameters.
    pub params: Vec<Param>,
    /// New reports: step and value. The first value of a step stays.
    pub reports: Vec<(i64, f64)>,
    /// User attributes, replaced by name.
    pub user_attrs: Vec<(String, Json)>,
    /// System attributes, replaced by name.
    pub system_attrs: Vec<(String, Json)>,
}

impl TrialUpdate {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
            && self.reports.is_empty()
            && self.user_attrs.is_empty()
            && self.system_attrs.is_empty()
    }

    /// Adds all of it to a trial, as a storage does: parameters and reports that are there
    /// stay, attributes are replaced.
    pub(crate) fn add_to(&self, trial: &mut FrozenTrial) {
        for param in &self.params {
            if trial.params.get(&param.name).is_none() {
                trial.params.insert(param.clone());
            }
        }
        for (step, value) in &self.reports {
            trial.intermediate_values.entry(*step).or_insert(*value);
        }
        trial.user_attrs.extend(self.user_attrs.iter().cloned());
        trial.system_attrs.extend(self.system_attrs.iter().cloned());
    }
}

/// How a trial begins.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialStart {
    /// Any state; finished ones are for trials that are copied.
    pub state: TrialState,
    /// The values of a finished one.
    pub values: Vec<f64>,
    /// Whatever else is known of it.
    pub update: TrialUpdate,
    /// When it began to run.
    pub datetime_start: Option<Timestamp>,
    /// When it ended.
    pub datetime_complete: Option<Timestamp>,
}

impl TrialStart {
    /// A trial that runs from `now` on.
    pub fn running(now: Timestamp) -> Self {
        Self {
            state: TrialState::Running,
            values: Vec::new(),
            update: TrialUpdate::default(),
            datetime_start: Some(now),
            datetime_complete: None,
        }
    }

    /// A trial that waits for a worker.
    pub fn waiting(update: TrialUpdate) -> Self {
        Self {
            state: TrialState::Waiting,
            values: Vec::new(),
            update,
            datetime_start: None,
            datetime_complete: None,
        }
    }
}

impl From<&FrozenTrial> for TrialStart {
    /// All that a trial has but its id and number.
    fn from(trial: &FrozenTrial) -> Self {
        Self {
            state: trial.state,
            values: trial.values.clone(),
            update: TrialUpdate {
                params: trial.params.iter().cloned().collect(),
                reports: trial.intermediate_values.clone().into_iter().collect(),
                user_attrs: trial.user_attrs.clone().into_iter().collect(),
                system_attrs: trial.system_attrs.clone().into_iter().collect(),
            },
            datetime_start: trial.datetime_start,
            datetime_complete: trial.datetime_complete,
        }
    }
}

/// Which trials a reader has seen, and which of them may still change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cursor {
    /// The greatest id that was seen.
    pub last: Option<TrialId>,
    /// The seen ids that were not finished.
    pub unfinished: BTreeSet<TrialId>,
}

/// Which attributes of a study are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttrKind {
    /// What users noted.
    User,
    /// What samplers, pruners and programs noted.
    System,
}

/// Keeps studies and trials; safe to share among threads and processes. One call
/// is one transaction.
pub trait Storage: Send + Sync + std::fmt::Debug {
    /// A new, empty study; [`Error::DuplicateStudy`] if the name is taken.
    fn create_study(&self, name: &str, directions: &[Direction]) -> Result<StudyId>;
    /// Deletes a study and all its trials.
    fn delete_study(&self, study: StudyId) -> Result<()>;
    /// All studies, by id.
    fn studies(&self) -> Result<Vec<FrozenStudy>>;
    /// Sets an attribute of a study, replacing the one of the same key.
    fn set_study_attr(&self, study: StudyId, kind: AttrKind, key: &str, value: &Json)
    -> Result<()>;
    /// A new trial with whatever is known of it: numbered, and all its rows, at once.
    fn create_trial(&self, study: StudyId, start: &TrialStart) -> Result<FrozenTrial>;
    /// The waiting trial of the lowest number, made running for exactly one caller.
    fn claim_waiting(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>>;
    /// Begins a trial: the waiting one of the lowest number, or else a new one; with
    /// `update`. `None`, and nothing is done, if `most` trials of the study have begun: all
    /// that don't wait, whatever became of them.
    ///
    /// The default may overdraw when several begin the last ones at the same moment; storages
    /// that processes share decide it in the transaction.
    fn begin_trial(
        &self,
        study: StudyId,
        now: Timestamp,
        update: &TrialUpdate,
        most: Option<u64>,
    ) -> Result<Option<FrozenTrial>> {
        if let Some(most) = most {
            let trials = self.changes(study, &Cursor::default())?;
            let begun = trials.iter();
            let begun = begun.filter(|trial| trial.state != TrialState::Waiting);
            if begun.count() as u64 >= most {
                return Ok(None);
            }
        }
        let Some(mut claimed) = self.claim_waiting(study, now)? else {
            let start = TrialStart {
                update: update.clone(),
                ..TrialStart::running(now)
            };
            return self.create_trial(study, &start).map(Some);
        };
        if !update.is_empty() {
            self.update_trial(claimed.id, update)?;
            update.add_to(&mut claimed);
        }
        Ok(Some(claimed))
    }
    /// Adds to a running or waiting trial; [`Error::WrongState`] when it is finished.
    fn update_trial(&self, trial: TrialId, update: &TrialUpdate) -> Result<()>;
    /// Running → finished, with the last update; [`Error::WrongState`] when it is not running.
    fn finish_trial(
        &self,
        trial: TrialId,
        update: &TrialUpdate,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<()>;
    /// Running → waiting, as if it had not begun: its reports and system attributes are
    /// forgotten, but for [`FIXED_PARAMS_ATTR`](crate::frozen_trial::FIXED_PARAMS_ATTR);
    /// its parameters and user attributes stay, and the update is added.
    /// [`Error::WrongState`] when it is not running, or not `since` that moment: another
    /// worker may have begun it anew.
    fn release_trial(
        &self,
        trial: TrialId,
        since: Option<Timestamp>,
        update: &TrialUpdate,
    ) -> Result<()>;
    /// Whether other processes can see what is stored, also when this one is gone.
    fn is_shared(&self) -> bool {
        true
    }
    /// Notes that those who run these trials are alive; trials that don't run are passed
    /// over. By default it is noted in the attribute [`HEARTBEAT_ATTR`]; databases have a
    /// table of Optuna's for it, and by their own clock.
    fn record_heartbeats(&self, trials: &[TrialId], now: Timestamp) -> Result<()> {
        let update = TrialUpdate {
            system_attrs: vec![(HEARTBEAT_ATTR.to_owned(), Json::new(&now.to_string()))],
            ..TrialUpdate::default()
        };
        for trial in trials {
            match self.update_trial(*trial, &update) {
                Ok(()) | Err(Error::WrongState { .. } | Error::UnknownTrial { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
    /// The last heartbeats of the running trials of a study, but for those in
    /// [`HEARTBEAT_ATTR`]. A heartbeat is a text that differs from the one before it, and
    /// nothing else: whose clock it shows, and in which time zone, nobody knows.
    fn heartbeats(&self, _study: StudyId) -> Result<BTreeMap<TrialId, String>> {
        Ok(BTreeMap::new())
    }
    /// The trials that are new since `cursor` or were not finished then, by number.
    fn changes(&self, study: StudyId, cursor: &Cursor) -> Result<Vec<Arc<FrozenTrial>>>;
    /// Whether the storage can hold this parameter; asked when a trial gets it, before work
    /// is done with it.
    fn check_param(&self, _param: &Param) -> Result<()> {
        Ok(())
    }
    /// What could not be read so far and was skipped, one line each. The rest of a study is
    /// as good as ever; other programs may refuse it.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
    /// Looks through everything for what Optuna would not have written and may not read. If
    /// `repair` is set, what can be mended is, after a copy was made. Workers should be
    /// stopped meanwhile: a finished trial may change, which they would not notice.
    fn check(&self, _repair: bool) -> Result<Check> {
        Err(Error::Storage {
            store: self.describe(),
            problem: "this storage has no check".to_owned(),
            source: None,
        })
    }
    /// How the storage is named in messages: its URL without credentials.
    fn describe(&self) -> String;
    /// What it tells of itself, for people: of what kind and version it is, how large, and
    /// what its owner had better do.
    fn details(&self) -> Result<Details> {
        Ok(Details::default())
    }

    /// The study of this name.
    fn study(&self, name: &str) -> Result<FrozenStudy> {
        let studies = self.studies()?;
        let known = studies.iter().map(|study| study.name.clone()).collect();
        let found = studies.into_iter().find(|study| study.name == name);
        found.ok_or_else(|| Error::UnknownStudy {
            name: name.to_owned(),
            known,
        })
    }

    /// The trial of this number; [`Error::UnknownTrial`] if there is none, or none that can
    /// be read. A storage that can look it up need not read the others.
    fn trial(&self, study: StudyId, number: u64) -> Result<FrozenTrial> {
        let trials = self.changes(study, &Cursor::default())?;
        let found = trials.into_iter().find(|trial| trial.number == number);
        found.map(Arc::unwrap_or_clone).ok_or(Error::UnknownTrial {
            trial: number as i64,
        })
    }
}

/// Opens the storage at `url`: `sqlite:///path`, `journal:///path` (both created if missing),
/// `memory:`, or a database on a server, `postgresql://user:password@host:5432/database` or
/// `mysql://…`; the forms in which SQLAlchemy names a driver, such as
/// `postgresql+psycopg2://…`, are taken too. `redis://host:6379/0` is a journal on a server. As with Optuna, a path to a file that is there
/// means a journal; so does a path that ends in `.log`.
pub fn open(url: &str) -> Result<Arc<dyn Storage>> {
    if url == "memory:" {
        return Ok(Arc::new(MemoryStorage::default()));
    }
    #[cfg(feature = "sqlite")]
    if let Some(path) = path_after("sqlite:///", url) {
        return Ok(Arc::new(SqliteStorage::open(path)?));
    }
    if let Some(path) = journal_path(url) {
        return Ok(Arc::new(JournalStorage::open(path)?));
    }
    #[cfg(feature = "redis")]
    if url.starts_with("redis://") || url.starts_with("rediss://") {
        return Ok(Arc::new(JournalStorage::open_redis(url)?));
    }
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    if server::is_server(url) {
        return Ok(Arc::new(ServerStorage::open(url)?));
    }
    let scheme = url.split_once("://").map_or(url, |(scheme, _)| scheme);
    Err(Error::Storage {
        store: format!("{scheme}://…"),
        problem: format!("unknown kind of storage; use {}", kinds()),
        source: None,
    })
}

/// The file in which the storage at `url` is kept, whether or not it is there; `None` if it
/// is kept elsewhere.
///
/// ```
/// use std::path::Path;
///
/// use opah::storage::file_of;
///
/// assert_eq!(file_of("sqlite:///trial.db"), Some(Path::new("trial.db")));
/// assert_eq!(file_of("journal:////data/trial.log"), Some(Path::new("/data/trial.log")));
/// assert_eq!(file_of("memory:"), None);
/// ```
pub fn file_of(url: &str) -> Option<&Path> {
    path_after("sqlite:///", url).or_else(|| journal_path(url))
}

/// The path in a URL. Without one, SQLite would write to a file that is gone when it is
/// closed.
fn path_after<'a>(scheme: &str, url: &'a str) -> Option<&'a Path> {
    let path = url.strip_prefix(scheme)?;
    (!path.is_empty()).then(|| Path::new(path))
}

fn journal_path(url: &str) -> Option<&Path> {
    if url.contains("://") {
        return path_after("journal:///", url);
    }
    let path = Path::new(url);
    let is_log = path.extension().is_some_and(|extension| extension == "log");
    (is_log || path.is_file()).then_some(path)
}

/// What the URLs look like, for messages.
fn kinds() -> String {
    let kinds = [
        (cfg!(feature = "sqlite"), "`sqlite:///path/to/file.db`, "),
        (true, "`journal:///path/to/file.log`, "),
        (
            cfg!(feature = "postgres"),
            "`postgresql://user:password@host/database`, ",
        ),
        (cfg!(feature = "mysql"), "`mysql://…`, "),
        (cfg!(feature = "redis"), "`redis://host:6379/0`, "),
    ];
    let built = kinds.into_iter().filter(|(is_built, _)| *is_built);
    let listed: String = built.map(|(_, kind)| kind).collect();
    format!("{} or `memory:`", listed.trim_end_matches(", "))
}

/// The error for a study that is gone since it was loaded.
fn deleted() -> Error {
    Error::NotAvailable("the study was deleted".to_owned())
}

const NEEDED_TO_UPDATE: &str = "a finished trial can't change";
const NEEDED_TO_FINISH: &str = "only a running trial can be told";
const NEEDED_TO_CLAIM: &str = "only a waiting trial can be begun";

/// The error for a trial that is in this state and can't wait again.
fn not_released(trial: TrialId, state: TrialState) -> Error {
    let needed = match state {
        TrialState::Running => "another worker has begun it anew",
        _ => "only a running trial can wait again",
    };
    wrong_state(trial, state, needed)
}

/// The error for a trial that is in another state than is `needed`.
fn wrong_state(trial: TrialId, state: TrialState, needed: &'static str) -> Error {
    Error::WrongState {
        trial: trial.0,
        state: state.name(),
        needed,
    }
}
