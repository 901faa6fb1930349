//! A Gaussian process over the whole space: the loss at a point is guessed from the losses
//! of points that are alike, and the next trial is where most improvement is expected.
//!
//! Jones, Schonlau and Welch, "Efficient Global Optimization of Expensive Black-Box
//! Functions", J. Global Optimization 13 (1998). Numbers, choices and parameters that are not
//! always there are in one model, so that what branches share is learnt in all of them.
//!
//! - `shape`: which parameters there are, and when · `cube`: trials as points
//! - `data`, `target`: what is modelled
//! - `covariance`, `likelihood`, `fitted`, `process`, `model`: the processes
//! - `allowed`: what constraints leave
//! - `improvement`, and of several objectives `hypervolume_improvement`, `boxes`: what a point
//!   is worth, and with priors `belief` · `moves`, `proposal`: the next point
//! - `bend`, `view`: what the processes expect, in the objective's words
//!
//! The first trial is the middle of the space, with the first choices; then come Sobol
//! points; of a parameter with a prior, the prior's mode, and Sobol points spread by it. What no
//! trial had before is drawn at random, or by another sampler. Trials that run count as if they
//! had the mean that is expected of them, so that others are not drawn where they are
//! (Ginsbourger et al., "Kriging Is Well-Suited to Parallelize Optimization", 2010, the
//! "believer").

mod allowed;
mod belief;
mod bend;
mod boxes;
mod covariance;
mod cube;
mod data;
mod fitted;
mod hypervolume_improvement;
mod improvement;
mod likelihood;
mod model;
mod moves;
mod process;
mod proposal;
mod shape;
mod target;
pub(crate) mod view;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::belief::Belief;
use self::cube::Cube;
use self::data::Data;
use self::likelihood::Noise;
use self::model::Model;
use self::moves::Moves;
use self::shape::Shape;
use super::qmc::{self, QmcType};
use super::wrapped::{Named, WrappedSampler};
use super::{Draw, RandomSampler, Sampler, random};
use crate::context::Context;
use crate::derived::Derived;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::registry::Configured;
use crate::search_space::SearchSpace;
use crate::transform;

/// Tries the point where most improvement is expected.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GpSampler {
    /// The seed of all draws; by default another one in every process.
    pub seed: u64,
    /// How many trials come before the model; null: two more than there are parameters
    /// that are always there, three more with branches, at most 10 and at most a quarter of
    /// the budget, but 4 at least.
    pub n_startup_trials: Option<u64>,
    /// The objective has no noise: equal points have equal values, the model goes through all
    /// of them, and the best is the best that was seen. By default, noise is told from the
    /// data.
    pub deterministic_objective: bool,
    /// Who draws the first trial, and parameters that no trial had before, as `{"type": "tpe",
    /// "attributes": {…}}`; null: the first trial is the middle of the space, the others are
    /// drawn at random.
    #[schemars(with = "Option<Named>")]
    pub independent_sampler: Option<WrappedSampler>,
    /// Warn of each parameter that is drawn without the model when there could be one: the
    /// first trial that has it, or a range that shrank.
    pub warn_independent_sampling: bool,
    /// The Sobol points of the space that was asked for last; no option.
    #[serde(skip)]
    pub memory: qmc::Memory,
}

impl Default for GpSampler {
    fn default() -> Self {
        Self {
            seed: RandomSampler::default().seed,
            n_startup_trials: None,
            deterministic_objective: false,
            independent_sampler: None,
            warn_independent_sampling: false,
            memory: qmc::Memory::default(),
        }
    }
}

impl Configured for GpSampler {
    const NAME: &'static str = "gp";
    const CLASS: &'static str = "GPSampler";
    const SUMMARY: &'static str = "a Gaussian process: most learnt from few, costly trials";
}

