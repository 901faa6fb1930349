//! Rows that Optuna would not have written, found and mended.
//!
//! One such row makes its study unreadable for Optuna; here its trial is
//! [skipped](super::read). A check names all of them, and says what mends each: the least
//! change after which Optuna and opah read the whole study. Where that loses something, such
//! as the values of a trial, the backup that a repair begins with still has it.
//!
//! | part | what it finds |
//! | --- | --- |
//! | `rules` | what SQL can tell; a rule a kind |
//! | `texts` | distributions, attributes and times that don't parse |
//! | `numbers` | trials without a number of their own |

mod numbers;
mod rules;
mod texts;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::backup::back_up;
use super::file::{Durability, SqliteStorage};
use super::guard;
use super::read::Reader;
use super::studies::study_name;
use crate::error::Result;
use crate::frozen_trial::StudyId;
use crate::storage::check::{Check, Finding, Status};

/// Something that is wrong, and the statements that mend it; without any, a person must.
struct Fault {
    place: String,
    problem: String,
    remedy: String,
    mends: Vec<Mend>,
}

/// A statement and its parameters.
struct Mend {
    sql: String,
    values: Vec<Value>,
}

impl Mend {
    fn new(sql: impl Into<String>, values: Vec<Value>) -> Self {
        Self {
            sql: sql.into(),
            values,
        }
    }
}

impl Fault {
    fn finding(self, of_mendable: Status) -> Finding {
        let status = if self.mends.is_empty() {
            Status::LeftAlone
        } else {
            of_mendable
        };
        Finding {
            place: self.place,
            problem: self.problem,
            remedy: self.remedy,
            status,
        }
    }
}

impl SqliteStorage {
    /// What is wrong with the file; mended if `repair` says so.
    pub(super) fn look_through(&self, repair: bool) -> Result<Check> {
        let mut open = self.lock();
        let mut look = || -> rusqlite::Result<Vec<Fault>> {
            let snapshot = open.connection.transaction()?;
            faults(&snapshot)
        };
        let found = look().map_err(|error| self.failed(error))?;
        if !repair || found.iter().all(|fault| fault.mends.is_empty()) {
            let findings = found.into_iter();
            return Ok(Check {
                findings: findings
                    .map(|fault| fault.finding(Status::Repairable))
                    .collect(),
                backup: None,
            });
        }
        let backup = back_up(&open.connection, self.path(), "repair")?;
        drop(open);
        let (mended, left) = self.write(Durability::Flushed, |transaction| {
            // Others may have written since the first look.
            let mended = faults(transaction)?;
            for mend in mended.iter().flat_map(|fault| &fault.mends) {
                transaction.execute(&mend.sql, params_from_iter(&mend.values))?;
            }
            Ok((mended, faults(transaction)?))
        })?;
        // What was noted of the rows as they were is forgotten.
        self.lock().reader = Reader::default();
        let mended = mended.into_iter().filter(|fault| !fault.mends.is_empty());
        let mended = mended.map(|fault| fault.finding(Status::Repaired));
        let left = left
            .into_iter()
            .map(|fault| fault.finding(Status::Repairable));
        Ok(Check {
            findings: mended.chain(left).collect(),
            backup: Some(backup),
        })
    }
}

fn faults(connection: &Connection) -> rusqlite::Result<Vec<Fault>> {
    let mut faults = damage(connection)?;
    // Nothing that a damaged file says can be relied on.
    if faults.is_empty() {
        strangers(connection, &mut faults)?;
        rules::find(connection, &mut faults)?;
        numbers::find(connection, &mut faults)?;
        texts::find(connection, &mut faults)?;
    }
    Ok(faults)
}

/// What SQLite says of the file's pages and indexes.
fn damage(connection: &Connection) -> rusqlite::Result<Vec<Fault>> {
    let mut check = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    let mut damage = Vec::new();
    for line in lines {
        let problem = line?;
        if problem != "ok" {
            damage.push(Fault {
                place: "the file".to_owned(),
                problem,
                remedy: "restore it from a backup, or save what can be read with `sqlite3 FILE .recover`".to_owned(),
                mends: Vec::new(),
            });
        }
    }
    Ok(damage)
}

/// Triggers and views, which other programs run.
fn strangers(connection: &Connection, faults: &mut Vec<Fault>) -> rusqlite::Result<()> {
    let select = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')";
    let mut select = connection.prepare(select)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, name) = (text(row.get_ref(0)?), text(row.get_ref(1)?));
        if guard::is_ours(&name) {
            continue;
        }
        let drop = format!("DROP {} \"{name}\"", kind.to_uppercase());
        faults.push(Fault {
            place: format!("the {kind} `{name}`"),
            problem: "neither Optuna nor opah makes it; opah never runs it, other programs do"
                .to_owned(),
            remedy: format!("if you don't know it, remove it: `{drop}`"),
            mends: Vec::new(),
        });
    }
    Ok(())
}

/// How people find a study.
fn of_study(connection: &Connection, study: i64) -> rusqlite::Result<String> {
    let name = study_name(connection, StudyId(study))?;
    Ok(format!("study `{name}`"))
}

/// How people find a trial.
fn of_trial(connection: &Connection, trial: i64) -> rusqlite::Result<String> {
    let study = connection
        .prepare_cached("SELECT study_id FROM trials WHERE trial_id = ?1")?
        .query_row([trial], |row| Ok(row.get_ref(0)?.as_i64().unwrap_or(-1)))?;
    let study = of_study(connection, study)?;
    Ok(format!("{study}, the trial with id {trial}"))
}

/// What a column holds, shown to people.
fn text(value: ValueRef) -> String {
    match value {
        ValueRef::Null => "nothing".to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            text.chars().take(200).collect()
        }
    }
}
