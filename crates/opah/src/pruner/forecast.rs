//! Stops a trial that is not expected to become the best.
//!
//! What a trial will still gain is forecast by the complete trials that stood nearest to it
//! at the same step: the difference between each one's best report until there and its
//! final value is a gain that this trial may make as well. The share of these gains that
//! would carry it past the best complete trial is the probability that it becomes the best.
//! A trial that is past it already runs on.
//! As in Domhan, Springenberg and Hutter, "Speeding Up Automatic Hyperparameter
//! Optimization of Deep Neural Networks by Extrapolation of Learning Curves", IJCAI 2015,
//! section 4, a trial stops when it is small; earlier curves instead of parametric models
//! make the forecast, in the spirit of Chandrashekaran and Lane, "Speeding Up
//! Hyper-parameter Optimization by Extrapolation of Learning Curves Using Previous
//! Builds", ECML PKDD 2017.
//!
//! Only equal steps are compared. A trial with nothing but NaN is stopped; NaN of complete
//! trials, and gains that are not finite, do not count.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use super::interval::{objection_to_interval, step_to_judge};
use crate::context::Context;
use crate::derived::Derived;
use crate::error::Result;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::registry::{self, Configured};

/// One over the share of the longest complete trial that is left alone, if nobody says it.
const STEPS_OF_WARMUP: i64 = 4;

/// Goes on with trials that may become the best.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForecastPruner {
    /// A trial stops when the probability that it becomes the best is smaller; from 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub probability: f64,
    /// By how many complete trials, those nearest at the step, it is forecast; at least 1.
    #[schemars(range(min = 1))]
    pub n_neighbors: usize,
    /// Nothing is stopped at a step that fewer complete trials reported; at least 1.
    #[schemars(range(min = 1))]
    pub n_startup_trials: usize,
    /// Trials are left alone before this step; null: before a quarter of the longest
    /// complete trial.
    pub n_warmup_steps: Option<u32>,
    /// Steps from one look to the next, at least 1; a late report is looked at when it
    /// comes.
    #[schemars(range(min = 1))]
    pub interval_steps: u32,
}

impl Default for ForecastPruner {
    fn default() -> Self {
        Self {
            probability: 0.25,
            n_neighbors: 5,
            n_startup_trials: 3,
            n_warmup_steps: None,
            interval_steps: 1,
        }
    }
}

impl Configured for ForecastPruner {
    const NAME: &'static str = "forecast";
    const CLASS: &'static str = "ForecastPruner";
    const SUMMARY: &'static str = "stops what is not expected to become the best";

    fn objection(&self) -> Option<String> {
        if !(0.0..=1.0).contains(&self.probability) {
            let given = self.probability;
            return Some(format!(
                "`probability` must be from 0 to 1, but it is {given}"
            ));
        }
        for (name, given) in [
            ("n_neighbors", self.n_neighbors),
            ("n_startup_trials", self.n_startup_trials),
        ] {
            if given < 1 {
                return Some(format!("`{name}` must be at least 1, but it is 0"));
            }
        }
        objection_to_interval(self.interval_steps)
    }
}

impl Pruner for ForecastPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        let prunes = match context.direction() {
            Direction::Minimize => context
                .history
                .derived(|gains: &Gains<false>| self.is_hopeless(context, gains)),
            Direction::Maximize => context
                .history
                .derived(|gains: &Gains<true>| self.is_hopeless(context, gains)),
        };
        Ok(prunes)
    }
}

impl ForecastPruner {
    fn is_hopeless<const MAXIMIZE: bool>(
        &self,
        context: &Context,
        gains: &Gains<MAXIMIZE>,
    ) -> bool {
        let (Some(best_end), Some(last_step)) = (gains.best_end, gains.last_step) else {
            return false;
        };
        let quarter = || u32::try_from(last_step / STEPS_OF_WARMUP).unwrap_or_default();
        let n_warmup_steps = self.n_warmup_steps.unwrap_or_else(quarter);
        let Some(step) = step_to_judge(context.trial, n_warmup_steps, self.interval_steps) else {
            return false;
        };
        let Some(at_step) = gains.steps.get(&step) else {
            return false;
        };
        if at_step.len() < self.n_startup_trials {
            return false;
        }
        let reports = context.trial.intermediate_values.values();
        let losses = reports.map(|value| loss::<MAXIMIZE>(*value));
        let Some(best) = losses.filter(|loss| !loss.is_nan()).reduce(f64::min) else {
            return true;
        };
        if best < best_end {
            return false;
        }
        let nearest = nearest(at_step, best, self.n_neighbors);
        let would_win = |(_, gain): &&(f64, f64)| best - gain < best_end;
        let n_winning = nearest.iter().filter(would_win).count();
        (n_winning as f64) < self.probability * nearest.len() as f64
    }
}

