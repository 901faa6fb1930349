//! Points that lie more evenly than random ones: quasi-Monte Carlo.
//!
//! Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 13 (2012),
//! section 4, compare Sobol points with random ones. Best for a first look at a space
//! without branches, with as many trials as there are workers, and as a start for others.
//!
//! The space is that of the study's first trial (by number) that completed or was pruned;
//! before one has, and for parameters that it does not have, values come from another
//! sampler. Trial `n` has point `n - 1`, whoever runs it and when: a search that is resumed
//! or runs side by side has the points of one that is not. In a study that one process runs
//! alone, these are the points that Optuna 5's `QMCSampler` takes. Different from Optuna:
//! the coordinates are those of the names in order, not in the order in which they were
//! asked for; parameters with one value only have none; and no counter is stored, so that
//! trials in which nothing is drawn leave a gap.
//!
//! - `sequence`: the points; the mathematics is in [`math`](crate::math)

mod sequence;

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::sequence::{Memory, QmcType};
use super::wrapped::{Named, WrappedSampler};
use super::{Draw, RandomSampler, Sampler, random};
use crate::context::Context;
use crate::derived::Derived;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::registry::Configured;
use crate::search_space::SearchSpace;
use crate::transform;

/// Takes one point after the other of a sequence that fills the space evenly.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QmcSampler {
    /// Which points.
    pub qmc_type: QmcType,
    /// Permute the points at random, by the seed; without, the first one is a corner, and
    /// all studies have the same.
    pub scramble: bool,
    /// The seed of the scrambling and of the independent sampler; by default another one in
    /// every process. Processes that share a study need the same.
    pub seed: u64,
    /// Who draws the first trial and what it does not have, as `{"type": "tpe",
    /// "attributes": {…}}`; null: random search.
    #[schemars(with = "Option<Named>")]
    pub independent_sampler: Option<WrappedSampler>,
    /// The points of the space that was asked for last; no option.
    #[serde(skip)]
    pub memory: Memory,
}

impl Default for QmcSampler {
    fn default() -> Self {
        Self {
            qmc_type: QmcType::default(),
            scramble: false,
            seed: RandomSampler::default().seed,
            independent_sampler: None,
            memory: Memory::default(),
        }
    }
}

impl Configured for QmcSampler {
    const NAME: &'static str = "qmc";
    const CLASS: &'static str = "QMCSampler";
    const SUMMARY: &'static str = "Sobol or Halton points, which fill a space more evenly";
}

impl Sampler for QmcSampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn relative_search_space(&self, context: &Context) -> SearchSpace {
        let first = |first: &FirstTrial| first.space.clone();
        context.history.derived(first)
    }

    fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
        let Some(index) = context.trial.number.checked_sub(1) else {
            return Ok(Draw::new());
        };
        let scramble = self.scramble.then_some(self.seed);
        let coordinates = self.memory.coordinates(space, self.qmc_type, scramble);
        let both = space.iter().zip(coordinates.iter());
        let drawn = both.map(|((name, distribution), coordinate)| {
            let (low, high) = transform::interval(distribution);
            let at = low + coordinate.at(index) * (high - low);
            let value = transform::from_coordinate(distribution, at);
            (name.clone(), value)
        });
        Ok(drawn.collect())
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        if let Some(wrapped) = &self.independent_sampler {
            let sampler = wrapped.seeded(self.seed);
            return sampler.sample_independent(context, name, distribution);
        }
        let mut rng = context.rng(self.seed, name);
        Ok(random::draw(&mut rng, distribution))
    }
}

/// The parameters of the first trial that has any and completed or was pruned, without
/// those that had one value only; with the distributions that they had last.
#[derive(Debug, Default)]
struct FirstTrial {
    number: Option<u64>,
    space: SearchSpace,
    /// Of every parameter: the last trial that has several values, and its distribution.
    latest: BTreeMap<Arc<str>, (u64, Arc<Distribution>)>,
}

