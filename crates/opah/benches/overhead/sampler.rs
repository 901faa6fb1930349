//! A trial without its objective: ask, suggest every parameter, tell.

use opah::sampler::SAMPLERS;
use opah::{Error, Study};
use serde_json::{Value, json};

use crate::Failure;
use crate::case::Cost;
use crate::clock::{Clock, median};
use crate::space::Space;
use crate::study;

/// So many trials are timed in each study: few beside those it holds, and a generation of
/// the genetic samplers.
const N_TIMED: usize = 50;

const N_STUDIES: usize = 5;

/// A sampler as it is compared.
struct Setup {
    sampler: &'static str,
    options: Value,
    n_objectives: usize,
    /// How many of the study's trials the sampler has drawn itself, so that there are
    /// generations to go on from.
    n_own: usize,
}

fn setup(name: &str) -> Result<Setup, Failure> {
    let (name, options, n_objectives) = match name {
        "qmc" => ("qmc", json!({"seed": 1, "scramble": true}), 1),
        "tpe-univariate" => ("tpe", json!({"seed": 1, "multivariate": false}), 1),
        "tpe-two-objectives" => ("tpe", json!({"seed": 1}), 2),
        "gp-two-objectives" => ("gp", json!({"seed": 1}), 2),
        "nsga2" | "nsga3" => (name, json!({"seed": 1}), 2),
        other => (other, json!({"seed": 1}), 1),
    };
    let sampler = opah::registry::find("sampler", SAMPLERS, name)?.name;
    Ok(Setup {
        sampler,
        options,
        n_objectives,
        n_own: match sampler {
            "cmaes" | "nsga2" | "nsga3" => 200,
            _ => 0,
        },
    })
}

/// The cost of one more trial.
pub(crate) fn a_trial(
    clock: &Clock,
    name: &str,
    n_trials: usize,
    n_params: usize,
) -> Result<Cost, Failure> {
    let (space, name) = Space::named(name, n_params)?;
    let setup = setup(name)?;
    let mut windows = Vec::new();
    for _ in 0..N_STUDIES {
        let n_own = setup.n_own.min(n_trials);
        let study = study::empty(setup.n_objectives)?
            .with_sampler(opah::sampler::build(setup.sampler, &setup.options)?);
        space.fill(&study, n_trials - n_own)?;
        // One more, because the first that sees many trials takes them all in.
        for _ in 0..=n_own {
            match run_trial(&study, &space) {
                Err(Error::NotAvailable(reason)) => return Ok(Cost::Absent(reason)),
                run => run?,
            }
        }
        let window = clock.seconds(|| {
            (0..N_TIMED)
                .try_for_each(|_| run_trial(&study, &space))
                .map_err(Failure::from)
        })?;
        windows.push(window / N_TIMED as f64);
    }
    Ok(Cost::Seconds(median(windows)))
}

fn run_trial(study: &Study, space: &Space) -> opah::Result<()> {
    let mut trial = study.ask()?;
    let point = space.suggest(&mut trial)?;
    let values = study::distances(&point, study.directions().len());
    study.tell(&mut trial, &values)?;
    Ok(())
}
