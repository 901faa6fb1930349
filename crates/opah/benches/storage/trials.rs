//! Trials one after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opah::sampler::RandomSampler;
use opah::{Study, Trial};
use serde_json::{Value, json};

use crate::Failure;
use crate::process::{processor_seconds, wait_for_start};

/// A study whose parameters are drawn at random.
pub(crate) fn study(url: &str, name: &str, seed: u64) -> opah::Result<Study> {
    let study = Study::load(opah::storage::open(url)?, name)?;
    Ok(study.with_sampler(Arc::new(RandomSampler { seed })))
}

/// A trial with its five parameters, of which its value is made: all that stands between a
/// worker and its objective.
pub(crate) fn ask(study: &Study) -> opah::Result<(Trial, f64)> {
    let mut trial = study.ask()?;
    let a = trial.suggest_float("a", -5.0..=5.0)?;
    let b = trial.suggest_float_log("b", 1e-5..=1.0)?;
    let c = trial.suggest_float("c", 0.0..=1.0)?;
    let d = trial.suggest_int("d", 1..=64)?;
    let e = *trial.suggest_categorical("e", &["x", "y", "z"])?;
    let choice = if e == "x" { 0.0 } else { 1.0 };
    let value = a * a + b + (c - 0.3).powi(2) + d as f64 / 64.0 + choice;
    Ok((trial, value))
}

/// What workers went through.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// Of each ask, its suggestions included, in seconds.
    pub(crate) asks: Vec<f64>,
    /// Of each tell.
    pub(crate) tells: Vec<f64>,
    /// How often each error came.
    pub(crate) errors: BTreeMap<String, u64>,
}

impl Times {
    pub(crate) fn count(&mut self, error: &opah::Error) {
        *self.errors.entry(error.to_string()).or_default() += 1;
    }

    /// Adds those of another worker.
    pub(crate) fn add(&mut self, other: Self) {
        self.asks.extend(other.asks);
        self.tells.extend(other.tells);
        for (error, n_times) in other.errors {
            *self.errors.entry(error).or_default() += n_times;
        }
    }
}

/// Runs trials for `seconds`.
pub(crate) fn run(url: &str, name: &str, seconds: f64, seed: u64) -> Result<Value, Failure> {
    let study = study(url, name, seed)?;
    // The first one takes in the trials that are there, and prepares statements.
    let (mut trial, value) = ask(&study)?;
    study.tell(&mut trial, &[value])?;
    wait_for_start()?;
    let mut times = Times::default();
    let duration = Duration::from_secs_f64(seconds);
    let (begin, processor) = (Instant::now(), processor_seconds()?);
    while begin.elapsed() < duration {
        if let Err(error) = run_trial(&study, &mut times) {
            times.count(&error);
        }
    }
    let elapsed = begin.elapsed().as_secs_f64();
    Ok(json!({
        "trials": times.tells.len(),
        "seconds": elapsed,
        "cpu": processor_seconds()? - processor,
        "asks": times.asks,
        "tells": times.tells,
        "errors": times.errors,
    }))
}

fn run_trial(study: &Study, times: &mut Times) -> opah::Result<()> {
    let begin = Instant::now();
    let (mut trial, value) = ask(study)?;
    times.asks.push(begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    study.tell(&mut trial, &[value])?;
    times.tells.push(begin.elapsed().as_secs_f64());
    Ok(())
}
