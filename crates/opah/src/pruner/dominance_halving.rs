//! Trials race in several objectives: at each rung those run on that few others dominate.
//!
//! Asynchronous successive halving (Li et al., "A System for Massively Parallel
//! Hyperparameter Tuning", Machine Learning and Systems 2020, section 3.2), in which trials
//! are ordered as by Deb, Pratap, Agarwal and Meyarivan, "A Fast and Elitist Multiobjective
//! Genetic Algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation 6 (2002),
//! section III: by non-dominated rank, and within a rank the loneliest first. Schmucker,
//! Donini, Zafar, Salinas and Archambeau, "Multi-objective Asynchronous Successive Halving",
//! arXiv 2106.12639 (2021), compare this order with others. Unlike there, a trial that none
//! dominates is never stopped, as it may be a point of the front, and a trial that is not
//! promoted stops instead of waiting. Optuna 5 has no pruner for several objectives.
//!
//! Only reports at the same step are compared. A decision follows from what was reported, in
//! whatever order trials came or ended, so nothing has to be remembered of a rung; only the least
//! resource, when it is found out.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::successors;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use super::resource::Resource;
use super::successive_halving::objection_to_reduction_factor;
use crate::context::Context;
use crate::derived::Derived;
use crate::error::Result;
use crate::frozen_trial::FrozenTrial;
use crate::multi_objective::{by_crowding, losses, ranks};
use crate::registry::{self, Configured};

/// Lets one of `reduction_factor` trials run on from each rung, and whatever no other
/// dominates. Rung k is reached with the first report at step
/// `min_resource · reduction_factor^(min_early_stopping_rate + k)` or later, and a trial is
/// judged by this report alone, against all trials that reported at its step. NaN is an
/// infinite loss.
///
/// With one objective, trials are ordered by their values.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DominanceHalvingPruner {
    /// The step of the first rung (r in the paper). `"auto"`: a hundredth of the longest
    /// trial that completes before the first decision, at least 1.
    pub min_resource: Resource,
    /// One of so many trials is promoted (η in the paper); at least 2.
    #[schemars(range(min = 2))]
    pub reduction_factor: u64,
    /// How many rungs are left out at the beginning (s in the paper).
    pub min_early_stopping_rate: u32,
    /// Nothing is stopped at a step that fewer other trials reported.
    pub n_min_trials: usize,
}

impl Default for DominanceHalvingPruner {
    fn default() -> Self {
        Self {
            min_resource: Resource::Auto,
            reduction_factor: 4,
            min_early_stopping_rate: 0,
            n_min_trials: 3,
        }
    }
}

impl Configured for DominanceHalvingPruner {
    const NAME: &'static str = "dominance_halving";
    const CLASS: &'static str = "DominanceHalvingPruner";
    const SUMMARY: &'static str = "successive halving for several objectives, by dominance";

    fn objection(&self) -> Option<String> {
        objection_to_reduction_factor(self.reduction_factor)
    }
}

impl Pruner for DominanceHalvingPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        Ok(self
            .step_to_judge(context)
            .is_some_and(|step| self.is_beaten(context, step)))
    }

    /// Only what `"auto"` finds out.
    fn saves_state(&self) -> bool {
        self.min_resource == Resource::Auto
    }

    fn takes_several_objectives(&self) -> bool {
        true
    }
}

impl DominanceHalvingPruner {
    /// The trial's last step, if it reached a rung with it.
    fn step_to_judge(&self, context: &Context) -> Option<i64> {
        let min_resource = self.min_resource.least_steps(context)?;
        let step = context.trial.last_step()?;
        let rung_step = self.last_rung_step(min_resource, u64::try_from(step).ok()?)?;
        // Not beyond `step`, so it is a step.
        let mut before = context
            .trial
            .intermediate_values
            .range(rung_step as i64..step);
        before.next().is_none().then_some(step)
    }

    /// The step of the highest rung that is reached at `step`.
    fn last_rung_step(&self, min_resource: u64, step: u64) -> Option<u64> {
        let skipped = self
            .reduction_factor
            .checked_pow(self.min_early_stopping_rate);
        let first = min_resource.checked_mul(skipped?);
        let rungs = successors(first, |rung| rung.checked_mul(self.reduction_factor));
        rungs.take_while(|rung| *rung <= step).last()
    }

