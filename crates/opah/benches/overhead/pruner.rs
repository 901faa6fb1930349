//! One report and the pruner's decision.

use std::sync::Arc;

use opah::math::random::Rng;
use opah::sampler::RandomSampler;
use opah::{Pruner, Stop, Study};
use serde_json::json;

use crate::Failure;
use crate::case::Cost;
use crate::clock::{Clock, median};
use crate::study;

/// So many trials are timed, from their first to their last step.
const N_TIMED: usize = 9;

fn pruner(name: &str, n_steps: usize) -> opah::Result<Arc<dyn Pruner>> {
    let options = match name {
        "hyperband" => json!({"max_resource": n_steps}),
        "patient" => json!({"wrapped_pruner": {"type": "median"}, "patience": 2}),
        "threshold" => json!({"upper": 1e9}),
        _ => json!({}),
    };
    opah::pruner::build(name, &options)
}

/// The cost of a report of a trial that is better than all before, so that none is pruned
/// early.
pub(crate) fn a_report(
    clock: &Clock,
    name: &str,
    n_trials: usize,
    n_steps: usize,
) -> Result<Cost, Failure> {
    let pruner = pruner(name, n_steps)?;
    let saves_state = pruner.saves_state();
    let study = study::empty(1)?
        .with_sampler(Arc::new(RandomSampler { seed: 0 }))
        .with_pruner(pruner);
    if saves_state {
        // What the pruner remembers comes only from decisions.
        let mut rng = study::rng();
        for _ in 0..n_trials {
            run_trial(&study, n_steps, &mut rng)?;
        }
    } else {
        study::fill(&study, n_trials, 1, |point, rng| {
            let reports = (1..=n_steps).map(|step| (step as i64, report(point[0], step, rng)));
            (point.to_vec(), reports.collect())
        })?;
    }
    let mut windows = Vec::new();
    for _ in 0..N_TIMED {
        let mut trial = study.ask()?;
        trial.suggest_float("x0", 0.0..=1.0)?;
        let window = clock.seconds(|| {
            for step in 1..=n_steps {
                trial.report(step as i64, 1e-9 / step as f64)?;
                trial.should_prune()?;
            }
            Ok::<(), Failure>(())
        })?;
        windows.push(window / n_steps as f64);
        study.tell(&mut trial, &[1e-9])?;
    }
    Ok(Cost::Seconds(median(windows)))
}

/// A learning curve that falls to `quality`, with noise.
fn report(quality: f64, step: usize, rng: &mut Rng) -> f64 {
    quality + 1.0 / (step + 1) as f64 + 0.05 * study::normal(rng)
}

fn run_trial(study: &Study, n_steps: usize, rng: &mut Rng) -> opah::Result<()> {
    let mut trial = study.ask()?;
    let quality = trial.suggest_float("x0", 0.0..=1.0)?;
    let mut result = Ok(vec![quality]);
    for step in 1..=n_steps {
        trial.report(step as i64, report(quality, step, rng))?;
        if trial.should_prune()? {
            result = Err(Stop::Pruned);
            break;
        }
    }
    study.tell_result(&mut trial, result)?;
    Ok(())
}
