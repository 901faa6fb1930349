//! Names that MySQL's tables take for one another, or can't hold. By default `x`, `X` and
//! `x ` are one name there, and the second value of a trial would be lost; what the tables
//! compare so is asked of the server, once for each new name.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use super::connection::{Answer, Connection, Value};
use super::pool::Pool;
use crate::error::Result;

/// How the tables of a database compare names.
#[derive(Debug)]
pub(super) struct Names {
    /// The character set and the collation; `None` if different names are different.
    compared: Option<(String, String)>,
    /// What was asked for before: "parameter" or "attribute", and the name.
    known: Mutex<BTreeSet<(&'static str, String)>>,
}

impl Names {
    /// Names on a server that compares them byte by byte.
    pub(super) fn exact() -> Self {
        Self {
            compared: None,
            known: Mutex::default(),
        }
    }

    /// As MySQL's tables compare them.
    pub(super) fn of_mysql(connection: &mut dyn Connection) -> Answer<Self> {
        let sql = "SELECT character_set_name, collation_name FROM information_schema.columns
                   WHERE table_schema = database() AND table_name = 'trial_params'
                   AND column_name = 'param_name'";
        let mut names = Self::exact();
        connection.query(sql, &[], &mut |row| {
            if let [Value::Text(characters), Value::Text(collation)] = row
                && !collation.ends_with("nopad_bin")
                && !collation.ends_with("0900_bin")
            {
                names.compared = Some(((*characters).to_owned(), (*collation).to_owned()));
            }
        })?;
        Ok(names)
    }

    /// Refuses a name that the tables take for another one that this process uses.
    pub(super) fn check(
        &self,
        pool: &Pool,
        what: &'static str,
        name: &str,
    ) -> Result<std::result::Result<(), String>> {
        let Some((characters, collation)) = &self.compared else {
            return Ok(Ok(()));
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (what, name.to_owned());
        if known.contains(&key) {
            return Ok(Ok(()));
        }
        let others: Vec<&str> = known
            .iter()
            .filter(|(kind, _)| *kind == what)
            .map(|(_, name)| name.as_str())
            .collect();
        let stored = |text: &str| format!("CONVERT({text} USING {characters})");
        let mut sql = format!(
            "SELECT 0, '' FROM DUAL WHERE CAST(CONVERT({} USING utf8mb4) AS BINARY) <> CAST($1 AS BINARY)",
            stored("$1")
        );
        for at in 2..others.len() + 2 {
            // Writing to a text can't fail.
            let _ = write!(
                sql,
                " UNION ALL SELECT 1, ${at} FROM DUAL WHERE {} COLLATE {collation} = {}",
                stored(&format!("${at}")),
                stored("$1"),
            );
        }
        let values = std::iter::once(name).chain(others).map(Value::Text);
        let values: Vec<Value> = values.collect();
        let problem = pool.run(|connection, _| {
            let mut problem = None;
            connection.query(&sql, &values, &mut |row| {
                problem = match row {
                    [Value::Int(0), _] => Some(format!(
                        "{what} `{name}` has a character that the tables can't hold; convert them to `utf8mb4`"
                    )),
                    [_, Value::Text(other)] => Some(format!(
                        "{what}s `{name}` and `{other}` are one name for the tables, which compare by {collation}; rename one, or use a database whose tables opah made"
                    )),
                    _ => None,
                };
            })?;
            Ok(problem)
        })?;
        if let Some(problem) = problem {
            return Ok(Err(problem));
        }
        known.insert(key);
        Ok(Ok(()))
    }
}
