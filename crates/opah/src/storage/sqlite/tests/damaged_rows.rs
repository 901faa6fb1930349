//! One row that Optuna would not have written costs at most its trial.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::frozen_trial::{Direction, TrialState};
use crate::json::Json;
use crate::sampler::RandomSampler;
use crate::storage::{SqliteStorage, Storage};
use crate::study::Study;

/// A file with the studies `a` and `b` of three complete trials each, whose ids are 1 to 3
/// and 4 to 6.
pub(super) fn file(folder: &Path) -> PathBuf {
    let path = folder.join("trial.db");
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&path).unwrap());
    for name in ["a", "b"] {
        let study = Study::create(storage.clone(), name, &[Direction::Minimize]).unwrap();
        let study = study.with_sampler(Arc::new(RandomSampler { seed: 1 }));
        for number in 0..3 {
            let mut trial = study.ask().unwrap();
            trial.suggest_float("x", 0.0..=1.0).unwrap();
            trial.suggest_categorical("c", &["u", "v"]).unwrap();
            trial.report(0, 0.5).unwrap();
            trial.set_user_attr("k", &Json::new(&number));
            study.tell(&mut trial, &[f64::from(number)]).unwrap();
        }
    }
    path
}

pub(super) fn inject(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}

pub(super) fn open(path: &Path) -> Arc<SqliteStorage> {
    Arc::new(SqliteStorage::open(path).unwrap())
}

/// After `sql` study `a` has the trials with these numbers, what is skipped is told by
/// `warning`, both studies go on, and the next number is 3.
fn check(sql: &str, numbers: &[u64], warning: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    inject(&path, sql);
    let storage = open(&path);
    let study = Study::load(storage.clone(), "a").unwrap();
    let found: Vec<u64> = study.trials().unwrap().iter().map(|t| t.number).collect();
    assert_eq!(found, numbers, "{sql}");
    let warnings: Vec<String> = storage.warnings();
    match warning {
        "" => assert_eq!(warnings, [""; 0], "{sql}"),
        _ => assert!(
            warnings.len() == 1
                && warnings[0].starts_with("study `a`: ")
                && warnings[0].ends_with(warning),
            "{sql}: {warnings:?}"
        ),
    }
    for name in ["a", "b"] {
        let study = Study::load(storage.clone(), name).unwrap();
        let mut next = study.ask().unwrap();
        assert_eq!(next.number(), 3, "{sql}");
        next.suggest_float("x", 0.0..=1.0).unwrap();
        study.tell(&mut next, &[-1.0]).unwrap();
        assert_eq!(study.best_trial().unwrap().number, 3, "{sql}");
    }
    let other = Study::load(storage.clone(), "b").unwrap();
    assert_eq!(other.trials().unwrap().len(), 4, "{sql}");
    // What is skipped is told once, however often it is looked at.
    assert_eq!(storage.warnings(), warnings, "{sql}");
}

#[test]
fn a_trial_that_cannot_be_read_is_skipped_with_a_warning() {
    let second_is_skipped = [
        ("UPDATE trials SET state = 'DONE' WHERE trial_id = 2", "`DONE` is no state"),
        ("UPDATE trials SET number = NULL WHERE trial_id = 2", "it has no number"),
        ("UPDATE trials SET number = -1 WHERE trial_id = 2", "it has no number"),
        (
            "UPDATE trials SET number = 0 WHERE trial_id = 2",
            "the trial with id 2 is skipped: its number 0 is that of the trial with id 1",
        ),
        (
            "UPDATE trial_values SET value = NULL WHERE trial_id = 2",
            "a row of `trial_values` can't be read: nothing is not of the kind `FINITE`",
        ),
        (
            "UPDATE trial_values SET value_type = 'HUGE' WHERE trial_id = 2",
            "1 is not of the kind `HUGE`",
        ),
        (
            "UPDATE trial_values SET objective = 5 WHERE trial_id = 2",
            "it is COMPLETE with 6 value(s), and the study has 1 objective(s)",
        ),
        (
            "DELETE FROM trial_values WHERE trial_id = 2",
            "it is COMPLETE with 0 value(s), and the study has 1 objective(s)",
        ),
        (
            "UPDATE trial_values SET value_type = 'NAN' WHERE trial_id = 2",
            "a value is missing or not a number",
        ),
        (
            "UPDATE trial_params SET distribution_json = '{\"name\": \"Gauss\", \"attributes\": {}}'
             WHERE trial_id = 2 AND param_name = 'x'",
            "parameter `x`: invalid distribution: unknown class `Gauss` in {\"name\": \"Gauss\", \"attributes\": {}}",
        ),
        (
            "UPDATE trial_params SET distribution_json = '{' WHERE trial_id = 2 AND param_name = 'x'",
            "parameter `x`: invalid distribution: {: EOF while parsing an object at line 1 column 1",
        ),
        (
            "UPDATE trial_params SET param_value = 7 WHERE trial_id = 2 AND param_name = 'c'",
            "parameter `c`: there is no choice 7 in categorical(u, v)",
        ),
        (
            "UPDATE trial_params SET param_value = NULL WHERE trial_id = 2 AND param_name = 'x'",
            "parameter `x`: it has no value",
        ),
        (
            "UPDATE trial_params SET param_value = 'much' WHERE trial_id = 2 AND param_name = 'x'",
            "a row of `trial_params` can't be read: Invalid column type Text at index: 2, name: param_value",
        ),
        (
            "UPDATE trial_intermediate_values SET intermediate_value = NULL WHERE trial_id = 2",
            "a row of `trial_intermediate_values` can't be read: nothing is not of the kind `FINITE`",
        ),
        (
            "UPDATE trial_user_attributes SET key = NULL WHERE trial_id = 2",
            "a row of `trial_user_attributes` can't be read: Invalid column type Null at index: 1, name: key",
        ),
    ];
    for (sql, warning) in second_is_skipped {
        check(sql, &[0, 2], warning);
    }
    // The place of a trial counts, though it has no number.
    let last = "UPDATE trials SET number = NULL WHERE trial_id = 3";
    check(
        last,
        &[0, 1],
        "the trial with id 3 is skipped: it has no number",
    );
}

