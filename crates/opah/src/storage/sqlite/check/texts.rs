//! Texts that must be parsed to know whether they are right: distributions, the JSON of
//! attributes, times.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde::de::IgnoredAny;

use super::{Fault, Mend, of_study, of_trial, text};
use crate::distribution::Distribution;
use crate::json::Json;
use crate::storage::sqlite::rows;

pub(super) fn find(connection: &Connection, faults: &mut Vec<Fault>) -> rusqlite::Result<()> {
    find_params(connection, faults)?;
    for kind in ["user", "system"] {
        find_attrs(connection, "study", kind, faults)?;
        find_attrs(connection, "trial", kind, faults)?;
    }
    find_times(connection, faults)
}

/// The distributions that were parsed, by their JSON, or why they can't be.
type Known = BTreeMap<String, Result<Distribution, String>>;

fn find_params(connection: &Connection, faults: &mut Vec<Fault>) -> rusqlite::Result<()> {
    let select = "SELECT p.trial_id, p.param_id, p.param_name, p.param_value, p.distribution_json
        FROM trial_params p JOIN trials t ON t.trial_id = p.trial_id ORDER BY p.param_id";
    let mut known = Known::new();
    let mut select = connection.prepare(select)?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let Err(problem) = param(row, &mut known)? else {
            continue;
        };
        let name = text(row.get_ref(2)?);
        let id: i64 = row.get(1)?;
        faults.push(Fault {
            place: of_trial(connection, row.get(0)?)?,
            problem: format!("parameter `{name}`: {problem}"),
            remedy: "the trial loses the parameter".to_owned(),
            mends: vec![Mend::new(
                "DELETE FROM trial_params WHERE param_id = ?1",
                vec![id.into()],
            )],
        });
    }
    Ok(())
}

/// What is wrong with a parameter, if anything is.
fn param(row: &Row, known: &mut Known) -> rusqlite::Result<Result<(), String>> {
    if row.get_ref(2)?.as_str().is_err() {
        return Ok(Err("its name is no text".to_owned()));
    }
    let value = match row.get_ref(3)? {
        ValueRef::Integer(value) => value as f64,
        ValueRef::Real(value) => value,
        other => return Ok(Err(format!("its value is {}", text(other)))),
    };
    let Ok(json) = row.get_ref(4)?.as_str() else {
        return Ok(Err("its distribution is no text".to_owned()));
    };
    let parsed = known
        .entry(json.to_owned())
        .or_insert_with(|| Distribution::from_json(json).map_err(|error| error.to_string()));
    Ok(match &*parsed {
        Err(problem) => Err(problem.clone()),
        Ok(distribution @ Distribution::Categorical(_)) if !distribution.contains(value) => {
            Err(format!("there is no choice {value} in {distribution}"))
        }
        Ok(_) => Ok(()),
    })
}

fn find_attrs(
    connection: &Connection,
    owner: &str,
    kind: &str,
    faults: &mut Vec<Fault>,
) -> rusqlite::Result<()> {
    let (table, id) = (
        format!("{owner}_{kind}_attributes"),
        format!("{owner}_{kind}_attribute_id"),
    );
    let owners = if owner == "study" {
        "studies"
    } else {
        "trials"
    };
    let select = format!(
        "SELECT a.{owner}_id, a.{id}, a.key, a.value_json
        FROM {table} a JOIN {owners} o ON o.{owner}_id = a.{owner}_id
        WHERE typeof(a.key) = 'text' AND typeof(a.value_json) = 'text' ORDER BY a.{id}"
    );
    let set = format!("UPDATE {table} SET value_json = ?2 WHERE {id} = ?1");
    let mut select = connection.prepare(&select)?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        let ValueRef::Text(bytes) = row.get_ref(3)? else {
            continue;
        };
        let is_json = |text: &str| Json::from_text(text).parse::<IgnoredAny>().is_some();
        if std::str::from_utf8(bytes).is_ok_and(is_json) {
            continue;
        }
        let (of, attribute): (i64, i64) = (row.get(0)?, row.get(1)?);
        let key = text(row.get_ref(2)?);
        let as_text = Json::new(&String::from_utf8_lossy(bytes));
        faults.push(Fault {
            place: match owner {
                "study" => of_study(connection, of)?,
                _ => of_trial(connection, of)?,
            },
            problem: format!("the {kind} attribute `{key}` is no JSON"),
            remedy: "it is kept as a text".to_owned(),
            mends: vec![Mend::new(
                set.as_str(),
                vec![attribute.into(), as_text.as_str().to_owned().into()],
            )],
        });
    }
    Ok(())
}

fn find_times(connection: &Connection, faults: &mut Vec<Fault>) -> rusqlite::Result<()> {
    let select = "SELECT trial_id, datetime_start, datetime_complete FROM trials
        WHERE study_id IN (SELECT study_id FROM studies) ORDER BY trial_id";
    let mut select = connection.prepare(select)?;
    let mut found = select.query([])?;
    while let Some(row) = found.next()? {
        for (column, what, name) in [
            (1, "begin", "datetime_start"),
            (2, "end", "datetime_complete"),
        ] {
            let value = row.get_ref(column)?;
            let is_time = match value.as_str_or_null() {
                Ok(Some(text)) => rows::time(text).is_some(),
                Ok(None) => true,
                Err(_) => false,
            };
            if is_time {
                continue;
            }
            let trial: i64 = row.get(0)?;
            let unset = format!("UPDATE trials SET {name} = NULL WHERE trial_id = ?1");
            faults.push(Fault {
                place: of_trial(connection, trial)?,
                problem: format!("`{}`, the time of its {what}, is no time", text(value)),
                remedy: "the time is left out".to_owned(),
                mends: vec![Mend::new(unset, vec![trial.into()])],
            });
        }
    }
    Ok(())
}
