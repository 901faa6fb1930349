//! Studies in an SQLite file, in Optuna's schema: Optuna may read and write the same
//! file at the same time.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction. An ask is committed without a
//! flush to the disk (a power cut may forget that a trial was begun); a tell is
//! flushed before it is acknowledged.

mod read;
mod rows;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension, Transaction, TransactionBehavior, params,
};

use self::read::{Reader, Which};
use self::schema::Problem;
use super::{AttrKind, Cursor, Outcome, Storage, TrialStart, TrialUpdate};
use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenStudy, FrozenTrial, StudyId, TrialId, TrialState};
use crate::json::Json;

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_mins(1);

/// A storage in an SQLite file.
#[derive(Debug)]
pub struct SqliteStorage {
    path: PathBuf,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    reader: Reader,
}

/// Whether a commit is on the disk when it returns.
#[derive(Clone, Copy)]
enum Durability {
    Flushed,
    Later,
}

impl SqliteStorage {
    /// Opens the file, making it if it is missing; its folder must exist.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with_timeout(path, BUSY_TIMEOUT)
    }

    /// As [`open`](Self::open), waiting at most `timeout` for other writers.
    pub fn open_with_timeout(path: &Path, timeout: Duration) -> Result<Self> {
        let failed = |error| storage_error(path, error);
        let mut connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(timeout).map_err(failed)?;
        // A file from elsewhere may hold anything: no function with side effects is
        // run from its schema, and its schema can't be written to.
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)
            .map_err(failed)?;
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
            .map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(64);
        schema::prepare(&mut connection).map_err(|problem| match problem {
            Problem::Sqlite(error) => failed(error),
            Problem::Version(problem) => Error::Storage {
                store: describe(path),
                problem,
                source: None,
            },
        })?;
        let open = Mutex::new(Open {
            connection,
            reader: Reader::default(),
        });
        Ok(Self {
            path: path.to_owned(),
            open,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // A panic between two statements drops the transaction, which rolls it back.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        storage_error(&self.path, error)
    }

    /// Runs `work` in one write transaction.
    fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction) -> std::result::Result<T, Refused>,
    ) -> Result<T> {
        let mut open = self.lock();
        let mode = match durability {
            Durability::Flushed => "FULL",
            Durability::Later => "NORMAL",
        };
        let run = || -> std::result::Result<T, Refused> {
            open.connection.pragma_update(None, "synchronous", mode)?;
            let transaction = open
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|refused| match refused {
            Refused::Sqlite(error) => self.failed(error),
            Refused::Rule(error) => error,
        })
    }
}

