//! PostgreSQL. A write about one trial is one statement: its rows depend on a guard in a
//! `WITH`, so that it is one round trip and one transaction.

mod failure;
mod values;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, Config, NoTls, SimpleQueryMessage, Statement};

use self::failure::{failure, not_connected};
use self::values::value;
use super::connection::{
    Answer, ColumnType, Conflict, Connection, Durability, Failure, Guard, Insert, NewTrial, Tables,
    Value,
};
use super::url::{Server, Tls};
use crate::frozen_trial::TrialId;

/// Prepared statements that are kept; there are fewer texts than that.
const MAX_STATEMENTS: usize = 256;

/// Keeps processes that begin at once from making the same tables; any number would do.
const CREATION_LOCK: i64 = 0x6f70_6168;

/// The isolation that row locks and conditional updates are meant for, whatever the
/// server's default is.
const SESSION: &str = "SET default_transaction_isolation TO 'read committed'";

/// Commits without a wait for the disk, this once. A later commit that waits, waits for
/// this one too.
const LATER: &str = "SET LOCAL synchronous_commit TO off; ";

/// For the trials of a study after a given one, the one of a number, and those that wait.
const INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS opah_trials ON trials (study_id, trial_id);
    CREATE INDEX IF NOT EXISTS opah_trial_numbers ON trials (study_id, number);
    CREATE INDEX IF NOT EXISTS opah_waiting_trials ON trials (study_id, trial_id)
    WHERE state = 'WAITING'";

pub(super) struct Postgres {
    client: Client,
    /// By text.
    statements: BTreeMap<String, Statement>,
    in_transaction: bool,
}

impl Postgres {
    pub(super) fn connect(server: &Server) -> Answer<Self> {
        if server.tls == Tls::Required {
            let problem = "this opah speaks to PostgreSQL without TLS; remove `sslmode` from the URL, or go through a tunnel";
            return Err(Failure::Refused(
                problem.to_owned(),
                "TLS is required".into(),
            ));
        }
        let mut config = Config::new();
        config
            .user(&server.user)
            .dbname(&server.database)
            .port(server.port)
            .application_name("opah")
            .connect_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_mins(1));
        config.host(&server.host);
        if let Some(password) = &server.password {
            config.password(password.reveal());
        }
        let mut client = config.connect(NoTls).map_err(not_connected)?;
        client.batch_execute(SESSION).map_err(failure)?;
        Ok(Self {
            client,
            statements: BTreeMap::new(),
            in_transaction: false,
        })
    }

    fn statement(&mut self, sql: &str) -> Answer<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= MAX_STATEMENTS {
            self.statements.clear();
        }
        let statement = self.client.prepare(sql).map_err(failure)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// `guard`, whose values are given, and what depends on its row: the columns of that
    /// row, as `select` names them.
    fn guarded(
        &mut self,
        guard: &str,
        values: &[Value],
        details: &[Insert],
        select: &str,
    ) -> Answer<Vec<postgres::Row>> {
        let mut sql = format!("WITH guard AS ({guard})");
        let mut columns: Vec<Vec<Value>> = Vec::new();
        for insert in details {
            for at in 0..insert.columns.len() {
                columns.push(insert.rows.iter().map(|row| row[at]).collect());
            }
        }
        let mut next = values.len() + 1;
        for insert in details {
            write_insert(&mut sql, insert, next);
            next += insert.columns.len();
        }
        sql.push(' ');
        sql.push_str(select);
        let statement = self.statement(&sql)?;
        let mut parameters: Vec<&(dyn ToSql + Sync)> = Vec::new();
        parameters.extend(values.iter().map(|value| value as &(dyn ToSql + Sync)));
        parameters.extend(columns.iter().map(|column| column as &(dyn ToSql + Sync)));
        self.client.query(&statement, &parameters).map_err(failure)
    }

    fn exists(&mut self, name: &str) -> Answer<bool> {
        let mut exists = false;
        let sql = "SELECT CASE WHEN to_regclass($1::text) IS NULL THEN 0 ELSE 1 END";
        self.query(sql, &[Value::Text(name)], &mut |row| {
            exists = row[0] == Value::Int(1);
        })?;
        Ok(exists)
    }
}