impl Derived for FirstTrial {
    fn add(&mut self, trial: &FrozenTrial) {
        let counts = matches!(trial.state, TrialState::Complete | TrialState::Pruned);
        if !counts || trial.params.is_empty() {
            return;
        }
        for param in &trial.params {
            let known = self.latest.get(&param.name);
            let is_latest = known.is_none_or(|(number, _)| *number < trial.number);
            if !is_latest || param.distribution.is_single() {
                continue;
            }
            let latest = (trial.number, param.distribution.clone());
            self.latest.insert(param.name.clone(), latest);
            if self.space.get(&param.name).is_some() {
                let distribution = param.distribution.clone();
                self.space.insert(param.name.clone(), distribution);
            }
        }
        if self.number.is_none_or(|number| trial.number < number) {
            self.number = Some(trial.number);
            let first = SearchSpace::from(trial).without_single();
            let latest = first.iter().filter_map(|(name, _)| {
                let (_, distribution) = self.latest.get(name)?;
                Some((name.clone(), distribution.clone()))
            });
            self.space = latest.collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use crate::frozen_trial::Direction;
    use crate::optimize::Optimize;
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    fn study(options: &Value) -> Study {
        Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(crate::sampler::build("QMCSampler", options).unwrap())
    }

    fn objective(trial: &mut Trial) -> std::result::Result<f64, Stop> {
        let x = trial.suggest_float("x", 0.0..=1.0)?;
        let y = trial.suggest_float("y", 0.0..=1.0)?;
        trial.suggest_categorical("kind", &["a", "b", "c", "d"])?;
        Ok(x + y)
    }

    /// By number: what trials have, except for the first.
    fn points(study: &Study) -> Vec<Vec<f64>> {
        let trials = study.trials().unwrap();
        let points = trials.iter().skip(1);
        points
            .map(|trial| trial.params.iter().map(|param| param.value).collect())
            .collect()
    }

    /// The first points of both sequences, of which SciPy's are the same: the names in
    /// order are `kind`, `x`, `y`.
    #[test]
    fn the_points_are_those_of_the_sequence() {
        let sobol = [[0.0, 0.0, 0.0], [2.0, 0.5, 0.5], [3.0, 0.25, 0.25]];
        let third = 1.0 / 3.0;
        let halton = [[0.0, 0.0, 0.0], [2.0, third, 0.2], [1.0, 2.0 / 3.0, 0.4]];
        for (qmc_type, expected) in [("sobol", sobol), ("halton", halton)] {
            let study = study(&json!({"qmc_type": qmc_type, "seed": 1}));
            study.optimize(&Optimize::trials(4), objective).unwrap();
            assert_eq!(points(&study), expected, "{qmc_type}");
        }
    }

    #[test]
    fn a_power_of_two_of_scrambled_points_fills_all_cells() {
        for seed in 0..10 {
            let study = study(&json!({"scramble": true, "seed": seed}));
            study.optimize(&Optimize::trials(65), objective).unwrap();
            let points = points(&study);
            let cells: BTreeSet<(u64, u64)> = points
                .iter()
                .map(|point| ((point[1] * 8.0) as u64, (point[2] * 8.0) as u64))
                .collect();
            assert!(cells.len() >= 32, "{} cells of 64", cells.len());
            for (at, n_cells) in [(0, 4.0), (1, 64.0), (2, 64.0)] {
                let scale = if at == 0 { 1.0 } else { n_cells };
                let mut found: Vec<u64> = points
                    .iter()
                    .map(|point| (point[at] * scale) as u64)
                    .collect();
                found.sort_unstable();
                let each = 64 / n_cells as u64;
                let expected: Vec<u64> = (0..64).map(|place| place / each).collect();
                assert_eq!(found, expected, "coordinate {at}");
            }
        }
    }

    #[test]
    fn studies_that_run_side_by_side_have_the_same_points() {
        for options in [
            json!({"seed": 5, "scramble": true}),
            json!({"seed": 5, "scramble": true, "qmc_type": "halton"}),
        ] {
            let (alone, together) = (study(&options), study(&options));
            alone.optimize(&Optimize::trials(30), objective).unwrap();
            together.optimize(&Optimize::trials(1), objective).unwrap();
            let jobs = Optimize {
                n_jobs: 4,
                ..Optimize::trials(29)
            };
            together.optimize(&jobs, objective).unwrap();
            assert_eq!(points(&alone), points(&together));
            // As a process that goes on would: another sampler with the same options.
            let resumed = alone.with_sampler(crate::sampler::build("qmc", &options).unwrap());
            resumed.optimize(&Optimize::trials(1), objective).unwrap();
            together.optimize(&Optimize::trials(1), objective).unwrap();
            assert_eq!(points(&resumed), points(&together));
        }
    }

    #[test]
    fn what_the_first_trial_does_not_have_is_drawn_by_the_other_sampler() {
        let grid = json!({"type": "grid", "attributes": {"search_space": {
            "x": [0.75], "y": [0.5], "kind": ["d"], "z": [7],
        }}});
        let study = study(&json!({"independent_sampler": grid}));
        for _ in 0..3 {
            let mut trial = study.ask().unwrap();
            let sum = objective(&mut trial).unwrap();
            if trial.number() == 0 {
                assert_eq!(sum, 1.25);
            } else {
                assert_eq!(trial.suggest_int("z", 0..=9).unwrap(), 7);
            }
            study.tell(&mut trial, &[sum]).unwrap();
        }
        assert_eq!(points(&study)[1][1], 0.5);
    }

    #[test]
    fn a_thousand_and_more_parameters_have_values() {
        for qmc_type in ["sobol", "halton"] {
            let scramble = qmc_type == "sobol";
            let study = study(&json!({"qmc_type": qmc_type, "scramble": scramble}));
            for _ in 0..3 {
                let mut trial = study.ask().unwrap();
                for at in 0..1200 {
                    let x = trial.suggest_float(&format!("x{at}"), 0.0..=1.0).unwrap();
                    assert!((0.0..=1.0).contains(&x));
                }
                study.tell(&mut trial, &[0.0]).unwrap();
            }
        }
    }
}
