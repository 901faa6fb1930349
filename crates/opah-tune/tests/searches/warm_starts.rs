//! Searches that begin with what others found, or with what somebody believes.

use std::sync::Mutex;

use opah::prior::Priors;
use opah_tune::algorithm::Algorithm;
use opah_tune::event::Event;
use opah_tune::session::{Options, Plan};
use serde_json::json;

use crate::desk::{Desk, Formula, story};

fn believed() -> Priors {
    let given = json!({"lr": {"normal": {"mean": 0.05, "sd": 2}}});
    Priors::from_json(given.as_object().unwrap()).unwrap()
}

#[test]
fn a_warm_start_is_kept_when_its_source_is_gone() {
    let desk = Desk::new();
    let first = Options {
        pruner: Some(Algorithm::named("never")),
        ..desk.options()
    };
    let first = Desk::run(first, &Formula::default()).unwrap();
    let best = first.study.best_trial().unwrap();
    drop(first);
    let source = format!("tuned@sqlite:///{}", desk.path("result/trial.db").display());
    let second = |directory: &str, n_trials: usize| Options {
        serialization_dir: desk.path(directory),
        warm_start: vec![source.clone()],
        priors: Some(believed()),
        n_trials,
        ..desk.options()
    };
    let whole = Desk::run(second("whole", 10), &Formula::default()).unwrap();
    let trials = whole.study.trials().unwrap();
    assert_eq!(trials[0].params, best.params);

    Desk::run(second("parts", 3), &Formula::default()).unwrap();
    std::fs::remove_file(desk.path("result/trial.db")).unwrap();
    Desk::run(second("parts", 7), &Formula::default()).unwrap();
    let without_flags = Options {
        warm_start: Vec::new(),
        priors: None,
        ..second("parts", 10)
    };
    let parts = Desk::run(without_flags, &Formula::default()).unwrap();
    assert_eq!(story(&parts.study), story(&whole.study));
}

#[test]
fn what_is_no_earlier_study_is_refused() {
    let desk = Desk::new();
    let refused = |given: &str| {
        let options = Options {
            warm_start: vec![given.to_owned()],
            ..desk.options()
        };
        let refused = Desk::run(options, &Formula::default());
        refused.unwrap_err().to_string()
    };
    assert_eq!(
        refused("first"),
        "in `--warm-start first`: a study and its storage are NAME@URL, as in \
         `first@sqlite:///first.db`"
    );
    let missing = refused("first@sqlite:///no/such.db");
    assert!(
        missing.ends_with(": there is no file no/such.db"),
        "{missing}"
    );
    let unknown = refused("first@memory:");
    assert!(unknown.contains("no study is named `first`"), "{unknown}");
}

#[test]
fn priors_that_are_none_or_of_no_use_are_told() {
    let desk = Desk::new();
    let given = json!({"rl": {"normal": {"mean": 0.05, "sd": 2}}});
    let wrong = Options {
        priors: Some(Priors::from_json(given.as_object().unwrap()).unwrap()),
        ..desk.options()
    };
    assert_eq!(
        Plan::new(wrong).unwrap_err().to_string(),
        "in `--priors`: the prior of `rl`: the search space has no such parameter; did you mean \
         `lr`?"
    );
    let notes = Mutex::new(Vec::new());
    let observer = |event: &Event| {
        if let Event::Note { text } = event {
            notes.lock().unwrap().push(text.clone());
        }
    };
    let ignored = Options {
        priors: Some(believed()),
        sampler: Some(Algorithm::named("qmc")),
        n_trials: 1,
        ..desk.options()
    };
    let executor = Formula::default();
    let plan = Plan::new(ignored).unwrap();
    plan.run_with(&executor, &executor.stop, &observer).unwrap();
    let notes = notes.into_inner().unwrap();
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("the sampler takes no notice of priors")),
        "{notes:?}"
    );
}
