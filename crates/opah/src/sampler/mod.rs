//! How the next values are chosen.
//!
//! # How to write a sampler
//! One new file: the docs with the paper, a struct whose fields are the options,
//! `impl Configured` (its name), `impl Sampler`, tests. Then two lines here: `mod`
//! and the entry in [`SAMPLERS`]. The contract in `sampler/contract.rs` runs on it
//! by itself.
//!
//! A sampler is its options. What it must remember across processes goes through
//! [`Context::save_state`]; what it can rebuild from the history may be cached.

pub mod auto;
mod brute_force;
pub mod cmaes;
#[cfg(test)]
mod contract;
pub mod gp;
pub mod grid;
mod histories;
pub mod nsga;
mod partial_fixed;
pub mod qmc;
pub(crate) mod random;
pub mod tpe;
mod wrapped;

use std::sync::Arc;

use serde_json::Value;

pub use auto::AutoSampler;
pub use brute_force::BruteForceSampler;
pub use cmaes::CmaEsSampler;
pub use gp::GpSampler;
pub use grid::GridSampler;
pub use nsga::{Nsga2Sampler, Nsga3Sampler};
pub use partial_fixed::PartialFixedSampler;
pub use qmc::QmcSampler;
pub use random::RandomSampler;
pub use tpe::TpeSampler;
pub use wrapped::WrappedSampler;

use crate::context::Context;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::history::History;
use crate::registry::{self, Configured, Entry};
use crate::search_space::SearchSpace;

/// Every sampler that can be chosen by name, in the order shown to people.
pub static SAMPLERS: &[Entry<dyn Sampler>] = &[
    entry::<auto::AutoSampler>(),
    entry::<random::RandomSampler>(),
    entry::<grid::GridSampler>(),
    entry::<brute_force::BruteForceSampler>(),
    entry::<qmc::QmcSampler>(),
    entry::<tpe::TpeSampler>(),
    entry::<gp::GpSampler>(),
    entry::<cmaes::CmaEsSampler>(),
    entry::<nsga::Nsga2Sampler>(),
    entry::<nsga::Nsga3Sampler>(),
    entry::<partial_fixed::PartialFixedSampler>(),
];

/// The sampler of those who choose none.
pub const DEFAULT_SAMPLER: &str = auto::AutoSampler::NAME;

/// Internal values by parameter name.
pub type Draw = Vec<(Arc<str>, f64)>;

/// Chooses the next values. Overriding nothing but the seed gives random search.
pub trait Sampler: Send + Sync + std::fmt::Debug {
    /// The seed of all draws.
    fn seed(&self) -> u64;

    /// The parameters that this sampler draws together.
    fn relative_search_space(&self, _context: &Context) -> SearchSpace {
        SearchSpace::empty()
    }

    /// Internal values for all or some of `space`; called once, at a trial's first
    /// suggestion. Values must be contained in their distributions.
    fn sample_relative(&self, _context: &Context, _space: &SearchSpace) -> Result<Draw> {
        Ok(Draw::new())
    }

    /// An internal value for a parameter that was not drawn with the others.
    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        Ok(random::draw(
            &mut context.rng(self.seed(), name),
            distribution,
        ))
    }

    /// Whether it has other values for a trial whose first ones can't be taken, because a
    /// constraint is broken or they were tried; not if it goes through a list.
    fn draws_anew(&self) -> bool {
        true
    }

    /// Whether it takes notice of [`Context::priors`].
    fn takes_priors(&self) -> bool {
        false
    }

    /// Whether all that this sampler could try was tried or is being tried, so that a
    /// search begins no further trial; asked before each. `history` looks at the study,
    /// which costs a question to the storage: only samplers that can come to an end call
    /// it. One that is asked for more all the same repeats itself.
    fn is_exhausted(&self, _history: &dyn Fn() -> Result<History>) -> Result<bool> {
        Ok(false)
    }
}

/// The names of the samplers that [take priors](Sampler::takes_priors).
pub(crate) fn names_with_priors() -> String {
    let takes_priors = |entry: &&Entry<dyn Sampler>| {
        let built = build(entry.name, &Value::Null);
        built.is_ok_and(|sampler| sampler.takes_priors())
    };
    let names: Vec<&str> = SAMPLERS
        .iter()
        .filter(takes_priors)
        .map(|entry| entry.name)
        .collect();
    names.join(", ")
}

/// The sampler called `name`, with these options (null: the defaults).
pub fn build(name: &str, options: &Value) -> Result<Arc<dyn Sampler>> {
    registry::build("sampler", SAMPLERS, name, options)
}

const fn entry<C: Configured + Sampler + 'static>() -> Entry<dyn Sampler> {
    Entry {
        name: C::NAME,
        class: C::CLASS,
        summary: C::SUMMARY,
        schema: registry::schema::<C>,
        defaults: registry::defaults::<C>,
        build: |options| Ok(Arc::new(registry::configured::<C>(&options)?)),
    }
}
