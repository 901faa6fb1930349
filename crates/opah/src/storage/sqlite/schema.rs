//! Optuna's tables in an SQLite file: made, or checked.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::storage::encoding::{self, HEAD, Revision};

/// Makes waiting trials findable without a look at all others. Optuna ignores it.
const WAITING_INDEX: &str = "CREATE INDEX IF NOT EXISTS opah_waiting_trials
    ON trials (study_id, trial_id) WHERE state = 'WAITING'";

/// Why a file can't be used.
pub(super) enum Problem {
    Sqlite(rusqlite::Error),
    Version(String),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// Makes the tables in an empty file, and checks the version of any other.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), Problem> {
    if !has_table(connection, "trials")? {
        // Whoever made the tables between the two looks made all of them at once.
        if has_any_table(connection)? && !has_table(connection, "trials")? {
            return Err(not_optunas());
        }
        // Write-ahead logging lets readers and the writer work side by side. It is
        // only turned on in files that are made here; others keep their mode.
        connection.pragma_update(None, "journal_mode", "wal")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !has_table(&transaction, "trials")? {
            create(&transaction)?;
        }
        transaction.commit()?;
    }
    check_version(connection)?;
    if !connection.is_readonly(rusqlite::MAIN_DB)? {
        connection.execute(WAITING_INDEX, [])?;
    }
    Ok(())
}

/// Makes all tables.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(include_str!("schema.sql"))
}

fn not_optunas() -> Problem {
    let problem =
        "the file is an SQLite database, but not one of Optuna's or opah's; name another file";
    Problem::Version(problem.to_owned())
}

fn check_version(connection: &Connection) -> Result<(), Problem> {
    match older_version(connection)? {
        None => Ok(()),
        Some(old) => Err(Problem::Version(format!(
            "the file has Optuna's older schema {old}, and {HEAD} is needed; run `opah storage upgrade URL` once"
        ))),
    }
}

/// The version of a file that needs an upgrade; `None` if it needs none.
pub(super) fn older_version(connection: &Connection) -> Result<Option<String>, Problem> {
    let has_revision = has_table(connection, "alembic_version")?;
    let has_version = has_table(connection, "version_info")?;
    if !has_table(connection, "trials")? || (!has_revision && !has_version) {
        return Err(not_optunas());
    }
    let version: Option<String> = if has_revision {
        connection
            .query_row("SELECT version_num FROM alembic_version", [], |row| {
                row.get(0)
            })
            .optional()?
    } else {
        None
    };
    let schema: Option<i64> = if has_version {
        connection
            .query_row("SELECT schema_version FROM version_info", [], |row| {
                row.get(0)
            })
            .optional()?
    } else {
        None
    };
    match Revision::of(version.as_deref(), schema) {
        Revision::Head => Ok(None),
        Revision::Older(old) => Ok(Some(old)),
        Revision::Newer(new) => Err(Problem::Version(encoding::too_new("the file", &new))),
    }
}

/// The version of the schema and of the program that made the file, where it says so.
pub(super) fn versions(
    connection: &Connection,
) -> rusqlite::Result<(Option<String>, Option<String>)> {
    let read = |table: &str, column: &str| -> rusqlite::Result<Option<String>> {
        if !has_table(connection, table)? {
            return Ok(None);
        }
        let sql = format!("SELECT CAST({column} AS TEXT) FROM {table}");
        let found = connection
            .query_row(&sql, [], |row| row.get::<_, Option<String>>(0))
            .optional()?;
        Ok(found.flatten())
    };
    Ok((
        read("alembic_version", "version_num")?,
        read("version_info", "library_version")?,
    ))
}

pub(super) fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    Ok(connection
        .query_row(sql, [name], |_| Ok(()))
        .optional()?
        .is_some())
}

fn has_any_table(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' LIMIT 1";
    Ok(connection
        .query_row(sql, [], |_| Ok(()))
        .optional()?
        .is_some())
}
