//! Studies read from Optuna's tables.

use rusqlite::{Connection, OptionalExtension};

use super::read::{RowResult, Unread};
use crate::frozen_trial::{Attrs, FrozenStudy, StudyId};
use crate::json::Json;
use crate::storage::encoding::direction;

/// The name of a study, whatever it is, as a text.
pub(super) fn study_name(connection: &Connection, study: StudyId) -> rusqlite::Result<String> {
    let sql = "SELECT CAST(study_name AS TEXT) FROM studies WHERE study_id = ?1";
    let name = connection
        .prepare_cached(sql)?
        .query_row([study.0], |row| row.get::<_, Option<String>>(0))
        .optional()?;
    Ok(name.flatten().unwrap_or_default())
}

/// The studies, by id: all, or the one of this name. What is wrong with a study that can't
/// be read stands beside its name.
pub(super) fn read(
    connection: &Connection,
    name: Option<&str>,
) -> rusqlite::Result<Vec<Result<FrozenStudy, (String, String)>>> {
    let sql = "SELECT study_id FROM studies WHERE ?1 IS NULL OR study_name = ?1 ORDER BY study_id";
    let mut select = connection.prepare_cached(sql)?;
    let ids = select.query_map([name], |row| row.get(0))?;
    ids.map(|id| {
        let id = StudyId(id?);
        match study(connection, id) {
            Ok(study) => Ok(Ok(study)),
            Err(Unread::Bad(problem)) => Ok(Err((study_name(connection, id)?, problem))),
            Err(Unread::Failed(error)) => Err(error),
        }
    })
    .collect()
}

fn study(connection: &Connection, id: StudyId) -> RowResult<FrozenStudy> {
    let name = "SELECT study_name FROM studies WHERE study_id = ?1";
    let name: String = connection
        .prepare_cached(name)?
        .query_row([id.0], |row| row.get(0))?;
    let directions =
        "SELECT direction FROM study_directions WHERE study_id = ?1 ORDER BY objective";
    let mut directions = connection.prepare_cached(directions)?;
    let directions = directions.query_and_then([id.0], |row| {
        let name = row.get_ref(0)?.as_str()?;
        direction(name).ok_or_else(|| Unread::Bad(format!("`{name}` is no direction")))
    })?;
    let attrs = |table: &str| -> RowResult<Attrs> {
        let sql = format!("SELECT key, value_json FROM {table} WHERE study_id = ?1");
        let mut select = connection.prepare_cached(&sql)?;
        let found = select.query_and_then([id.0], |row| {
            Ok((row.get(0)?, Json::from_text(row.get::<_, String>(1)?)))
        })?;
        found.collect()
    };
    Ok(FrozenStudy {
        id,
        name,
        directions: directions.collect::<RowResult<_>>()?,
        user_attrs: attrs("study_user_attributes")?,
        system_attrs: attrs("study_system_attributes")?,
    })
}
