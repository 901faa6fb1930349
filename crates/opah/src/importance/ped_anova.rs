//! Importance for reaching the best trials, from densities alone.
//!
//! Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter
//! Importance in Arbitrary Subspaces", IJCAI 2023 (arXiv 2304.10255): how far the
//! density of a parameter among the best trials is from its density among all, as
//! Pearson's divergence. Conditional parameters, and those whose range changed, as in
//! "Conditional PED-ANOVA: Hyperparameter Importance in Hierarchical & Dynamic Search
//! Spaces" (arXiv 2601.20800): a divergence for each regime, weighted by theorem 4.2.
//!
//! Nothing is fitted, so 10,000 trials take milliseconds. At least five trials should be
//! among the best, i.e. 50 trials by default. Importances are Optuna 5's.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::grid_density::grid_density;
use super::{ImportanceEvaluator, finite_value, names};
use crate::distribution::Distribution;
use crate::error::Result;
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::registry::{self, Configured};

/// A regime with fewer trials is left out.
const MIN_TRIALS_IN_REGIME: usize = 2;
/// With fewer trials among the best, importances are mostly chance.
const MIN_TARGET_TRIALS: usize = 5;

/// Compares the best trials with those of a region.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PedAnovaImportanceEvaluator {
    /// The share of trials that are the best: importance is that for reaching them.
    /// Above 0 and below `region_quantile`.
    pub target_quantile: f64,
    /// The share of trials with which they are compared: the best 50% with 0.5, all with 1.
    pub region_quantile: f64,
    /// Whether the region's density is that of its trials; if not, it is uniform over
    /// the search space.
    pub evaluate_on_local: bool,
}

impl Default for PedAnovaImportanceEvaluator {
    fn default() -> Self {
        Self {
            target_quantile: 0.1,
            region_quantile: 1.0,
            evaluate_on_local: true,
        }
    }
}

impl Configured for PedAnovaImportanceEvaluator {
    const NAME: &'static str = "ped_anova";
    const CLASS: &'static str = "PedAnovaImportanceEvaluator";
    const SUMMARY: &'static str =
        "densities among the best trials against all; conditional parameters too";

    fn objection(&self) -> Option<String> {
        let (target, region) = (self.target_quantile, self.region_quantile);
        let is_ordered = 0.0 < target && target < region && region <= 1.0;
        (!is_ordered).then(|| {
            format!(
                "`target_quantile` = {target} and `region_quantile` = {region}, expected \
                 0 < target_quantile < region_quantile <= 1"
            )
        })
    }
}

impl ImportanceEvaluator for PedAnovaImportanceEvaluator {
    fn evaluate(
        &self,
        trials: &[Arc<FrozenTrial>],
        direction: Direction,
        params: Option<&[String]>,
    ) -> Result<Vec<(String, f64)>> {
        registry::check("evaluator", self)?;
        let compared = self.compare(trials, direction);
        let importance = |name: String| {
            let importance = self.importance(&name, &compared);
            (name, importance)
        };
        Ok(wanted(trials, params).into_iter().map(importance).collect())
    }

    fn caveats(
        &self,
        trials: &[Arc<FrozenTrial>],
        direction: Direction,
        params: Option<&[String]>,
    ) -> Vec<String> {
        let compared = self.compare(trials, direction);
        let (n_target, n_region) = (compared.n_target, compared.region.len());
        let mut caveats = Vec::new();
        if n_target == n_region {
            caveats.push(format!(
                "the best trials are all {n_region} of the region, so no importance shows"
            ));
        } else if n_target < MIN_TARGET_TRIALS {
            caveats.push(format!(
                "only {n_target} of {n_region} trials are among the best; \
                 with fewer than {MIN_TARGET_TRIALS} the importances are mostly chance"
            ));
        }
        for name in wanted(trials, params) {
            let rare = regimes(&name, &compared.region)
                .into_iter()
                .filter(|regime| regime.members.len() < MIN_TRIALS_IN_REGIME)
                .count();
            if rare > 0 {
                caveats.push(format!(
                    "`{name}` has {rare} conditions or ranges with fewer than \
                     {MIN_TRIALS_IN_REGIME} trials, which are left out"
                ));
            }
        }
        caveats
    }
}

/// The region's trials, and which of them are the best.
struct Compared<'a> {
    /// Trials and whether they are among the best.
    region: Vec<(&'a FrozenTrial, bool)>,
    n_target: usize,
}

