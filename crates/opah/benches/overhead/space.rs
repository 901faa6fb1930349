//! What a trial asks for: numbers in `[0, 1]`, or parameters of all kinds, one of them in a
//! branch.

use std::sync::Arc;

use opah::frozen_trial::Param;
use opah::{
    CategoricalDistribution, Choice, Distribution, FloatDistribution, IntDistribution, Study,
    Trial, transform,
};

use crate::study;

/// The parameters of every trial.
#[derive(Debug)]
pub(crate) enum Space {
    /// Real numbers in `[0, 1]`.
    Unit(Vec<Arc<str>>),
    /// In turn real numbers, such on a logarithmic scale, whole numbers and choices. The last
    /// one is there only if the first choice is the first one.
    Mixed(Vec<(Arc<str>, Arc<Distribution>)>),
}

/// Where the first choice is in a mixed space.
const FIRST_CHOICE: usize = 3;

impl Space {
    /// The space that a case's name means, and what is left of the name.
    pub(crate) fn named(name: &str, n_params: usize) -> opah::Result<(Self, &str)> {
        let names = study::names(n_params);
        let Some(name) = name.strip_suffix("-mixed") else {
            return Ok((Self::Unit(names), name));
        };
        let choices = (0..4).map(Choice::Int).collect();
        let kinds = [
            Distribution::Float(FloatDistribution::new(0.0, 1.0, false, None)?),
            Distribution::Float(FloatDistribution::new(1e-5, 1.0, true, None)?),
            Distribution::Int(IntDistribution::new(1, 32, false, 1)?),
            Distribution::Categorical(CategoricalDistribution::new(choices)?),
        ]
        .map(Arc::new);
        let of_kinds = names.into_iter().zip(kinds.iter().cloned().cycle());
        Ok((Self::Mixed(of_kinds.collect()), name))
    }

    /// Suggests every parameter; where they are in their ranges, from 0 to 1.
    pub(crate) fn suggest(&self, trial: &mut Trial) -> opah::Result<Vec<f64>> {
        let parameters = match self {
            Self::Unit(names) => {
                let values = names
                    .iter()
                    .map(|name| trial.suggest_float(name, 0.0..=1.0));
                return values.collect();
            }
            Self::Mixed(parameters) => parameters,
        };
        let mut point = Vec::with_capacity(parameters.len());
        for (at, (name, distribution)) in parameters.iter().enumerate() {
            if !is_there(at, parameters.len(), &point) {
                continue;
            }
            trial.suggest(name, distribution)?;
            let value = trial.frozen().params.get(name).map(|param| param.value);
            point.push(share(distribution, value.unwrap_or_default()));
        }
        Ok(point)
    }

    /// Adds trials at random points; the objectives are squared distances.
    pub(crate) fn fill(&self, study: &Study, n_trials: usize) -> opah::Result<()> {
        let n_objectives = study.directions().len();
        let parameters = match self {
            Self::Unit(names) => {
                return study::fill(study, n_trials, names.len(), |point, _| {
                    (study::distances(point, n_objectives), Vec::new())
                });
            }
            Self::Mixed(parameters) => parameters,
        };
        let id = study.frozen()?.id;
        let mut rng = study::rng();
        for _ in 0..n_trials {
            let (mut point, mut params) = (Vec::new(), Vec::new());
            for (at, (name, distribution)) in parameters.iter().enumerate() {
                if !is_there(at, parameters.len(), &point) {
                    continue;
                }
                let (low, high) = transform::interval(distribution);
                let coordinate = low + rng.uniform() * (high - low);
                let value = transform::from_coordinate(distribution, coordinate);
                point.push(share(distribution, value));
                params.push(Param {
                    name: name.clone(),
                    value,
                    distribution: distribution.clone(),
                });
            }
            let values = study::distances(&point, n_objectives);
            study::add(study, id, params, values, Vec::new())?;
        }
        Ok(())
    }
}

/// Whether the parameter at this place of `n` is there, after those before it.
fn is_there(at: usize, n: usize, point: &[f64]) -> bool {
    let is_in_branch = at + 1 == n && at > FIRST_CHOICE;
    !is_in_branch || point[FIRST_CHOICE] < 0.25
}

/// Where an internal value is in its range, from 0 to 1; choices in the middle of their parts.
fn share(distribution: &Distribution, value: f64) -> f64 {
    let (low, high) = transform::interval(distribution);
    (transform::to_coordinate(distribution, value) - low) / (high - low)
}
