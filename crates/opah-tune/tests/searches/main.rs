//! Whole searches, with trials that compute a formula instead of training.
#![expect(clippy::unwrap_used, reason = "a test")]

mod desk;
mod failures;
mod interruptions;
mod leases;
mod refusals;
mod warm_starts;

use std::sync::Mutex;
use std::time::Duration;

use opah::{Direction, TrialState};
use opah_tune::algorithm::Algorithm;
use opah_tune::event::Event;
use opah_tune::session::{Options, Plan};
use opah_tune::target::Sample;
use opah_tune::worker::End;

use crate::desk::{CONFIG, Desk, Formula, story};

#[test]
fn a_search_runs_its_trials_and_keeps_them() {
    let desk = Desk::new();
    let outcome = Desk::run(desk.options(), &Formula::default()).unwrap();
    assert_eq!(outcome.end, End::Finished);
    assert_eq!(outcome.objective.metric, "best_validation_accuracy");
    assert_eq!(outcome.objective.direction, Direction::Maximize);
    let study = desk.study();
    assert_eq!(study.trials().unwrap().len(), 8);
    let pruned = study.count(&[TrialState::Pruned]).unwrap();
    assert!(
        pruned > 0,
        "the median prunes some of eight: {:?}",
        story(&study)
    );
    let attrs = study.frozen().unwrap().system_attrs;
    assert_eq!(attrs["opah:seed"].as_str(), "24");
    assert_eq!(
        attrs["opah:pruner"].as_str(),
        r#"{"type": "median", "attributes": {"n_startup_trials": 1}}"#
    );
    assert_eq!(
        attrs["opah:metric"].as_str(),
        "\"best_validation_accuracy\""
    );
    assert!(!desk.path("result").read_dir().unwrap().any(|entry| {
        entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".worker")
    }));
}

#[test]
fn searches_begun_at_once_agree_on_a_fresh_seed() {
    let desk = Desk::new();
    let seeds = Mutex::new(Vec::new());
    let search = || {
        let options = Options {
            seed: None,
            ..desk.options()
        };
        let executor = Formula::default();
        let observer = |event: &Event| {
            if let Event::SearchStarted(beginning) = event {
                seeds.lock().unwrap().push(beginning.seed);
            }
        };
        let plan = Plan::new(options).unwrap();
        plan.run_with(&executor, &executor.stop, &observer).unwrap();
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(search);
        }
    });
    let seeds = seeds.into_inner().unwrap();
    assert_eq!(seeds, [seeds[0]; 4]);
    let attrs = desk.study().frozen().unwrap().system_attrs;
    assert_eq!(attrs["opah:seed"].as_str(), seeds[0].to_string());
}

#[test]
fn the_budget_is_the_studys_total() {
    let desk = Desk::new();
    let some = Options {
        n_trials: 5,
        jobs: 3,
        ..desk.options()
    };
    Desk::run(some.clone(), &Formula::default()).unwrap();
    assert_eq!(desk.study().trials().unwrap().len(), 5);
    let again = Formula::default();
    Desk::run(some.clone(), &again).unwrap();
    assert_eq!(again.n_run.into_inner(), 0);
    let more = Options {
        n_trials: 7,
        ..some
    };
    Desk::run(more, &Formula::default()).unwrap();
    assert_eq!(desk.study().trials().unwrap().len(), 7);
}

#[test]
fn a_search_ends_when_nothing_is_left_to_try() {
    let desk = Desk::new();
    let grid = r#"grid:{"search_space": {"lr": [0.01, 0.1], "dim": [2, 5, 9]}}"#;
    let options = Options {
        sampler: Some(Algorithm::sampler(grid).unwrap()),
        n_trials: 50,
        jobs: 3,
        ..desk.options()
    };
    for n_run in [6, 0] {
        let executor = Formula::default();
        let outcome = Desk::run(options.clone(), &executor).unwrap();
        assert_eq!(outcome.end, End::Finished);
        assert_eq!(executor.n_run.into_inner(), n_run);
    }
}

#[test]
fn the_time_is_limited() {
    let desk = Desk::new();
    let options = Options {
        timeout: Some(Duration::ZERO),
        ..desk.options()
    };
    let outcome = Desk::run(options, &Formula::default()).unwrap();
    assert_eq!(outcome.end, End::TimedOut);
    assert!(desk.study().trials().unwrap().is_empty());
}

#[test]
fn without_the_callback_nothing_is_reported_or_pruned() {
    let desk = Desk::new();
    desk.write(
        "tuned.jsonnet",
        &CONFIG.replace("callbacks: ['optuna_pruner'],", ""),
    );
    let notes = Mutex::new(Vec::new());
    let observer = |event: &Event| {
        if let Event::Note { text } = event {
            notes.lock().unwrap().push(text.clone());
        }
    };
    let options = Options {
        pruner: Some(Algorithm::named("median")),
        ..desk.options()
    };
    let executor = Formula::default();
    let plan = Plan::new(options).unwrap();
    plan.run_with(&executor, &executor.stop, &observer).unwrap();
    let trials = desk.study().trials().unwrap();
    assert!(
        trials
            .iter()
            .all(|trial| trial.state == TrialState::Complete)
    );
    assert!(
        trials
            .iter()
            .all(|trial| trial.intermediate_values.is_empty())
    );
    let notes = notes.into_inner().unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].contains("no callback"), "{notes:?}");
}

#[test]
fn a_sample_config_is_that_of_trial_0() {
    let desk = Desk::new();
    let plan = Plan::new(desk.options()).unwrap();
    let Sample::Config(sample) = plan.sample().unwrap() else {
        panic!("not a config");
    };
    let sample: serde_json::Value = serde_json::from_str(&sample).unwrap();
    assert!(!desk.path("result").exists());
    Desk::run(desk.options(), &Formula::default()).unwrap();
    let trial = &desk.study().trials().unwrap()[0];
    let lr = trial.params.get("lr").unwrap().value;
    assert_eq!(sample["trainer"]["optimizer"]["lr"].as_f64(), Some(lr));
}
