//! Rows of Optuna's tables as records, and back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::{Connection, Row, params};

use crate::distribution::Distribution;
use crate::frozen_trial::{
    Attrs, Direction, FrozenTrial, Param, Params, StudyId, TrialId, TrialState,
};
use crate::json::Json;
use crate::storage::TrialUpdate;

/// A row that Optuna would not have written.
#[derive(Debug, thiserror::Error)]
#[error("trial {trial}: {what}")]
pub(super) struct BadRow {
    trial: i64,
    what: String,
}

/// Names and distributions that many rows share, kept once.
#[derive(Debug, Default)]
pub(super) struct Interned {
    names: BTreeSet<Arc<str>>,
    distributions: BTreeMap<String, Arc<Distribution>>,
}

impl Interned {
    fn name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.names.insert(name.clone());
        name
    }

    fn distribution(&mut self, json: &str) -> crate::error::Result<Arc<Distribution>> {
        if let Some(known) = self.distributions.get(json) {
            return Ok(known.clone());
        }
        let distribution = Arc::new(Distribution::from_json(json)?);
        self.distributions
            .insert(json.to_owned(), distribution.clone());
        Ok(distribution)
    }
}

/// Which trials of a study are read.
#[derive(Clone, Copy)]
pub(super) enum Which {
    /// Those with a greater id.
    After(i64),
    /// Just this one.
    Id(TrialId),
}

type ReadError = Box<dyn std::error::Error + Send + Sync>;

/// The trials, by id, with all their rows: six statements, however many there are.
pub(super) fn trials(
    connection: &Connection,
    interned: &mut Interned,
    study: StudyId,
    which: Which,
) -> Result<Vec<FrozenTrial>, ReadError> {
    let (condition, bound) = match which {
        Which::After(id) => ("t.trial_id > ?2", id),
        Which::Id(id) => ("t.trial_id = ?2", id.0),
    };
    let mut trials = Vec::new();
    let sql = format!(
        "SELECT t.trial_id, t.number, t.state, t.datetime_start, t.datetime_complete
         FROM trials t WHERE t.study_id = ?1 AND {condition} ORDER BY t.trial_id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![study.0, bound])?;
    while let Some(row) = rows.next()? {
        trials.push(trial(row)?);
    }
    if trials.is_empty() {
        return Ok(trials);
    }
    let each = |columns: &str,
                table: &str,
                read: &mut dyn FnMut(&mut FrozenTrial, &Row) -> Result<(), ReadError>,
                trials: &mut [FrozenTrial]|
     -> Result<(), ReadError> {
        let sql = format!(
            "SELECT r.trial_id, {columns} FROM trials t JOIN {table} r ON r.trial_id = t.trial_id
             WHERE t.study_id = ?1 AND {condition}"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![study.0, bound])?;
        while let Some(row) = rows.next()? {
            let id = TrialId(row.get(0)?);
            // A row of a trial that was not there a statement ago can't be: all is
            // one read transaction.
            if let Ok(at) = trials.binary_search_by_key(&id, |trial| trial.id) {
                read(&mut trials[at], row)?;
            }
        }
        Ok(())
    };
    each(
        "r.param_name, r.param_value, r.distribution_json",
        "trial_params",
        &mut |trial, row| {
            let name = interned.name(row.get_ref(1)?.as_str()?);
            let distribution = interned.distribution(row.get_ref(3)?.as_str()?)?;
            trial.params.insert(Param {
                name,
                value: row.get(2)?,
                distribution,
            });
            Ok(())
        },
        &mut trials,
    )?;
    each(
        "r.objective, r.value, r.value_type",
        "trial_values",
        &mut |trial, row| {
            let (objective, value) = (row.get::<_, u32>(1)? as usize, number(trial.id, row, 2)?);
            if trial.values.len() <= objective {
                trial.values.resize(objective + 1, f64::NAN);
            }
            trial.values[objective] = value;
            Ok(())
        },
        &mut trials,
    )?;
    each(
        "r.step, r.intermediate_value, r.intermediate_value_type",
        "trial_intermediate_values",
        &mut |trial, row| {
            let value = number(trial.id, row, 2)?;
            trial.intermediate_values.insert(row.get(1)?, value);
            Ok(())
        },
        &mut trials,
    )?;
    each(
        "r.key, r.value_json",
        "trial_user_attributes",
        &mut |trial, row| {
            trial
                .user_attrs
                .insert(row.get(1)?, Json::from_text(row.get::<_, String>(2)?));
            Ok(())
        },
        &mut trials,
    )?;
    each(
        "r.key, r.value_json",
        "trial_system_attributes",
        &mut |trial, row| {
            trial
                .system_attrs
                .insert(row.get(1)?, Json::from_text(row.get::<_, String>(2)?));
            Ok(())
        },
        &mut trials,
    )?;
    Ok(trials)
}

fn trial(row: &Row) -> Result<FrozenTrial, ReadError> {
    let id: i64 = row.get(0)?;
    let state: String = row.get(2)?;
    let state = TrialState::from_name(&state).ok_or_else(|| BadRow {
        trial: id,
        what: format!("unknown state `{state}`"),
    })?;
    let number: Option<i64> = row.get(1)?;
    let number = number.and_then(|number| u64::try_from(number).ok());
    Ok(FrozenTrial {
        id: TrialId(id),
        number: number.ok_or_else(|| BadRow {
            trial: id,
            what: "it has no number".to_owned(),
        })?,
        state,
        values: Vec::new(),
        params: Params::default(),
        intermediate_values: BTreeMap::new(),
        user_attrs: Attrs::new(),
        system_attrs: Attrs::new(),
        datetime_start: time(id, row, 3)?,
        datetime_complete: time(id, row, 4)?,
    })
}

/// The number in column `at`, whose kind is in the next column.
fn number(trial: TrialId, row: &Row, at: usize) -> Result<f64, ReadError> {
    let kind = row.get_ref(at + 1)?.as_str()?;
    match kind {
        "INF_POS" => Ok(f64::INFINITY),
        "INF_NEG" => Ok(f64::NEG_INFINITY),
        "NAN" => Ok(f64::NAN),
        "FINITE" => Ok(row.get(at)?),
        other => Err(BadRow {
            trial: trial.0,
            what: format!("unknown kind of value `{other}`"),
        }
        .into()),
    }
}

/// A number as its two columns: the value if it is finite, and its kind.
pub(super) fn columns(value: f64) -> (Option<f64>, &'static str) {
    if value.is_nan() {
        (None, "NAN")
    } else if value == f64::INFINITY {
        (None, "INF_POS")
    } else if value == f64::NEG_INFINITY {
        (None, "INF_NEG")
    } else {
        (Some(value), "FINITE")
    }
}

fn time(trial: i64, row: &Row, at: usize) -> Result<Option<Timestamp>, ReadError> {
    let Some(text) = row.get_ref(at)?.as_str_or_null()? else {
        return Ok(None);
    };
    let bad = |_| BadRow {
        trial,
        what: format!("`{text}` is no time"),
    };
    let civil: DateTime = text.parse().map_err(bad)?;
    Ok(Some(TimeZone::UTC.to_timestamp(civil).map_err(bad)?))
}

/// A time as Optuna stores it: UTC, six digits of a second.
pub(super) fn time_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// A direction as stored.
pub(super) fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Minimize => "MINIMIZE",
        Direction::Maximize => "MAXIMIZE",
    }
}

