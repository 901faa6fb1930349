//! What the trials tell the model.

use std::sync::Arc;

use super::cube::Cube;
use super::target;
use crate::context::Context;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};

/// What a pruned trial would still have gained is taken from so many complete ones.
const N_NEAREST: usize = 5;

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
        let gains = Gains::of(told.iter().map(|(trial, _)| trial.as_ref()), directions);
        for (trial, mut losses) in told {
            if trial.state == TrialState::Pruned {
                losses[0] -= gains.from(trial.last_step(), losses[0]);
            }
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

/// How much complete trials still gained after each of their reports.
#[derive(Debug)]
struct Gains {
    /// By complete trial: its final loss, and its least loss up to each step.
    curves: Vec<(f64, Vec<(i64, f64)>)>,
}

impl Gains {
    fn of<'a>(trials: impl Iterator<Item = &'a FrozenTrial>, directions: &[Direction]) -> Self {
        let [direction] = directions else {
            return Self { curves: Vec::new() };
        };
        let complete = trials.filter(|trial| trial.state == TrialState::Complete);
        let curve = |trial: &FrozenTrial| {
            let last = direction.to_loss(trial.value()?);
            let mut least = f64::INFINITY;
            let reports = trial.intermediate_values.iter().map(|(step, value)| {
                least = least.min(direction.to_loss(*value));
                (*step, least)
            });
            let reports: Vec<(i64, f64)> = reports.collect();
            (last.is_finite() && !reports.is_empty()).then_some((last, reports))
        };
        Self {
            curves: complete.filter_map(curve).collect(),
        }
    }

    /// The median gain after `step` of those whose least loss was nearest to this one there: what
    /// a trial still gains depends on how far it came. 0 if it is not known.
    fn from(&self, step: Option<i64>, loss: f64) -> f64 {
        let Some(step) = step else {
            return 0.0;
        };
        let gain = |(last, reports): &(f64, Vec<(i64, f64)>)| {
            let before = reports.partition_point(|(known, _)| *known <= step);
            let (_, least) = reports.get(before.checked_sub(1)?)?;
            let (distance, gain) = ((least - loss).abs(), least - last);
            gain.is_finite().then_some((distance, gain))
        };
        let mut gains: Vec<(f64, f64)> = self.curves.iter().filter_map(gain).collect();
        // Stable: of equally near ones the first by number count, in whatever order they finished.
        gains.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        gains.truncate(N_NEAREST);
        gains.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        let median = gains.get(gains.len() / 2);
        median.map_or(0.0, |(_, gain)| gain.max(0.0))
    }
}

/// What a trial is worth; `None` if it tells nothing.
fn losses(trial: &FrozenTrial, directions: &[Direction]) -> Option<Vec<f64>> {
    let unusable = || vec![f64::INFINITY; directions.len()];
    match trial.state {
        TrialState::Complete if trial.values.len() != directions.len() => None,
        TrialState::Complete | TrialState::Pruned if trial.violation() > 0.0 => Some(unusable()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Study;

    #[test]
    fn a_pruned_trial_gains_what_those_nearest_to_it_gained() {
        for direction in [Direction::Minimize, Direction::Maximize] {
            let study = Study::in_memory("s", &[direction]).unwrap();
            // Five trials gain 1 after step 0, and five worse ones gain 10.
            for (number, gain) in (0..10).zip([[1.0; 5], [10.0; 5]].concat()) {
                let first = 10.0 * gain + f64::from(number);
                let mut trial = study.ask().unwrap();
                trial.report(0, direction.to_loss(first)).unwrap();
                trial.report(1, direction.to_loss(first - gain)).unwrap();
                let value = direction.to_loss(first - gain);
                study.tell(&mut trial, &[value]).unwrap();
            }
            let history = study.history().unwrap();
            let trials = history.finished().iter().map(AsRef::as_ref);
            let gains = Gains::of(trials, &[direction]);
            assert_eq!(gains.from(Some(0), 12.0), 1.0);
            assert_eq!(gains.from(Some(0), 105.0), 10.0);
            assert_eq!(gains.from(Some(1), 12.0), 0.0);
            assert_eq!(gains.from(None, 12.0), 0.0);
        }
    }
}
