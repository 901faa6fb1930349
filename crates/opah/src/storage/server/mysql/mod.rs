//! MySQL and MariaDB. A write about one trial is a transaction of a statement for each of
//! its tables.

mod values;

use std::collections::BTreeSet;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, Row, Value as Raw};

use self::values::{from_raw, to_raw, translate};
use super::connection::{
    Answer, Conflict, Connection, Durability, Failure, Guard, Insert, NewTrial, Tables, Value,
};
use super::url::{Password, Server, Tls};
use crate::frozen_trial::TrialId;

/// Rows are locked as the storage says, and no value is cut to what fits.
const SESSION: [&str; 2] = [
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
];

/// All tables of Optuna.
const TABLES: [&str; 13] = [
    "alembic_version",
    "studies",
    "study_directions",
    "study_system_attributes",
    "study_user_attributes",
    "trial_heartbeats",
    "trial_intermediate_values",
    "trial_params",
    "trial_system_attributes",
    "trial_user_attributes",
    "trial_values",
    "trials",
    "version_info",
];

const INDEXES: [(&str, &str); 2] = [
    ("opah_trial_numbers", "study_id, number"),
    ("opah_waiting_trials", "study_id, state, trial_id"),
];

pub(super) struct MySql {
    connection: Conn,
    in_transaction: bool,
}

impl MySql {
    pub(super) fn connect(server: &Server) -> Answer<Self> {
        if server.tls == Tls::Required {
            let problem = "this opah speaks to MySQL without TLS; remove `sslmode` from the URL, or go through a tunnel";
            return Err(Failure::Refused(
                problem.to_owned(),
                "TLS is required".into(),
            ));
        }
        let connection = Conn::new(options(server)).map_err(failure)?;
        Ok(Self {
            connection,
            in_transaction: false,
        })
    }

    fn insert(&mut self, insert: &Insert, owner: i64) -> Answer<()> {
        let table = insert.table;
        let columns = insert.columns.iter().map(|(name, _)| format!("`{name}`"));
        let columns: Vec<String> = columns.collect();
        let row = format!("(?{})", ", ?".repeat(columns.len()));
        let rows = vec![row; insert.rows.len()].join(", ");
        // An update that changes nothing, since `INSERT IGNORE` would let through whatever
        // else is wrong.
        let conflict = match insert.conflict {
            Conflict::Keep => format!("{0} = {0}", insert.owner),
            Conflict::Replace => {
                let replaced = columns[1..].iter();
                let replaced: Vec<String> = replaced
                    .map(|name| format!("{name} = VALUES({name})"))
                    .collect();
                replaced.join(", ")
            }
        };
        let sql = format!(
            "INSERT INTO {table} ({}, {}) VALUES {rows} ON DUPLICATE KEY UPDATE {conflict}",
            insert.owner,
            columns.join(", ")
        );
        let mut raw = Vec::new();
        for row in &insert.rows {
            raw.push(Raw::Int(owner));
            raw.extend(row.iter().map(|value| to_raw(*value)));
        }
        self.connection.exec_drop(sql, raw).map_err(failure)
    }

    /// Does `work` in the transaction that there is, or in one of its own.
    fn in_transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> Answer<T>) -> Answer<T> {
        let is_own = !self.in_transaction;
        if is_own {
            self.begin(Durability::Flushed)?;
        }
        let done = work(self)?;
        if is_own {
            self.commit()?;
        }
        Ok(done)
    }

    /// Does `work` while no other process makes tables or indexes.
    fn alone<T>(&mut self, work: impl FnOnce(&mut Self) -> Answer<T>) -> Answer<T> {
        let lock = "SELECT GET_LOCK(CONCAT('opah.', database()), 30)";
        let got: Option<i64> = self
            .connection
            .query_first(lock)
            .map_err(failure)?
            .flatten();
        if got != Some(1) {
            return Err(Failure::Again("another process makes the tables".into()));
        }
        let done = work(self);
        let release = "DO RELEASE_LOCK(CONCAT('opah.', database()))";
        self.connection.query_drop(release).map_err(failure)?;
        done
    }

    fn names(&mut self, sql: &str) -> Answer<BTreeSet<String>> {
        let names: Vec<String> = self.connection.query(sql).map_err(failure)?;
        Ok(names.into_iter().collect())
    }
}

