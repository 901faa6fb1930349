//! Stops a trial that is significantly worse than the best one on the instances that both
//! were tried on.
//!
//! For objectives that are a mean over instances: folds, seeds, problems. A step is an
//! instance, and each trial reports its value on each, in any order, and at the end tells
//! their mean. Wilcoxon's signed-rank test ("Individual Comparisons by Ranking Methods",
//! Biometrics Bulletin 1, 1945) compares in pairs, so that instances may differ in
//! difficulty; racing by such a test is due to Birattari et al., "A Racing Algorithm for
//! Configuring Metaheuristics", GECCO 2002. Decisions are those of Optuna 5.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use crate::context::Context;
use crate::error::Result;
use crate::frozen_trial::FrozenTrial;
use crate::math::signed_rank::probability_of_greater;
use crate::registry::{self, Configured};

/// The test needs two differences.
const LEAST_STEPS: usize = 2;

/// Compares a trial's reports with those of the best trial at the same steps.
///
/// Nothing is stopped while there is no best trial, if a report of either is NaN or
/// infinite, or if the trial's mean is not worse than the best trial's.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WilcoxonPruner {
    /// A trial is stopped if chance would make it look so bad with a smaller probability
    /// than this; from 0 to 1. The greater, the sooner trials are stopped.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub p_threshold: f64,
    /// Trials are left alone before so many steps, and before two.
    pub n_startup_steps: usize,
}

impl Default for WilcoxonPruner {
    fn default() -> Self {
        Self {
            p_threshold: 0.1,
            n_startup_steps: 2,
        }
    }
}

impl Configured for WilcoxonPruner {
    const NAME: &'static str = "wilcoxon";
    const CLASS: &'static str = "WilcoxonPruner";
    const SUMMARY: &'static str =
        "stops what is significantly worse than the best on the same instances";

    fn objection(&self) -> Option<String> {
        let given = self.p_threshold;
        (!(0.0..=1.0).contains(&given))
            .then(|| format!("`p_threshold` must be from 0 to 1, but it is {given}"))
    }
}

impl Pruner for WilcoxonPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        let Some(best) = context.history.best(context.direction()) else {
            return Ok(false);
        };
        Ok(self.is_worse(context, best))
    }
}

impl WilcoxonPruner {
    fn is_worse(&self, context: &Context, best: &FrozenTrial) -> bool {
        let trial = context.trial;
        let (Some(mean), Some(mean_of_best)) = (mean_report(trial), mean_report(best)) else {
            return false;
        };
        let loss = |value: f64| context.direction().to_loss(value);
        let differences: Vec<f64> = trial
            .intermediate_values
            .iter()
            .filter_map(|(step, value)| {
                let value_of_best = best.intermediate_values.get(step)?;
                Some(loss(*value) - loss(*value_of_best))
            })
            .collect();
        differences.len() >= self.n_startup_steps.max(LEAST_STEPS)
            && loss(mean) > loss(mean_of_best)
            && probability_of_greater(&differences) < self.p_threshold
    }
}

/// The mean of a trial's reports; `None` if there are none, or one is not finite.
fn mean_report(trial: &FrozenTrial) -> Option<f64> {
    let reports = &trial.intermediate_values;
    let are_finite = reports.values().all(|value| value.is_finite());
    (are_finite && !reports.is_empty())
        .then(|| reports.values().sum::<f64>() / reports.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction;
    use crate::study::Study;

    /// Whether a trial with these reports is stopped, if the best reported 0 at steps
    /// below 8.
    fn is_stopped(pruner: WilcoxonPruner, direction: Direction, reports: &[f64]) -> bool {
        let study = Study::in_memory("s", &[direction])
            .unwrap()
            .with_pruner(std::sync::Arc::new(pruner));
        let mut best = study.ask().unwrap();
        for step in 0..8 {
            best.report(step, 0.0).unwrap();
        }
        study.tell(&mut best, &[0.0]).unwrap();
        let mut trial = study.ask().unwrap();
        for (step, report) in (0..).zip(reports) {
            trial.report(step, *report).unwrap();
        }
        trial.should_prune().unwrap()
    }

    #[test]
    fn the_worse_is_stopped_when_chance_is_ruled_out() {
        let check = |reports: &[f64], expected: bool| {
            let mirrored: Vec<f64> = reports.iter().map(|report| -report).collect();
            for (direction, reports) in [
                (Direction::Minimize, reports),
                (Direction::Maximize, &mirrored),
            ] {
                let stopped = is_stopped(WilcoxonPruner::default(), direction, reports);
                assert_eq!(stopped, expected, "{direction} {reports:?}");
            }
        };
        // 1/8 is more than 0.1, 1/16 less.
        check(&[1.0, 1.0, 1.0], false);
        check(&[1.0, 1.0, 1.0, 1.0], true);
        check(&[-1.0, -2.0, -3.0, -4.0], false);
        check(&[1.0, 1.0, 1.0, f64::NAN], false);
        check(&[1.0, 1.0, 1.0, f64::INFINITY], false);
        // As significant, 25/256, but the mean is better.
        check(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, -8.0], true);
        check(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, -80.0], false);
        // The best trial has no step 8.
        check(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], true);
    }

    #[test]
    fn the_first_steps_are_left_alone() {
        for (n_startup_steps, expected) in [(0, true), (4, true), (5, false)] {
            let pruner = WilcoxonPruner {
                n_startup_steps,
                ..WilcoxonPruner::default()
            };
            let stopped = is_stopped(pruner, Direction::Minimize, &[1.0; 4]);
            assert_eq!(stopped, expected, "{n_startup_steps}");
        }
    }
}
