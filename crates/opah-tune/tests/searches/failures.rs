//! Trials that fail, and when they end the search.

use opah::TrialState;
use opah_tune::algorithm::Algorithm;
use opah_tune::executor::Failure;
use opah_tune::session::Options;
use opah_tune::worker::failure_of;

use crate::desk::{Desk, Formula};

#[test]
fn a_failing_trial_is_stored_with_its_reason_and_the_search_goes_on() {
    let desk = Desk::new();
    let executor = Formula {
        behave: Some(|job| match job.number {
            1 => Err(Failure::Trial("the loss became NaN".to_owned())),
            3 => Ok(f64::NAN),
            5 => panic!("index out of bounds"),
            _ => Ok(0.5),
        }),
        ..Formula::default()
    };
    let options = Options {
        // The median would prune a NaN before it is told.
        pruner: Some(Algorithm::named("never")),
        ..desk.options()
    };
    Desk::run(options, &executor).unwrap();
    let trials = desk.study().trials().unwrap();
    assert_eq!(trials.len(), 8);
    let reasons: Vec<String> = trials
        .iter()
        .filter_map(|trial| failure_of(trial))
        .collect();
    assert_eq!(
        reasons,
        [
            "the loss became NaN",
            "the objective value is not a number (NaN)",
            "panicked: index out of bounds"
        ]
    );
}

#[test]
fn an_enqueued_value_of_another_kind_fails_its_trial_only() {
    let desk = Desk::new();
    let one = Options {
        n_trials: 1,
        ..desk.options()
    };
    Desk::run(one, &Formula::default()).unwrap();
    let params = serde_json::json!({"dim": "many"});
    desk.study().enqueue(params.as_object().unwrap()).unwrap();
    Desk::run(desk.options(), &Formula::default()).unwrap();
    let trials = desk.study().trials().unwrap();
    assert_eq!(trials.len(), 8);
    let reason = failure_of(&trials[1]).unwrap();
    assert!(reason.starts_with("parameter `dim`: "), "{reason}");
}

#[test]
fn failures_in_a_row_stop_the_search_unless_it_is_told_to_go_on() {
    let desk = Desk::new();
    let hopeless = || Formula {
        behave: Some(|job| Err(Failure::Trial(format!("no luck with {}", job.number)))),
        ..Formula::default()
    };
    let error = Desk::run(desk.options(), &hopeless())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("the last 3 trials failed"), "{error}");
    assert!(error.contains("trial 0: no luck with 0\n"), "{error}");
    let undeterred = Options {
        max_failures: None,
        ..desk.options()
    };
    Desk::run(undeterred, &hopeless()).unwrap();
    assert_eq!(desk.study().count(&[TrialState::Fail]).unwrap(), 8);
}