impl Connection for Postgres {
    fn text_cast(&self) -> &'static str {
        "::text"
    }

    fn query(&mut self, sql: &str, values: &[Value], each: &mut dyn FnMut(&[Value])) -> Answer<()> {
        let statement = self.statement(sql)?;
        let parameters: Vec<_> = values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .collect();
        let rows = self
            .client
            .query(&statement, &parameters)
            .map_err(failure)?;
        // Each is let go when it was read, so that what is made of it can have its memory.
        for row in rows {
            let values: Result<Vec<Value>, _> = (0..row.len()).map(|at| value(&row, at)).collect();
            each(&values.map_err(failure)?);
        }
        Ok(())
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Answer<u64> {
        let statement = self.statement(sql)?;
        let parameters: Vec<_> = values
            .iter()
            .map(|value| value as &(dyn ToSql + Sync))
            .collect();
        self.client
            .execute(&statement, &parameters)
            .map_err(failure)
    }

    fn begin(&mut self, durability: Durability) -> Answer<()> {
        let later = if durability == Durability::Later {
            LATER
        } else {
            ""
        };
        self.in_transaction = true;
        self.client
            .batch_execute(&format!("BEGIN; {later}"))
            .map_err(failure)
    }

    fn commit(&mut self) -> Answer<()> {
        self.client.batch_execute("COMMIT").map_err(failure)?;
        self.in_transaction = false;
        Ok(())
    }

    fn rollback(&mut self) -> Answer<()> {
        if self.in_transaction {
            self.client.batch_execute("ROLLBACK").map_err(failure)?;
            self.in_transaction = false;
        }
        Ok(())
    }

    fn create_trial(
        &mut self,
        trial: &NewTrial,
        details: &[Insert],
    ) -> Answer<Option<(TrialId, u64)>> {
        // The lock is a statement of its own: the next one sees what the process before
        // committed while this one waited.
        let lock = format!(
            "SELECT FROM studies WHERE study_id = {} FOR UPDATE; ",
            trial.study.0
        );
        if details.is_empty() {
            let time = |time: Option<Timestamp>| {
                let text = time.map(|time| time.strftime("'%Y-%m-%d %H:%M:%S%.6f'").to_string());
                text.unwrap_or_else(|| "NULL".to_owned())
            };
            let insert = numbered_insert(
                trial,
                &trial.study.0.to_string(),
                &time(trial.datetime_start),
                &time(trial.datetime_complete),
            );
            // Statements that are sent together are one transaction and one round trip.
            let sent = self.client.simple_query(&format!("{LATER}{lock}{insert}"));
            let created = sent.map_err(failure)?.into_iter().find_map(|message| {
                let SimpleQueryMessage::Row(row) = message else {
                    return None;
                };
                let id = row.try_get(0).ok().flatten()?.parse().ok()?;
                Some((TrialId(id), row.try_get(1).ok().flatten()?.parse().ok()?))
            });
            return Ok(created);
        }
        self.in_transaction = true;
        let begun = self.client.batch_execute(&format!("BEGIN; {LATER}{lock}"));
        begun.map_err(failure)?;
        let insert = numbered_insert(trial, "$1", "$2", "$3");
        let values = [
            Value::Int(trial.study.0),
            Value::time(trial.datetime_start),
            Value::time(trial.datetime_complete),
        ];
        let rows = self.guarded(
            &insert,
            &values,
            details,
            "SELECT trial_id, number FROM guard",
        )?;
        self.commit()?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let id: i32 = row.try_get(0).map_err(failure)?;
        let number: i32 = row.try_get(1).map_err(failure)?;
        Ok(Some((TrialId(id.into()), number.max(0) as u64)))
    }

    fn write_if(
        &mut self,
        guard: &Guard,
        details: &[Insert],
        durability: Durability,
    ) -> Answer<bool> {
        let (guard, values) = match guard {
            Guard::Update(sql, values) => (format!("{sql} RETURNING trial_id"), values),
            Guard::Select(sql, values) => ((*sql).to_owned(), values),
        };
        let select = match durability {
            Durability::Flushed => "SELECT 1 FROM guard",
            Durability::Later => {
                "SELECT 1, set_config('synchronous_commit', 'off', true) FROM guard"
            }
        };
        let rows = self.guarded(&guard, values, details, select)?;
        Ok(!rows.is_empty())
    }

    fn tables(&mut self) -> Answer<Tables> {
        Ok(Tables {
            trials: self.exists("trials")?,
            version_info: self.exists("version_info")?,
            alembic_version: self.exists("alembic_version")?,
            indexes: self.exists("opah_trials")?
                && self.exists("opah_trial_numbers")?
                && self.exists("opah_waiting_trials")?,
        })
    }

    fn create_tables(&mut self) -> Answer<()> {
        let lock = format!("SELECT pg_advisory_xact_lock({CREATION_LOCK})");
        self.in_transaction = true;
        let begun = self.client.batch_execute(&format!("BEGIN; {lock}"));
        begun.map_err(failure)?;
        if !self.exists("trials")? {
            let made = self.client.batch_execute(include_str!("schema.sql"));
            made.map_err(failure)?;
        }
        self.commit()
    }

    fn create_indexes(&mut self) -> Answer<()> {
        let lock = format!("SELECT pg_advisory_xact_lock({CREATION_LOCK});");
        match self.client.batch_execute(&format!("{lock} {INDEXES}")) {
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(()),
            made => made.map_err(failure),
        }
    }
}