    /// Whether the trial is not among the best at `step`.
    fn is_beaten(&self, context: &Context, step: i64) -> bool {
        let Some(own) = losses_at(context.trial, step, context) else {
            return false;
        };
        let mut racing = losses_of_others(context, step);
        if racing.len() < self.n_min_trials {
            return false;
        }
        racing.push(own.clone());
        let n_promoted = (racing.len() as u64 / self.reduction_factor).max(1);
        n_better(racing, &own) as u64 >= n_promoted
    }
}

/// How many of the losses in `racing`, `own` among them, come before `own`: those of a lower
/// rank, and the lonelier ones of the same. None come before a point of the first front.
/// Losses are not NaN.
fn n_better(mut racing: Vec<Vec<f64>>, own: &[f64]) -> usize {
    // How lonely points are that are equal in one objective depends on their order, and the
    // order in which trials are seen to finish differs between processes.
    racing.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    let ranks = ranks(&racing);
    let own_rank = racing.iter().zip(&ranks).find(|(losses, _)| *losses == own);
    let own_rank = own_rank.map_or(0, |(_, rank)| *rank);
    if own_rank == 0 {
        return 0;
    }
    let front: Vec<&[f64]> = racing
        .iter()
        .zip(&ranks)
        .filter(|(_, rank)| **rank == own_rank)
        .map(|(losses, _)| losses.as_slice())
        .collect();
    let lonelier = by_crowding(&front)
        .into_iter()
        .take_while(|at| front[*at] != own);
    ranks.iter().filter(|rank| **rank < own_rank).count() + lonelier.count()
}

/// What finished trials reported: by step a row of values for each trial.
#[derive(Debug, Default)]
struct Reported(BTreeMap<i64, Vec<Vec<f64>>>);

impl Derived for Reported {
    fn add(&mut self, trial: &FrozenTrial) {
        for step in trial.intermediate_values.keys() {
            if let Some(values) = trial.reports(*step) {
                self.0.entry(*step).or_default().push(values);
            }
        }
    }
}

/// The losses of all other trials that reported at `step`, running or finished.
fn losses_of_others(context: &Context, step: i64) -> Vec<Vec<f64>> {
    let mut others = context.history.derived(|reported: &Reported| {
        let at_step = reported.0.get(&step).into_iter().flatten();
        at_step
            .filter_map(|values| to_losses(values, context))
            .collect::<Vec<_>>()
    });
    let running = context.history.running();
    let running = running.filter(|trial| trial.number != context.trial.number);
    others.extend(running.filter_map(|trial| losses_at(trial, step, context)));
    others
}

fn losses_at(trial: &FrozenTrial, step: i64, context: &Context) -> Option<Vec<f64>> {
    to_losses(&trial.reports(step)?, context)
}

