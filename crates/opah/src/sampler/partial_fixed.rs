//! Some parameters fixed, the rest by another sampler.
//!
//! Best for going on with a study once the best value of a parameter is known: what was
//! learned of the others is kept.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wrapped::{Named, WrappedSampler};
use super::{Draw, RandomSampler, Sampler, TpeSampler};
use crate::context::Context;
use crate::distribution::{Distribution, ParamValue};
use crate::error::{Error, Result};
use crate::history::History;
use crate::registry::Configured;
use crate::search_space::SearchSpace;

/// Gives some parameters always the same value and asks another sampler for the rest.
///
/// An enqueued value goes before a fixed one. A fixed value that is not in its parameter's
/// domain is an error (in Optuna, a warning).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PartialFixedSampler {
    /// The values by parameter, as in `{"layers": 2, "kind": "cnn"}`.
    pub fixed_params: BTreeMap<String, Value>,
    /// Who draws the rest, as `{"type": "tpe", "attributes": {…}}`.
    #[schemars(with = "Named")]
    pub base_sampler: WrappedSampler,
    /// The seed of the base sampler, if its own attributes have none; by default another one
    /// in every process.
    pub seed: u64,
}

impl Default for PartialFixedSampler {
    fn default() -> Self {
        Self {
            fixed_params: BTreeMap::new(),
            base_sampler: WrappedSampler::of_defaults::<TpeSampler>(),
            seed: RandomSampler::default().seed,
        }
    }
}

impl Configured for PartialFixedSampler {
    const NAME: &'static str = "partial_fixed";
    const CLASS: &'static str = "PartialFixedSampler";
    const SUMMARY: &'static str = "some parameters fixed, the rest by another sampler";
}

impl Sampler for PartialFixedSampler {
    fn seed(&self) -> u64 {
        self.base().seed()
    }

    fn takes_priors(&self) -> bool {
        self.base().takes_priors()
    }

    fn relative_search_space(&self, context: &Context) -> SearchSpace {
        let space = self.base().relative_search_space(context);
        let is_open = |name: &str| !self.fixed_params.contains_key(name);
        let open = space.iter().filter(|(name, _)| is_open(name));
        open.map(|(name, distribution)| (name.clone(), distribution.clone()))
            .collect()
    }

    fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
        self.base().sample_relative(context, space)
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        let Some(fixed) = self.fixed_params.get(name) else {
            return self.base().sample_independent(context, name, distribution);
        };
        let internal = distribution.to_internal(&ParamValue::from_json(fixed));
        internal
            .filter(|internal| distribution.contains(*internal))
            .ok_or_else(|| Error::OutOfDomain {
                name: name.to_owned(),
                value: fixed.to_string(),
                distribution: distribution.to_string(),
            })
    }

    fn draws_anew(&self) -> bool {
        self.base().draws_anew()
    }

    fn is_exhausted(&self, history: &dyn Fn() -> Result<History>) -> Result<bool> {
        self.base().is_exhausted(history)
    }
}

impl PartialFixedSampler {
    fn base(&self) -> &dyn Sampler {
        self.base_sampler.seeded(self.seed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::frozen_trial::Direction;
    use crate::optimize::Optimize;
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    fn objective(trial: &mut Trial) -> std::result::Result<f64, Stop> {
        let x = trial.suggest_float("x", -5.0..=5.0)?;
        let n = trial.suggest_int("n", 0..=9)?;
        let kind = *trial.suggest_categorical("kind", &["a", "b"])?;
        Ok(x * x + n as f64 + f64::from(u8::from(kind == "b")))
    }

    fn run(sampler: &str, options: &Value, n_trials: usize) -> Study {
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(crate::sampler::build(sampler, options).unwrap());
        study
            .optimize(&Optimize::trials(n_trials), objective)
            .unwrap();
        study
    }

    fn column(study: &Study, name: &str) -> Vec<f64> {
        let trials = study.trials().unwrap();
        let params = trials.iter().filter_map(|trial| trial.params.get(name));
        params.map(|param| param.value).collect()
    }

    #[test]
    fn what_is_fixed_is_not_drawn_and_the_rest_is() {
        let fixed = json!({"n": 4, "kind": "b", "unused": null});
        let options = json!({"fixed_params": fixed, "seed": 2});
        let study = run("PartialFixedSampler", &options, 30);
        assert_eq!(column(&study, "n"), [4.0; 30]);
        assert_eq!(column(&study, "kind"), [1.0; 30]);
        let mut x = column(&study, "x");
        x.sort_by(f64::total_cmp);
        x.dedup();
        assert_eq!(x.len(), 30);
    }

    #[test]
    fn samplers_that_model_all_parameters_leave_the_fixed_ones_alone() {
        for base in ["gp", "auto", "tpe"] {
            let options = json!({
                "fixed_params": {"n": 4, "kind": "b"},
                "base_sampler": {"type": base},
                "seed": 2,
            });
            let study = run("partial_fixed", &options, 20);
            assert_eq!(column(&study, "n"), [4.0; 20], "{base}");
            assert_eq!(column(&study, "kind"), [1.0; 20], "{base}");
        }
    }

    #[test]
    fn with_nothing_fixed_it_is_the_other_sampler() {
        for base in ["random", "tpe", "qmc", "gp", "auto"] {
            let wrapped = json!({"base_sampler": {"type": base}, "seed": 3});
            let (inside, alone) = (
                run("partial_fixed", &wrapped, 25),
                run(base, &json!({"seed": 3}), 25),
            );
            for name in ["x", "n", "kind"] {
                assert_eq!(column(&inside, name), column(&alone, name), "{base}");
            }
        }
    }

    #[test]
    fn parameters_that_are_drawn_one_by_one_do_not_notice() {
        let fixed =
            json!({"fixed_params": {"n": 0}, "base_sampler": {"type": "random"}, "seed": 4});
        let (inside, alone) = (
            run("partial_fixed", &fixed, 10),
            run("random", &json!({"seed": 4}), 10),
        );
        assert_eq!(column(&inside, "x"), column(&alone, "x"));
    }

    #[test]
    fn it_ends_when_the_other_sampler_does() {
        let base = json!({"type": "grid", "attributes": {"search_space": {"x": [1, 2, 3]}}});
        let options = json!({"fixed_params": {"n": 0, "kind": "a"}, "base_sampler": base});
        let study = run("partial_fixed", &options, 100);
        let mut x = column(&study, "x");
        x.sort_by(f64::total_cmp);
        assert_eq!(x, [1.0, 2.0, 3.0]);
    }

    #[test]
    fn values_outside_their_domain_are_told() {
        for (value, said) in [
            (json!(10), "parameter `n`: 10 is not in int(0, 9)"),
            (json!("ten"), "parameter `n`: \"ten\" is not in int(0, 9)"),
            (json!(0.5), "parameter `n`: 0.5 is not in int(0, 9)"),
        ] {
            let options = json!({"fixed_params": {"n": value}});
            let study = run("partial_fixed", &options, 0);
            let mut trial = study.ask().unwrap();
            let error = trial.suggest_int("n", 0..=9).unwrap_err();
            assert_eq!(error.to_string(), said);
        }
    }
}
