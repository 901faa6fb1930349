//! What a study keeps in memory.

use std::fs;
use std::sync::Arc;

use opah::Study;
use opah::sampler::RandomSampler;

use crate::Failure;
use crate::case::Cost;
use crate::study;

/// The resident bytes of a trial that was asked for, suggested and told, the study's own
/// view of it included.
pub(crate) fn a_trial(n_trials: usize, n_params: usize) -> Result<Cost, Failure> {
    // What is there once, whatever the number of trials.
    random(10, n_params)?;
    let before = resident_bytes()?;
    let study = random(n_trials, n_params)?;
    let history = study.history()?;
    let after = resident_bytes()?;
    let n_trials = history.len().max(1) as f64;
    Ok(Cost::Bytes((after - before) / n_trials))
}

fn random(n_trials: usize, n_params: usize) -> opah::Result<Study> {
    let names = study::names(n_params);
    let study = study::empty(1)?.with_sampler(Arc::new(RandomSampler { seed: 0 }));
    for _ in 0..n_trials {
        study::run_trial(&study, &names)?;
    }
    Ok(study)
}

fn resident_bytes() -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes = kibibytes.ok_or("the kernel does not tell how much memory is resident")?;
    Ok(kibibytes.parse::<f64>()? * 1024.0)
}
