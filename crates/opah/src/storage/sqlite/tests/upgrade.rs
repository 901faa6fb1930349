//! Files that older Optuna versions made (`tests/assets/make.py`) and their upgrades.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::storage::{Check, SqliteStorage, Storage};
use crate::study::Study;

macro_rules! asset {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/assets/", $name))
    };
}

const FILES: [(&str, &str, &str); 6] = [
    ("0.19.0", "v0.9.0.a", asset!("optuna-0.19.0.sql")),
    ("1.2.0", "v1.2.0.a", asset!("optuna-1.2.0.sql")),
    ("1.5.0", "v1.3.0.a", asset!("optuna-1.5.0.sql")),
    ("2.4.0", "v2.4.0.a", asset!("optuna-2.4.0.sql")),
    ("2.10.1", "v2.6.0.a", asset!("optuna-2.10.1.sql")),
    ("3.0.6", "v3.0.0.d", asset!("optuna-3.0.6.sql")),
];

/// What Optuna 5.0 makes of them; of those before 2.4 it makes an error.
const OPTUNAS: [(&str, &str); 3] = [
    ("2.4.0", asset!("optuna-2.4.0.upgraded.sql")),
    ("2.10.1", asset!("optuna-2.10.1.upgraded.sql")),
    ("3.0.6", asset!("optuna-3.0.6.upgraded.sql")),
];

fn make(path: &Path, sql: &str) {
    let connection = Connection::open(path).unwrap();
    // Tables are written in the order of their names.
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

/// All rows of all tables, by name of table and first column.
fn rows(connection: &Connection) -> Vec<(&'static str, Vec<Vec<Value>>)> {
    let rows_of = |table: &'static str| {
        // The columns stand in another order in files that were upgraded.
        let columns = "SELECT group_concat(name, ', ')
            FROM (SELECT name FROM pragma_table_info(?1) ORDER BY name)";
        let columns: Option<String> = connection
            .query_row(columns, [table], |row| row.get(0))
            .unwrap();
        let Some(columns) = columns else {
            return (table, Vec::new());
        };
        let sql = format!("SELECT {columns} FROM {table} ORDER BY {columns}");
        let mut select = connection.prepare(&sql).unwrap();
        let n_columns = select.column_count();
        let rows = select.query_map([], |row| {
            (0..n_columns)
                .map(|at| row.get(at))
                .collect::<rusqlite::Result<Vec<Value>>>()
        });
        (table, rows.unwrap().map(Result::unwrap).collect())
    };
    super::super::upgrade::TABLES.map(rows_of).to_vec()
}

#[test]
fn an_upgrade_is_optunas() {
    for (version, expected) in OPTUNAS {
        let (_, from, sql) = FILES.into_iter().find(|file| file.0 == version).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.db");
        make(&path, sql);
        let before = rows(&Connection::open(&path).unwrap());
        let done = SqliteStorage::upgrade(&path).unwrap().unwrap();
        assert_eq!(done.from, from);
        let backup = Connection::open(&done.backup).unwrap();
        assert_eq!(rows(&backup), before, "{version}");
        let theirs = folder.path().join("theirs.db");
        make(&theirs, expected);
        assert_eq!(
            rows(&Connection::open(&path).unwrap()),
            rows(&Connection::open(&theirs).unwrap()),
            "{version}"
        );
    }
}

#[test]
fn upgraded_files_are_as_good_as_new_ones() {
    for (version, from, sql) in FILES {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.db");
        make(&path, sql);
        let error = SqliteStorage::open(&path).unwrap_err().to_string();
        let advice = format!(
            "older schema {from}, and v3.2.0.a is needed; run `opah storage upgrade URL` once"
        );
        assert!(error.ends_with(&advice), "{error}");
        SqliteStorage::upgrade(&path).unwrap().unwrap();
        assert_eq!(SqliteStorage::upgrade(&path).unwrap(), None);

        let storage = std::sync::Arc::new(SqliteStorage::open(&path).unwrap());
        assert_eq!(storage.check(false).unwrap(), Check::default(), "{version}");
        let study = Study::load(storage.clone(), "first").unwrap();
        let trials = study.trials().unwrap();
        let states: Vec<TrialState> = trials.iter().map(|trial| trial.state).collect();
        let ended = [
            TrialState::Complete,
            TrialState::Pruned,
            TrialState::Fail,
            TrialState::Complete,
            TrialState::Complete,
        ];
        assert_eq!(&states[..5], &ended, "{version}");
        let first: &FrozenTrial = &trials[0];
        assert_eq!(first.values, [0.0]);
        assert_eq!(first.intermediate_values[&0], 0.5);
        assert_eq!(first.intermediate_values[&2], f64::INFINITY);
        let log = first.params.get("l").unwrap();
        assert_eq!(log.distribution.to_string(), "float(1e-05, 1.0, log)");
        let next = study.ask().unwrap().number();
        // From 1.2 on a trial waits, and is begun.
        assert_eq!(next, 5, "{version}");
        let second = Study::load(storage, "second").unwrap();
        let values: Vec<f64> = second
            .trials()
            .unwrap()
            .iter()
            .map(|trial| trial.values[0])
            .collect();
        assert_eq!(values, [-0.5, 0.5]);
    }
}

#[test]
fn what_is_no_older_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.db");
    let error = |path: &Path| SqliteStorage::upgrade(path).unwrap_err().to_string();
    assert!(error(&path).ends_with("there is no such file; check the path"));
    assert!(!path.exists());
    make(&path, "CREATE TABLE notes (text)");
    assert!(error(&path).contains("not one of Optuna's or opah's"));
    let newer = folder.path().join("newer.db");
    drop(SqliteStorage::open(&newer).unwrap());
    make(
        &newer,
        "UPDATE alembic_version SET version_num = 'v7.0.0.a'",
    );
    assert!(error(&newer).ends_with("newer than v3.2.0.a; use a newer opah"));
}
