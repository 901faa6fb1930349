//! Several races of successive halving side by side, from eager to patient.
//!
//! Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization",
//! JMLR 18 (2018), algorithm 1. As in Optuna 5, whose decisions these are, a trial's
//! bracket is not scheduled but follows from a hash of the study's name and the trial's
//! number, so that every process knows it and nothing has to be stored; a study that
//! shall be run again the same way needs the same name.
//!
//! Brackets compete among themselves only, but samplers learn from all trials; see
//! [`Pruner::should_prune`].

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use super::resource::{MAX_RESOURCE, Resource};
use super::successive_halving::{SuccessiveHalvingPruner, objection_to_reduction_factor};
use crate::context::Context;
use crate::error::Result;
use crate::registry::{self, Configured};

/// Runs [`SuccessiveHalvingPruner`] in brackets; bracket b begins to stop trials at step
/// `min_resource · reduction_factor^b`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HyperbandPruner {
    /// The step at which the first trials are stopped; at least 1.
    #[schemars(range(min = 1))]
    pub min_resource: u64,
    /// The number of steps of a whole trial (R in the paper), which determines the number
    /// of brackets. `"auto"`: that of the longest trial that completes before the first
    /// decision; nothing is stopped before.
    pub max_resource: Resource,
    /// One of so many trials is promoted (η in the paper); at least 2.
    #[schemars(range(min = 2))]
    pub reduction_factor: u64,
    /// The first so many trials of a bracket that reach a rung stop there; 0 if
    /// `max_resource` is `"auto"`.
    pub bootstrap_count: usize,
}

impl Default for HyperbandPruner {
    fn default() -> Self {
        Self {
            min_resource: 1,
            max_resource: Resource::Auto,
            reduction_factor: 3,
            bootstrap_count: 0,
        }
    }
}

impl Configured for HyperbandPruner {
    const NAME: &'static str = "hyperband";
    const CLASS: &'static str = "HyperbandPruner";
    const SUMMARY: &'static str = "successive halving in brackets, from eager to patient";

    fn objection(&self) -> Option<String> {
        let min_resource = self.min_resource;
        match self.max_resource {
            _ if min_resource < 1 => {
                Some("`min_resource` must be at least 1, but it is 0".to_owned())
            }
            Resource::Steps(max) if max.get() < min_resource => Some(format!(
                "`max_resource` must not be below `min_resource`, but they are {max} and {min_resource}"
            )),
            Resource::Auto if self.bootstrap_count > 0 => Some(format!(
                "`bootstrap_count` needs a number as `max_resource`, but they are {} and \"auto\"",
                self.bootstrap_count
            )),
            _ => objection_to_reduction_factor(self.reduction_factor),
        }
    }
}

impl Pruner for HyperbandPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        let n_steps = |last_step: u64| last_step.saturating_add(1);
        let Some(max_resource) = self.max_resource.steps(context, MAX_RESOURCE, n_steps) else {
            return Ok(false);
        };
        let brackets = Brackets::new(self.min_resource, max_resource, self.reduction_factor);
        let bracket_of = |number| brackets.bracket_of(context.study_name, number);
        let Some(bracket) = bracket_of(context.trial.number) else {
            return Ok(false);
        };
        let race = SuccessiveHalvingPruner {
            min_resource: NonZeroU64::new(self.min_resource)
                .map_or(Resource::Auto, Resource::Steps),
            reduction_factor: self.reduction_factor,
            min_early_stopping_rate: bracket,
            bootstrap_count: self.bootstrap_count,
        };
        Ok(race.is_beaten(context, |number| bracket_of(number) == Some(bracket)))
    }

    fn saves_state(&self) -> bool {
        true
    }
}

/// How trials are dealt out.
#[derive(Debug)]
struct Brackets {
    /// The share of trials of each bracket, as a whole number.
    budgets: Vec<u64>,
}

