//! Every run of a program whose choices are finite, discovered as it runs.
//!
//! No space is given: a parameter may be asked for only where another one has a certain
//! value, and its range may depend on others. Each run adds its values to the tree of what
//! is known, and the next goes where something is left; the search ends when nothing is.
//! Best for up to some thousands of runs that are all wanted.
//!
//! The rule by which a value is drawn is that of Optuna 5's `BruteForceSampler`. Different
//! from Optuna: the program may fail before it has asked for all its values, or give other
//! ranges than before (what no longer fits is ignored, where Optuna ends with an error),
//! and a run that is under way counts as the end of a branch only if another one ended with
//! the same parameters.
//!
//! - `tree`: what is known, and the rule
//! - `lattice`: the values of a distribution, counted

mod lattice;
mod tree;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::tree::{Explored, Run, Tree};
use super::{RandomSampler, Sampler};
use crate::context::Context;
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::history::History;
use crate::registry::Configured;

/// Tries all values of all parameters, whatever parameters there turn out to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BruteForceSampler {
    /// The seed of all draws; by default another one in every process.
    pub seed: u64,
    /// Count a run only when it has ended, so that the search doesn't end while one is
    /// under way that might get lost; parallel runs may then be the same.
    pub avoid_premature_stop: bool,
}

impl Default for BruteForceSampler {
    fn default() -> Self {
        Self {
            seed: RandomSampler::default().seed,
            avoid_premature_stop: false,
        }
    }
}

impl Configured for BruteForceSampler {
    const NAME: &'static str = "brute_force";
    const CLASS: &'static str = "BruteForceSampler";
    const SUMMARY: &'static str = "every point of a discrete space, discovered as it runs";
}

impl Sampler for BruteForceSampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        if lattice::n_values(distribution).is_none() {
            return Err(Error::NotAvailable(format!(
                "sampler `brute_force` tries every value of a parameter, but `{name}` is \
                 {distribution}; give it a step"
            )));
        }
        let number = Some(context.trial.number);
        let place = self.with_tree(context.history, number, |mut tree| {
            let params = context.trial.params.iter();
            let given = params.filter_map(|param| tree.tables.step(param));
            let given: Vec<(usize, u64)> = given.collect();
            let asked = (Arc::from(name), Arc::new(distribution.clone()));
            let asked = tree.tables.parameter(&asked.0, &asked.1);
            tree.draw(&mut context.rng(self.seed, name), &given, asked)
        });
        Ok(lattice::value(distribution, place))
    }

    fn draws_anew(&self) -> bool {
        false
    }

    fn is_exhausted(&self, history: &dyn Fn() -> Result<History>) -> Result<bool> {
        Ok(self.with_tree(&history()?, None, |tree| tree.is_explored()))
    }
}

impl BruteForceSampler {
    /// Hands `look` the tree of all trials but the one of the number `asking`.
    fn with_tree<T>(
        &self,
        history: &History,
        asking: Option<u64>,
        look: impl FnOnce(Tree) -> T,
    ) -> T {
        let others = history.running();
        let others = others.filter(|trial| Some(trial.number) != asking);
        history.derived(|explored: &Explored| {
            let mut tables = explored.tables.clone();
            let running: Vec<Run> = others.filter_map(|trial| tables.run(trial)).collect();
            look(Tree {
                tables,
                runs: explored.runs.iter().chain(&running).collect(),
                counts_running: self.avoid_premature_stop,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::frozen_trial::{Direction, TrialState};
    use crate::optimize::{OnFailure, Optimize};
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    fn study(seed: u64) -> Study {
        let options = json!({"seed": seed});
        Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(crate::sampler::build("BruteForceSampler", &options).unwrap())
    }

    /// Eleven leaves; the range of `b` depends on `a`, and nothing is asked in the order
    /// of the names.
    fn objective(trial: &mut Trial) -> std::result::Result<f64, Stop> {
        if *trial.suggest_categorical("kind", &["float", "int"])? == "float" {
            return Ok(trial.suggest_float_step("x", 1.0..=3.0, 0.5)?);
        }
        let a = trial.suggest_int("a", 1..=3)?;
        let b = trial.suggest_int("b", a..=3)?;
        Ok((a * 10 + b) as f64)
    }

    fn values(study: &Study) -> Vec<f64> {
        let trials = study.trials().unwrap();
        let mut values: Vec<f64> = trials.iter().filter_map(|trial| trial.value()).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    const ALL: [f64; 11] = [1.0, 1.5, 2.0, 2.5, 3.0, 11.0, 12.0, 13.0, 22.0, 23.0, 33.0];

    #[test]
    fn every_run_is_made_once_and_then_the_search_ends() {
        for seed in 0..20 {
            let study = study(seed);
            study.optimize(&Optimize::default(), objective).unwrap();
            assert_eq!(values(&study), ALL, "seed {seed}");
            study.optimize(&Optimize::default(), objective).unwrap();
            assert_eq!(study.trials().unwrap().len(), ALL.len());
        }
    }

    #[test]
    fn failures_and_prunings_are_runs_too() {
        for seed in 0..20 {
            let study = study(seed);
            let options = Optimize {
                on_failure: OnFailure::Continue,
                ..Optimize::default()
            };
            let fails = |trial: &mut Trial| match trial.number() % 3 {
                0 => Err(Stop::failed("before anything was asked")),
                1 => objective(trial).and(Err(Stop::Pruned)),
                _ => objective(trial),
            };
            study.optimize(&options, fails).unwrap();
            let n_ended = study.count(&[TrialState::Complete, TrialState::Pruned]);
            assert_eq!(n_ended.unwrap(), ALL.len(), "seed {seed}");
        }
    }

    #[test]
    fn threads_leave_nothing_out() {
        for avoid_premature_stop in [false, true] {
            let options = json!({"seed": 1, "avoid_premature_stop": avoid_premature_stop});
            let study =
                study(1).with_sampler(crate::sampler::build("bruteforce", &options).unwrap());
            let options = Optimize {
                n_jobs: 4,
                ..Optimize::default()
            };
            study.optimize(&options, objective).unwrap();
            let mut values = values(&study);
            values.dedup();
            assert_eq!(values, ALL);
        }
    }

    #[test]
    fn a_space_without_an_end_is_told() {
        let study = study(0);
        let mut trial = study.ask().unwrap();
        let error = trial.suggest_float("x", 0.0..=1.0).unwrap_err();
        let expected = "sampler `brute_force` tries every value of a parameter, but `x` is \
                        float(0.0, 1.0); give it a step";
        assert_eq!(error.to_string(), expected);
        // A long list is not gone through, and a program that changes its mind is no end.
        let mut trial = study.ask().unwrap();
        trial.suggest_int("n", 0..=i64::MAX / 2).unwrap();
        trial.suggest_float_step("y", 0.0..=1e300, 1e-5).unwrap();
        study.tell(&mut trial, &[0.0]).unwrap();
        let mut trial = study.ask().unwrap();
        trial.suggest_int("n", 0..=1).unwrap();
        assert!(!study.is_exhausted().unwrap());
    }
}
