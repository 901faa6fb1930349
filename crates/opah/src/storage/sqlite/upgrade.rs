//! Files of older Optuna versions, brought up to the schema of Optuna 5.0.
//!
//! Optuna goes from version to version; here the tables are made anew and filled from the old
//! ones, whichever columns those have. What changed over the versions:
//!
//! | since | change |
//! | --- | --- |
//! | v1.3.0.a | a trial's number is a column, before it is the system attribute `_number` |
//! | v2.4.0.a | directions and values have tables of their own; before, each study and trial has one, and `trial_values` holds what was reported |
//! | v3.0.0.a | `FloatDistribution` and `IntDistribution` in place of five classes |
//! | v3.0.0.c, d | infinite and missing numbers have a kind beside them; before, infinity may be the greatest number of 32 bits |
//!
//! Times stay as they are: Optuna up to 4.9 wrote the local time of the writer, and no file
//! tells which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior, params};

use super::backup::back_up;
use super::file::{BUSY_TIMEOUT, SqliteStorage, connect, describe, refused};
use super::schema::{self, Problem};
use crate::distribution::Distribution;
use crate::error::{Error, Result};

/// Every table that Optuna has had.
pub(super) const TABLES: [&str; 13] = [
    "studies",
    "study_directions",
    "study_user_attributes",
    "study_system_attributes",
    "trials",
    "trial_params",
    "trial_values",
    "trial_intermediate_values",
    "trial_user_attributes",
    "trial_system_attributes",
    "trial_heartbeats",
    "version_info",
    "alembic_version",
];

/// Those that never changed but for the length of texts: with the columns that are copied.
const UNCHANGED: [(&str, &str); 6] = [
    ("studies", "study_id, study_name"),
    (
        "study_user_attributes",
        "study_user_attribute_id, study_id, key, value_json",
    ),
    (
        "study_system_attributes",
        "study_system_attribute_id, study_id, key, value_json",
    ),
    (
        "trial_user_attributes",
        "trial_user_attribute_id, trial_id, key, value_json",
    ),
    (
        "trial_params",
        "param_id, trial_id, param_name, param_value, distribution_json",
    ),
    (
        "trial_heartbeats",
        "trial_heartbeat_id, trial_id, heartbeat",
    ),
];

/// What the names of all five older classes of distributions end with.
const OLDER_CLASSES: &str = "UniformDistribution\"";

/// What an upgrade did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// The version that the file had, e.g. `v2.6.0.a`.
    pub from: String,
    /// The copy of the file as it was.
    pub backup: PathBuf,
}

impl SqliteStorage {
    /// Brings a file of an older Optuna version up to the schema of Optuna 5.0, in one
    /// transaction, after a copy was made. `None` if it has that schema already. A file of a
    /// newer version, and one that is not Optuna's, is refused.
    pub fn upgrade(path: &Path) -> Result<Option<Upgrade>> {
        if !path.is_file() {
            return Err(Error::Storage {
                store: describe(path),
                problem: "there is no such file; check the path".to_owned(),
                source: None,
            });
        }
        let mut connection = connect(path, BUSY_TIMEOUT)?;
        let version = schema::older_version(&connection);
        let Some(from) = version.map_err(|problem| refused(path, problem))? else {
            return Ok(None);
        };
        let backup = back_up(&connection, path, "upgrade")?;
        let mut run = || -> std::result::Result<(), Problem> {
            // For a moment rows refer to tables that are not there.
            connection.pragma_update(None, "foreign_keys", false)?;
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another program may have been faster.
            if schema::older_version(&transaction)?.is_some() {
                rebuild(&transaction)?;
            }
            Ok(transaction.commit()?)
        };
        run().map_err(|problem| refused(path, problem))?;
        Ok(Some(Upgrade { from, backup }))
    }

    /// The path in a URL `sqlite:///path`; `None` in any other.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use opah::storage::SqliteStorage;
    ///
    /// assert_eq!(SqliteStorage::path_of("sqlite:///a.db"), Some(Path::new("a.db")));
    /// assert_eq!(SqliteStorage::path_of("journal:///a.log"), None);
    /// ```
    pub fn path_of(url: &str) -> Option<&Path> {
        crate::storage::path_after("sqlite:///", url)
    }
}

/// Makes all tables anew, with what is in the old ones.
fn rebuild(connection: &Connection) -> rusqlite::Result<()> {
    for table in TABLES {
        if schema::has_table(connection, table)? {
            connection.execute_batch(&format!(
                "CREATE TEMP TABLE old_{table} AS SELECT * FROM main.{table};
                 DROP TABLE main.{table}"
            ))?;
        }
    }
    schema::create(connection)?;
    for (table, columns) in UNCHANGED {
        copy(connection, table, columns, columns, "")?;
    }
    copy_directions(connection)?;
    copy_trials(connection)?;
    copy_values(connection)?;
    renew_distributions(connection)?;
    for table in TABLES {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS temp.old_{table}"))?;
    }
    Ok(())
}

/// Fills a table from its old self, if there is one.
fn copy(
    connection: &Connection,
    table: &str,
    columns: &str,
    expressions: &str,
    condition: &str,
) -> rusqlite::Result<()> {
    if columns_of(connection, table)?.is_empty() {
        return Ok(());
    }
    connection.execute_batch(&format!(
        "INSERT INTO main.{table} ({columns}) SELECT {expressions} FROM temp.old_{table} {condition}"
    ))
}