impl Brackets {
    /// The brackets of trials of `max_resource` steps; none when that is less than
    /// `min_resource`, which only a `max_resource` that was found out can be.
    fn new(min_resource: u64, max_resource: u64, reduction_factor: u64) -> Self {
        // ⌊log_η(R / r)⌋ + 1, with the roundings of the logarithm that Optuna uses, the
        // platform's: for η = 3 and R = 243 it is 4.999…
        let (ratio, factor) = (
            max_resource as f64 / min_resource as f64,
            reduction_factor as f64,
        );
        let n_brackets = (ratio.ln() / factor.ln()).floor() + 1.0;
        let n_brackets = n_brackets.max(0.0) as u32;
        // ⌈B · η^s / (s + 1)⌉ with s = B - 1 - b
        let budget = |s: u32| {
            let trials = f64::from(n_brackets) * factor.powi(s as i32);
            (trials / f64::from(s + 1)).ceil() as u64
        };
        Self {
            budgets: (0..n_brackets).rev().map(budget).collect(),
        }
    }

    /// The bracket of a trial.
    fn bracket_of(&self, study_name: &str, number: u64) -> Option<u32> {
        let total = self.budgets.iter().sum::<u64>();
        let hash = crc32fast::hash(format!("{study_name}_{number}").as_bytes());
        let mut left = u64::from(hash).checked_rem(total)?;
        (0..).zip(&self.budgets).find_map(|(bracket, budget)| {
            let is_in = left < *budget;
            left = left.saturating_sub(*budget);
            is_in.then_some(bracket)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::frozen_trial::Direction;
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    /// Optuna 5.0.0 with `min_resource=1, max_resource=27, reduction_factor=3`.
    #[test]
    fn budgets_are_optunas() {
        assert_eq!(Brackets::new(1, 27, 3).budgets, [27, 12, 6, 4]);
        assert_eq!(Brackets::new(1, 243, 3).budgets, [81, 34, 15, 8, 5]);
        assert_eq!(Brackets::new(2, 1, 3).budgets, [0; 0]);
        assert_eq!(Brackets::new(2, 1, 3).bracket_of("s", 0), None);
    }

    /// The CRC32 of the budgets that Optuna 5.0.0's `HyperbandPruner` computes, in
    /// Python's spelling, each list with a line end; η is the outer loop, R the inner.
    #[test]
    fn budgets_are_optunas_wherever_the_logarithm_rounds() {
        let mut hash = crc32fast::Hasher::new();
        for reduction_factor in 2..=10 {
            for min_resource in 1..=5 {
                for max_resource in 1..=1100 {
                    let budgets = Brackets::new(min_resource, max_resource, reduction_factor);
                    hash.update(format!("{:?}\n", budgets.budgets).as_bytes());
                }
            }
        }
        assert_eq!(hash.finalize(), 2_149_780_820);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_single_bracket_is_successive_halving(
            min_resource in 1..4_u64,
            reduction_factor in 2..5_u64,
            bootstrap_count in 0..3_usize,
            maximize in any::<bool>(),
            reports in proptest::collection::vec((0..6_usize, 0..9_u8), 0..150),
        ) {
            let hyperband = json!({
                "min_resource": min_resource,
                "max_resource": min_resource,
                "reduction_factor": reduction_factor,
                "bootstrap_count": bootstrap_count,
            });
            let halving = json!({
                "min_resource": min_resource,
                "reduction_factor": reduction_factor,
                "bootstrap_count": bootstrap_count,
            });
            let direction = if maximize { Direction::Maximize } else { Direction::Minimize };
            prop_assert_eq!(
                decisions("hyperband", &hyperband, direction, &reports),
                decisions("successive_halving", &halving, direction, &reports)
            );
        }
    }

    /// What is decided when six trials at a time report `(trial, value)`; 8 is NaN.
    fn decisions(
        name: &str,
        options: &Value,
        direction: Direction,
        reports: &[(usize, u8)],
    ) -> Vec<bool> {
        let pruner = crate::pruner::build(name, options).unwrap();
        let study = Study::in_memory("s", &[direction])
            .unwrap()
            .with_pruner(pruner);
        let mut trials: Vec<Trial> = (0..6).map(|_| study.ask().unwrap()).collect();
        let mut decisions = Vec::new();
        for (at, value) in reports {
            let trial = &mut trials[*at];
            let step = trial.frozen().last_step().map_or(1, |step| step + 1);
            let value = if *value == 8 {
                f64::NAN
            } else {
                f64::from(*value)
            };
            trial.report(step, value).unwrap();
            let is_stopped = trial.should_prune().unwrap();
            decisions.push(is_stopped);
            if is_stopped || step == 20 {
                study.tell_result(trial, Err(Stop::Pruned)).unwrap();
                trials[*at] = study.ask().unwrap();
            }
        }
        decisions
    }
}
