//! What the trials tell the model.

use std::sync::Arc;

use super::cube::Cube;
use super::target;
use crate::context::Context;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};

/// Finished trials as points and losses, by number.
#[derive(Debug, Default)]
pub(super) struct Data {
    pub points: Vec<Vec<f64>>,
    /// By point, then by objective: smaller is better. Infinite for trials that failed or
    /// broke a constraint.
    pub losses: Vec<Vec<f64>>,
}

impl Data {
    /// All trials that tell something: complete ones, those that were pruned after a report
    /// (by the best of their reports), and those that failed.
    pub(super) fn new(context: &Context, cube: &Cube) -> Self {
        let directions = context.directions;
        let finished = context.history.finished().iter();
        let mut told: Vec<(&Arc<FrozenTrial>, Vec<f64>)> = finished
            .filter(|trial| !trial.params.is_empty())
            .filter_map(|trial| Some((trial, losses(trial, directions)?)))
            .collect();
        told.sort_by_key(|(trial, _)| trial.number);
        let mut data = Self::default();
        for (trial, losses) in told {
            data.points.push(cube.point(trial));
            data.losses.push(losses);
        }
        data
    }

    /// How many trials there are.
    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// How many have a loss.
    pub(super) fn n_finite(&self) -> usize {
        let finite = |losses: &&Vec<f64>| losses.iter().all(|loss| loss.is_finite());
        self.losses.iter().filter(finite).count()
    }

    /// What the process models of one objective.
    pub(super) fn targets(&self, objective: usize) -> Vec<f64> {
        let losses: Vec<f64> = self.losses.iter().map(|losses| losses[objective]).collect();
        target::standardized(&losses)
    }

    /// Only the trials at these places, which ascend.
    pub(super) fn keep(&mut self, places: &[usize]) {
        self.points = places
            .iter()
            .map(|at| std::mem::take(&mut self.points[*at]))
            .collect();
        self.losses = places
            .iter()
            .map(|at| std::mem::take(&mut self.losses[*at]))
            .collect();
    }
}

/// What a trial is worth; `None` if it tells nothing.
fn losses(trial: &FrozenTrial, directions: &[Direction]) -> Option<Vec<f64>> {
    let unusable = || vec![f64::INFINITY; directions.len()];
    match trial.state {
        TrialState::Complete if trial.values.len() != directions.len() => None,
        TrialState::Complete if trial.violation() > 0.0 => Some(unusable()),
        TrialState::Complete => {
            let both = trial.values.iter().zip(directions);
            // Adding 0.0 makes -0.0 equal to 0.0.
            Some(
                both.map(|(value, direction)| direction.to_loss(*value) + 0.0)
                    .collect(),
            )
        }
        TrialState::Pruned => {
            let [direction] = directions else {
                return None;
            };
            let reports = trial.intermediate_values.values();
            let losses = reports.map(|value| direction.to_loss(*value));
            let best = losses.filter(|loss| !loss.is_nan()).min_by(f64::total_cmp);
            best.map(|loss| vec![loss])
        }
        TrialState::Fail => Some(unusable()),
        TrialState::Running | TrialState::Waiting => None,
    }
}
