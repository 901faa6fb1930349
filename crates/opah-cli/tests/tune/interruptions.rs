//! Searches that are killed or interrupted, and go on as if they had not been.

#[cfg(unix)]
use std::process::Child;

#[cfg(unix)]
use opah::TrialState;

use crate::desk::{Desk, success};

/// Trials of 60 epochs take long enough to be interrupted in the middle.
const SLOW: [&str; 6] = [
    "--n-trials",
    "6",
    "--set",
    "trainer.num_epochs=60",
    "--seed",
    "24",
];

#[test]
fn a_killed_search_goes_on_as_if_it_had_not_been() {
    let whole = Desk::new();
    success(&mut whole.tune(&SLOW));
    let desk = Desk::new();
    for directory in ["trial_1", "trial_4"] {
        let mut search = desk.begin(&SLOW);
        desk.wait_for(&format!("result/optuna/{directory}/metrics_epoch_2.json"));
        search.kill().unwrap();
        search.wait().unwrap();
    }
    let output = desk.tune(&SLOW).assert().success();
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(said.contains("trial 4 was left unfinished"), "{said}");
    assert_eq!(desk.story(), whole.story());
    for number in 0..6 {
        let metrics = format!("result/optuna/trial_{number}/metrics.json");
        assert!(desk.path(&metrics).exists(), "no {metrics}");
    }
}

#[test]
fn a_killed_search_of_several_jobs_loses_no_finished_trial() {
    let desk = Desk::new();
    let several: Vec<&str> = SLOW.into_iter().chain(["--jobs", "2"]).collect();
    let mut search = desk.begin(&several);
    desk.wait_for("result/optuna/trial_3/metrics_epoch_2.json");
    search.kill().unwrap();
    search.wait().unwrap();
    let is_finished = |line: &String| line.contains("COMPLETE");
    let before: Vec<String> = desk.story().into_iter().filter(is_finished).collect();
    assert!(before.len() >= 2, "{before:?}");
    success(&mut desk.tune(&several));
    let after = desk.story();
    assert_eq!(after.iter().filter(|line| is_finished(line)).count(), 6);
    assert!(before.iter().all(|line| after.contains(line)));
}

/// The exit code of a search after Ctrl-C.
#[cfg(unix)]
fn interrupted(mut search: Child) -> Option<i32> {
    let id = search.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(sent.unwrap().success());
    search.wait().unwrap().code()
}

#[cfg(unix)]
#[test]
fn a_search_that_still_waits_for_its_data_can_be_interrupted() {
    let desk = Desk::new();
    let data = desk.path("train.jsonl");
    std::fs::remove_file(&data).unwrap();
    // Whoever opens it waits until somebody writes into it.
    let made = std::process::Command::new("mkfifo").arg(&data).status();
    assert!(made.unwrap().success());
    let search = desk.begin(&[]);
    desk.wait_for("result/optuna/study.json");
    assert_eq!(interrupted(search), Some(130));
    assert!(desk.study().trials().unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn an_interrupted_search_ends_in_order_and_goes_on() {
    let whole = Desk::new();
    success(&mut whole.tune(&SLOW));
    let desk = Desk::new();
    let search = desk.begin(&SLOW);
    desk.wait_for("result/optuna/trial_2/metrics_epoch_2.json");
    assert_eq!(interrupted(search), Some(130));
    // The database is one file, which can be copied.
    assert!(!desk.path("result/optuna/trial.db-wal").exists());
    let study = desk.study();
    assert_eq!(study.count(&[TrialState::Running]).unwrap(), 0);
    assert_eq!(study.count(&[TrialState::Waiting]).unwrap(), 1);
    success(&mut desk.tune(&SLOW));
    assert_eq!(desk.story(), whole.story());
}