pub(super) fn options(server: &Server) -> OptsBuilder {
    let is_socket = server.host.starts_with('/');
    let password = server.password.as_ref().map(Password::reveal);
    OptsBuilder::new()
        .ip_or_hostname((!is_socket).then(|| server.host.clone()))
        .socket(is_socket.then(|| server.host.clone()))
        .prefer_socket(false)
        .tcp_port(server.port)
        .user(Some(server.user.clone()))
        .pass(password)
        .db_name(Some(server.database.clone()))
        .tcp_connect_timeout(Some(Duration::from_secs(10)))
        .tcp_keepalive_time_ms(Some(30_000))
        .init(SESSION.to_vec())
}

impl Connection for MySql {
    fn text_cast(&self) -> &'static str {
        ""
    }

    fn query(&mut self, sql: &str, values: &[Value], each: &mut dyn FnMut(&[Value])) -> Answer<()> {
        let (sql, raw) = translate(sql, values);
        let rows = self.connection.exec_iter(sql, raw).map_err(failure)?;
        for row in rows {
            let row: Row = row.map_err(failure)?;
            let raw = row.unwrap();
            let values: Vec<Value> = raw.iter().map(from_raw).collect();
            each(&values);
        }
        Ok(())
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Answer<u64> {
        let (sql, raw) = translate(sql, values);
        self.connection.exec_drop(sql, raw).map_err(failure)?;
        Ok(self.connection.affected_rows())
    }

    fn begin(&mut self, _: Durability) -> Answer<()> {
        self.in_transaction = true;
        let begun = self.connection.query_drop("START TRANSACTION");
        begun.map_err(failure)
    }

    fn commit(&mut self) -> Answer<()> {
        self.connection.query_drop("COMMIT").map_err(failure)?;
        self.in_transaction = false;
        Ok(())
    }

    fn rollback(&mut self) -> Answer<()> {
        if self.in_transaction {
            self.connection.query_drop("ROLLBACK").map_err(failure)?;
            self.in_transaction = false;
        }
        Ok(())
    }

    fn create_trial(
        &mut self,
        trial: &NewTrial,
        details: &[Insert],
    ) -> Answer<Option<(TrialId, u64)>> {
        let study = trial.study.0;
        self.in_transaction(|this| {
            let lock = "SELECT study_id FROM studies WHERE study_id = ? FOR UPDATE";
            let found: Option<i64> = this
                .connection
                .exec_first(lock, (study,))
                .map_err(failure)?;
            if found.is_none() {
                return Ok(None);
            }
            let number = "SELECT COALESCE(MAX(number) + 1, 0) FROM trials WHERE study_id = ?";
            let number: Option<u64> = this
                .connection
                .exec_first(number, (study,))
                .map_err(failure)?;
            let number = number.unwrap_or(0);
            if let Some(most) = trial.most
                && number >= most
            {
                let waiting =
                    "SELECT COUNT(*) FROM trials WHERE study_id = ? AND state = 'WAITING'";
                let waiting: Option<u64> = this
                    .connection
                    .exec_first(waiting, (study,))
                    .map_err(failure)?;
                if number.saturating_sub(waiting.unwrap_or(0)) >= most {
                    return Ok(None);
                }
            }
            let values = vec![
                Raw::UInt(number),
                Raw::Int(study),
                to_raw(Value::Text(trial.state.name())),
                to_raw(Value::time(trial.datetime_start)),
                to_raw(Value::time(trial.datetime_complete)),
            ];
            let insert =
                "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)
                          VALUES (?, ?, ?, ?, ?)";
            this.connection.exec_drop(insert, values).map_err(failure)?;
            let id = this.connection.last_insert_id() as i64;
            for insert in details {
                this.insert(insert, id)?;
            }
            Ok(Some((TrialId(id), number)))
        })
    }

    fn write_if(&mut self, guard: &Guard, details: &[Insert], _: Durability) -> Answer<bool> {
        self.in_transaction(|this| {
            let (touched, values) = match guard {
                Guard::Update(sql, values) => (this.execute(sql, values)? > 0, values),
                Guard::Select(sql, values) => {
                    let mut is_there = false;
                    this.query(sql, values, &mut |_| is_there = true)?;
                    (is_there, values)
                }
            };
            if let (true, Some(Value::Int(owner))) = (touched, values.first()) {
                for insert in details {
                    this.insert(insert, *owner)?;
                }
            }
            Ok(touched)
        })
    }

    fn tables(&mut self) -> Answer<Tables> {
        let tables =
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database()";
        let tables = self.names(tables)?;
        let indexes = "SELECT DISTINCT index_name FROM information_schema.statistics
                       WHERE table_schema = database() AND table_name = 'trials'";
        let indexes = self.names(indexes)?;
        let has = |name: &str| tables.contains(name);
        let (version_info, alembic_version) = (has("version_info"), has("alembic_version"));
        // Statements that make tables commit by themselves: a process that died may have left
        // some of them.
        let is_begun = version_info || alembic_version;
        let needed = TABLES.iter().filter(|name| **name != "alembic_version");
        let is_whole = needed.clone().all(|name| has(name));
        Ok(Tables {
            trials: has("trials") && (is_whole || !is_begun),
            version_info,
            alembic_version,
            indexes: INDEXES.iter().all(|(name, _)| indexes.contains(*name)),
        })
    }

    fn create_tables(&mut self) -> Answer<()> {
        self.alone(|this| {
            let version: Option<String> = this
                .connection
                .query_first("SELECT version()")
                .map_err(failure)?;
            // Names that differ in case or in spaces at the end are different names.
            let collation = if version.is_some_and(|version| version.contains("MariaDB")) {
                "utf8mb4_nopad_bin"
            } else {
                "utf8mb4_0900_bin"
            };
            let schema = include_str!("schema.sql").replace("$COLLATION", collation);
            for statement in schema.split(";\n").filter(|sql| !sql.trim().is_empty()) {
                this.connection.query_drop(statement).map_err(failure)?;
            }
            Ok(())
        })
    }

    fn create_indexes(&mut self) -> Answer<()> {
        self.alone(|this| {
            for (name, columns) in INDEXES {
                let sql = format!("CREATE INDEX {name} ON trials ({columns})");
                match this.connection.query_drop(sql) {
                    // It is there, or the user may not make it.
                    Err(mysql::Error::MySqlError(error)) if [1061, 1142].contains(&error.code) => {}
                    made => made.map_err(failure)?,
                }
            }
            Ok(())
        })
    }
}

