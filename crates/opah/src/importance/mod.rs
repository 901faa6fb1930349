//! How much each parameter matters for the objective.
//!
//! An evaluator looks at the complete trials of a study with one objective and gives
//! every parameter a number, 0 when it made no difference. [`importances`] checks the
//! question, sorts the answer and turns it into shares of 1.
//!
//! ```
//! use opah::importance::{self, PedAnovaImportanceEvaluator};
//! use opah::{Direction, Study};
//!
//! let random = opah::sampler::build("random", &serde_json::json!({"seed": 1}))?;
//! let study = Study::in_memory("slope", &[Direction::Minimize])?.with_sampler(random);
//! for _ in 0..100 {
//!     let mut trial = study.ask()?;
//!     let x = trial.suggest_float("x", -10.0..=10.0)?;
//!     let y = trial.suggest_float("y", -10.0..=10.0)?;
//!     study.tell(&mut trial, &[x + y / 1000.0])?;
//! }
//! let evaluator = PedAnovaImportanceEvaluator::default();
//! let shares =
//!     importance::importances(&study.history()?, Direction::Minimize, &evaluator, None, true)?;
//! assert_eq!(shares[0].0, "x");
//! assert!(shares[0].1 > 0.7);
//! # Ok::<(), opah::Error>(())
//! ```
//!
//! # How to write an evaluator
//! One new file: the docs with the paper, a struct whose fields are the options,
//! `impl Configured`, `impl ImportanceEvaluator`, tests. Then two lines here: `mod` and
//! the entry in [`EVALUATORS`]. The contract in `importance/contract.rs` runs on it by
//! itself.

#[cfg(test)]
mod contract;
mod fanova;
mod forest;
mod grid_density;
mod mean_decrease_impurity;
mod ped_anova;
mod samples;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

pub use fanova::FanovaImportanceEvaluator;
pub use forest::ForestOptions;
pub use mean_decrease_impurity::MeanDecreaseImpurityImportanceEvaluator;
pub use ped_anova::PedAnovaImportanceEvaluator;

use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::history::History;
use crate::registry::{self, Configured, Entry};
use crate::suggestion::nearest;

/// Every evaluator that can be chosen by name, in the order shown to people; the first
/// is Optuna 5's default.
pub static EVALUATORS: &[Entry<dyn ImportanceEvaluator>] = &[
    entry::<ped_anova::PedAnovaImportanceEvaluator>(),
    entry::<fanova::FanovaImportanceEvaluator>(),
    entry::<mean_decrease_impurity::MeanDecreaseImpurityImportanceEvaluator>(),
];

/// Gives each parameter a number that says how much it matters.
pub trait ImportanceEvaluator: Send + Sync + std::fmt::Debug {
    /// The importance of each parameter: finite, at least 0, not normalised, in any order.
    ///
    /// `trials` are the complete trials by number, each with one value, at least two of
    /// them finite; infinite values are to be left out. `params` are the parameters that
    /// were asked for, each in at least one of the trials, sorted, none twice; `None` is
    /// all that the evaluator can judge. [`Error::NotAvailable`] if there is no answer.
    fn evaluate(
        &self,
        trials: &[Arc<FrozenTrial>],
        direction: Direction,
        params: Option<&[String]>,
    ) -> Result<Vec<(String, f64)>>;

    /// What a reader of the importances should know, one sentence each, given the same
    /// trials and parameters.
    fn caveats(
        &self,
        _trials: &[Arc<FrozenTrial>],
        _direction: Direction,
        _params: Option<&[String]>,
    ) -> Vec<String> {
        Vec::new()
    }
}

/// The evaluator called `name`, with these options (null: the defaults).
pub fn build(name: &str, options: &Value) -> Result<Arc<dyn ImportanceEvaluator>> {
    registry::build("evaluator", EVALUATORS, name, options)
}

