//! Which running trials should stop.
//!
//! # How to write a pruner
//! One new file: the docs with the rule, a struct whose fields are the options,
//! `impl Configured`, `impl Pruner`, tests. Then two lines here: `mod` and the
//! entry in [`PRUNERS`]. The contract in `pruner/contract.rs` runs on it by itself.

#[cfg(test)]
mod contract;
mod dominance_halving;
mod forecast;
mod hyperband;
mod interval;
mod never;
mod patient;
mod percentile;
mod reports;
mod resource;
mod successive_halving;
mod threshold;
mod wilcoxon;

use std::sync::Arc;

use serde_json::Value;

pub use dominance_halving::DominanceHalvingPruner;
pub use forecast::ForecastPruner;
pub use hyperband::HyperbandPruner;
pub use never::NeverPruner;
pub use patient::{PatientPruner, WrappedPruner};
pub use percentile::{MedianPruner, PercentilePruner};
pub(crate) use resource::FOUND_RESOURCES;
pub use resource::Resource;
pub use successive_halving::SuccessiveHalvingPruner;
pub use threshold::ThresholdPruner;
pub use wilcoxon::WilcoxonPruner;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::registry::{self, Configured, Entry};

/// Every pruner that can be chosen by name, in the order shown to people.
pub static PRUNERS: &[Entry<dyn Pruner>] = &[
    entry::<never::NeverPruner>(),
    entry::<percentile::MedianPruner>(),
    entry::<percentile::PercentilePruner>(),
    entry::<threshold::ThresholdPruner>(),
    entry::<patient::PatientPruner>(),
    entry::<forecast::ForecastPruner>(),
    entry::<successive_halving::SuccessiveHalvingPruner>(),
    entry::<hyperband::HyperbandPruner>(),
    entry::<dominance_halving::DominanceHalvingPruner>(),
    entry::<wilcoxon::WilcoxonPruner>(),
];

/// Decides whether a running trial should stop.
pub trait Pruner: Send + Sync + std::fmt::Debug {
    /// Whether the trial should stop now, given all that it reported. The history may
    /// not have the last reports of this trial yet; `context.trial` has.
    ///
    /// The history is the whole study's. A pruner whose trials compete in groups, such
    /// as Hyperband, picks the trial's peers from it; samplers are never given less than
    /// all trials. (Optuna 5's documentation says that its samplers see one bracket, but
    /// they ask for trials in a way that the bracket does not filter.)
    fn should_prune(&self, context: &Context) -> Result<bool>;

    /// Whether [`should_prune`](Self::should_prune) may [save
    /// state](Context::save_state). If so, a report is held back until the decision, so
    /// that both are written in one transaction; saved state is written in any case.
    fn saves_state(&self) -> bool {
        false
    }

    /// Whether it judges trials of several objectives, by [all that they
    /// reported](crate::FrozenTrial::reports). One that does not is never asked in a study
    /// that has several.
    fn takes_several_objectives(&self) -> bool {
        false
    }
}

/// The pruner called `name`, with these options (null: the defaults).
pub fn build(name: &str, options: &Value) -> Result<Arc<dyn Pruner>> {
    registry::build("pruner", PRUNERS, name, options)
}

/// [`Error::NotAvailable`] if there are several objectives and the pruner is [for
/// one](Pruner::takes_several_objectives); the message names those that are for several.
pub fn check_objectives(pruner: &dyn Pruner, n_objectives: usize) -> Result<()> {
    if n_objectives <= 1 || pruner.takes_several_objectives() {
        return Ok(());
    }
    let takes_several = |entry: &&Entry<dyn Pruner>| {
        let built = build(entry.name, &Value::Null);
        built.is_ok_and(|pruner| pruner.takes_several_objectives())
    };
    let names: Vec<&str> = PRUNERS
        .iter()
        .filter(takes_several)
        .map(|entry| entry.name)
        .collect();
    Err(Error::NotAvailable(format!(
        "the pruner is for one objective, and the study has {n_objectives}; pruners for several \
         are {}",
        names.join(", ")
    )))
}

const fn entry<C: Configured + Pruner + 'static>() -> Entry<dyn Pruner> {
    Entry {
        name: C::NAME,
        class: C::CLASS,
        summary: C::SUMMARY,
        schema: registry::schema::<C>,
        defaults: registry::defaults::<C>,
        build: |options| Ok(Arc::new(registry::configured::<C>(&options)?)),
    }
}
