//! Studies in an SQLite file, in Optuna's schema: Optuna may read and write the same
//! file at the same time.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction. An ask is committed without a
//! flush to the disk (a power cut may forget that a trial was begun); a tell is
//! flushed before it is acknowledged.

mod backup;
mod begin;
mod check;
mod details;
mod file;
mod guard;
mod heartbeats;
mod read;
mod rows;
mod schema;
mod studies;
mod upgrade;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

pub use self::file::SqliteStorage;
pub use self::upgrade::Upgrade;

use self::file::{Durability, Open, Refused};
use self::read::Which;
use super::encoding::direction_name;
use super::{
    AttrKind, Check, Cursor, Details, NEEDED_TO_FINISH, NEEDED_TO_UPDATE, Outcome, Storage,
    TrialStart, TrialUpdate, deleted, not_released, wrong_state,
};
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Direction, FIXED_PARAMS_ATTR, FrozenStudy, FrozenTrial, StudyId, TrialId, TrialState,
};
use crate::json::Json;

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
                    params![direction_name(*direction), id, objective],
                )?;
            }
            Ok(StudyId(id))
        })
    }

    fn delete_study(&self, study: StudyId) -> Result<()> {
        self.write(Durability::Flushed, |transaction| {
            check_study(transaction, study)?;
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
        let found = studies::read(&open.connection, None).map_err(|error| self.failed(error))?;
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
        let found = studies::read(&open.connection, Some(name));
        match found.map_err(|error| self.failed(error))?.pop() {
            Some(Ok(study)) => Ok(study),
            Some(Err((name, problem))) => Err(Error::Storage {
                store: self.describe(),
                problem: format!("study `{name}` can't be read: {problem}"),
                source: None,
            }),
            None => {
                let known = studies::read(&open.connection, None);
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
            check_study(transaction, study)?;
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
            check_study(transaction, study)?;
            Ok(begin::insert(transaction, study, start)?)
        })?;
        self.read(study, id)?
            .ok_or(Error::UnknownTrial { trial: id.0 })
    }

    fn claim_waiting(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>> {
        self.claim(study, now)
    }

    fn begin_trial(
        &self,
        study: StudyId,
        now: Timestamp,
        update: &TrialUpdate,
        most: Option<u64>,
    ) -> Result<Option<FrozenTrial>> {
        self.begin(study, now, update, most)
    }

    fn update_trial(&self, trial: TrialId, update: &TrialUpdate) -> Result<()> {
        self.write(Durability::Later, |transaction| {
            let state = state(transaction, trial)?;
            if state.is_finished() {
                let refused = wrong_state(trial, state, NEEDED_TO_UPDATE);
                return Err(Refused::Rule(refused));
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
                let refused = wrong_state(trial, state(transaction, trial)?, NEEDED_TO_FINISH);
                return Err(Refused::Rule(refused));
            }
            rows::write(transaction, trial, update)?;
            Ok(rows::write_values(transaction, trial, outcome.values())?)
        })
    }

    fn release_trial(
        &self,
        trial: TrialId,
        since: Option<Timestamp>,
        update: &TrialUpdate,
    ) -> Result<()> {
        self.write(Durability::Later, |transaction| {
            let state = state(transaction, trial)?;
            let is_same = since.is_none() || since == start_of(transaction, trial)?;
            if state != TrialState::Running || !is_same {
                return Err(Refused::Rule(not_released(trial, state)));
            }
            transaction
                .prepare_cached(
                    "UPDATE trials SET state = 'WAITING', datetime_start = NULL
                     WHERE trial_id = ?1",
                )?
                .execute([trial.0])?;
            heartbeats::forget(transaction, trial)?;
            transaction
                .prepare_cached("DELETE FROM trial_intermediate_values WHERE trial_id = ?1")?
                .execute([trial.0])?;
            transaction
                .prepare_cached(
                    "DELETE FROM trial_system_attributes WHERE trial_id = ?1 AND key <> ?2",
                )?
                .execute(params![trial.0, FIXED_PARAMS_ATTR])?;
            Ok(rows::write(transaction, trial, update)?)
        })
    }

    fn record_heartbeats(&self, trials: &[TrialId], _now: Timestamp) -> Result<()> {
        self.beat(trials)
    }

    fn heartbeats(&self, study: StudyId) -> Result<BTreeMap<TrialId, String>> {
        self.beats(study).map_err(|error| self.failed(error))
    }

    fn changes(&self, study: StudyId, cursor: &Cursor) -> Result<Vec<Arc<FrozenTrial>>> {
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
            Ok(changed.into_iter().map(Arc::new).collect())
        };
        read().map_err(|error| self.failed(error))
    }

    fn trial(&self, study: StudyId, number: u64) -> Result<FrozenTrial> {
        let ids = self.ids_of(study, number);
        for id in ids.map_err(|error| self.failed(error))? {
            if let Some(trial) = self.read(study, id)? {
                return Ok(trial);
            }
        }
        Err(Error::UnknownTrial {
            trial: number as i64,
        })
    }

    fn warnings(&self) -> Vec<String> {
        self.lock().reader.warnings.iter().cloned().collect()
    }

    fn check(&self, repair: bool) -> Result<Check> {
        self.look_through(repair)
    }

    fn describe(&self) -> String {
        self.url()
    }

    fn details(&self) -> Result<Details> {
        let open = self.lock();
        let found = details::details(&open.connection, self.path());
        found.map_err(|error| self.failed(error))
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

    /// The trials of this number by id: one, unless another program wrote two.
    fn ids_of(&self, study: StudyId, number: u64) -> rusqlite::Result<Vec<TrialId>> {
        let select = "SELECT trial_id FROM trials
                      WHERE study_id = ?1 AND number = ?2 ORDER BY trial_id";
        let open = self.lock();
        let mut select = open.connection.prepare_cached(select)?;
        let ids = select.query_map(params![study.0, number as i64], |row| {
            row.get(0).map(TrialId)
        })?;
        ids.collect()
    }
}

/// SQLite gives the id of a deleted study to the next one, which must not get its rows.
fn check_study(transaction: &Transaction, study: StudyId) -> std::result::Result<(), Refused> {
    let sql = "SELECT 1 FROM studies WHERE study_id = ?1";
    let found = transaction
        .prepare_cached(sql)?
        .query_row([study.0], |_| Ok(()))
        .optional()?;
    found.ok_or_else(|| Refused::Rule(deleted()))
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

/// When a trial began to run.
fn start_of(transaction: &Transaction, trial: TrialId) -> rusqlite::Result<Option<Timestamp>> {
    let sql = "SELECT datetime_start FROM trials WHERE trial_id = ?1";
    transaction
        .prepare_cached(sql)?
        .query_row([trial.0], |row| {
            Ok(row.get_ref(0)?.as_str().ok().and_then(rows::time))
        })
}

#[cfg(test)]
mod tests;