/// Why a transaction was rolled back.
enum Refused {
    Sqlite(rusqlite::Error),
    Rule(Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Storage for SqliteStorage {
    fn create_study(&self, name: &str, directions: &[Direction]) -> Result<StudyId> {
        self.write(Durability::Flushed, |transaction| {
            let taken = "SELECT 1 FROM studies WHERE study_name = ?1";
            if transaction.query_row(taken, [name], |_| Ok(())).optional()?.is_some() {
                return Err(Refused::Rule(Error::DuplicateStudy { name: name.to_owned() }));
            }
            transaction.execute("INSERT INTO studies (study_name) VALUES (?1)", [name])?;
            let id = transaction.last_insert_rowid();
            for (objective, direction) in (0_u32..).zip(directions) {
                transaction.execute(
                    "INSERT INTO study_directions (direction, study_id, objective) VALUES (?1, ?2, ?3)",
                    params![rows::direction_name(*direction), id, objective],
                )?;
            }
            Ok(StudyId(id))
        })
    }

    fn delete_study(&self, study: StudyId) -> Result<()> {
        self.write(Durability::Flushed, |transaction| {
            for table in [
                "trial_user_attributes",
                "trial_system_attributes",
                "trial_params",
                "trial_values",
                "trial_intermediate_values",
                "trial_heartbeats",
            ] {
                let sql = format!(
                    "DELETE FROM {table} WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?1)"
                );
                transaction.execute(&sql, [study.0])?;
            }
            for table in [
                "trials",
                "study_directions",
                "study_user_attributes",
                "study_system_attributes",
                "studies",
            ] {
                transaction.execute(&format!("DELETE FROM {table} WHERE study_id = ?1"), [study.0])?;
            }
            Ok(())
        })
    }

    fn studies(&self) -> Result<Vec<FrozenStudy>> {
        let mut open = self.lock();
        let found = read::studies(&open.connection, None).map_err(|error| self.failed(error))?;
        let mut studies = Vec::new();
        for study in found {
            match study {
                Ok(study) => studies.push(study),
                Err((name, problem)) => {
                    let warning = format!("study `{name}` is skipped: {problem}");
                    open.reader.warnings.insert(warning);
                }
            }
        }
        Ok(studies)
    }

    fn study(&self, name: &str) -> Result<FrozenStudy> {
        let open = self.lock();
        let found = read::studies(&open.connection, Some(name));
        match found.map_err(|error| self.failed(error))?.pop() {
            Some(Ok(study)) => Ok(study),
            Some(Err((name, problem))) => Err(Error::Storage {
                store: self.describe(),
                problem: format!("study `{name}` can't be read: {problem}"),
                source: None,
            }),
            None => {
                let known = read::studies(&open.connection, None);
                let known = known.map_err(|error| self.failed(error))?.into_iter();
                let name_of = |study| match study {
                    Ok(FrozenStudy { name, .. }) | Err((name, _)) => name,
                };
                Err(Error::UnknownStudy {
                    name: name.to_owned(),
                    known: known.map(name_of).collect(),
                })
            }
        }
    }

    fn set_study_attr(
        &self,
        study: StudyId,
        kind: AttrKind,
        key: &str,
        value: &Json,
    ) -> Result<()> {
        let table = match kind {
            AttrKind::User => "study_user_attributes",
            AttrKind::System => "study_system_attributes",
        };
        self.write(Durability::Flushed, |transaction| {
            let sql = format!(
                "INSERT INTO {table} (study_id, key, value_json) VALUES (?1, ?2, ?3)
                 ON CONFLICT (study_id, key) DO UPDATE SET value_json = excluded.value_json"
            );
            transaction.execute(&sql, params![study.0, key, value.as_str()])?;
            Ok(())
        })
    }

    fn create_trial(&self, study: StudyId, start: &TrialStart) -> Result<FrozenTrial> {
        let id = self.write(Durability::Later, |transaction| {
            // Ids of a study grow with its numbers, so the last id has the last number.
            let last =
                "SELECT number FROM trials WHERE study_id = ?1 ORDER BY trial_id DESC LIMIT 1";
            let last: Option<Option<i64>> = transaction
                .prepare_cached(last)?
                .query_row([study.0], |row| Ok(row.get_ref(0)?.as_i64().ok()))
                .optional()?;
            let number = match last {
                None => 0,
                Some(Some(last)) => last.saturating_add(1),
                // The last trial has no number, but it has a place.
                Some(None) => transaction.query_row(
                    "SELECT count(*) FROM trials WHERE study_id = ?1",
                    [study.0],
                    |row| row.get(0),
                )?,
            };
            transaction
                .prepare_cached(
                    "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    number,
                    study.0,
                    start.state.name(),
                    start.datetime_start.map(rows::time_text),
                    start.datetime_complete.map(rows::time_text),
                ])?;
            let id = TrialId(transaction.last_insert_rowid());
            rows::write(transaction, id, &start.update)?;
            rows::write_values(transaction, id, &start.values)?;
            Ok(id)
        })?;
        self.read(study, id)?
            .ok_or(Error::UnknownTrial { trial: id.0 })
    }

    fn claim_waiting(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>> {
        let mut passed = i64::MIN;
        loop {
            // Most asks find nothing, and need no write transaction to learn it.
            let next = self.waiting_after(study, passed);
            let Some(id) = next.map_err(|error| self.failed(error))? else {
                return Ok(None);
            };
            // What can't be read can't be run, and is left as it is.
            if self.read(study, id)?.is_none() {
                passed = id.0;
                continue;
            }
            let claimed = self.write(Durability::Later, |transaction| {
                let claim = "UPDATE trials SET state = 'RUNNING', datetime_start = ?2
                             WHERE trial_id = ?1 AND state = 'WAITING'";
                let mut claim = transaction.prepare_cached(claim)?;
                Ok(claim.execute(params![id.0, rows::time_text(now)])? == 1)
            })?;
            if claimed {
                return self.read(study, id);
            }
        }
    }

    fn update_trial(&self, trial: TrialId, update: &TrialUpdate) -> Result<()> {
        self.write(Durability::Later, |transaction| {
            let state = state(transaction, trial)?;
            if state.is_finished() {
                let needed = "a finished trial can't change";
                return Err(Refused::Rule(Error::WrongState {
                    trial: trial.0,
                    state: state.name(),
                    needed,
                }));
            }
            Ok(rows::write(transaction, trial, update)?)
        })
    }

    fn finish_trial(
        &self,
        trial: TrialId,
        update: &TrialUpdate,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<()> {
        self.write(Durability::Flushed, |transaction| {
            let changed = transaction
                .prepare_cached(
                    "UPDATE trials SET state = ?2, datetime_complete = ?3
                     WHERE trial_id = ?1 AND state = 'RUNNING'",
                )?
                .execute(params![
                    trial.0,
                    outcome.state().name(),
                    rows::time_text(now)
                ])?;
            if changed == 0 {
                let state = state(transaction, trial)?;
                let needed = "only a running trial can be told";
                return Err(Refused::Rule(Error::WrongState {
                    trial: trial.0,
                    state: state.name(),
                    needed,
                }));
            }
            rows::write(transaction, trial, update)?;
            Ok(rows::write_values(transaction, trial, outcome.values())?)
        })
    }

    fn changes(&self, study: StudyId, cursor: &Cursor) -> Result<Vec<FrozenTrial>> {
        let mut open = self.lock();
        let Open { connection, reader } = &mut *open;
        let mut read = || -> rusqlite::Result<_> {
            let snapshot = connection.transaction()?;
            let mut changed = Vec::new();
            for id in &cursor.unfinished {
                changed.extend(reader.trials(&snapshot, study, Which::Id(*id))?);
            }
            let last = cursor.last.map_or(i64::MIN, |id| id.0);
            changed.extend(reader.trials(&snapshot, study, Which::After(last))?);
            Ok(changed)
        };
        read().map_err(|error| self.failed(error))
    }

    fn warnings(&self) -> Vec<String> {
        self.lock().reader.warnings.iter().cloned().collect()
    }

    fn describe(&self) -> String {
        describe(&self.path)
    }
}

impl SqliteStorage {
    /// The trial; `None` if it is not there or can't be read.
    fn read(&self, study: StudyId, id: TrialId) -> Result<Option<FrozenTrial>> {
        let mut open = self.lock();
        let Open { connection, reader } = &mut *open;
        let found = reader.trials(connection, study, Which::Id(id));
        Ok(found.map_err(|error| self.failed(error))?.pop())
    }

    fn waiting_after(&self, study: StudyId, after: i64) -> rusqlite::Result<Option<TrialId>> {
        let next = "SELECT trial_id FROM trials
                    WHERE study_id = ?1 AND state = 'WAITING' AND trial_id > ?2
                    ORDER BY trial_id LIMIT 1";
        self.lock()
            .connection
            .prepare_cached(next)?
            .query_row([study.0, after], |row| row.get(0).map(TrialId))
            .optional()
    }
}

fn state(transaction: &Transaction, trial: TrialId) -> std::result::Result<TrialState, Refused> {
    let sql = "SELECT state FROM trials WHERE trial_id = ?1";
    let name: Option<String> = transaction
        .prepare_cached(sql)?
        .query_row([trial.0], |row| row.get(0))
        .optional()?;
    let state = name.as_deref().and_then(TrialState::from_name);
    state.ok_or(Refused::Rule(Error::UnknownTrial { trial: trial.0 }))
}

fn describe(path: &Path) -> String {
    format!("sqlite:///{}", path.display())
}

/// An SQLite error in words that say what to do.
fn storage_error(path: &Path, error: rusqlite::Error) -> Error {
    let problem = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "the file is not an SQLite database; name another file",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program has locked the file for too long; stop it, or try again later"
        }
        Some(ErrorCode::DiskFull) => "the disk is full; free some space and run the command again",
        Some(ErrorCode::ReadOnly) => {
            "the file or its folder can't be written to; check the permissions"
        }
        Some(ErrorCode::CannotOpen) => {
            "the file can't be opened; check that its folder exists and can be written to"
        }
        Some(ErrorCode::DatabaseCorrupt) => "the file is damaged; restore it from a backup",
        Some(ErrorCode::SystemIoFailure) => "reading or writing the file failed; check the disk",
        _ => "the database refused",
    };
    Error::Storage {
        store: describe(path),
        problem: problem.to_owned(),
        source: Some(Box::new(error)),
    }
}

#[cfg(test)]
mod tests;