impl Sampler for GpSampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn takes_priors(&self) -> bool {
        true
    }

    fn relative_search_space(&self, context: &Context) -> SearchSpace {
        whole_space(context)
    }

    fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
        if space.is_empty() {
            return Ok(Draw::new());
        }
        let cube = with_shape(context, Cube::new);
        let data = Data::new(context, &cube);
        let n_first = self.n_first(&cube, context.budget);
        let is_early = context.trial.number < n_first || data.n_finite() < 3;
        let model = if is_early {
            None
        } else {
            Model::new(context, &cube, data, self.noise())
        };
        let moves = Moves {
            cube: &cube,
            rng: context.rng(self.seed, "candidates"),
        };
        let proposed =
            model.and_then(|model| model.propose(context, moves, &pending(context, &cube)));
        let point = proposed.unwrap_or_else(|| self.spread(context, &cube));
        let mut values = cube.values(&point);
        values.retain(|(name, _)| space.get(name).is_some());
        Ok(values)
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        if self.warn_independent_sampling && self.is_after_start_up(context) {
            context.warn(format!(
                "parameter `{name}` is drawn independently, without the model"
            ));
        }
        if let Some(wrapped) = &self.independent_sampler {
            let sampler = wrapped.seeded(self.seed);
            return sampler.sample_independent(context, name, distribution);
        }
        if context.trial.number == 0 && context.attempt == 0 {
            return Ok(match context.prior(name, distribution) {
                Some(prior) => transform::from_coordinate(distribution, prior.mode()),
                None => middle(distribution),
            });
        }
        Ok(random::draw_by_prior(
            context,
            self.seed,
            name,
            distribution,
        ))
    }
}

impl GpSampler {
    /// How many trials come before the model.
    fn n_first(&self, cube: &Cube, budget: Option<u64>) -> u64 {
        let by_space = || {
            let n_branches = if cube.conditional().is_empty() { 0 } else { 3 };
            let enough = (cube.n_unconditional() + n_branches + 2).min(10) as u64;
            budget
                .map_or(enough, |budget| enough.min(budget / 4))
                .max(4)
        };
        self.n_startup_trials.unwrap_or_else(by_space)
    }

    fn is_after_start_up(&self, context: &Context) -> bool {
        let cube = with_shape(context, Cube::new);
        context.trial.number >= self.n_first(&cube, context.budget)
    }

    fn noise(&self) -> Noise {
        if self.deterministic_objective {
            Noise::Least
        } else {
            Noise::Fitted
        }
    }

    /// The Sobol point of this trial; one at random, if that could not be taken.
    fn spread(&self, context: &Context, cube: &Cube) -> Vec<f64> {
        let space = whole_space(context);
        let coordinates = self
            .memory
            .coordinates(&space, QmcType::Sobol, Some(self.seed));
        let mut rng = context.rng(self.seed, "spread");
        let belief = Belief::of(context, cube);
        let mut point: Vec<f64> = cube
            .axes
            .iter()
            .enumerate()
            .map(|(at, axis)| {
                let share = match coordinates.get(at) {
                    Some(coordinate) if context.attempt == 0 => coordinate.at(context.trial.number),
                    _ => rng.uniform(),
                };
                let believed = belief.as_ref().and_then(|it| it.at_share(at, share));
                believed.unwrap_or_else(|| axis.at_share(share))
            })
            .collect();
        cube.snap(&mut point);
        point
    }
}

/// The parameters of all trials.
fn whole_space(context: &Context) -> SearchSpace {
    with_shape(context, |shape| {
        let parameters = shape.parameters();
        parameters
            .map(|(name, distribution)| (name.clone(), distribution.clone()))
            .collect()
    })
}

/// Shows `read` the parameters that the study's trials have; of those that run, if none has
/// finished.
fn with_shape<T>(context: &Context, read: impl FnOnce(&Shape) -> T) -> T {
    if context.history.finished().is_empty() {
        let mut shape = Shape::default();
        for trial in context.history.running() {
            shape.add(trial);
        }
        return read(&shape);
    }
    context.history.derived(read)
}