/// What an error means for the one who asked.
fn failure(error: mysql::Error) -> Failure {
    let mysql::Error::MySqlError(refusal) = &error else {
        return match error {
            mysql::Error::FromValueError(_) | mysql::Error::FromRowError(_) => Failure::Refused(
                "a value is not what it should be".to_owned(),
                Box::new(error),
            ),
            error => Failure::Lost(Box::new(error)),
        };
    };
    let problem = match refusal.code {
        // It ends, starts, or has too many connections.
        1040 | 1053 | 1077 | 1078 | 1079 | 1152..=1161 | 1184 | 1927 => {
            return Failure::Lost(Box::new(error));
        }
        // A deadlock, a lock held for too long, or another process was faster.
        1205 | 1213 | 1062 | 1050 | 1061 => return Failure::Again(Box::new(error)),
        1045 | 1698 => "the server refuses the user; check the name and the password".to_owned(),
        1049 => "there is no such database; make it with `CREATE DATABASE`, or name another".to_owned(),
        1044 | 1142 | 1227 => {
            "the user lacks a permission; ask the database's owner for it".to_owned()
        }
        1021 | 1114 => "the server's disk is full; free some space there".to_owned(),
        1290 | 1836 => "the server takes no writes; name the one that does".to_owned(),
        1366 => "the tables can't hold a character of the text; convert them to `utf8mb4`, or make the database anew with opah".to_owned(),
        _ => format!("the server refused: {}", refusal.message),
    };
    Failure::Refused(problem, Box::new(error))
}