/// The importances of `params` (`None`: all that the evaluator can judge), greatest
/// first, equal ones by name.
///
/// With `normalize` they are shares of 1; equal shares if all importances are 0.
///
/// # Errors
/// [`Error::NotAvailable`] when the study has several objectives, fewer than two
/// complete trials with a finite value, or no parameter that the evaluator can judge;
/// [`Error::UnknownName`] when no complete trial has one of `params`;
/// [`Error::InvalidOptions`] when the evaluator's options contradict each other.
pub fn importances(
    history: &History,
    direction: Direction,
    evaluator: &dyn ImportanceEvaluator,
    params: Option<&[String]>,
    normalize: bool,
) -> Result<Vec<(String, f64)>> {
    let (trials, params) = question(history, params)?;
    let mut importances = evaluator.evaluate(&trials, direction, params.as_deref())?;
    importances.sort_by(|(a, x), (b, y)| y.total_cmp(x).then_with(|| a.cmp(b)));
    if normalize {
        let sum: f64 = importances.iter().map(|(_, importance)| importance).sum();
        let equal_share = 1.0 / importances.len() as f64;
        for (_, importance) in &mut importances {
            *importance = if sum == 0.0 {
                equal_share
            } else {
                *importance / sum
            };
        }
    }
    Ok(importances)
}

/// What a reader of the same [`importances`] should know, one sentence each; the same
/// errors when the question has no answer.
pub fn caveats(
    history: &History,
    direction: Direction,
    evaluator: &dyn ImportanceEvaluator,
    params: Option<&[String]>,
) -> Result<Vec<String>> {
    let (trials, params) = question(history, params)?;
    Ok(evaluator.caveats(&trials, direction, params.as_deref()))
}

/// The complete trials by number, and the parameters sorted, each once.
type Question = (Vec<Arc<FrozenTrial>>, Option<Vec<String>>);

/// The question in the form that evaluators expect, if it can have an answer.
fn question(history: &History, params: Option<&[String]>) -> Result<Question> {
    let mut trials: Vec<_> = history.complete().cloned().collect();
    trials.sort_by_key(|trial| trial.number);
    if let Some(several) = trials.iter().find(|trial| trial.values.len() > 1) {
        let n_objectives = several.values.len();
        return Err(Error::NotAvailable(format!(
            "importances are for studies with one objective; this one has {n_objectives}"
        )));
    }
    let n_finite = trials.iter().filter_map(finite_value).count();
    if n_finite < 2 {
        return Err(too_few(n_finite, ""));
    }
    let names = names(&trials);
    if names.is_empty() {
        return Err(Error::NotAvailable(
            "the study's complete trials have no parameters".to_owned(),
        ));
    }
    let wanted: Option<BTreeSet<&String>> = params.map(|params| params.iter().collect());
    let unknown = wanted
        .iter()
        .flatten()
        .find(|name| !names.contains(name.as_str()));
    if let Some(name) = unknown {
        return Err(Error::UnknownName {
            kind: "parameter",
            name: (*name).clone(),
            suggestion: nearest(name, names.iter().copied()).map(str::to_owned),
            known: names.into_iter().collect::<Vec<_>>().join(", "),
        });
    }
    let params = wanted.map(|wanted| wanted.into_iter().cloned().collect());
    Ok((trials, params))
}

/// All parameters of the trials.
fn names(trials: &[Arc<FrozenTrial>]) -> BTreeSet<&str> {
    let params = trials.iter().flat_map(|trial| &trial.params);
    params.map(|param| param.name.as_ref()).collect()
}

/// The error for `n` usable trials; `which` ends the description of what is usable.
fn too_few(n: usize, which: &str) -> Error {
    Error::NotAvailable(format!(
        "importances need at least 2 complete trials with a finite value{which}; the study has {n}"
    ))
}

/// The trial's value, unless it is infinite.
fn finite_value(trial: &Arc<FrozenTrial>) -> Option<f64> {
    trial.value().filter(|value| value.is_finite())
}

const fn entry<C: Configured + ImportanceEvaluator + 'static>() -> Entry<dyn ImportanceEvaluator> {
    Entry {
        name: C::NAME,
        class: C::CLASS,
        summary: C::SUMMARY,
        schema: registry::schema::<C>,
        defaults: registry::defaults::<C>,
        build: |options| Ok(Arc::new(registry::configured::<C>(&options)?)),
    }
}
