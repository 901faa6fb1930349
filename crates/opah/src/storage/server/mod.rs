//! Studies on a database server, PostgreSQL or MySQL, in Optuna's schema: Optuna may read
//! and write the same database at the same time.
//!
//! An ask, a report and a tell are one round trip each. An ask commits without a wait for
//! the disk; a tell is on the disk before it is acknowledged, and everything before it.
//! What two workers must not both do is a conditional update; numbers are given under the
//! lock of the study's row, as Optuna does. When the server goes away, an operation is
//! tried again until it is back, and where nobody knows whether it was done before,
//! what is stored tells.
//!
//! SQLite has a storage of its own: it has no round trips to save, but rows of any type
//! to read around, and one writer.

mod connection;
mod details;
mod heartbeats;
mod limits;
#[cfg(feature = "mysql")]
mod mysql;
mod names;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod read;
mod schema;
mod studies;
mod trials;
mod url;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use self::connection::{
    Answer, ColumnType, Conflict, Connection, Durability, Failure, Guard, Insert, Value,
};
use self::names::Names;
use self::pool::Pool;
use self::read::{AFTER_ALL, BEFORE_ALL, Reader};
use self::url::{Kind, Server};
use super::url::masked;
use super::{AttrKind, Cursor, Outcome, Storage, TrialStart, TrialUpdate, deleted};
use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenStudy, FrozenTrial, Param, StudyId, TrialId};
use crate::json::Json;

pub use self::url::password_in_file;

const STUDY_ATTR: &[(&str, ColumnType)] =
    &[("key", ColumnType::Text), ("value_json", ColumnType::Text)];

/// A storage in a database on a server.
pub struct ServerStorage {
    kind: Kind,
    pool: Pool,
    names: Names,
    reader: Reader,
}

impl std::fmt::Debug for ServerStorage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ServerStorage({})", self.describe())
    }
}

/// Whether a URL is one of a database server.
pub(super) fn is_server(url: &str) -> bool {
    url::kind(url).is_some()
}

impl ServerStorage {
    /// Connects to the database of a URL such as `postgresql://user:password@host:5432/database`
    /// and makes Optuna's tables, if it has none.
    ///
    /// # Errors
    /// When the URL is none, the server refuses, or the tables are of another version.
    pub fn open(url: &str) -> Result<Self> {
        let Some(kind) = url::kind(url) else {
            return Err(Error::Storage {
                store: masked(url),
                problem: "this is no URL of a database server; it looks like `postgresql://user:password@host:5432/database`".to_owned(),
                source: None,
            });
        };
        let pool = Pool::open(Server::parse(kind, url)?)?;
        schema::prepare(&pool)?;
        let names = match kind {
            Kind::Postgres => Names::exact(),
            Kind::MySql => pool.run(|connection, _| Names::of_mysql(connection))?,
        };
        Ok(Self {
            kind,
            pool,
            names,
            reader: Reader::default(),
        })
    }

    /// With another time than ten minutes that the server may be away before an operation
    /// gives up.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self {
            pool: self.pool.with_patience(patience),
            ..self
        }
    }

    /// The trial; `None` if it is not there or can't be read.
    fn read(
        &self,
        connection: &mut dyn Connection,
        study: StudyId,
        id: i64,
    ) -> Answer<Option<FrozenTrial>> {
        let found = self
            .reader
            .trials(connection, study, AFTER_ALL, &[id])?
            .pop();
        Ok(found)
    }

    fn check_update(&self, update: &TrialUpdate, distributions: &[String]) -> Result<()> {
        self.check(limits::check_update(self.kind, update, distributions))?;
        for param in &update.params {
            self.check_name("parameter", &param.name)?;
        }
        for (key, _) in update.user_attrs.iter().chain(&update.system_attrs) {
            self.check_name("attribute", key)?;
        }
        Ok(())
    }

    fn check_name(&self, what: &'static str, name: &str) -> Result<()> {
        let fits = self.names.check(&self.pool, what, name)?;
        self.check(fits)
    }

    /// What does not fit into the tables, as an error.
    fn check(&self, fits: std::result::Result<(), String>) -> Result<()> {
        fits.map_err(|problem| Error::Storage {
            store: self.describe(),
            problem,
            source: None,
        })
    }
}

impl Storage for ServerStorage {
    fn create_study(&self, name: &str, directions: &[Direction]) -> Result<StudyId> {
        self.insert_study(name, directions)
    }

    fn delete_study(&self, study: StudyId) -> Result<()> {
        self.remove_study(study)
    }

    fn studies(&self) -> Result<Vec<FrozenStudy>> {
        let found = self
            .pool
            .run(|connection, _| studies::read(connection, None))?;
        let mut studies = Vec::new();
        for study in found {
            match study {
                Ok(study) => studies.push(study),
                Err((name, problem)) => {
                    let warning = format!("study `{name}` is skipped: {problem}");
                    self.reader.warn(warning);
                }
            }
        }
        Ok(studies)
    }