impl PedAnovaImportanceEvaluator {
    fn compare<'a>(&self, trials: &'a [Arc<FrozenTrial>], direction: Direction) -> Compared<'a> {
        let with_loss: Vec<(f64, &FrozenTrial)> = trials
            .iter()
            .filter_map(|trial| Some((direction.to_loss(finite_value(trial)?), trial.as_ref())))
            .collect();
        let mut losses: Vec<f64> = with_loss.iter().map(|(loss, _)| *loss).collect();
        losses.sort_by(f64::total_cmp);
        let target = cutoff(&losses, self.target_quantile);
        let region = cutoff(&losses, self.region_quantile);
        let region: Vec<(&FrozenTrial, bool)> = with_loss
            .into_iter()
            .filter(|(loss, _)| *loss <= region)
            .map(|(loss, trial)| (trial, loss <= target))
            .collect();
        let n_target = region.iter().filter(|(_, is_target)| *is_target).count();
        Compared { region, n_target }
    }

    /// Theorem 4.2 of Conditional PED-ANOVA: `(γ'/γ)² · Σ αᵢ²/βᵢ · Dᵢ` over the regimes `i`.
    fn importance(&self, name: &str, compared: &Compared) -> f64 {
        let (n_target, n_region) = (compared.n_target as f64, compared.region.len() as f64);
        let mut sum = 0.0;
        for regime in regimes(name, &compared.region) {
            let Some(distribution) = regime.distribution.filter(|d| !d.is_single()) else {
                continue;
            };
            let values = |keep: fn(bool) -> bool| -> Vec<f64> {
                let kept = regime.members.iter().filter(|(_, target)| keep(*target));
                kept.map(|(value, _)| *value).collect()
            };
            let (region, target) = (values(|_| true), values(|is_target| is_target));
            if region.len() < MIN_TRIALS_IN_REGIME || target.is_empty() {
                continue;
            }
            let alpha = target.len() as f64 / n_target;
            let beta = region.len() as f64 / n_region;
            sum += alpha.powi(2) / beta * self.divergence(distribution, &target, &region);
        }
        (n_target / n_region).powi(2) * sum
    }

    /// Pearson's divergence of the best trials' density `p` from the region's `q`:
    /// `Σ q (p/q − 1)²` over the grid.
    fn divergence(&self, distribution: &Distribution, target: &[f64], region: &[f64]) -> f64 {
        let p = grid_density(distribution, target);
        let q = if self.evaluate_on_local {
            grid_density(distribution, region)
        } else {
            vec![1.0 / p.len() as f64; p.len()]
        };
        let terms = p.iter().zip(&q).map(|(p, q)| q * (p / q - 1.0).powi(2));
        terms.sum()
    }
}

/// The greatest of the smallest `quantile` of sorted losses; equal ones are all below it.
fn cutoff(losses: &[f64], quantile: f64) -> f64 {
    let n = (quantile * losses.len() as f64).ceil() as usize;
    losses[n.clamp(1, losses.len()) - 1]
}

/// The parameters that were asked for, or all, sorted.
fn wanted(trials: &[Arc<FrozenTrial>], params: Option<&[String]>) -> Vec<String> {
    let all = || names(trials).into_iter().map(str::to_owned).collect();
    params.map_or_else(all, <[String]>::to_vec)
}

/// The trials in which a parameter has one distribution, or does not occur.
struct Regime<'a> {
    distribution: Option<&'a Distribution>,
    /// Internal values (NaN where the parameter does not occur), and whether the trial
    /// is among the best.
    members: Vec<(f64, bool)>,
}

/// The regimes of a parameter, in the order in which they first occur.
fn regimes<'a>(name: &str, region: &[(&'a FrozenTrial, bool)]) -> Vec<Regime<'a>> {
    let mut regimes: Vec<Regime> = Vec::new();
    for (trial, is_target) in region {
        let param = trial.params.get(name);
        let distribution = param.map(|param| param.distribution.as_ref());
        let member = (param.map_or(f64::NAN, |param| param.value), *is_target);
        match regimes
            .iter_mut()
            .find(|regime| regime.distribution == distribution)
        {
            Some(regime) => regime.members.push(member),
            None => regimes.push(Regime {
                distribution,
                members: vec![member],
            }),
        }
    }
    regimes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_at_the_cutoff_are_all_among_the_best() {
        assert_eq!(cutoff(&[1.0, 2.0, 2.0, 3.0], 0.5), 2.0);
        assert_eq!(cutoff(&[1.0, 2.0, 2.0, 3.0], 0.01), 1.0);
        assert_eq!(cutoff(&[1.0, 2.0, 2.0, 3.0], 1.0), 3.0);
    }

    #[test]
    fn quantiles_that_contradict_each_other_are_refused() {
        let evaluator = PedAnovaImportanceEvaluator {
            target_quantile: 0.5,
            region_quantile: 0.5,
            evaluate_on_local: true,
        };
        let error = evaluator.evaluate(&[], Direction::Minimize, None);
        assert_eq!(
            error.unwrap_err().to_string(),
            "invalid options for evaluator `ped_anova`: `target_quantile` = 0.5 and \
             `region_quantile` = 0.5, expected 0 < target_quantile < region_quantile <= 1"
        );
    }
}
