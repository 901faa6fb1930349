//! Studies in an SQLite file, in Optuna's schema: Optuna may read and write the same
//! file at the same time.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction. An ask is committed without a
//! flush to the disk (a power cut may forget that a trial was begun); a tell is
//! flushed before it is acknowledged.

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

use self::rows::{Interned, Which};
use self::schema::Problem;
use super::{AttrKind, Cursor, Outcome, Storage, TrialStart, TrialUpdate};
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Attrs, Direction, FrozenStudy, FrozenTrial, StudyId, TrialId, TrialState,
};
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
    interned: Interned,
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
            interned: Interned::default(),
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
        let open = self.lock();
        let read = || -> rusqlite::Result<Vec<FrozenStudy>> {
            let mut select = open
                .connection
                .prepare_cached("SELECT study_id, study_name FROM studies ORDER BY study_id")?;
            let found = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            found
                .map(|study| study.and_then(|(id, name)| read_study(&open.connection, id, name)))
                .collect()
        };
        read().map_err(|error| self.failed(error))
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
            let last: Option<i64> = transaction
                .prepare_cached(last)?
                .query_row([study.0], |row| row.get(0))
                .optional()?;
            transaction
                .prepare_cached(
                    "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![
                    last.map_or(0, |last| last + 1),
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
        self.read(study, id)
    }

    fn claim_waiting(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>> {
        let first = "SELECT trial_id FROM trials WHERE study_id = ?1 AND state = 'WAITING'
                     ORDER BY trial_id LIMIT 1";
        let waiting = || -> rusqlite::Result<Option<i64>> {
            let open = self.lock();
            open.connection
                .prepare_cached(first)?
                .query_row([study.0], |row| row.get(0))
                .optional()
        };
        // Most asks find nothing, and need no write transaction to learn it.
        if waiting().map_err(|error| self.failed(error))?.is_none() {
            return Ok(None);
        }
        let claimed = self.write(Durability::Later, |transaction| {
            let id: Option<i64> = transaction
                .prepare_cached(first)?
                .query_row([study.0], |row| row.get(0))
                .optional()?;
            if let Some(id) = id {
                transaction
                    .prepare_cached(
                        "UPDATE trials SET state = 'RUNNING', datetime_start = ?2
                         WHERE trial_id = ?1 AND state = 'WAITING'",
                    )?
                    .execute(params![id, rows::time_text(now)])?;
            }
            Ok(id)
        })?;
        claimed.map(|id| self.read(study, TrialId(id))).transpose()
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
        let Open {
            connection,
            interned,
        } = &mut *open;
        let mut read = || -> std::result::Result<_, Box<dyn std::error::Error + Send + Sync>> {
            let snapshot = connection.transaction()?;
            let mut changed = Vec::new();
            for id in &cursor.unfinished {
                changed.extend(rows::trials(&snapshot, interned, study, Which::Id(*id))?);
            }
            let last = cursor.last.map_or(i64::MIN, |id| id.0);
            changed.extend(rows::trials(
                &snapshot,
                interned,
                study,
                Which::After(last),
            )?);
            Ok(changed)
        };
        read().map_err(|error| self.unreadable(error))
    }

    fn describe(&self) -> String {
        describe(&self.path)
    }
}

impl SqliteStorage {
    fn read(&self, study: StudyId, id: TrialId) -> Result<FrozenTrial> {
        let mut open = self.lock();
        let Open {
            connection,
            interned,
        } = &mut *open;
        let found = rows::trials(connection, interned, study, Which::Id(id));
        let found = found.map_err(|error| self.unreadable(error))?;
        found
            .into_iter()
            .next()
            .ok_or(Error::UnknownTrial { trial: id.0 })
    }

    fn unreadable(&self, error: Box<dyn std::error::Error + Send + Sync>) -> Error {
        match error.downcast::<rusqlite::Error>() {
            Ok(error) => self.failed(*error),
            Err(source) => Error::Storage {
                store: self.describe(),
                problem: format!("a stored trial can't be read: {source}"),
                source: Some(source),
            },
        }
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

fn read_study(connection: &Connection, id: i64, name: String) -> rusqlite::Result<FrozenStudy> {
    let directions =
        "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective";
    let directions = connection
        .prepare_cached(directions)?
        .query_map([id], |row| Ok(rows::direction(row.get_ref(0)?.as_str()?)))?
        .collect::<rusqlite::Result<_>>()?;
    let attrs = |table: &str| -> rusqlite::Result<Attrs> {
        let sql = format!("SELECT key, value_json FROM {table} WHERE study_id = ?1");
        let mut select = connection.prepare_cached(&sql)?;
        let found = select.query_map([id], |row| {
            Ok((
                row.get::<_, String>(0)?,
                Json::from_text(row.get::<_, String>(1)?),
            ))
        })?;
        found.collect()
    };
    Ok(FrozenStudy {
        id: StudyId(id),
        name,
        directions,
        user_attrs: attrs("study_user_attributes")?,
        system_attrs: attrs("study_system_attributes")?,
    })
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
