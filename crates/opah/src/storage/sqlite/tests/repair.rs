//! After a repair nothing is skipped, and nothing is found.

use std::path::Path;

use super::damaged_rows::{file, inject, open};
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::storage::{Check, SqliteStorage, Status, Storage};
use crate::study::Study;

const PLACE: &str = "study `a`, the trial with id 2";

fn trials(path: &Path) -> Vec<FrozenTrial> {
    let storage = open(path);
    let study = Study::load(storage.clone(), "a").unwrap();
    let trials = study.trials().unwrap();
    assert_eq!(storage.warnings(), [""; 0]);
    trials.iter().map(|trial| (**trial).clone()).collect()
}

/// A check after `sql` finds just this, a repair mends it, and gives the second trial.
fn repaired(sql: &str, place: &str, problem: &str) -> FrozenTrial {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    inject(&path, sql);
    let storage = open(&path);
    let found = storage.check(false).unwrap();
    let [finding] = &found.findings[..] else {
        panic!("{sql}: {found:?}")
    };
    assert_eq!(
        (finding.place.as_str(), finding.status),
        (place, Status::Repairable),
        "{sql}"
    );
    assert!(finding.problem.contains(problem), "{sql}: {finding:?}");
    assert!(!found.is_fine() && found.backup.is_none());

    let after = storage.check(true).unwrap();
    assert!(
        after.is_fine() && after.findings.len() == 1,
        "{sql}: {after:?}"
    );
    let copy = SqliteStorage::open(&after.backup.unwrap()).unwrap();
    assert_eq!(copy.check(false).unwrap(), found, "{sql}");
    assert_eq!(storage.check(true).unwrap(), Check::default(), "{sql}");
    let trials = trials(&path);
    let numbers: Vec<u64> = trials.iter().map(|trial| trial.number).collect();
    assert_eq!(numbers, [0, 1, 2], "{sql}");
    trials[1].clone()
}

/// The times of two files differ.
fn without_times(trial: FrozenTrial) -> FrozenTrial {
    FrozenTrial {
        datetime_start: None,
        datetime_complete: None,
        ..trial
    }
}

#[test]
fn a_trial_keeps_what_can_be_read() {
    let whole = without_times(repaired(
        "UPDATE trials SET number = NULL WHERE trial_id = 2",
        PLACE,
        "it has no number",
    ));
    assert_eq!(
        (whole.state, whole.values.as_slice()),
        (TrialState::Complete, [1.0].as_slice())
    );
    for (sql, problem) in [
        (
            "UPDATE trials SET number = -1 WHERE trial_id = 2",
            "it has no number",
        ),
        (
            "UPDATE trials SET number = 0 WHERE trial_id = 2",
            "its number 0 is that of the trial with id 1",
        ),
    ] {
        assert_eq!(without_times(repaired(sql, PLACE, problem)), whole, "{sql}");
    }
    for (sql, problem) in [
        (
            "UPDATE trials SET state = 'DONE' WHERE trial_id = 2",
            "'DONE' is no state",
        ),
        (
            "UPDATE trial_values SET value = NULL WHERE trial_id = 2",
            "[0: NULL 'FINITE']",
        ),
        (
            "UPDATE trial_values SET value_type = 'HUGE' WHERE trial_id = 2",
            "[0: 1.0 'HUGE']",
        ),
        (
            "UPDATE trial_values SET value_type = 'NAN' WHERE trial_id = 2",
            "[0: 1.0 'NAN']",
        ),
        (
            "UPDATE trial_values SET objective = 5 WHERE trial_id = 2",
            "[5: 1.0 'FINITE']",
        ),
        (
            "DELETE FROM trial_values WHERE trial_id = 2",
            "its values are []",
        ),
    ] {
        let trial = repaired(sql, PLACE, problem);
        assert_eq!(trial.state, TrialState::Fail, "{sql}");
        assert_eq!(trial.params, whole.params, "{sql}");
    }
    let infinite = repaired(
        "UPDATE trial_values SET value_type = 'INF_NEG' WHERE trial_id = 2",
        PLACE,
        "infinite and 1 at once",
    );
    assert_eq!(infinite.values, [f64::NEG_INFINITY]);
    for sql in [
        "UPDATE trial_params SET distribution_json = '{' WHERE trial_id = 2 AND param_name = 'x'",
        "UPDATE trial_params SET param_value = NULL WHERE trial_id = 2 AND param_name = 'x'",
        "UPDATE trial_params SET param_value = 'much' WHERE trial_id = 2 AND param_name = 'x'",
    ] {
        let trial = repaired(sql, PLACE, "parameter `x`: ");
        assert!(trial.params.get("x").is_none(), "{sql}");
        assert_eq!((trial.params.len(), trial.values), (1, vec![1.0]), "{sql}");
    }
    let trial = repaired(
        "UPDATE trial_params SET param_value = 7 WHERE trial_id = 2 AND param_name = 'c'",
        PLACE,
        "parameter `c`: there is no choice 7 in categorical(u, v)",
    );
    assert!(trial.params.get("c").is_none());
}