/// `None` if there is not a value for each objective, as where another program reported.
fn to_losses(values: &[f64], context: &Context) -> Option<Vec<f64>> {
    let is_whole = values.len() == context.directions.len();
    is_whole.then(|| losses(values, context.directions))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::frozen_trial::Direction::{self, Maximize, Minimize};
    use crate::storage::{MemoryStorage, Storage};
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    fn study(name: &str, options: &Value, directions: &[Direction]) -> Study {
        let pruner = crate::pruner::build(name, options).unwrap();
        let study = Study::in_memory("s", directions).unwrap();
        study.with_pruner(pruner)
    }

    /// A race with rungs at 1, 2, 4, …, of which every other trial is promoted.
    fn halving() -> Value {
        json!({"min_resource": 1, "reduction_factor": 2})
    }

    /// What is decided on trials that report these values at step 1, each after the end of
    /// the one before. The same if all is mirrored, and if all trials run at once.
    fn decisions(options: &Value, reports: &[[f64; 2]]) -> Vec<bool> {
        let run = |directions: &[Direction], sign: f64, at_once: bool| {
            let study = study("dominance_halving", options, directions);
            let mut running = Vec::new();
            let decide = |[first, second]: &[f64; 2]| {
                let mut trial = study.ask().unwrap();
                trial.report_values(1, &[*first, sign * second]).unwrap();
                let is_stopped = trial.should_prune().unwrap();
                if at_once {
                    running.push(trial);
                } else {
                    study.tell_result(&mut trial, Err(Stop::Pruned)).unwrap();
                }
                is_stopped
            };
            reports.iter().map(decide).collect::<Vec<_>>()
        };
        let decided = run(&[Minimize, Minimize], 1.0, false);
        assert_eq!(run(&[Minimize, Maximize], -1.0, false), decided);
        assert_eq!(run(&[Minimize, Minimize], 1.0, true), decided);
        decided
    }

    #[test]
    fn a_trial_of_the_first_front_never_stops() {
        let front = [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [0.0, 4.0], [4.0, 0.0]];
        assert_eq!(decisions(&halving(), &front), [false; 5]);
        assert_eq!(decisions(&halving(), &[[1.0, 1.0]; 6]), [false; 6]);
        let with_last = |last: [f64; 2]| {
            let all = [&front[..], &[last]].concat();
            decisions(&halving(), &all)[5]
        };
        assert!(with_last([5.0, 5.0]));
        assert!(with_last([1.0, 3.5]));
        assert!(!with_last([1.0, 2.5]));
    }

    #[test]
    fn so_many_of_the_others_are_promoted() {
        let reports = [[5.0, 5.0], [6.0, 6.0], [7.0, 7.0], [1.0, 1.0], [2.0, 2.0]];
        let decided = decisions(&halving(), &reports);
        assert_eq!(decided, [false; 5]);
        let quarter = json!({"min_resource": 1});
        assert!(decisions(&quarter, &reports)[4]);
    }

    #[test]
    fn of_equal_rank_the_lonelier_are_promoted() {
        let with_last = |last: [f64; 2]| {
            let before = [[0.0, 0.0], [1.0, 9.0], [4.0, 4.0], [4.5, 3.9], [5.0, 3.0]];
            let all = [&before[..], &[last]].concat();
            decisions(&halving(), &all)[5]
        };
        // Three of six are promoted: the best one, and both ends of the second front.
        assert!(!with_last([9.0, 1.0]));
        assert!(with_last([4.2, 3.95]));
    }

    #[test]
    fn few_trials_are_left_alone() {
        let reports = [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]];
        let decided = decisions(&halving(), &reports);
        assert_eq!(decided, [false, false, false, true]);
        let mut options = halving();
        options["n_min_trials"] = json!(1);
        let decided = decisions(&options, &reports);
        assert_eq!(decided, [false, true, true, true]);
    }

    #[test]
    fn nan_is_an_infinite_loss() {
        let with_last = |last: [f64; 2]| {
            let before = [[1.0, 5.0], [2.0, 4.0], [3.0, 3.0]];
            let all = [&before[..], &[last]].concat();
            decisions(&halving(), &all)[3]
        };
        assert!(with_last([f64::NAN, f64::NAN]));
        assert!(with_last([f64::NAN, 3.0]));
        // Nobody has less of the second.
        assert!(!with_last([f64::NAN, 0.0]));
        let nothing = [[f64::NAN, f64::INFINITY]; 5];
        assert_eq!(decisions(&halving(), &nothing), [false; 5]);
    }

    #[test]
    fn a_trial_is_judged_by_the_first_report_of_a_rung() {
        let options = json!({
            "min_resource": 2, "reduction_factor": 2, "min_early_stopping_rate": 1
        });
        let study = study("dominance_halving", &options, &[Minimize, Minimize]);
        for _ in 0..3 {
            let mut trial = study.ask().unwrap();
            for step in 0..=16 {
                trial.report_values(step, &[0.0, 0.0]).unwrap();
            }
            study.tell(&mut trial, &[0.0, 0.0]).unwrap();
        }
        let stops = |steps: &[i64]| {
            let mut trial = study.ask().unwrap();
            let mut is_stopped = |step: &i64| {
                trial.report_values(*step, &[1.0, 1.0]).unwrap();
                let decision = trial.should_prune().unwrap();
                assert_eq!(trial.should_prune().unwrap(), decision);
                decision
            };
            let stops = steps.iter().copied().filter(|step| is_stopped(step));
            stops.collect::<Vec<_>>()
        };
        let every: Vec<i64> = (0..=18).collect();
        assert_eq!(stops(&every), [4, 8, 16]);
        assert_eq!(stops(&[0, 3, 5, 6, 9, 15]), [5, 9]);
        // Only one other trial reported there.
        assert_eq!(stops(&[18]), [0; 0]);
    }

    #[test]
    fn a_search_that_is_resumed_decides_as_if_it_had_not_been_interrupted() {
        let run = |trials_per_process: usize| {
            let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
            let directions = [Minimize, Maximize, Minimize];
            storage.create_study("s", &directions).unwrap();
            let mut n_reports = Vec::new();
            for _ in 0..60 / trials_per_process {
                let pruner = crate::pruner::build("dominance_halving", &halving()).unwrap();
                let study = Study::load(storage.clone(), "s")
                    .unwrap()
                    .with_pruner(pruner);
                for _ in 0..trials_per_process {
                    let mut trial = study.ask().unwrap();
                    let number = trial.number() as i64;
                    let value = |factor: i64| ((number * factor % 61) % 9) as f64;
                    let mut result = Ok(vec![0.0; 3]);
                    for step in 1..=9 {
                        let values = [37, 17, 29].map(value);
                        trial.report_values(step, &values).unwrap();
                        if trial.should_prune().unwrap() {
                            result = Err(Stop::Pruned);
                            break;
                        }
                    }
                    let told = study.tell_result(&mut trial, result).unwrap();
                    n_reports.push(told.intermediate_values.len());
                }
            }
            n_reports
        };
        let uninterrupted = run(60);
        assert_eq!(run(1), uninterrupted);
        assert_eq!(run(15), uninterrupted);
        let n_stopped = uninterrupted.iter().filter(|n| **n < 9).count();
        assert!((1..59).contains(&n_stopped), "{n_stopped}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_order_of_the_others_does_not_matter(
            points in proptest::collection::vec([0..5_u8, 0..5_u8, 0..5_u8], 1..30),
            n_rotated in 0..30_usize,
        ) {
            let mut racing: Vec<Vec<f64>> = points
                .into_iter()
                .map(|point| point.map(f64::from).to_vec())
                .collect();
            let own = racing[0].clone();
            let expected = n_better(racing.clone(), &own);
            let n_rotated = n_rotated % racing.len();
            racing.rotate_left(n_rotated);
            prop_assert_eq!(n_better(racing.clone(), &own), expected);
            racing.reverse();
            prop_assert_eq!(n_better(racing, &own), expected);
        }

        #[test]
        fn with_one_objective_it_is_successive_halving(
            reduction_factor in 2..5_u64,
            maximize in any::<bool>(),
            reports in proptest::collection::vec((0..6_usize, 0..8_u8), 0..150),
        ) {
            let mut options = json!({"min_resource": 1, "reduction_factor": reduction_factor});
            let direction = if maximize { Maximize } else { Minimize };
            let halving = race("successive_halving", &options, direction, &reports);
            options["n_min_trials"] = json!(0);
            let by_dominance = race("dominance_halving", &options, direction, &reports);
            prop_assert_eq!(by_dominance, halving);
        }
    }

    /// What is decided when six trials at a time report `(trial, value)`.
    fn race(
        name: &str,
        options: &Value,
        direction: Direction,
        reports: &[(usize, u8)],
    ) -> Vec<bool> {
        let study = study(name, options, &[direction]);
        let mut trials: Vec<Trial> = (0..6).map(|_| study.ask().unwrap()).collect();
        let mut decisions = Vec::new();
        for (at, value) in reports {
            let trial = &mut trials[*at];
            let step = trial.frozen().last_step().map_or(1, |step| step + 1);
            trial.report(step, f64::from(*value)).unwrap();
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