    fn study(&self, name: &str) -> Result<FrozenStudy> {
        // No server keeps such a name, and PostgreSQL does not even compare it.
        let found = if limits::check_name("study", name).is_ok() {
            let read = self
                .pool
                .run(|connection, _| studies::read(connection, Some(name)))?;
            // MySQL may find a name that differs in case.
            let mut read = read.into_iter();
            read.find(|found| match found {
                Ok(FrozenStudy { name: found, .. }) | Err((found, _)) => found == name,
            })
        } else {
            None
        };
        match found {
            Some(Ok(study)) => Ok(study),
            Some(Err((name, problem))) => Err(Error::Storage {
                store: self.describe(),
                problem: format!("study `{name}` can't be read: {problem}"),
                source: None,
            }),
            None => Err(Error::UnknownStudy {
                name: name.to_owned(),
                known: self
                    .studies()?
                    .into_iter()
                    .map(|study| study.name)
                    .collect(),
            }),
        }
    }

    fn set_study_attr(
        &self,
        study: StudyId,
        kind: AttrKind,
        key: &str,
        value: &Json,
    ) -> Result<()> {
        self.check(limits::check_text(
            self.kind,
            "attribute",
            key,
            value.as_str(),
        ))?;
        let insert = Insert {
            table: match kind {
                AttrKind::User => "study_user_attributes",
                AttrKind::System => "study_system_attributes",
            },
            owner: "study_id",
            columns: STUDY_ATTR,
            rows: vec![vec![Value::Text(key), Value::Text(value.as_str())]],
            conflict: Conflict::Replace,
        };
        self.pool.run(|connection, _| {
            let sql = "SELECT study_id FROM studies WHERE study_id = $1";
            let guard = Guard::Select(sql, &[Value::Int(study.0)]);
            let details = std::slice::from_ref(&insert);
            if connection.write_if(&guard, details, Durability::Flushed)? {
                Ok(())
            } else {
                Err(Failure::Rule(deleted()))
            }
        })
    }

    fn create_trial(&self, study: StudyId, start: &TrialStart) -> Result<FrozenTrial> {
        self.insert_trial(study, start, None)?.ok_or_else(deleted)
    }

    fn claim_waiting(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>> {
        self.claim(study, now, &TrialUpdate::default(), None)
    }

    fn begin_trial(
        &self,
        study: StudyId,
        now: Timestamp,
        update: &TrialUpdate,
        most: Option<u64>,
    ) -> Result<Option<FrozenTrial>> {
        if let Some(claimed) = self.claim(study, now, update, most)? {
            return Ok(Some(claimed));
        }
        let start = TrialStart {
            update: update.clone(),
            ..TrialStart::running(now)
        };
        self.insert_trial(study, &start, most)
    }

    fn update_trial(&self, trial: TrialId, update: &TrialUpdate) -> Result<()> {
        self.update(trial, update)
    }

    fn finish_trial(
        &self,
        trial: TrialId,
        update: &TrialUpdate,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<()> {
        self.finish(trial, update, outcome, now)
    }

    fn release_trial(
        &self,
        trial: TrialId,
        since: Option<Timestamp>,
        update: &TrialUpdate,
    ) -> Result<()> {
        self.release(trial, since, update)
    }

    fn record_heartbeats(&self, trials: &[TrialId], _now: Timestamp) -> Result<()> {
        self.beat(trials)
    }

    fn heartbeats(&self, study: StudyId) -> Result<BTreeMap<TrialId, String>> {
        self.beats(study)
    }

    fn changes(&self, study: StudyId, cursor: &Cursor) -> Result<Vec<Arc<FrozenTrial>>> {
        let unfinished: Vec<i64> = cursor.unfinished.iter().map(|id| id.0).collect();
        let after = cursor.last.map_or(BEFORE_ALL, |id| id.0);
        let trials = self
            .pool
            .run(|connection, _| self.reader.trials(connection, study, after, &unfinished))?;
        Ok(trials.into_iter().map(Arc::new).collect())
    }

    fn trial(&self, study: StudyId, number: u64) -> Result<FrozenTrial> {
        let unknown = Error::UnknownTrial {
            trial: number as i64,
        };
        let Ok(number) = i32::try_from(number) else {
            return Err(unknown);
        };
        let found = self.pool.run(|connection, _| {
            let select = "SELECT trial_id FROM trials
                          WHERE study_id = $1 AND number = $2 ORDER BY trial_id";
            let values = [study.0, number.into()].map(Value::Int);
            let mut ids = Vec::new();
            connection.query(select, &values, &mut |row| ids.extend(row[0].as_int()))?;
            for id in ids {
                if let Some(trial) = self.read(connection, study, id)? {
                    return Ok(Some(trial));
                }
            }
            Ok(None)
        })?;
        found.ok_or(unknown)
    }

    fn check_param(&self, param: &Param) -> Result<()> {
        self.check(limits::check_param(self.kind, param))?;
        self.check_name("parameter", &param.name)
    }

    fn warnings(&self) -> Vec<String> {
        self.reader.warnings()
    }

    fn describe(&self) -> String {
        self.pool.describe()
    }
}

/// The number in the first row and column.
fn first_int(connection: &mut dyn Connection, sql: &str, values: &[Value]) -> Answer<Option<i64>> {
    let mut found = None;
    connection.query(sql, values, &mut |row| found = found.or(row[0].as_int()))?;
    Ok(found)
}

#[cfg(test)]
mod tests;