/// What complete trials gained after each step, as losses.
#[derive(Debug, Default)]
struct Gains<const MAXIMIZE: bool> {
    /// The least loss at the end of a trial that reported.
    best_end: Option<f64>,
    /// The greatest step that any of them reported.
    last_step: Option<i64>,
    /// By step: the best loss until then and what was gained after it, in increasing order.
    steps: BTreeMap<i64, Vec<(f64, f64)>>,
}

impl<const MAXIMIZE: bool> Derived for Gains<MAXIMIZE> {
    fn add(&mut self, trial: &FrozenTrial) {
        let Some(value) = trial
            .value()
            .filter(|_| trial.state == TrialState::Complete)
        else {
            return;
        };
        let Some(last_step) = trial.last_step() else {
            return;
        };
        let end = loss::<MAXIMIZE>(value);
        self.last_step = self.last_step.max(Some(last_step));
        // An infeasible trial is no best one, but its curve tells as much.
        if trial.violation() == 0.0 {
            self.best_end = Some(self.best_end.map_or(end, |best| best.min(end)));
        }
        let mut best = f64::INFINITY;
        for (step, report) in &trial.intermediate_values {
            best = best.min(loss::<MAXIMIZE>(*report));
            let gain = best - end;
            if gain.is_finite() {
                let known = self.steps.entry(*step).or_default();
                let place = known.partition_point(|known| *known < (best, gain));
                known.insert(place, (best, gain));
            }
        }
    }
}

fn loss<const MAXIMIZE: bool>(value: f64) -> f64 {
    if MAXIMIZE { -value } else { value }
}