/// The points of other trials that run, by number.
fn pending(context: &Context, cube: &Cube) -> Vec<Vec<f64>> {
    let others = context
        .history
        .running()
        .filter(|trial| trial.number != context.trial.number && !trial.params.is_empty());
    others.map(|trial| cube.point(trial)).collect()
}

/// The middle of a range, on its scale; the first choice.
fn middle(distribution: &Distribution) -> f64 {
    if matches!(distribution, Distribution::Categorical(_)) {
        return 0.0;
    }
    let (low, high) = transform::interval(distribution);
    transform::from_coordinate(distribution, 0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::frozen_trial::Direction;
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    fn study_with(options: &Value) -> Study {
        Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(crate::sampler::build("GPSampler", options).unwrap())
    }

    fn study(directions: &[Direction]) -> Study {
        let sampler = GpSampler {
            seed: 1,
            ..GpSampler::default()
        };
        Study::in_memory("s", directions)
            .unwrap()
            .with_sampler(Arc::new(sampler))
    }

    fn drawn(trial: &mut Trial) -> (i64, i64) {
        let a = trial.suggest_int("a", 0..=9).unwrap();
        (a, trial.suggest_int("b", 0..=9).unwrap())
    }

    #[test]
    fn the_first_trial_is_the_middle_with_the_first_choice() {
        let study = study(&[Direction::Minimize]);
        let mut trial = study.ask().unwrap();
        let lr = trial.suggest_float_log("lr", 1e-4..=1.0).unwrap();
        assert!((lr - 1e-2).abs() < 1e-12, "{lr}");
        let kind = trial.suggest_categorical("kind", &["x", "y", "z"]).unwrap();
        assert_eq!(*kind, "x");
    }

    #[test]
    fn nothing_is_tried_twice_be_it_told_or_running() {
        let study = study(&[Direction::Minimize]);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..10 {
            let mut trial = study.ask().unwrap();
            let (a, b) = drawn(&mut trial);
            seen.insert((a, b));
            let loss = ((a - 7) * (a - 7) + (b - 2) * (b - 2)) as f64;
            study.tell(&mut trial, &[loss]).unwrap();
        }
        let n_told = seen.len();
        let mut running: Vec<Trial> = Vec::new();
        for _ in 0..8 {
            let mut trial = study.ask().unwrap();
            seen.insert(drawn(&mut trial));
            running.push(trial);
        }
        assert_eq!(seen.len(), n_told + 8);
    }

    #[test]
    fn where_trials_crash_is_avoided() {
        let study = study(&[Direction::Minimize]);
        let mut crashed_late = 0;
        for number in 0..40 {
            let mut trial = study.ask().unwrap();
            let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
            let y = trial.suggest_float("y", 0.0..=1.0).unwrap();
            // The best values are beside a third of the space in which trials crash.
            let result = if x > 0.66 {
                Err(Stop::failed("crashed"))
            } else {
                Ok(vec![(x - 0.6).powi(2) + (y - 0.3).powi(2)])
            };
            crashed_late += u64::from(number >= 20 && x > 0.66);
            study.tell_result(&mut trial, result).unwrap();
        }
        assert!(crashed_late <= 4, "{crashed_late} of 20");
        let best = study.best_trial().unwrap().values[0];
        assert!(best < 1e-3, "{best}");
    }

    #[test]
    fn a_range_that_grows_is_searched() {
        let study = study(&[Direction::Minimize]);
        for number in 0..30 {
            let mut trial = study.ask().unwrap();
            let end = if number < 10 { 1.0 } else { 3.0 };
            let x = trial.suggest_float("x", 0.0..=end).unwrap();
            study.tell(&mut trial, &[(x - 2.3).powi(2)]).unwrap();
        }
        let best = study.best_trial().unwrap().values[0];
        assert!(best < 1e-4, "{best}");
    }

    #[test]
    fn fronts_of_two_objectives_are_reached() {
        let study = study(&[Direction::Minimize, Direction::Maximize]);
        for _ in 0..30 {
            let mut trial = study.ask().unwrap();
            let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
            let rest = trial.suggest_float("rest", 0.0..=1.0).unwrap();
            study.tell(&mut trial, &[x + rest, x * x - rest]).unwrap();
        }
        let on_front = study.trials().unwrap();
        let n = on_front
            .iter()
            .filter(|trial| {
                trial
                    .params
                    .get("rest")
                    .is_some_and(|rest| rest.value < 0.02)
            })
            .count();
        assert!(n >= 15, "{n} of 30");
    }

    /// By trial that fitted them: the logarithms of the noise's variance.
    fn noises(study: &Study) -> Vec<f64> {
        let trials = study.trials().unwrap();
        let fitted = trials.iter().filter_map(|trial| {
            let fitted: Value = trial.system_attrs.get(fitted::KEY)?.parse()?;
            fitted["theta"][0].as_array()?.last()?.as_f64()
        });
        fitted.collect()
    }

    #[test]
    fn an_objective_without_noise_is_followed_to_its_end() {
        let study = study_with(&json!({"seed": 1, "deterministic_objective": true}));
        for _ in 0..30 {
            let mut trial = study.ask().unwrap();
            let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
            study.tell(&mut trial, &[(x - 0.83).powi(2)]).unwrap();
        }
        let best = study.best_trial().unwrap().values[0];
        assert!(best < 1e-4, "{best}");
        let noises = noises(&study);
        assert!(noises.len() > 3, "{noises:?}");
        assert!(noises.iter().all(|noise| *noise == likelihood::LEAST_NOISE));
    }

    #[test]
    fn equal_points_with_different_values_end_no_search() {
        for deterministic in [false, true] {
            let options = json!({"seed": 2, "deterministic_objective": deterministic});
            let study = study_with(&options);
            for number in 0..40 {
                let mut trial = study.ask().unwrap();
                let kind = *trial.suggest_categorical("kind", &[0.0, 1.0]).unwrap();
                let n = trial.suggest_int("n", 0..=1).unwrap();
                let value = kind + n as f64 + f64::from(number % 5);
                study.tell(&mut trial, &[value]).unwrap();
            }
            let is_least = |noise: &f64| *noise == likelihood::LEAST_NOISE;
            let noises = noises(&study);
            assert!(!noises.is_empty());
            assert_eq!(noises.iter().all(is_least), deterministic, "{noises:?}");
        }
    }

    #[test]
    fn what_no_trial_had_before_is_drawn_by_the_other_sampler() {
        let grid = json!({"type": "grid", "attributes": {"search_space": {
            "x": [0.75], "z": [7],
        }}});
        let study = study_with(&json!({"seed": 3, "independent_sampler": grid}));
        let mut seen = Vec::new();
        for number in 0..8 {
            let mut trial = study.ask().unwrap();
            let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
            seen.push(x);
            if number == 6 {
                assert_eq!(trial.suggest_int("z", 0..=9).unwrap(), 7);
            }
            study.tell(&mut trial, &[x]).unwrap();
        }
        assert_eq!(seen[0], 0.75);
        assert!(seen[1..].iter().all(|x| *x != 0.75), "{seen:?}");
    }

    #[test]
    fn what_is_drawn_without_the_model_is_warned_of_if_that_is_wanted() {
        for wanted in [false, true] {
            let options = json!({
                "seed": 4, "n_startup_trials": 4, "warn_independent_sampling": wanted,
            });
            let study = study_with(&options);
            for number in 0..8 {
                let mut trial = study.ask().unwrap();
                let mut value = trial.suggest_float("x", 0.0..=1.0).unwrap();
                if number >= 6 {
                    value += trial.suggest_float("y", 0.0..=1.0).unwrap();
                }
                study.tell(&mut trial, &[value]).unwrap();
                let mut expected = Vec::new();
                if wanted && number == 6 {
                    expected.push("parameter `y` is drawn independently, without the model");
                }
                assert_eq!(trial.warnings(), expected, "trial {number}");
            }
        }
    }
}
