//! Ten trials that are asked for one after the other before any of them is told.

use opah::{Study, Trial};
use serde_json::json;

use crate::Failure;
use crate::case::Cost;
use crate::clock::{Clock, median};
use crate::space::Space;
use crate::study;

/// The trials of a batch.
const N_TRIALS: usize = 10;

const N_BATCHES: usize = 9;

/// The cost of asking for all ten with all their parameters, and not of telling them.
pub(crate) fn of_ten(
    clock: &Clock,
    sampler: &str,
    n_trials: usize,
    n_params: usize,
) -> Result<Cost, Failure> {
    let (space, sampler) = Space::named(sampler, n_params)?;
    let mut windows = Vec::new();
    for _ in 0..N_BATCHES {
        let study =
            study::empty(1)?.with_sampler(opah::sampler::build(sampler, &json!({"seed": 1}))?);
        space.fill(&study, n_trials)?;
        // The first trial that sees many others takes them all in.
        let mut first = begun(&study, &space)?;
        tell(&study, &mut first)?;
        let mut batch = Vec::new();
        let window = clock.seconds(|| {
            for _ in 0..N_TRIALS {
                batch.push(begun(&study, &space)?);
            }
            Ok::<(), Failure>(())
        })?;
        windows.push(window);
    }
    Ok(Cost::Seconds(median(windows)))
}

/// A trial that has all its parameters, and where they are.
fn begun(study: &Study, space: &Space) -> opah::Result<(Trial, Vec<f64>)> {
    let mut trial = study.ask()?;
    let point = space.suggest(&mut trial)?;
    Ok((trial, point))
}

fn tell(study: &Study, (trial, point): &mut (Trial, Vec<f64>)) -> opah::Result<()> {
    study.tell(trial, &study::distances(point, 1))?;
    Ok(())
}