/// The columns of an old table; none if there is no such table.
fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<BTreeSet<String>> {
    let mut select = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let columns = select.query_map([format!("old_{table}")], |row| row.get(0))?;
    columns.collect()
}

fn copy_directions(connection: &Connection) -> rusqlite::Result<()> {
    let columns = "study_direction_id, direction, study_id, objective";
    copy(connection, "study_directions", columns, columns, "")?;
    if columns_of(connection, "studies")?.contains("direction") {
        connection.execute_batch(
            "INSERT INTO main.study_directions (direction, study_id, objective)
             SELECT direction, study_id, 0 FROM temp.old_studies
             WHERE study_id NOT IN (SELECT study_id FROM main.study_directions)
             ORDER BY study_id",
        )?;
    }
    Ok(())
}

fn copy_trials(connection: &Connection) -> rusqlite::Result<()> {
    let has_number = columns_of(connection, "trials")?.contains("number");
    let number = if has_number {
        "number"
    } else {
        "coalesce(
            (SELECT CAST(a.value_json AS INTEGER) FROM temp.old_trial_system_attributes a
             WHERE a.trial_id = old_trials.trial_id AND a.key = '_number'),
            (SELECT count(*) FROM temp.old_trials before
             WHERE before.study_id = old_trials.study_id AND before.trial_id < old_trials.trial_id)
        )"
    };
    copy(
        connection,
        "trials",
        "trial_id, number, study_id, state, datetime_start, datetime_complete",
        &format!("trial_id, {number}, study_id, state, datetime_start, datetime_complete"),
        "",
    )?;
    let columns = "trial_system_attribute_id, trial_id, key, value_json";
    let condition = if has_number {
        ""
    } else {
        "WHERE key IS NOT '_number'"
    };
    copy(
        connection,
        "trial_system_attributes",
        columns,
        columns,
        condition,
    )
}

/// A number and its kind, from the old table's column and, if it has one, its kind's.
fn with_kind(columns: &BTreeSet<String>, value: &str, kind: &str) -> String {
    if columns.contains(kind) {
        return format!("{value}, {kind}");
    }
    // NumPy's `isclose`, by which Optuna recognizes its stand-ins of infinity.
    let greatest = f64::from(f32::MAX);
    let is = |sign: &str| {
        format!(
            "({value} = {sign}9e999 OR abs({value} - {sign}{greatest:e}) <= {tolerance:e})",
            tolerance = 1e-5 * greatest
        )
    };
    let (positive, negative) = (is(""), is("-"));
    format!(
        "CASE WHEN {positive} OR {negative} THEN NULL ELSE {value} END,
         CASE WHEN {value} IS NULL THEN 'NAN' WHEN {positive} THEN 'INF_POS'
              WHEN {negative} THEN 'INF_NEG' ELSE 'FINITE' END"
    )
}

fn copy_values(connection: &Connection) -> rusqlite::Result<()> {
    let values = columns_of(connection, "trial_values")?;
    let reports = columns_of(connection, "trial_intermediate_values")?;
    let number = with_kind(&reports, "intermediate_value", "intermediate_value_type");
    copy(
        connection,
        "trial_intermediate_values",
        "trial_intermediate_value_id, trial_id, step, intermediate_value, intermediate_value_type",
        &format!("trial_intermediate_value_id, trial_id, step, {number}"),
        "",
    )?;
    let number = with_kind(&values, "value", "value_type");
    if values.contains("step") {
        connection.execute_batch(&format!(
            "INSERT OR IGNORE INTO main.trial_intermediate_values
             (trial_id, step, intermediate_value, intermediate_value_type)
             SELECT trial_id, step, {number} FROM temp.old_trial_values
             WHERE trial_id IS NOT NULL AND step IS NOT NULL ORDER BY trial_value_id"
        ))?;
    }
    if values.contains("objective") {
        let condition = if values.contains("value_type") {
            ""
        } else {
            "WHERE value IS NOT NULL"
        };
        copy(
            connection,
            "trial_values",
            "trial_value_id, trial_id, objective, value, value_type",
            &format!("trial_value_id, trial_id, objective, {number}"),
            condition,
        )?;
    }
    if columns_of(connection, "trials")?.contains("value") {
        connection.execute_batch(&format!(
            "INSERT OR IGNORE INTO main.trial_values (trial_id, objective, value, value_type)
             SELECT trial_id, 0, {number} FROM temp.old_trials
             WHERE value IS NOT NULL ORDER BY trial_id"
        ))?;
    }
    Ok(())
}

/// Spells distributions of the older classes as Optuna does now. What can't be read stays as
/// it is, for a [check](super::check) to find.
fn renew_distributions(connection: &Connection) -> rusqlite::Result<()> {
    let select = "SELECT param_id, distribution_json FROM main.trial_params
                  WHERE distribution_json LIKE '%' || ?1 || '%'";
    let mut select = connection.prepare(select)?;
    let older = select.query_map([OLDER_CLASSES], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let older: Vec<(i64, String)> = older.collect::<rusqlite::Result<_>>()?;
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let set = "UPDATE main.trial_params SET distribution_json = ?2 WHERE param_id = ?1";
    let mut set = connection.prepare(set)?;
    for (id, json) in older {
        let renew = || Distribution::from_json(&json).ok().map(|new| new.to_json());
        if let Some(new) = known.entry(json.clone()).or_insert_with(renew) {
            set.execute(params![id, new.as_str()])?;
        }
    }
    Ok(())
}