/// Inserts a trial with the number after the greatest; nothing if the study is gone, or has
/// as many trials as it may.
fn numbered_insert(trial: &NewTrial, study: &str, start: &str, complete: &str) -> String {
    format!(
        "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)
         SELECT (SELECT coalesce(max(t.number) + 1, 0) FROM trials t WHERE t.study_id = s.study_id),
         s.study_id, '{}', CAST({start} AS timestamp), CAST({complete} AS timestamp)
         FROM studies s WHERE s.study_id = {study}{} RETURNING trial_id, number",
        trial.state.name(),
        trial.most.map(fewer_begun).unwrap_or_default(),
    )
}

/// That fewer trials of the study `s` don't wait: those that were created, without those that
/// wait; both are in indexes.
fn fewer_begun(most: u64) -> String {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    format!(
        " AND (SELECT coalesce(max(b.number) + 1, 0) FROM trials b WHERE b.study_id = s.study_id)
         - (SELECT count(*) FROM trials w WHERE w.study_id = s.study_id AND w.state = 'WAITING')
         < {most}"
    )
}

/// Adds the rows of one table as a part of the `WITH`; its values are arrays, a column
/// each, from `$next` on.
fn write_insert(sql: &mut String, insert: &Insert, next: usize) {
    let (table, owner) = (insert.table, insert.owner);
    let names: Vec<&str> = insert.columns.iter().map(|(name, _)| *name).collect();
    let mut arrays = Vec::new();
    let mut selected = Vec::new();
    for (at, (name, column_type)) in (next..).zip(insert.columns) {
        let (array, cast) = match column_type {
            ColumnType::Int => ("int", String::new()),
            ColumnType::Float => ("float8", String::new()),
            ColumnType::Text => ("text", String::new()),
            ColumnType::Enum(name) => ("text", format!("::{name}")),
        };
        arrays.push(format!("${at}::{array}[]"));
        selected.push(format!("r.{name}{cast}"));
    }
    let key = names[0];
    let conflict = match insert.conflict {
        Conflict::Keep => "NOTHING".to_owned(),
        Conflict::Replace => {
            let replaced = names[1..].iter();
            let replaced: Vec<String> = replaced
                .map(|name| format!("{name} = excluded.{name}"))
                .collect();
            format!("UPDATE SET {}", replaced.join(", "))
        }
    };
    let (names, selected, arrays) = (names.join(", "), selected.join(", "), arrays.join(", "));
    let written = write!(
        sql,
        ", {table}_written AS (INSERT INTO {table} ({owner}, {names})
         SELECT guard.{owner}, {selected} FROM guard, unnest({arrays}) AS r({names})
         ON CONFLICT ({owner}, {key}) DO {conflict})"
    );
    written.expect("a text takes what is written to it");
}
