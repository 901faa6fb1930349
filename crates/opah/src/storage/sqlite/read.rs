//! Trials read from Optuna's tables, around what can't be read.
//!
//! Other programs write the same file, and one row that Optuna would not have written
//! makes its whole study unreadable for Optuna. Here the trial with such a row is skipped,
//! with a warning that says what is wrong with it; a time that is none is only left out,
//! and an attribute that is no JSON is kept as text.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::types::FromSqlError;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows;
use super::studies::study_name;
use crate::frozen_trial::{Attrs, FrozenTrial, Param, Params, StudyId, TrialId, TrialState};
use crate::json::Json;
use crate::storage::encoding::{Shared, number_or_problem, param_problem, values_problem};

/// What is kept from one reading to the next.
#[derive(Debug, Default)]
pub(super) struct Reader {
    shared: Shared,
    /// Whose a number is, to notice when another trial has it too.
    owners: BTreeMap<(StudyId, u64), TrialId>,
    /// What was skipped, and why.
    pub(super) warnings: BTreeSet<String>,
}

/// Which trials of a study are read.
#[derive(Clone, Copy)]
pub(super) enum Which {
    /// Those with a greater id.
    After(i64),
    /// Just this one.
    Id(TrialId),
}

/// Why a row was not read.
pub(super) enum Unread {
    /// The row is not what Optuna would have written.
    Bad(String),
    /// The database failed.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Unread {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => Self::Bad(error.to_string()),
            other => Self::Failed(other),
        }
    }
}

impl From<FromSqlError> for Unread {
    fn from(error: FromSqlError) -> Self {
        Self::Bad(error.to_string())
    }
}

pub(super) type RowResult<T> = Result<T, Unread>;

/// The trials of one reading, and what is wrong with some of them.
struct Batch<'a> {
    connection: &'a Connection,
    study: StudyId,
    which: Which,
    /// Whether most of the file's trials are read, all of the study at once.
    are_most: bool,
    /// By id.
    trials: Vec<FrozenTrial>,
    bad: BTreeMap<TrialId, String>,
}

impl Reader {
    /// The trials, by id, with all their rows: a handful of statements, however many there
    /// are.
    pub(super) fn trials(
        &mut self,
        connection: &Connection,
        study: StudyId,
        which: Which,
    ) -> rusqlite::Result<Vec<FrozenTrial>> {
        let mut batch = Batch {
            connection,
            study,
            which,
            are_most: false,
            trials: Vec::new(),
            bad: BTreeMap::new(),
        };
        let mut late = Vec::new();
        batch.read_trials(&mut late)?;
        if !batch.trials.is_empty() {
            batch.are_most = batch.are_most_of_the_file()?;
            self.read_details(&mut batch)?;
            batch.check_values()?;
            self.check_numbers(&mut batch)?;
        }
        let Batch {
            mut trials, bad, ..
        } = batch;
        for trial in &mut trials {
            trial.params.shrink();
        }
        if !bad.is_empty() || !late.is_empty() {
            let name = study_name(connection, study)?;
            let skipped = bad.iter().map(|(id, problem)| {
                format!(
                    "study `{name}`: the trial with id {} is skipped: {problem}",
                    id.0
                )
            });
            self.warnings.extend(skipped);
            let left_out = late.iter().map(|(id, problem)| {
                format!("study `{name}`: of the trial with id {}, {problem}", id.0)
            });
            self.warnings.extend(left_out);
            trials.retain(|trial| !bad.contains_key(&trial.id));
        }
        Ok(trials)
    }

