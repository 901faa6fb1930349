//! CMA-ES: a normal distribution that moves towards good points and takes their shape.
//!
//! Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772 (2016). For numeric
//! parameters that depend on each other, and some hundred to ten thousand trials; choices,
//! and parameters that not every trial has, are drawn uniformly. The options are those of
//! Optuna 5.0's `CmaEsSampler`, the equations those of its package `cmaes`.
//! `docs/samplers/cmaes.md` tells when to use it and where it differs from Optuna's.
//!
//! Mathematics, which knows vectors and not trials:
//! - `optimizer`, `separable`: a full and a diagonal covariance matrix; both in `model`
//! - `parameters`, `paths`: the constants; the step size and evolution paths
//! - `eigen`: eigenvectors of a symmetric matrix
//! - `margin`: values on a grid; `learning_rate`: noise; `warm_start`: earlier trials
//! - `stop`, `restart`: when a run is over, and what the next one is
//!
//! From trials to vectors and back:
//! - `cube`: values as coordinates; `search`: draws a point, takes in a generation
//! - `replay`: which trials are a generation; `memory`: what is kept between suggestions

mod cube;
mod eigen;
#[cfg(test)]
mod golden;
mod learning_rate;
mod margin;
mod memory;
mod model;
mod optimizer;
mod parameters;
mod paths;
mod replay;
mod restart;
mod search;
mod separable;
mod stop;
#[cfg(test)]
mod tests;
mod warm_start;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::memory::Memory;
use self::restart::LARGEST_POPSIZE;
pub use self::restart::RestartStrategy;
use self::search::Solution;
use super::random::{self, RandomSampler};
use super::{Draw, Sampler};
use crate::context::Context;
use crate::distribution::{Distribution, ParamValue};
use crate::error::{Error, Result};
use crate::frozen_trial::Direction;
use crate::registry::{self, Configured};
use crate::search_space::SearchSpace;

/// Draws from a normal distribution that follows the good trials.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options, with Optuna's names"
)]
pub struct CmaEsSampler {
    /// Values are drawn uniformly until this many trials completed.
    pub n_startup_trials: usize,
    /// The seed of all draws; by default another one in every process.
    pub seed: u64,
    /// Count pruned trials too, with their last report.
    pub consider_pruned_trials: bool,
    /// So many trials are a generation (λ), 2 to 100,000; by default 4 + ⌊3·ln n⌋ for n
    /// parameters.
    #[schemars(range(min = 2, max = 100_000))]
    pub popsize: Option<usize>,
    /// Learn no covariances: faster where parameters don't depend on each other, and the
    /// better choice for more than 200.
    pub use_separable_cma: bool,
    /// Keep a chance for every number on a grid to change (Hamano et al. 2022).
    pub with_margin: bool,
    /// Adapt the learning rates, for noisy and multimodal objectives (Nomura et al. 2023).
    pub lr_adapt: bool,
    /// Where to begin: numbers by parameter; by default, and for parameters that are not
    /// named, in the middle of the range.
    pub x0: Option<BTreeMap<String, f64>>,
    /// The first standard deviation, the whole range of each parameter being 1; by default
    /// 1/6.
    pub sigma0: Option<f64>,
    /// Begin again where a run is over: `"ipop"` with more trials a generation (Auger and
    /// Hansen 2005), `"bipop"` in turn with more and with few (Hansen 2009). By default,
    /// the first run goes on for ever.
    pub restart_strategy: Option<RestartStrategy>,
    /// What a restart multiplies the number of trials in a generation by; at least 2.
    #[schemars(range(min = 2))]
    pub inc_popsize: usize,
    /// Begin with the distribution of the best tenth of these trials (Nomura et al. 2021),
    /// e.g. of another study; trials that lack a parameter are passed over.
    pub source_trials: Option<Vec<SourceTrial>>,
    /// Begin with the distribution of the best tenth of this study's first
    /// `n_startup_trials` trials, whichever sampler drew them.
    pub warm_start: bool,
    /// What is kept from one suggestion to the next; no option.
    #[serde(skip)]
    pub memory: Memory,
}

/// A trial to learn the first distribution from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceTrial {
    /// Its parameters, as the user sees them.
    pub params: BTreeMap<String, Value>,
    /// Its objective value, of the same direction as the study's.
    pub value: f64,
}

impl Default for CmaEsSampler {
    fn default() -> Self {
        Self {
            n_startup_trials: 1,
            seed: RandomSampler::default().seed,
            consider_pruned_trials: false,
            popsize: None,
            use_separable_cma: false,
            with_margin: false,
            lr_adapt: false,
            x0: None,
            sigma0: None,
            restart_strategy: None,
            inc_popsize: 2,
            source_trials: None,
            warm_start: false,
            memory: Memory::default(),
        }
    }
}

impl Configured for CmaEsSampler {
    const NAME: &'static str = "cmaes";
    const CLASS: &'static str = "CmaEsSampler";
    const SUMMARY: &'static str =
        "covariance matrix adaptation; for numeric parameters and many trials";