/// A stored direction; Optuna treats `NOT_SET` as minimize.
pub(super) fn direction(name: &str) -> Direction {
    if name == "MAXIMIZE" {
        Direction::Maximize
    } else {
        Direction::Minimize
    }
}

/// Writes everything that `update` holds.
pub(super) fn write(
    connection: &Connection,
    trial: TrialId,
    update: &TrialUpdate,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO trial_params (trial_id, param_name, param_value, distribution_json)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    for param in &update.params {
        let distribution = param.distribution.to_json();
        insert.execute(params![
            trial.0,
            param.name.as_ref(),
            param.value,
            distribution
        ])?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO trial_intermediate_values
         (trial_id, step, intermediate_value, intermediate_value_type) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (step, value) in &update.reports {
        let (value, kind) = columns(*value);
        insert.execute(params![trial.0, step, value, kind])?;
    }
    for (table, attrs) in [
        ("trial_user_attributes", &update.user_attrs),
        ("trial_system_attributes", &update.system_attrs),
    ] {
        let sql = format!(
            "INSERT INTO {table} (trial_id, key, value_json) VALUES (?1, ?2, ?3)
             ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json"
        );
        let mut insert = connection.prepare_cached(&sql)?;
        for (key, value) in attrs {
            insert.execute(params![trial.0, key, value.as_str()])?;
        }
    }
    Ok(())
}

/// Writes the objective values of a finished trial.
pub(super) fn write_values(
    connection: &Connection,
    trial: TrialId,
    values: &[f64],
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (objective, value) in (0_u32..).zip(values) {
        let (value, kind) = columns(*value);
        insert.execute(params![trial.0, objective, value, kind])?;
    }
    Ok(())
}