#[test]
fn rows_of_no_trial_are_passed_over() {
    for id in ["NULL", "'none'", "77"] {
        let sql = format!(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
             VALUES ({id}, 'x', 0.5, '{{}}')"
        );
        check(&sql, &[0, 1, 2], "");
    }
}

#[test]
fn what_a_trial_can_do_without_costs_no_trial() {
    check(
        "UPDATE trials SET datetime_start = 'yesterday' WHERE trial_id = 2",
        &[0, 1, 2],
        "of the trial with id 2, the time of its begin is left out: `yesterday` is no time",
    );
    check(
        "UPDATE trial_user_attributes SET value_json = '{oops' WHERE trial_id = 2",
        &[0, 1, 2],
        "",
    );
    check(
        "PRAGMA foreign_keys = OFF; INSERT INTO trial_params (trial_id, param_name) VALUES (99, 'orphan')",
        &[0, 1, 2],
        "",
    );
}

#[test]
fn an_attribute_that_is_no_json_is_kept_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    inject(
        &path,
        "UPDATE trial_user_attributes SET value_json = '{oops' WHERE trial_id = 2",
    );
    let study = Study::load(open(&path), "a").unwrap();
    assert_eq!(study.trials().unwrap()[1].user_attrs["k"].as_str(), "{oops");
}

#[test]
fn a_study_that_cannot_be_read_leaves_the_others_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    inject(
        &path,
        "UPDATE study_directions SET direction = 'SIDEWAYS' WHERE study_id = 1",
    );
    let storage = open(&path);
    let names: Vec<String> = storage
        .studies()
        .unwrap()
        .into_iter()
        .map(|s| s.name)
        .collect();
    assert_eq!(names, ["b"]);
    assert_eq!(
        storage.warnings(),
        ["study `a` is skipped: `SIDEWAYS` is no direction"]
    );
    let error = Study::load(storage.clone(), "a").unwrap_err().to_string();
    assert!(
        error.ends_with("study `a` can't be read: `SIDEWAYS` is no direction"),
        "{error}"
    );
    let error = Study::load(storage.clone(), "c").unwrap_err().to_string();
    assert_eq!(error, "no study is named `c`; the storage holds a, b");
    assert_eq!(
        Study::load(storage, "b").unwrap().trials().unwrap().len(),
        3
    );
}

#[test]
fn a_waiting_trial_that_cannot_be_read_is_not_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let study = Study::load(open(&path), "a").unwrap();
    for _ in 0..2 {
        study.enqueue(&serde_json::Map::new()).unwrap();
    }
    inject(&path, "UPDATE trials SET number = NULL WHERE trial_id = 7");
    assert_eq!(study.ask().unwrap().number(), 4);
    assert_eq!(study.ask().unwrap().number(), 5);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let state: String = connection
        .query_row("SELECT state FROM trials WHERE trial_id = 7", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(state, TrialState::Waiting.name());
}

#[test]
fn numbers_are_free_again_when_their_study_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let storage = open(&path);
    assert_eq!(
        Study::load(storage.clone(), "b")
            .unwrap()
            .trials()
            .unwrap()
            .len(),
        3
    );
    // SQLite gives the ids of the study and of its trials to the next ones.
    storage
        .delete_study(storage.study("b").unwrap().id)
        .unwrap();
    let again = Study::create(storage.clone(), "b", &[Direction::Minimize]).unwrap();
    let other = Study::load(storage.clone(), "a").unwrap();
    other.ask().unwrap();
    for number in 0..3 {
        assert_eq!(again.ask().unwrap().number(), number);
    }
    assert_eq!(again.trials().unwrap().len(), 3);
    assert_eq!(storage.warnings(), [""; 0]);
}
