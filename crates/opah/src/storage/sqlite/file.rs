//! The file itself: opened, locked, written to in transactions, and its errors told.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::read::Reader;
use super::schema::{self, Problem};
use crate::error::{Error, Result};

/// How long a writer waits for another one.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_mins(1);
/// The pause before an attempt that SQLite itself does not repeat.
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

/// A storage in an SQLite file.
#[derive(Debug)]
pub struct SqliteStorage {
    path: PathBuf,
    open: Mutex<Open>,
}

/// What a thread has while it works with the file.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) connection: Connection,
    pub(super) reader: Reader,
}

/// Whether a commit is on the disk when it returns.
#[derive(Clone, Copy)]
pub(super) enum Durability {
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
        let mut connection = connect(path, timeout)?;
        let begun = Instant::now();
        loop {
            match schema::prepare(&mut connection) {
                Ok(()) => break,
                // To turn on write-ahead logging, SQLite does not wait for others who do so.
                Err(Problem::Sqlite(error)) if is_busy(&error) && begun.elapsed() < timeout => {
                    thread::sleep(BETWEEN_TRIES);
                }
                Err(problem) => return Err(refused(path, problem)),
            }
        }
        let open = Mutex::new(Open {
            connection,
            reader: Reader::default(),
        });
        Ok(Self {
            path: path.to_owned(),
            open,
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Open> {
        // A panic between two statements drops the transaction, which rolls it back.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn url(&self) -> String {
        describe(&self.path)
    }

    /// The error in words that say what to do.
    pub(super) fn failed(&self, error: rusqlite::Error) -> Error {
        storage_error(&self.path, error)
    }

    /// Runs `work` in one write transaction.
    pub(super) fn write<T>(
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
pub(super) enum Refused {
    Sqlite(rusqlite::Error),
    Rule(Error),
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Opens a file, whatever it holds, making it if it is missing.
pub(super) fn connect(path: &Path, timeout: Duration) -> Result<Connection> {
    let failed = |error| storage_error(path, error);
    let connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(timeout).map_err(failed)?;
    // A file from elsewhere may hold anything: no function with side effects is run from
    // its schema, its schema can't be written to, and its triggers and views, which
    // neither Optuna nor opah needs, do nothing.
    for (option, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(option, value).map_err(failed)?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// The error for a file that can't be used as it is.
pub(super) fn refused(path: &Path, problem: Problem) -> Error {
    match problem {
        Problem::Sqlite(error) => storage_error(path, error),
        Problem::Version(problem) => Error::Storage {
            store: describe(path),
            problem,
            source: None,
        },
    }
}

pub(super) fn describe(path: &Path) -> String {
    format!("sqlite:///{}", path.display())
}

/// An SQLite error in words that say what to do.
pub(super) fn storage_error(path: &Path, error: rusqlite::Error) -> Error {
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
