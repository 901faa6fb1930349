//! Workers that die, and those that only seem to.

use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use opah::json::Json;
use opah::lease::LEASE_ATTR;
use opah::{Study, TrialState};
use opah_tune::session::Options;
use opah_tune::worker::End;

use crate::desk::{Desk, Formula, value};

fn n_finished(study: &Study) -> usize {
    let finished = [TrialState::Complete, TrialState::Pruned, TrialState::Fail];
    study.count(&finished).unwrap()
}

#[test]
fn the_trial_of_a_worker_that_died_elsewhere_is_run() {
    let desk = Desk::new();
    let begun = Options {
        n_trials: 1,
        ..desk.options()
    };
    Desk::run(begun, &Formula::default()).unwrap();
    // A worker that is on no machine that can be seen begins trial 1, and is never heard of.
    let lease = (LEASE_ATTR.to_owned(), Json::from_f64(2.0));
    assert_eq!(desk.study().ask_as(&[lease]).unwrap().number(), 1);
    let slow = Formula {
        behave: Some(|job| {
            sleep(Duration::from_millis(800));
            Ok(value(job))
        }),
        ..Formula::default()
    };
    let options = Options {
        heartbeat_interval: Duration::from_millis(500),
        ..desk.options()
    };
    assert_eq!(Desk::run(options, &slow).unwrap().end, End::Finished);
    assert_eq!(n_finished(&desk.study()), 8);
    assert_eq!(desk.study().trials().unwrap().len(), 8);
    assert_eq!(slow.n_run.load(Ordering::SeqCst), 7);
}

#[test]
fn a_result_that_comes_too_late_does_not_end_the_search() {
    let desk = Desk::new();
    let taken = Formula {
        behave: Some(|job| {
            if job.number == 2 {
                let database = job.directory.with_file_name("trial.db");
                let url = format!("sqlite:///{}", database.display());
                let study = Study::load(opah::storage::open(&url).unwrap(), "tuned").unwrap();
                let trial = study.frozen_trial(2).unwrap();
                // Only once: then it says that a worker died with it.
                if !trial.system_attrs.contains_key("opah:deaths") {
                    study.take_back(&trial).unwrap();
                }
            }
            Ok(value(job))
        }),
        ..Formula::default()
    };
    assert_eq!(
        Desk::run(desk.options(), &taken).unwrap().end,
        End::Finished
    );
    assert_eq!(n_finished(&desk.study()), 8);
    assert_eq!(taken.n_run.load(Ordering::SeqCst), 9);
}
