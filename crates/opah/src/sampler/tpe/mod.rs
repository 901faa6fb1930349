//! The tree-structured Parzen estimator: values that are frequent among good trials
//! and rare among bad ones.
//!
//! Two densities are estimated, `l` of the best tenth of all trials and `g` of the
//! rest; of some draws from `l`, the one with the greatest `l/g` is chosen, which is
//! the one with the greatest expected improvement (Bergstra, Bardenet, Bengio and
//! Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4). The
//! details are those of Optuna 5.0's `TPESampler`; what each does is examined by
//! Watanabe, "Tree-Structured Parzen Estimator: Understanding Its Algorithm Components
//! and Their Roles for Better Empirical Performance", arXiv:2304.11127 (2023).
//! `docs/samplers/tpe.md` tells when to use it and where it differs from Optuna's.
//!
//! - [`split`]: which trials are good; of several objectives, in `fronts`
//! - [`parzen`]: the two estimates; of numbers and choices in `column`, with `weights`
//! - `density`: the estimates' values; of one parameter in `line_density`, where kernels
//!   stand on a `line`, with a `summary` of those close together
//! - `candidates`: the choice of the best
//! - `memory`: what is kept from one suggestion to the next, to be updated

mod candidates;
mod column;
mod density;
mod dimension;
mod fronts;
mod groups;
mod line;
mod line_density;
mod memory;
mod observation;
pub mod parzen;
pub mod split;
mod summary;
mod terms;
#[cfg(test)]
mod tests;
mod weights;

use std::num::NonZeroUsize;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::memory::Memory;
use self::memory::{Estimates, Seen};
use super::random::{self, RandomSampler};
use super::{Draw, Sampler};
use crate::context::Context;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::math::random::Rng;
use crate::registry::{self, Configured};
use crate::search_space::SearchSpace;
use crate::transform;

/// Draws what is frequent among good trials and rare among bad ones.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TpeSampler {
    /// Values are drawn uniformly until this many trials completed or were pruned.
    pub n_startup_trials: usize,
    /// So many points are drawn, of which the best is chosen.
    pub n_ei_candidates: NonZeroUsize,
    /// The seed of all draws; by default another one in every process.
    pub seed: u64,
    /// Draw the parameters that all trials have together, not each by itself; by
    /// default, yes for one objective, and for several only with `group`.
    pub multivariate: Option<bool>,
    /// Draw the parameters of each branch of a conditional space together.
    pub group: bool,
    /// Count running trials as bad, so that parallel trials differ.
    pub constant_liar: bool,
    /// What is kept from one suggestion to the next; no option.
    #[serde(skip)]
    pub memory: Memory,
}

impl Default for TpeSampler {
    fn default() -> Self {
        Self {
            n_startup_trials: 10,
            n_ei_candidates: NonZeroUsize::MIN.saturating_add(23),
            seed: RandomSampler::default().seed,
            multivariate: None,
            group: false,
            constant_liar: true,
            memory: Memory::default(),
        }
    }
}

impl Configured for TpeSampler {
    const NAME: &'static str = "tpe";
    const CLASS: &'static str = "TPESampler";
    const SUMMARY: &'static str = "tree-structured Parzen estimator; good for 100 to 1,000 trials";

    fn objection(&self) -> Option<String> {
        let contradicts = self.group && self.multivariate == Some(false);
        contradicts.then(|| {
            "`group` draws parameters together, so `multivariate` can't be false".to_owned()
        })
    }
}