    fn objection(&self) -> Option<String> {
        let chosen = |options: &[(&'static str, bool)]| {
            let mut chosen = options.iter().filter(|(_, is_chosen)| *is_chosen);
            let (first, second) = (chosen.next()?.0, chosen.next()?.0);
            Some(format!("`{first}` and `{second}` exclude each other"))
        };
        let begins = self.x0.is_some() || self.sigma0.is_some();
        let begin = if self.x0.is_some() { "x0" } else { "sigma0" };
        let source = ("source_trials", self.source_trials.is_some());
        let warm = ("warm_start", self.warm_start);
        let separable = ("use_separable_cma", self.use_separable_cma);
        let margin = ("with_margin", self.with_margin);
        chosen(&[separable, margin, ("lr_adapt", self.lr_adapt)])
            .or_else(|| chosen(&[source, warm, (begin, begins)]))
            .or_else(|| chosen(&[separable, source]))
            .or_else(|| chosen(&[separable, warm]))
            .or_else(|| self.objection_to_numbers())
    }
}

impl Sampler for CmaEsSampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn relative_search_space(&self, context: &Context) -> SearchSpace {
        let common = context.history.intersection(false);
        let numeric = common.iter().filter(|(_, distribution)| {
            let is_choice = matches!(distribution.as_ref(), Distribution::Categorical(_));
            !is_choice && !distribution.is_single()
        });
        numeric
            .map(|(name, distribution)| (name.clone(), distribution.clone()))
            .collect()
    }

    fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
        self.check(context)?;
        if space.is_empty() {
            return Ok(Draw::new());
        }
        let direction = context.direction();
        let mut sources = self.sources(space, direction);
        if self.source_trials.is_some() && sources.next().is_none() {
            return Err(Error::NotAvailable(format!(
                "none of the `source_trials` of sampler `cmaes` has all parameters of study `{}`",
                context.study_name
            )));
        }
        let finished = context.history.finished();
        let stream = context.rng(self.seed, search::POINTS);
        let values = self
            .memory
            .with(self, finished, direction, space, |replay| {
                replay.values(stream)
            });
        let names = space.iter().map(|(name, _)| name.clone());
        Ok(names.zip(values.into_iter().flatten()).collect())
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        self.check(context)?;
        Ok(random::draw(
            &mut context.rng(self.seed, name),
            distribution,
        ))
    }
}

impl CmaEsSampler {
    fn objection_to_numbers(&self) -> Option<String> {
        let mut starts = self.x0.iter().flatten();
        let not_finite = starts.find(|(_, value)| !value.is_finite());
        match (self.popsize, self.sigma0) {
            (Some(popsize), _) if !(2..=LARGEST_POPSIZE).contains(&popsize) => Some(format!(
                "`popsize` must be from 2 to {LARGEST_POPSIZE}, but it is {popsize}"
            )),
            (_, Some(sigma)) if !(sigma > 0.0 && sigma.is_finite()) => Some(format!(
                "`sigma0` must be positive and finite, but it is {sigma}"
            )),
            _ if self.inc_popsize < 2 => Some(format!(
                "`inc_popsize` must be at least 2, but it is {}",
                self.inc_popsize
            )),
            _ if self.warm_start && self.n_startup_trials == 0 => Some(
                "`warm_start` learns from the first `n_startup_trials` trials, so there must \
                 be some"
                    .to_owned(),
            ),
            _ => not_finite
                .map(|(name, value)| format!("`x0` of `{name}` must be finite, but it is {value}")),
        }
    }

    fn check(&self, context: &Context) -> Result<()> {
        registry::check("sampler", self)?;
        match context.directions.len() {
            1 => Ok(()),
            several => Err(Error::NotAvailable(format!(
                "sampler `cmaes` can't search for {several} objectives at once, as study `{}` \
                 does; sampler `random` can",
                context.study_name
            ))),
        }
    }

    /// The standard deviation that runs begin with.
    fn first_sigma(&self) -> f64 {
        self.sigma0.unwrap_or(1.0 / 6.0).max(1e-10)
    }

    /// The source trials that have all parameters of `space`, numbered as they stand.
    fn sources(&self, space: &SearchSpace, direction: Direction) -> impl Iterator<Item = Solution> {
        let trials = self.source_trials.iter().flatten();
        let solution = move |(number, trial): (u64, &SourceTrial)| {
            let values = space.iter().map(|(name, distribution)| {
                let given = ParamValue::from_json(trial.params.get(name.as_ref())?);
                let internal = distribution.to_internal(&given)?;
                internal.is_finite().then_some(internal)
            });
            Some(Solution {
                number,
                values: values.collect::<Option<_>>()?,
                violation: 0.0,
                loss: direction.to_loss(trial.value),
            })
        };
        (0..).zip(trials).filter_map(solution)
    }
}
