//! Trials race: at each rung the better share of those that came so far runs on.
//!
//! Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
//! Optimization", AISTATS 2016; asynchronous as in Li et al., "A System for Massively
//! Parallel Hyperparameter Tuning", Machine Learning and Systems 2020, section 3.2. As in
//! Optuna 5, whose decisions these are, a trial that is not promoted stops instead of
//! waiting, and while fewer than η trials have reached a rung, the best so far is promoted.
//!
//! A trial's value at rung k is kept in Optuna's attribute `completed_rung_<k>`, so that
//! trials of opah and of Optuna race in one study.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use super::resource::Resource;
use crate::context::Context;
use crate::derived::Derived;
use crate::error::Result;
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::json::Json;
use crate::registry::{self, Configured};

/// Promotes one of `reduction_factor` trials at each rung. Rung k is reached at step
/// `min_resource · reduction_factor^(min_early_stopping_rate + k)`; a trial that reports
/// NaN there is stopped.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SuccessiveHalvingPruner {
    /// The step of the first rung (r in the papers). `"auto"`: a hundredth of the longest
    /// trial that completes before the first decision, at least 1.
    pub min_resource: Resource,
    /// One of so many trials is promoted (η in the papers); at least 2.
    #[schemars(range(min = 2))]
    pub reduction_factor: u64,
    /// How many rungs are left out at the beginning (s in the papers).
    pub min_early_stopping_rate: u32,
    /// The first so many trials that reach a rung stop there; 0 if `min_resource` is
    /// `"auto"`.
    pub bootstrap_count: usize,
}

impl Default for SuccessiveHalvingPruner {
    fn default() -> Self {
        Self {
            min_resource: Resource::Auto,
            reduction_factor: 4,
            min_early_stopping_rate: 0,
            bootstrap_count: 0,
        }
    }
}

impl Configured for SuccessiveHalvingPruner {
    const NAME: &'static str = "successive_halving";
    const CLASS: &'static str = "SuccessiveHalvingPruner";
    const SUMMARY: &'static str = "promotes the better share of trials from rung to rung";

    fn objection(&self) -> Option<String> {
        if self.bootstrap_count > 0 && self.min_resource == Resource::Auto {
            let given = self.bootstrap_count;
            return Some(format!(
                "`bootstrap_count` needs a number as `min_resource`, but they are {given} and \"auto\""
            ));
        }
        objection_to_reduction_factor(self.reduction_factor)
    }
}

impl Pruner for SuccessiveHalvingPruner {
    fn should_prune(&self, context: &Context) -> Result<bool> {
        registry::check("pruner", self)?;
        Ok(self.is_beaten(context, |_| true))
    }

    fn saves_state(&self) -> bool {
        true
    }
}

/// Why trials can't be reduced by this factor.
pub(super) fn objection_to_reduction_factor(reduction_factor: u64) -> Option<String> {
    (reduction_factor < 2)
        .then(|| format!("`reduction_factor` must be at least 2, but it is {reduction_factor}"))
}

impl SuccessiveHalvingPruner {
    /// Whether the trial loses at a rung that it has just reached, against the trials
    /// whose numbers are its peers. What it shows at rungs is saved.
    pub(super) fn is_beaten(&self, context: &Context, is_peer: impl Fn(u64) -> bool) -> bool {
        let Some((step, value)) = context.trial.intermediate_values.last_key_value() else {
            return false;
        };
        let Some(min_resource) = self.min_resource.least_steps(context) else {
            return false;
        };
        let is_passed = |rung: &u32| context.trial.system_attrs.contains_key(&rung_key(*rung));
        for rung in (0..).skip_while(is_passed) {
            if i128::from(*step) < i128::from(self.rung_step(min_resource, rung)) {
                return false;
            }
            if value.is_nan() {
                return true;
            }
            context.save_state(&rung_key(rung), Json::from_f64(*value));
            let mut competing = values_at(rung, context, &is_peer);
            competing.push(*value);
            if competing.len() <= self.bootstrap_count
                || !self.is_promoted(*value, competing, context.direction())
            {
                return true;
            }
        }
        false
    }

    /// The step at which a trial reaches `rung`; huge when it is beyond any step.
    fn rung_step(&self, min_resource: u64, rung: u32) -> u64 {
        let exponent = self.min_early_stopping_rate.saturating_add(rung);
        min_resource.saturating_mul(self.reduction_factor.saturating_pow(exponent))
    }

    /// Whether `value` is among the best ⌊n / η⌋, but at least the best, of `competing`.
    fn is_promoted(&self, value: f64, mut competing: Vec<f64>, direction: Direction) -> bool {
        let n_promoted = (competing.len() as u64 / self.reduction_factor).max(1) as usize;
        competing.sort_by(|a, b| direction.to_loss(*a).total_cmp(&direction.to_loss(*b)));
        !direction.is_better(competing[n_promoted - 1], value)
    }
}

fn rung_key(rung: u32) -> String {
    format!("completed_rung_{rung}")
}

/// What finished trials showed at each rung: trial numbers and values, which are never
/// NaN.
#[derive(Debug, Default)]
struct Rungs(BTreeMap<u32, Vec<(u64, f64)>>);

impl Derived for Rungs {
    fn add(&mut self, trial: &FrozenTrial) {
        for rung in 0.. {
            if !trial.system_attrs.contains_key(&rung_key(rung)) {
                return;
            }
            if let Some(value) = value_at(rung, trial) {
                self.0.entry(rung).or_default().push((trial.number, value));
            }
        }
    }
}

fn value_at(rung: u32, trial: &FrozenTrial) -> Option<f64> {
    let value = trial.system_attrs.get(&rung_key(rung))?.to_f64();
    value.filter(|value| !value.is_nan())
}

/// What the other peers showed at `rung`, in whatever state they are.
fn values_at(rung: u32, context: &Context, is_peer: impl Fn(u64) -> bool) -> Vec<f64> {
    let mut values = context.history.derived(|rungs: &Rungs| {
        let finished = rungs.0.get(&rung).into_iter().flatten();
        let of_peers = finished.filter(|(number, _)| is_peer(*number));
        of_peers.map(|(_, value)| *value).collect::<Vec<_>>()
    });
    let running = context.history.unfinished();
    let others =
        running.filter(|trial| trial.number != context.trial.number && is_peer(trial.number));
    values.extend(others.filter_map(|trial| value_at(rung, trial)));
    values
}
