//! Uniform draws, or draws from a prior: the baseline, and what every other sampler falls back
//! on.
//!
//! Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13 (2012).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Sampler;
use crate::context::Context;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::math::random::{Rng, fresh_seed};
use crate::registry::Configured;
use crate::transform;

/// Draws every parameter by itself: uniformly, or from its prior.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RandomSampler {
    /// The seed of all draws; by default another one in every process.
    pub seed: u64,
}

impl Default for RandomSampler {
    fn default() -> Self {
        Self { seed: fresh_seed() }
    }
}

impl Configured for RandomSampler {
    const NAME: &'static str = "random";
    const CLASS: &'static str = "RandomSampler";
    const SUMMARY: &'static str = "uniform draws, each parameter by itself";
}

impl Sampler for RandomSampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn takes_priors(&self) -> bool {
        true
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        Ok(draw_by_prior(context, self.seed, name, distribution))
    }
}

/// A draw from the prior of a parameter; a uniform one if it has none.
pub(crate) fn draw_by_prior(
    context: &Context,
    seed: u64,
    name: &str,
    distribution: &Distribution,
) -> f64 {
    let mut rng = context.rng(seed, name);
    match context.prior(name, distribution) {
        Some(prior) => prior.draw(&mut rng, distribution),
        None => draw(&mut rng, distribution),
    }
}

/// An internal value uniform in the coordinate of `distribution`.
pub(crate) fn draw(rng: &mut Rng, distribution: &Distribution) -> f64 {
    let (low, high) = transform::interval(distribution);
    transform::from_coordinate(distribution, low + rng.uniform() * (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::FloatDistribution;

    #[test]
    fn log_draws_are_uniform_in_the_logarithm() {
        let log = Distribution::Float(FloatDistribution::new(1e-4, 1.0, true, None).unwrap());
        let mut rng = Rng::keyed(0, 0, "lr");
        let below = (0..10_000).filter(|_| draw(&mut rng, &log) < 1e-2).count();
        assert!(
            (4_800..5_200).contains(&below),
            "{below} of 10,000 in the lower half"
        );
    }
}
