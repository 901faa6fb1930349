//! A file that can't be used says why, and what to do.

use std::path::Path;
use std::sync::Arc;

use crate::frozen_trial::Direction;
use crate::storage::SqliteStorage;
use crate::study::Study;

fn study(path: &Path) -> (Arc<SqliteStorage>, Study) {
    let storage = Arc::new(SqliteStorage::open(path).unwrap());
    let study = Study::load_or_create(storage.clone(), "s", &[Direction::Minimize]).unwrap();
    (storage, study)
}

#[test]
fn a_full_disk_loses_nothing_that_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.db");
    let (storage, study) = study(&path);
    let limit_pages = |more: i64| {
        let connection = &storage.lock().connection;
        let now: i64 = connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        let set = format!("PRAGMA max_page_count = {}", now + more);
        connection.query_row(&set, [], |_| Ok(())).unwrap();
    };
    limit_pages(3);
    let mut n_told = 0;
    let mut run = || -> crate::Result<()> {
        loop {
            let mut trial = study.ask()?;
            trial.suggest_float("x", 0.0..=1.0)?;
            study.tell(&mut trial, &[1.0])?;
            n_told += 1;
        }
    };
    let error = run().unwrap_err().to_string();
    assert!(
        error.ends_with("trial.db: the disk is full; free some space and run the command again"),
        "{error}"
    );
    assert!(n_told > 3);
    limit_pages(1000);
    let mut after = study.ask().unwrap();
    study.tell(&mut after, &[0.0]).unwrap();
    let reopened = Study::load(Arc::new(SqliteStorage::open(&path).unwrap()), "s").unwrap();
    assert_eq!(reopened.history().unwrap().complete().count(), n_told + 1);
    let check = storage
        .lock()
        .connection
        .query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
    assert_eq!(check.unwrap(), "ok");
}

#[test]
fn a_file_that_cannot_be_written_to_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, study) = study(&folder.path().join("trial.db"));
    let mut trial = study.ask().unwrap();
    study.tell(&mut trial, &[1.0]).unwrap();
    // The same refusal as on a file system that is mounted read-only.
    storage
        .lock()
        .connection
        .pragma_update(None, "query_only", true)
        .unwrap();
    let error = study.ask().unwrap_err().to_string();
    assert!(
        error.ends_with("the file or its folder can't be written to; check the permissions"),
        "{error}"
    );
    assert_eq!(study.trials().unwrap().len(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn a_folder_that_takes_no_file_says_so() {
    let error = SqliteStorage::open(Path::new("/proc/self/trial.db"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("can't be opened; check that its folder exists and can be written to"),
        "{error}"
    );
}

#[test]
fn a_damaged_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.db");
    let (storage, study) = study(&path);
    let mut trial = study.ask().unwrap();
    study.tell(&mut trial, &[1.0]).unwrap();
    storage
        .lock()
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop((storage, study, trial));
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page holds the tables' definitions; all others are made useless.
    bytes[4096..].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let open = || Study::load(Arc::new(SqliteStorage::open(&path)?), "s");
    let error = open().unwrap_err().to_string();
    assert!(
        error.ends_with("the file is damaged; restore it from a backup"),
        "{error}"
    );
}

#[test]
fn files_of_other_programs_and_other_times_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (
            "CREATE TABLE notes (text)",
            "the file is an SQLite database, but not one of Optuna's or opah's; name another file",
        ),
        (
            "CREATE TABLE trials (subject TEXT, outcome TEXT)",
            "the file is an SQLite database, but not one of Optuna's or opah's; name another file",
        ),
        (
            "CREATE TABLE trials (trial_id INTEGER PRIMARY KEY);
             CREATE TABLE version_info (schema_version INTEGER);
             INSERT INTO version_info VALUES (11)",
            "the file has Optuna's older schema v0.9.0.a, and v3.2.0.a is needed; run `opah storage upgrade URL` once",
        ),
        (
            "CREATE TABLE trials (trial_id INTEGER PRIMARY KEY);
             CREATE TABLE alembic_version (version_num TEXT);
             INSERT INTO alembic_version VALUES ('v3.0.0.d')",
            "the file has Optuna's older schema v3.0.0.d, and v3.2.0.a is needed; run `opah storage upgrade URL` once",
        ),
        (
            "CREATE TABLE trials (trial_id INTEGER PRIMARY KEY);
             CREATE TABLE alembic_version (version_num TEXT);
             INSERT INTO alembic_version VALUES ('v7.0.0.a')",
            "the file has schema v7.0.0.a, which is newer than v3.2.0.a; use a newer opah",
        ),
    ];
    for (at, (sql, problem)) in cases.into_iter().enumerate() {
        let path = folder.path().join(format!("{at}.db"));
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch(sql).unwrap();
        let error = SqliteStorage::open(&path).unwrap_err().to_string();
        assert!(error.ends_with(problem), "{error}");
    }
}

#[test]
fn a_url_without_a_path_is_refused() {
    let error = crate::storage::open("sqlite:///").unwrap_err().to_string();
    assert!(
        error.contains("; use `sqlite:///path/to/file.db`"),
        "{error}"
    );
}
