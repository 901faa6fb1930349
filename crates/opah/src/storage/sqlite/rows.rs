//! The rows of a trial written, and times as SQLite has them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use crate::frozen_trial::TrialId;
use crate::storage::TrialUpdate;
use crate::storage::encoding::columns;

/// A time as Optuna stores it: UTC, six digits of a second.
pub(super) fn time_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// A stored time.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
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
