//! A search that was interrupted goes on as if it had not been.

use opah::TrialState;
use opah_tune::algorithm::Algorithm;
use opah_tune::executor::Failure;
use opah_tune::session::Options;
use opah_tune::worker::End;

use crate::desk::{Desk, Formula, story, value};

#[test]
fn an_interrupted_search_goes_on_as_if_it_had_not_been() {
    let pruners = [
        r#"median:{"n_startup_trials": 1}"#,
        "successive_halving",
        r#"hyperband:{"max_resource": 3, "reduction_factor": 2}"#,
    ];
    for pruner in pruners {
        let whole = check_interruptions("random", pruner);
        let pruned = whole.study().count(&[TrialState::Pruned]).unwrap();
        assert!(pruned > 0, "{pruner} prunes none of eight");
    }
    // Its draws depend on the trials before them.
    check_interruptions(r#"tpe:{"n_startup_trials": 2}"#, "never");
}

/// Compares searches that were interrupted with one that was not, which it returns.
fn check_interruptions(sampler: &str, pruner: &str) -> Desk {
    let options = |desk: &Desk| Options {
        sampler: Some(Algorithm::sampler(sampler).unwrap()),
        pruner: Some(Algorithm::pruner(pruner).unwrap()),
        ..desk.options()
    };
    let whole = Desk::new();
    Desk::run(options(&whole), &Formula::default()).unwrap();
    for stop_at in [(0, 0), (3, 1), (5, 1), (7, 0)] {
        let desk = Desk::new();
        let interrupted = Formula {
            stop_at: Some(stop_at),
            ..Formula::default()
        };
        let outcome = Desk::run(options(&desk), &interrupted).unwrap();
        if outcome.end == End::Finished {
            // The trial was pruned before.
            continue;
        }
        assert_eq!(desk.study().count(&[TrialState::Running]).unwrap(), 0);
        // Sampler, pruner and seed are the study's when they are not given.
        let options = Options {
            sampler: None,
            pruner: None,
            seed: None,
            ..desk.options()
        };
        let rest = Formula::default();
        assert_eq!(Desk::run(options, &rest).unwrap().end, End::Finished);
        assert_eq!(
            story(&desk.study()),
            story(&whole.study()),
            "{sampler} {pruner} {stop_at:?}"
        );
        assert_eq!(rest.n_run.into_inner(), 8 - stop_at.0);
    }
    whole
}

#[test]
fn a_full_disk_ends_the_search_and_costs_no_trial() {
    let desk = Desk::new();
    let full = Formula {
        behave: Some(|job| match job.number {
            2 => Err(Failure::Surroundings("no space left on device".to_owned())),
            _ => Ok(value(job)),
        }),
        ..Formula::default()
    };
    let error = Desk::run(desk.options(), &full).unwrap_err().to_string();
    assert!(
        error.starts_with("trial 2 could not be run: no space left"),
        "{error}"
    );
    Desk::run(desk.options(), &Formula::default()).unwrap();
    let whole = Desk::new();
    Desk::run(whole.options(), &Formula::default()).unwrap();
    assert_eq!(story(&desk.study()), story(&whole.study()));
}
