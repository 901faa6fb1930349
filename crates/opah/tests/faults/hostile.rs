//! SQLite files that somebody has prepared: nothing in them is run, and nothing crashes.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use opah::storage::SqliteStorage;
use opah::{Direction, Result, Storage as _, Study};

use crate::{Random, rounds};

/// A file with a study of ten trials, without a log beside it.
fn make(path: &Path) {
    let storage = Arc::new(SqliteStorage::open(path).unwrap());
    let study = Study::create(storage, "s", &[Direction::Minimize]).unwrap();
    for number in 0..10 {
        let mut trial = study.ask().unwrap();
        trial.suggest_float("x", 0.0..=1.0).unwrap();
        trial.report(0, 0.5).unwrap();
        study.tell(&mut trial, &[f64::from(number)]).unwrap();
    }
    drop(study);
    let connection = rusqlite::Connection::open(path).unwrap();
    let mode: String = connection
        .query_row("PRAGMA journal_mode = delete", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "delete");
}

/// All that a program does with a file.
fn use_it(path: &Path) -> Result<usize> {
    let storage = Arc::new(SqliteStorage::open(path)?);
    let checked = storage.check(false);
    let study = Study::load(storage, "s")?;
    let n_trials = study.trials()?.len();
    let mut trial = study.ask()?;
    trial.suggest_float("x", 0.0..=1.0)?;
    study.tell(&mut trial, &[0.5])?;
    checked?;
    Ok(n_trials)
}

#[test]
fn nothing_in_a_file_is_run() {
    let folder = tempfile::tempdir().unwrap();
    for (number, sql) in [
        "CREATE TRIGGER t AFTER UPDATE ON trials BEGIN DELETE FROM trials; END",
        "CREATE TRIGGER t BEFORE INSERT ON trial_values BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE TRIGGER t AFTER INSERT ON trials
         BEGIN UPDATE trial_values SET value = -1; DELETE FROM trial_params; END",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{number}.db"));
        make(&path);
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        assert_eq!(use_it(&path).unwrap(), 10, "{sql}");
        let study = Study::load(Arc::new(SqliteStorage::open(&path).unwrap()), "s").unwrap();
        let values: Vec<f64> = study
            .trials()
            .unwrap()
            .iter()
            .map(|trial| trial.values[0])
            .collect();
        assert_eq!(
            values[..10],
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
        );
    }
    for sql in [
        "DROP TABLE trial_params; CREATE VIEW trial_params AS SELECT * FROM trial_values",
        "DROP TABLE trials; CREATE VIEW trials AS SELECT load_extension('evil')",
    ] {
        let path = folder.path().join("view.db");
        let _ = fs::remove_file(&path);
        make(&path);
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}"))
            .unwrap();
        let error = use_it(&path).unwrap_err().to_string();
        assert!(error.starts_with("sqlite:///"), "{error}");
    }
    eprintln!("RESULT | prepared triggers and views | SQLite | 5 files | none run |");
}

#[test]
fn flipped_bits_crash_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.db");
    make(&path);
    let bytes = fs::read(&path).unwrap();
    let mut random = Random(18);
    let (mut n_used, n_files) = (0, 15 * rounds());
    for _ in 0..n_files {
        let mut damaged = bytes.clone();
        for _ in 0..=random.below(8) {
            // Half of all where the tables' definitions are.
            let range = if random.below(2) == 0 {
                4096
            } else {
                bytes.len() as u64
            };
            let at = random.below(range) as usize;
            damaged[at] ^= 1 << random.below(8);
        }
        for suffix in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(format!("{}{suffix}", path.display()));
        }
        fs::write(&path, damaged).unwrap();
        n_used += u64::from(use_it(&path).is_ok());
    }
    eprintln!(
        "RESULT | flipped bits | SQLite | {n_files} files | 0 crashes; {n_used} used, the others refused with a sentence |"
    );
}