    fn read_details(&mut self, batch: &mut Batch) -> rusqlite::Result<()> {
        batch.each(
            "r.param_name, r.param_value, r.distribution_json",
            "trial_params",
            |trial, row| {
                let name = self.shared.name(row.get_ref(1)?.as_str()?);
                let in_param =
                    |problem: String| Unread::Bad(format!("parameter `{name}`: {problem}"));
                let distribution = self.shared.distribution(row.get_ref(3)?.as_str()?);
                let distribution = distribution.map_err(in_param)?;
                let value: Option<f64> = row.get(2)?;
                let value = value.ok_or_else(|| in_param("it has no value".to_owned()))?;
                if let Some(problem) = param_problem(&distribution, value) {
                    return Err(in_param(problem));
                }
                trial.params.insert(Param {
                    name: name.clone(),
                    value,
                    distribution,
                });
                Ok(())
            },
        )?;
        batch.each(
            "r.objective, r.value, r.value_type",
            "trial_values",
            |trial, row| {
                // More objectives than that are no number of objectives.
                let objective: u16 = row.get(1)?;
                let objective = usize::from(objective);
                if trial.values.len() <= objective {
                    trial.values.resize(objective + 1, f64::NAN);
                }
                trial.values[objective] = number(row)?;
                Ok(())
            },
        )?;
        batch.each(
            "r.step, r.intermediate_value, r.intermediate_value_type",
            "trial_intermediate_values",
            |trial, row| {
                trial.intermediate_values.insert(row.get(1)?, number(row)?);
                Ok(())
            },
        )?;
        batch.each(
            "r.key, r.value_json",
            "trial_user_attributes",
            |trial, row| {
                trial
                    .user_attrs
                    .insert(row.get(1)?, Json::from_text(row.get::<_, String>(2)?));
                Ok(())
            },
        )?;
        batch.each(
            "r.key, r.value_json",
            "trial_system_attributes",
            |trial, row| {
                trial
                    .system_attrs
                    .insert(row.get(1)?, Json::from_text(row.get::<_, String>(2)?));
                Ok(())
            },
        )
    }

    /// The trial that had a number first keeps it.
    fn check_numbers(&mut self, batch: &mut Batch) -> rusqlite::Result<()> {
        for trial in &batch.trials {
            let owner = self
                .owners
                .entry((batch.study, trial.number))
                .or_insert(trial.id);
            if *owner == trial.id {
                continue;
            }
            // Ids are used again when a study was deleted.
            let still =
                "SELECT 1 FROM trials WHERE trial_id = ?1 AND study_id = ?2 AND number = ?3";
            let is_there = batch
                .connection
                .prepare_cached(still)?
                .query_row(params![owner.0, batch.study.0, trial.number as i64], |_| {
                    Ok(())
                })
                .optional()?;
            if is_there.is_none() {
                *owner = trial.id;
                continue;
            }
            let problem = format!(
                "its number {} is that of the trial with id {}",
                trial.number, owner.0
            );
            batch.bad.entry(trial.id).or_insert(problem);
        }
        Ok(())
    }
}