impl Sampler for TpeSampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn takes_priors(&self) -> bool {
        true
    }

    fn relative_search_space(&self, context: &Context) -> SearchSpace {
        if !self.is_multivariate(context) {
            SearchSpace::empty()
        } else if self.group {
            let groups = self.with_seen(context, Seen::groups);
            let all = groups.iter().flatten();
            all.map(|(name, distribution)| (name.clone(), distribution.clone()))
                .collect()
        } else {
            context.history.intersection(true).without_single()
        }
    }

    fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
        registry::check("sampler", self)?;
        Ok(self.with_seen(context, |seen| {
            if seen.n_observed() < self.n_startup_trials {
                return Draw::new();
            }
            let groups = if self.group {
                seen.groups()
            } else {
                vec![space.clone()]
            };
            let within = groups.iter().map(|group| {
                let both = group.iter().filter(|(name, _)| space.get(name).is_some());
                both.map(|(name, distribution)| (name.clone(), distribution.clone()))
                    .collect::<SearchSpace>()
            });
            within
                .filter(|group| !group.is_empty())
                .flat_map(|group| self.draw(context, seen, &group))
                .collect()
        }))
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        registry::check("sampler", self)?;
        let drawn = self.with_seen(context, |seen| {
            if seen.n_observed() < self.n_startup_trials {
                return None;
            }
            let alone = (Arc::from(name), Arc::new(distribution.clone()));
            let drawn = self.draw(context, seen, &SearchSpace::from_iter([alone]));
            drawn.first().map(|(_, value)| *value)
        });
        Ok(drawn.unwrap_or_else(|| random::draw_by_prior(context, self.seed, name, distribution)))
    }
}

impl TpeSampler {
    fn is_multivariate(&self, context: &Context) -> bool {
        let by_default = self.group || context.directions.len() == 1;
        self.multivariate.unwrap_or(by_default)
    }

    fn with_seen<T>(&self, context: &Context, use_it: impl FnOnce(&mut Seen) -> T) -> T {
        let finished = context.history.finished();
        self.memory.with(finished, context.directions, use_it)
    }

    /// Draws all parameters of `space` together.
    fn draw(&self, context: &Context, seen: &mut Seen, space: &SearchSpace) -> Draw {
        let estimates = seen.estimates(space, self.running(context, space));
        let values = self.best_of_candidates(context, space, estimates);
        space
            .iter()
            .map(|(name, _)| name.clone())
            .zip(values)
            .collect()
    }

    /// What the other running trials drew.
    fn running(&self, context: &Context, space: &SearchSpace) -> Vec<parzen::Observation> {
        if !self.constant_liar {
            return Vec::new();
        }
        let observe = if self.is_multivariate(context) {
            observation::running_observation
        } else {
            observation::observation
        };
        let running = context.history.running();
        let others = running.filter(|trial| trial.number != context.trial.number);
        others.filter_map(|trial| observe(trial, space)).collect()
    }

    /// The values of the candidate with the greatest `ln l - ln g`, and what priors add to it;
    /// of equals, the first.
    fn best_of_candidates(
        &self,
        context: &Context,
        space: &SearchSpace,
        estimates: &Estimates,
    ) -> Vec<f64> {
        let (mut kernels, mut values) = self.streams(context, space);
        let count = self.n_ei_candidates.get();
        let candidates = estimates.good.draw(count, &mut kernels, &mut values);
        let mut scores = estimates.good.log_density(&candidates);
        let believed = believed(context, space, &candidates);
        for (score, believed) in scores.iter_mut().zip(believed) {
            *score += believed;
        }
        let best = candidates::best_candidate(&scores, &estimates.bad, &candidates);
        candidates.iter().map(|values| values[best]).collect()
    }

    /// A stream that chooses kernels, and one for each parameter's values.
    fn streams(&self, context: &Context, space: &SearchSpace) -> (Rng, Vec<Rng>) {
        let first = space.iter().next().map_or("", |(name, _)| name.as_ref());
        let kernels = context.rng(self.seed, &format!("kernels of {first}"));
        let names = space.iter().map(|(name, _)| name);
        let values = names.map(|name| context.rng(self.seed, name)).collect();
        (kernels, values)
    }
}

/// What priors add to the score of each candidate (πBO, equation 6); empty if there are none.
/// `candidates` are internal values by parameter, then by point.
fn believed(context: &Context, space: &SearchSpace, candidates: &[Vec<f64>]) -> Vec<f64> {
    let mut added = Vec::new();
    for ((name, distribution), values) in space.iter().zip(candidates) {
        let Some(prior) = context.prior(name, distribution) else {
            continue;
        };
        added.resize(values.len(), 0.0);
        for (added, value) in added.iter_mut().zip(values) {
            let coordinate = transform::to_coordinate(distribution, *value);
            *added += context.prior_influence() * prior.log_at(coordinate);
        }
    }
    added
}
