//! Studies that hold many trials already.

use std::f64::consts::TAU;
use std::sync::Arc;

use opah::frozen_trial::{Param, StudyId, Timestamp};
use opah::math::random::Rng;
use opah::storage::{MemoryStorage, TrialStart, TrialUpdate};
use opah::{Direction, Distribution, FloatDistribution, Study, TrialState};

/// The random numbers of all trials.
pub(crate) fn rng() -> Rng {
    Rng::keyed(0, 0, "overhead")
}

/// A standard normal number (Box and Muller, 1958).
pub(crate) fn normal(rng: &mut Rng) -> f64 {
    (-2.0 * (1.0 - rng.uniform()).ln()).sqrt() * (TAU * rng.uniform()).cos()
}

pub(crate) fn names(n_params: usize) -> Vec<Arc<str>> {
    (0..n_params).map(|at| format!("x{at}").into()).collect()
}

/// The squared distance from a point, or from each of two.
pub(crate) fn distances(params: &[f64], n_objectives: usize) -> Vec<f64> {
    let centers = [0.3, 0.7].into_iter().take(n_objectives);
    let distance = |center: f64| params.iter().map(|x| (x - center).powi(2)).sum::<f64>();
    centers.map(distance).collect()
}

/// A study in memory; every objective is minimized.
pub(crate) fn empty(n_objectives: usize) -> opah::Result<Study> {
    let storage = Arc::new(MemoryStorage::default());
    Study::create(storage, "bench", &vec![Direction::Minimize; n_objectives])
}

/// Adds trials at random points of the unit cube. `results` is given a point and returns
/// its values and its reports by step.
pub(crate) fn fill(
    study: &Study,
    n_trials: usize,
    n_params: usize,
    mut results: impl FnMut(&[f64], &mut Rng) -> (Vec<f64>, Vec<(i64, f64)>),
) -> opah::Result<()> {
    let unit = FloatDistribution::new(0.0, 1.0, false, None)?;
    let unit = Arc::new(Distribution::Float(unit));
    let names = names(n_params);
    let id = study.frozen()?.id;
    let mut rng = rng();
    for _ in 0..n_trials {
        let point: Vec<f64> = names.iter().map(|_| rng.uniform()).collect();
        let (values, reports) = results(&point, &mut rng);
        let params = names.iter().zip(&point).map(|(name, value)| Param {
            name: name.clone(),
            value: *value,
            distribution: unit.clone(),
        });
        add(study, id, params.collect(), values, reports)?;
    }
    Ok(())
}

/// Adds a complete trial with these parameters, values, and reports by step.
pub(crate) fn add(
    study: &Study,
    id: StudyId,
    params: Vec<Param>,
    values: Vec<f64>,
    reports: Vec<(i64, f64)>,
) -> opah::Result<()> {
    let start = TrialStart {
        state: TrialState::Complete,
        values,
        update: TrialUpdate {
            params,
            reports,
            ..TrialUpdate::default()
        },
        datetime_complete: Some(Timestamp::UNIX_EPOCH),
        ..TrialStart::running(Timestamp::UNIX_EPOCH)
    };
    study.storage().create_trial(id, &start)?;
    Ok(())
}

/// Asks, suggests every parameter, and tells.
pub(crate) fn run_trial(study: &Study, names: &[Arc<str>]) -> opah::Result<()> {
    let mut trial = study.ask()?;
    let point = names
        .iter()
        .map(|name| trial.suggest_float(name, 0.0..=1.0))
        .collect::<opah::Result<Vec<f64>>>()?;
    let values = distances(&point, study.directions().len());
    study.tell(&mut trial, &values)?;
    Ok(())
}