impl Batch<'_> {
    fn condition(&self) -> (&'static str, i64) {
        match self.which {
            Which::After(id) => ("t.trial_id > ?2", id),
            Which::Id(id) => ("t.trial_id = ?2", id.0),
        }
    }

    /// Reads the trials without their details; `late` gets what is left out of them.
    fn read_trials(&mut self, late: &mut Vec<(TrialId, String)>) -> rusqlite::Result<()> {
        let (condition, bound) = self.condition();
        let sql = format!(
            "SELECT t.trial_id, t.number, t.state, t.datetime_start, t.datetime_complete
             FROM trials t WHERE t.study_id = ?1 AND {condition} ORDER BY t.trial_id"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![self.study.0, bound])?;
        while let Some(row) = rows.next()? {
            let id = TrialId(row.get(0)?);
            match trial(id, row, late) {
                Ok(trial) => self.trials.push(trial),
                Err(Unread::Bad(problem)) => {
                    self.bad.insert(id, problem);
                }
                Err(Unread::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether a table had better be read from its beginning to its end, other studies' rows
    /// included, than by looking up the rows of one trial after the other, which costs twice
    /// as much a row.
    fn are_most_of_the_file(&self) -> rusqlite::Result<bool> {
        if !matches!(self.which, Which::After(i64::MIN)) {
            return Ok(false);
        }
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(trial_id) FROM trials")?
            .query_row([], |row| row.get(0))?;
        // Ids begin at 1, so there are at most so many trials.
        Ok(last.is_some_and(|last| last <= 2 * self.trials.len() as i64))
    }

    /// Shows `read` each row of `table` that belongs to one of the trials.
    fn each(
        &mut self,
        columns: &str,
        table: &str,
        mut read: impl FnMut(&mut FrozenTrial, &Row) -> RowResult<()>,
    ) -> rusqlite::Result<()> {
        let (condition, bound) = self.condition();
        let sql = if self.are_most {
            format!("SELECT r.trial_id, {columns} FROM {table} r")
        } else {
            format!(
                "SELECT t.trial_id, {columns} FROM trials t JOIN {table} r ON r.trial_id = t.trial_id
                 WHERE t.study_id = ?1 AND {condition}"
            )
        };
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = if self.are_most {
            statement.query([])?
        } else {
            statement.query(params![self.study.0, bound])?
        };
        let mut at = 0;
        while let Some(row) = rows.next()? {
            // A row of no trial may have anything for an id.
            let Ok(id) = row.get(0).map(TrialId) else {
                continue;
            };
            // Most rows are of the same trial as the one before.
            if self.trials.get(at).is_none_or(|trial| trial.id != id) {
                let Ok(found) = self.trials.binary_search_by_key(&id, |trial| trial.id) else {
                    continue;
                };
                at = found;
            }
            match read(&mut self.trials[at], row) {
                Ok(()) => {}
                Err(Unread::Bad(problem)) => {
                    let problem = format!("a row of `{table}` can't be read: {problem}");
                    self.bad.entry(id).or_insert(problem);
                }
                Err(Unread::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    fn check_values(&mut self) -> rusqlite::Result<()> {
        let count = "SELECT count(*) FROM study_directions WHERE study_id = ?1";
        let n_objectives: u32 = self
            .connection
            .prepare_cached(count)?
            .query_row([self.study.0], |row| row.get(0))?;
        let n_objectives = n_objectives as usize;
        for trial in &self.trials {
            if let Some(problem) = values_problem(trial, n_objectives) {
                self.bad.entry(trial.id).or_insert(problem);
            }
        }
        Ok(())
    }
}

fn trial(id: TrialId, row: &Row, late: &mut Vec<(TrialId, String)>) -> RowResult<FrozenTrial> {
    let number: Option<i64> = row.get(1)?;
    let number = number.and_then(|number| u64::try_from(number).ok());
    let state = row.get_ref(2)?.as_str()?;
    let mut time = |at: usize, what: &str| -> RowResult<Option<Timestamp>> {
        let Some(text) = row.get_ref(at)?.as_str_or_null()? else {
            return Ok(None);
        };
        let time = rows::time(text);
        if time.is_none() {
            late.push((
                id,
                format!("the time of its {what} is left out: `{text}` is no time"),
            ));
        }
        Ok(time)
    };
    Ok(FrozenTrial {
        id,
        number: number.ok_or_else(|| Unread::Bad("it has no number".to_owned()))?,
        state: TrialState::from_name(state)
            .ok_or_else(|| Unread::Bad(format!("`{state}` is no state")))?,
        values: Vec::new(),
        params: Params::default(),
        intermediate_values: BTreeMap::new(),
        user_attrs: Attrs::new(),
        system_attrs: Attrs::new(),
        datetime_start: time(3, "begin")?,
        datetime_complete: time(4, "end")?,
    })
}

/// The number in columns 2 and 3: the value, and its kind.
fn number(row: &Row) -> RowResult<f64> {
    let (value, kind) = (row.get::<_, Option<f64>>(2)?, row.get_ref(3)?.as_str()?);
    number_or_problem(value, kind).map_err(Unread::Bad)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::frozen_trial::Direction;
    use crate::storage::{SqliteStorage, Storage};
    use crate::study::Study;

    #[test]
    fn a_study_is_the_same_alone_and_among_many_trials() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.db");
        let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&path).unwrap());
        let run = |name: &str, n_trials: usize| {
            let study = Study::create(storage.clone(), name, &[Direction::Minimize]).unwrap();
            for _ in 0..n_trials {
                let mut trial = study.ask().unwrap();
                let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
                trial.suggest_categorical("c", &["u", "v"]).unwrap();
                trial.report(1, x).unwrap();
                study.tell(&mut trial, &[x]).unwrap();
            }
        };
        let read = || {
            let storage = Arc::new(SqliteStorage::open(&path).unwrap());
            Study::load(storage, "a").unwrap().trials().unwrap()
        };
        run("a", 3);
        let alone = read();
        assert_eq!(alone.len(), 3);
        assert_eq!(alone[2].params.len(), 2);
        run("b", 9);
        assert_eq!(read(), alone);
    }
}
