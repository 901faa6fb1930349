//! Many workers whose trials take long: what they do to a storage while they sleep.
//!
//! A worker is a thread here, with a connection, a study and a history of its own, so that
//! the storage sees what it would see of as many processes. The number that an ask gives is
//! the reservation of a place in the budget: who gets one beyond it tells that trial as
//! failed, and ends.

use std::io;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use opah::math::random::Rng;
use opah::{Stop, Study};
use serde_json::{Value, json};

use crate::Failure;
use crate::process::wait_for_start;
use crate::trials::{Times, ask, study};

/// What all workers have in common.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    pub(crate) url: &'a str,
    pub(crate) study: &'a str,
    /// The budget of all workers of all processes together.
    pub(crate) n_trials: u64,
    /// How long a trial sleeps in the mean: half to one and a half times that.
    pub(crate) seconds: f64,
    pub(crate) seed: u64,
}

/// Runs `n_threads` workers until the study has its trials.
pub(crate) fn run(search: &Search, n_threads: u64) -> Result<Value, Failure> {
    let times = Mutex::new(Times::default());
    // The workers and this thread meet twice: when all are connected, and to begin.
    let meeting = Barrier::new(n_threads as usize + 1);
    let begin = thread::scope(|scope| -> io::Result<Instant> {
        for at in 0..n_threads {
            let (times, meeting) = (&times, &meeting);
            scope.spawn(move || {
                let opened = study(search.url, search.study, search.seed + at);
                meeting.wait();
                meeting.wait();
                let mut own = Times::default();
                let worked = opened.and_then(|study| work(&study, search, &mut own));
                if let Err(error) = worked {
                    own.count(&error);
                }
                times
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .add(own);
            });
        }
        meeting.wait();
        let started = wait_for_start();
        meeting.wait();
        started?;
        Ok(Instant::now())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let times = times.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(json!({
        "trials": times.tells.len(),
        "seconds": seconds,
        "asks": times.asks,
        "tells": times.tells,
        "errors": times.errors,
    }))
}

/// Runs trials until the budget is used up.
fn work(study: &Study, search: &Search, times: &mut Times) -> opah::Result<()> {
    loop {
        let begin = Instant::now();
        let (mut trial, value) = ask(study)?;
        if trial.number() >= search.n_trials {
            let beyond = Stop::failed("beyond the budget");
            study.tell_result(&mut trial, Err(beyond))?;
            return Ok(());
        }
        times.asks.push(begin.elapsed().as_secs_f64());
        let share = Rng::keyed(search.seed, trial.number(), "sleep").uniform() + 0.5;
        thread::sleep(Duration::from_secs_f64(search.seconds * share));
        let begin = Instant::now();
        study.tell(&mut trial, &[value])?;
        times.tells.push(begin.elapsed().as_secs_f64());
    }
}
