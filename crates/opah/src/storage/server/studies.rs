//! Studies made and deleted, and read from Optuna's tables, around what can't be read.

use std::collections::BTreeMap;

use super::connection::{Answer, Connection, Durability, Failure, Value, transaction};
use super::{ServerStorage, first_int, limits};
use crate::error::{Error, Result};
use crate::frozen_trial::{Attrs, Direction, FrozenStudy, StudyId};
use crate::json::Json;
use crate::storage::deleted;
use crate::storage::encoding::{direction, direction_name};

/// What one row of the statement below tells.
const DIRECTION: i64 = 1;
const USER_ATTR: i64 = 2;
const SYSTEM_ATTR: i64 = 3;

/// A study, or what is wrong with it beside its name.
pub(super) type Found = std::result::Result<FrozenStudy, (String, String)>;

impl ServerStorage {
    /// Inserts a study, whose name must be new.
    pub(super) fn insert_study(&self, name: &str, directions: &[Direction]) -> Result<StudyId> {
        self.check(limits::check_name("study", name))?;
        self.pool.run(|connection, perhaps_done| {
            // Another process that takes the name in between makes this one look again.
            if let Some(found) = read(connection, Some(name))?.pop() {
                return match found {
                    Ok(study) if perhaps_done && study.directions == directions => Ok(study.id),
                    _ => Err(Failure::Rule(Error::DuplicateStudy {
                        name: name.to_owned(),
                    })),
                };
            }
            transaction(connection, Durability::Flushed, |connection| {
                let insert = "INSERT INTO studies (study_name) VALUES ($1)";
                connection.execute(insert, &[Value::Text(name)])?;
                let select = "SELECT study_id FROM studies WHERE study_name = $1";
                let id = first_int(connection, select, &[Value::Text(name)])?;
                let id = id.ok_or_else(|| Failure::Again("the study is gone".into()))?;
                for (objective, direction) in directions.iter().enumerate() {
                    let insert = format!(
                        "INSERT INTO study_directions (direction, study_id, objective)
                         VALUES ('{}', $1, {objective})",
                        direction_name(*direction)
                    );
                    connection.execute(&insert, &[Value::Int(id)])?;
                }
                Ok(StudyId(id))
            })
        })
    }

    /// Deletes a study with everything that belongs to it.
    pub(super) fn remove_study(&self, study: StudyId) -> Result<()> {
        self.pool.run(|connection, perhaps_done| {
            transaction(connection, Durability::Flushed, |connection| {
                let id = [Value::Int(study.0)];
                let lock = "SELECT study_id FROM studies WHERE study_id = $1 FOR UPDATE";
                if first_int(connection, lock, &id)?.is_none() {
                    return if perhaps_done {
                        Ok(())
                    } else {
                        Err(Failure::Rule(deleted()))
                    };
                }
                let lock = "SELECT trial_id FROM trials WHERE study_id = $1 FOR UPDATE";
                connection.query(lock, &id, &mut |_| {})?;
                for table in [
                    "trial_user_attributes",
                    "trial_system_attributes",
                    "trial_params",
                    "trial_values",
                    "trial_intermediate_values",
                    "trial_heartbeats",
                ] {
                    let sql = format!(
                        "DELETE FROM {table} WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = $1)"
                    );
                    connection.execute(&sql, &id)?;
                }
                for table in [
                    "trials",
                    "study_directions",
                    "study_user_attributes",
                    "study_system_attributes",
                    "studies",
                ] {
                    connection.execute(&format!("DELETE FROM {table} WHERE study_id = $1"), &id)?;
                }
                Ok(())
            })
        })
    }
}

/// The studies, by id: all, or the one of this name.
pub(super) fn read(connection: &mut dyn Connection, name: Option<&str>) -> Answer<Vec<Found>> {
    let which = if name.is_some() {
        "s.study_name = $1"
    } else {
        "1 = 1"
    };
    let text = connection.text_cast();
    let sql = format!(
        "SELECT 0, s.study_id, 0, s.study_name, '' FROM studies s WHERE {which}
         UNION ALL
         SELECT {DIRECTION}, s.study_id, r.objective, r.direction{text}, ''
         FROM studies s JOIN study_directions r ON r.study_id = s.study_id WHERE {which}
         UNION ALL
         SELECT {USER_ATTR}, s.study_id, 0, r.key, r.value_json
         FROM studies s JOIN study_user_attributes r ON r.study_id = s.study_id WHERE {which}
         UNION ALL
         SELECT {SYSTEM_ATTR}, s.study_id, 0, r.key, r.value_json
         FROM studies s JOIN study_system_attributes r ON r.study_id = s.study_id WHERE {which}"
    );
    let values: Vec<Value> = name.into_iter().map(Value::Text).collect();
    let mut drafts: BTreeMap<i64, Draft> = BTreeMap::new();
    connection.query(&sql, &values, &mut |row| {
        let &[Value::Int(kind), Value::Int(id), place, text, json] = row else {
            return;
        };
        let draft = drafts.entry(id).or_default();
        let text = text.as_text().unwrap_or_default().to_owned();
        let json = || Json::from_text(json.as_text().unwrap_or("null"));
        match kind {
            DIRECTION => {
                draft.directions.insert(place.as_int().unwrap_or(0), text);
            }
            USER_ATTR => {
                draft.user_attrs.insert(text, json());
            }
            SYSTEM_ATTR => {
                draft.system_attrs.insert(text, json());
            }
            _ => draft.name = Some(text),
        }
    })?;
    let drafts = drafts.into_iter();
    Ok(drafts
        .filter_map(|(id, draft)| draft.study(StudyId(id)))
        .collect())
}

/// What is known of a study while its rows are read.
#[derive(Default)]
struct Draft {
    name: Option<String>,
    /// By objective.
    directions: BTreeMap<i64, String>,
    user_attrs: Attrs,
    system_attrs: Attrs,
}

impl Draft {
    fn study(self, id: StudyId) -> Option<Found> {
        let name = self.name?;
        let mut directions = Vec::new();
        for stored in self.directions.values() {
            let Some(direction) = direction(stored) else {
                return Some(Err((name, format!("`{stored}` is no direction"))));
            };
            directions.push(direction);
        }
        Some(Ok(FrozenStudy {
            id,
            name,
            directions,
            user_attrs: self.user_attrs,
            system_attrs: self.system_attrs,
        }))
    }
}