#[test]
fn reports_attributes_and_times_are_mended_alone() {
    let trial = repaired(
        "UPDATE trial_intermediate_values SET intermediate_value = NULL WHERE trial_id = 2",
        PLACE,
        "what it reported at step 0 is missing",
    );
    assert!(trial.intermediate_values[&0].is_nan());
    let trial = repaired(
        "UPDATE trial_intermediate_values SET intermediate_value_type = 'ODD' WHERE trial_id = 2",
        PLACE,
        "0.5 'ODD' at step 0 is no report",
    );
    assert!(trial.intermediate_values.is_empty());
    let trial = repaired(
        "UPDATE trial_user_attributes SET value_json = '{oops' WHERE trial_id = 2",
        PLACE,
        "the user attribute `k` is no JSON",
    );
    assert_eq!(trial.user_attrs["k"].as_str(), "\"{oops\"");
    let trial = repaired(
        "UPDATE trial_user_attributes SET key = NULL WHERE trial_id = 2",
        PLACE,
        "its user attribute NULL has no name",
    );
    assert!(trial.user_attrs.is_empty());
    let trial = repaired(
        "UPDATE trials SET datetime_start = 'yesterday' WHERE trial_id = 2",
        PLACE,
        "`yesterday`, the time of its begin, is no time",
    );
    assert!(trial.datetime_start.is_none() && trial.datetime_complete.is_some());
    repaired(
        "PRAGMA foreign_keys = OFF; INSERT INTO trial_params (trial_id, param_name) VALUES (99, 'o')",
        "the table `trial_params`",
        "1 row(s) belong to nothing in `trials`",
    );
}

#[test]
fn numbers_that_leave_no_place_are_all_given_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    inject(
        &path,
        "UPDATE trials SET number = 0 WHERE trial_id = 2; UPDATE trials SET number = 1 WHERE trial_id = 3",
    );
    let after = open(&path).check(true).unwrap();
    assert!(after.is_fine());
    assert_eq!(
        after.findings[0].remedy,
        "all trials of the study are numbered anew, by id"
    );
    let numbers: Vec<u64> = trials(&path).iter().map(|trial| trial.number).collect();
    assert_eq!(numbers, [0, 1, 2]);
}

#[test]
fn what_nobody_can_know_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    inject(
        &path,
        "UPDATE study_directions SET direction = 'SIDEWAYS' WHERE study_id = 1;
         CREATE VIEW v AS SELECT 1;
         CREATE TRIGGER t AFTER UPDATE ON trials BEGIN DELETE FROM trials; END;",
    );
    let storage = open(&path);
    let after = storage.check(true).unwrap();
    assert!(!after.is_fine() && after.backup.is_none());
    let found: Vec<(&str, &str, Status)> = after
        .findings
        .iter()
        .map(|finding| {
            (
                finding.place.as_str(),
                finding.problem.as_str(),
                finding.status,
            )
        })
        .collect();
    let stranger = "neither Optuna nor opah makes it; opah never runs it, other programs do";
    assert_eq!(
        found,
        [
            ("the view `v`", stranger, Status::LeftAlone),
            ("the trigger `t`", stranger, Status::LeftAlone),
            ("study `a`", "'SIDEWAYS' is no direction", Status::LeftAlone),
        ]
    );
    // The trigger would have deleted everything.
    let study = Study::load(storage, "b").unwrap();
    let mut trial = study.ask().unwrap();
    study.tell(&mut trial, &[1.0]).unwrap();
    assert_eq!(study.trials().unwrap().len(), 4);
}

#[test]
fn a_damaged_file_is_told_of_and_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    // An index with the pages of another: SQLite reads on, and finds less than there is.
    inject(
        &path,
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_master SET rootpage =
             (SELECT rootpage FROM sqlite_master WHERE name = 'ix_studies_study_name')
         WHERE name = 'ix_trials_study_id'",
    );
    let found = open(&path).check(true).unwrap();
    assert!(found.backup.is_none() && !found.is_fine(), "{found:?}");
    assert!(
        found
            .findings
            .iter()
            .all(|finding| finding.place == "the file")
    );
}