/// The `count` entries of a sorted list that are nearest to `best`; of equally near ones, the
/// better.
fn nearest(sorted: &[(f64, f64)], best: f64, count: usize) -> &[(f64, f64)] {
    let middle = sorted.partition_point(|(known, _)| *known < best);
    let (mut from, mut to) = (middle, middle);
    while to - from < count.min(sorted.len()) {
        let below = from.checked_sub(1).map(|at| best - sorted[at].0);
        let above = sorted.get(to).map(|(known, _)| known - best);
        match (below, above) {
            (Some(below), Some(above)) if above < below => to += 1,
            (None, _) => to += 1,
            (Some(_), _) => from -= 1,
        }
    }
    &sorted[from..to]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::study::Study;

    /// A study in which such curves are complete, each ending as its last report; losses.
    fn study(pruner: ForecastPruner, direction: Direction, curves: &[&[f64]]) -> Study {
        let study = Study::in_memory("s", &[direction])
            .unwrap()
            .with_pruner(Arc::new(pruner));
        for curve in curves {
            let mut trial = study.ask().unwrap();
            for (step, loss) in (0..).zip(*curve) {
                trial.report(step, direction.to_loss(*loss)).unwrap();
            }
            let end = direction.to_loss(curve[curve.len() - 1]);
            study.tell(&mut trial, &[end]).unwrap();
        }
        study
    }

    /// At which step a trial with these losses is stopped.
    fn stopped(study: &Study, losses: &[f64]) -> Option<i64> {
        let direction = study.directions()[0];
        let mut trial = study.ask().unwrap();
        let mut steps = (0..).zip(losses);
        let step = steps.find_map(|(step, loss)| {
            trial.report(step, direction.to_loss(*loss)).unwrap();
            trial.should_prune().unwrap().then_some(step)
        });
        study
            .tell_result(&mut trial, Err(crate::study::Stop::Pruned))
            .unwrap();
        step
    }

    /// Good curves gain 1 from step to step, bad ones 5.
    const CURVES: [&[f64]; 6] = [
        &[8.0, 7.0, 6.0, 5.0],
        &[9.0, 8.0, 7.0, 6.0],
        &[10.0, 9.0, 8.0, 7.0],
        &[30.0, 25.0, 20.0, 15.0],
        &[40.0, 35.0, 30.0, 25.0],
        &[50.0, 45.0, 40.0, 35.0],
    ];

    fn of_three() -> ForecastPruner {
        ForecastPruner {
            n_neighbors: 3,
            n_warmup_steps: Some(0),
            ..ForecastPruner::default()
        }
    }

    #[test]
    fn an_infeasible_trial_is_not_the_one_to_beat() {
        let study = study(of_three(), Direction::Minimize, &CURVES);
        let mut infeasible = study.ask().unwrap();
        infeasible.set_constraint("size", 1.0).unwrap();
        for (step, loss) in [(0, 3.0), (1, 2.0), (2, 1.0), (3, 0.0)] {
            infeasible.report(step, loss).unwrap();
        }
        study.tell(&mut infeasible, &[0.0]).unwrap();
        assert_eq!(stopped(&study, &[7.9, 6.9, 5.9, 4.9]), None);
    }

    #[test]
    fn a_trial_stops_when_what_the_nearest_gained_is_not_enough() {
        for direction in [Direction::Minimize, Direction::Maximize] {
            let study = study(of_three(), direction, &CURVES);
            // The nearest gained 3; 7.9 - 3 is less than 5, 8.1 - 3 is not.
            assert_eq!(stopped(&study, &[7.9, 6.9, 5.9, 4.9]), None);
            assert_eq!(stopped(&study, &[8.1]), Some(0));
            assert_eq!(stopped(&study, &[7.9, 7.5]), Some(1));
            // Those gained 15, which is enough for 19 but not for 30.
            assert_eq!(stopped(&study, &[30.0]), Some(0));
            // Past the best end already.
            assert_eq!(stopped(&study, &[4.0, 99.0, 99.0, 99.0]), None);
            assert_eq!(stopped(&study, &[f64::NAN]), Some(0));
            assert_eq!(stopped(&study, &[f64::INFINITY]), Some(0));
        }
    }

    #[test]
    fn slow_starters_are_waited_for_when_some_were_seen() {
        // Nothing happens for two steps; then two of five fall, the first of them past 0.9.
        let curves: [&[f64]; 5] = [
            &[9.0, 9.0, 9.0, 1.0],
            &[9.0, 9.0, 9.0, 2.0],
            &[9.0, 9.0, 9.0, 9.0],
            &[9.0, 9.0, 9.0, 9.0],
            &[9.0, 9.0, 9.0, 9.0],
        ];
        let always = ForecastPruner {
            n_warmup_steps: Some(0),
            ..ForecastPruner::default()
        };
        let study_of_two = study(always.clone(), Direction::Minimize, &curves);
        assert_eq!(stopped(&study_of_two, &[8.9, 8.9, 8.9]), Some(0));
        let patient = ForecastPruner {
            probability: 0.2,
            ..always
        };
        let study_of_two = study(patient, Direction::Minimize, &curves);
        assert_eq!(stopped(&study_of_two, &[8.9, 8.9, 8.9]), None);
    }

    #[test]
    fn nothing_stops_before_there_is_something_to_go_by() {
        let few = study(of_three(), Direction::Minimize, &CURVES[..2]);
        assert_eq!(stopped(&few, &[99.0, 99.0, 99.0, 99.0]), None);
        // A quarter of the longest trial, whose last step is 3, is no step; of one whose last
        // step is 8, it is 2.
        let quarter = ForecastPruner {
            n_warmup_steps: None,
            ..of_three()
        };
        let short = study(quarter.clone(), Direction::Minimize, &CURVES);
        assert_eq!(stopped(&short, &[99.0]), Some(0));
        let long: &[f64] = &[9.0; 9];
        let long = study(quarter, Direction::Minimize, &[long; 3]);
        assert_eq!(stopped(&long, &[99.0, 99.0, 99.0, 99.0]), Some(2));
        // No complete trial reported at this step.
        let longer = study(of_three(), Direction::Minimize, &CURVES);
        assert_eq!(stopped(&longer, &[4.0, 4.0, 4.0, 4.0, 99.0]), None);
    }

    #[test]
    fn the_nearest_are_found_on_both_sides() {
        let sorted = [(1.0, 0.0), (2.0, 0.0), (4.0, 0.0), (8.0, 0.0)];
        assert_eq!(nearest(&sorted, 3.5, 2), &sorted[1..3]);
        assert_eq!(nearest(&sorted, 0.0, 2), &sorted[..2]);
        assert_eq!(nearest(&sorted, 99.0, 3), &sorted[1..]);
        assert_eq!(nearest(&sorted, f64::INFINITY, 1), &sorted[3..]);
        assert_eq!(nearest(&sorted, 3.0, 9), &sorted[..]);
        assert_eq!(nearest(&[], 3.0, 9), &[]);
    }

    #[test]
    fn options_that_make_no_sense_are_refused() {
        for (options, said) in [
            (
                serde_json::json!({"probability": 1.5}),
                "`probability` must be from 0 to 1",
            ),
            (
                serde_json::json!({"n_neighbors": 0}),
                "`n_neighbors` must be at least 1",
            ),
            (
                serde_json::json!({"n_startup_trials": 0}),
                "`n_startup_trials` must be at least 1",
            ),
            (
                serde_json::json!({"interval_steps": 0}),
                "`interval_steps` must be at least 1",
            ),
        ] {
            let error = crate::pruner::build("forecast", &options).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
