//! A suggestion is a function of the seed, the trial's number and the history.

mod crashes;

use serde_json::json;

use super::*;
use crate::context::Saved;
use crate::distribution::{CategoricalDistribution, Choice, FloatDistribution, IntDistribution};
use crate::frozen_trial::{Direction, FrozenTrial, Param, TrialState};
use crate::history::History;
use crate::json::Json;
use crate::sampler::tpe::parzen::{Observation, Parzen, Weighting};
use crate::study::{Stop, Study};
use crate::trial::Trial;

fn sampler(options: &serde_json::Value) -> TpeSampler {
    serde_json::from_value(options.clone()).unwrap()
}

fn float(low: f64, high: f64, log: bool, step: Option<f64>) -> Arc<Distribution> {
    let distribution = FloatDistribution::new(low, high, log, step).unwrap();
    Arc::new(Distribution::Float(distribution))
}

fn int(low: i64, high: i64) -> Arc<Distribution> {
    let distribution = IntDistribution::new(low, high, false, 1).unwrap();
    Arc::new(Distribution::Int(distribution))
}

fn choices(n: i64) -> Arc<Distribution> {
    let distribution = CategoricalDistribution::new((0..n).map(Choice::Int).collect()).unwrap();
    Arc::new(Distribution::Categorical(distribution))
}

pub(super) fn mixed_space() -> SearchSpace {
    [
        ("a", float(-1.0, 2.0, false, None)),
        ("b", float(1e-4, 1.0, true, None)),
        ("c", float(0.0, 2.0, false, Some(0.25))),
        ("d", int(1, 5)),
        ("e", int(0, 10_000)),
        ("f", choices(3)),
    ]
    .into_iter()
    .map(|(name, distribution)| (name.into(), distribution))
    .collect()
}

pub(super) fn uniform_point(space: &SearchSpace, rng: &mut Rng) -> Vec<f64> {
    space
        .iter()
        .map(|(_, distribution)| random::draw(rng, distribution))
        .collect()
}

/// A study with up to four trials at once that end in any order and any way.
struct Busy {
    study: Study,
    running: Vec<Trial>,
    rng: Rng,
}

impl Busy {
    fn new(directions: &[Direction], options: &serde_json::Value) -> Self {
        let study = Study::in_memory("busy", directions).unwrap();
        Self {
            study: study.with_sampler(Arc::new(sampler(options))),
            running: Vec::new(),
            rng: Rng::keyed(7, 0, "busy"),
        }
    }

    /// Asks for a trial, of which a value may be fixed.
    fn ask(&mut self) -> Trial {
        if self.rng.below(5) == 0 {
            let fixed = json!({"x": 0.5});
            self.study.enqueue(fixed.as_object().unwrap()).unwrap();
        }
        self.study.ask().unwrap()
    }

    /// Begins a trial whose space has a branch.
    fn begin(&mut self, mut trial: Trial) {
        trial.suggest_float("x", 0.0..=1.0).unwrap();
        trial.suggest_int("n", 1..=4).unwrap();
        if *trial.suggest_categorical("kind", &["a", "b"]).unwrap() == "a" {
            trial.suggest_float_log("lr", 1e-5..=1.0).unwrap();
        }
        self.running.push(trial);
    }

    fn end_one(&mut self) {
        let at = self.rng.below(self.running.len());
        let mut trial = self.running.swap_remove(at);
        let n_objectives = self.study.directions().len();
        if n_objectives == 1 {
            for step in 0..self.rng.below(3) as i64 {
                trial.report(step, self.rng.uniform()).unwrap();
            }
        }
        let end = self.rng.below(10);
        if end == 3 {
            trial.set_constraint("size", self.rng.uniform()).unwrap();
        }
        let result = match end {
            0 => Err(Stop::failed("planned")),
            1 | 2 => Err(Stop::Pruned),
            _ => Ok((0..n_objectives).map(|_| self.rng.uniform()).collect()),
        };
        self.study.tell_result(&mut trial, result).unwrap();
    }

    /// What a sampler that has never seen the study suggests for a new trial, if it
    /// gets the trials in another order.
    fn fresh(&mut self, options: &serde_json::Value, trial: &FrozenTrial) -> (Draw, f64) {
        let history = self.study.history().unwrap();
        let mut trials = history.trials();
        for at in (1..trials.len()).rev() {
            trials.swap(at, self.rng.below(at + 1));
        }
        let shuffled = History::of(trials.iter().map(|trial| FrozenTrial::clone(trial)));
        suggestion(&sampler(options), self.study.directions(), &shuffled, trial)
    }
}

fn suggestion(
    sampler: &dyn Sampler,
    directions: &[Direction],
    history: &History,
    trial: &FrozenTrial,
) -> (Draw, f64) {
    let saved = Saved::default();
    let context = Context::new("busy", directions, trial, history, &saved);
    let space = sampler.relative_search_space(&context);
    let joint = sampler.sample_relative(&context, &space).unwrap();
    let lr = float(1e-5, 1.0, true, None);
    let alone = sampler.sample_independent(&context, "lr", &lr).unwrap();
    (joint, alone)
}

#[test]
fn a_fresh_sampler_suggests_what_one_that_saw_the_study_grow_does() {
    let one: &[Direction] = &[Direction::Maximize];
    let two: &[Direction] = &[Direction::Maximize, Direction::Minimize];
    let three: &[Direction] = &[Direction::Minimize; 3];
    for (directions, options, expects_joint) in [
        (one, json!({"seed": 1}), true),
        (one, json!({"seed": 2, "group": true}), true),
        (one, json!({"seed": 3, "multivariate": false}), false),
        (one, json!({"seed": 4, "constant_liar": false}), true),
        (two, json!({"seed": 5}), false),
        (two, json!({"seed": 6, "group": true}), true),
        (three, json!({"seed": 7, "multivariate": true}), true),
    ] {
        let mut busy = Busy::new(directions, &options);
        let mut n_joint = 0;
        for number in 0..180 {
            let trial = busy.ask();
            busy.begin(trial);
            while busy.running.len() > 1 + number % 4 {
                busy.end_one();
            }
            if number % 3 == 0 {
                let trial = busy.ask();
                let history = busy.study.history().unwrap();
                let sampler = busy.study.sampler.as_ref();
                let grown = suggestion(sampler, directions, &history, trial.frozen());
                let fresh = busy.fresh(&options, trial.frozen());
                assert_eq!(grown, fresh, "{options}, trial {number}");
                n_joint += grown.0.len();
                busy.begin(trial);
            }
        }
        assert_eq!(n_joint > 50, expects_joint, "{options}");
    }
}

#[test]
fn an_estimate_that_was_changed_often_is_the_one_built_at_once() {
    let space = mixed_space();
    for (name, distribution) in &space {
        check_changes(&SearchSpace::from_iter([(
            name.clone(),
            distribution.clone(),
        )]));
    }
    check_changes(&space);
}

fn check_changes(space: &SearchSpace) {
    let mut rng = Rng::keyed(5, 0, "estimate");
    let points: Vec<Vec<f64>> = {
        let points: Vec<_> = (0..8).map(|_| uniform_point(space, &mut rng)).collect();
        (0..space.len())
            .map(|at| points.iter().map(|point| point[at]).collect())
            .collect()
    };
    let mut changed = Parzen::new(space, Weighting::OlderLighter);
    let mut kept: Vec<Observation> = Vec::new();
    for step in 0..400 {
        let mut leaving = Vec::new();
        if step > 200 && step % 3 == 0 {
            leaving.push(kept.swap_remove(rng.below(kept.len())).number);
        }
        // Numbers come in no order.
        let joining = Observation {
            number: (step * 37) % 401,
            values: uniform_point(space, &mut rng),
        };
        kept.push(joining.clone());
        changed.change(&leaving, &[joining]);
        if step % 20 == 0 || step > 380 {
            let mut built = Parzen::new(space, Weighting::OlderLighter);
            built.change(&[], &kept);
            assert_eq!(changed.log_density(&points), built.log_density(&points));
            let draw = |estimate: &Parzen| {
                let mut streams: Vec<Rng> = (0..6).map(|at| Rng::keyed(at, step, "s")).collect();
                estimate.draw(20, &mut Rng::keyed(9, step, "k"), &mut streams)
            };
            assert_eq!(draw(&changed), draw(&built));
        }
    }
    assert_eq!(changed.len(), kept.len());
}

/// Without the cut-off, by the formulas of the module's documentation.
#[test]
fn the_cutoff_changes_no_digit() {
    let space: SearchSpace = (0..20)
        .map(|at| (format!("x{at:02}").into(), float(0.0, 1.0, false, None)))
        .collect();
    let mut rng = Rng::keyed(6, 0, "cutoff");
    let observations: Vec<Observation> = (0..333)
        .map(|number| Observation {
            number,
            values: uniform_point(&space, &mut rng),
        })
        .collect();
    let mut estimate = Parzen::new(&space, Weighting::OlderLighter);
    estimate.change(&[], &observations);
    // Near an observation, and anywhere.
    let near = observations[300].values.iter().map(|value| {
        let point = value + 0.004 * (rng.uniform() - 0.5);
        vec![point.clamp(0.0, 1.0), rng.uniform()]
    });
    let points: Vec<Vec<f64>> = near.collect();
    let naive = |point: usize| {
        let mut terms: Vec<f64> = (0..estimate.len())
            .map(|kernel| {
                let squares: f64 = estimate
                    .columns
                    .iter()
                    .zip(&points)
                    .map(|(column, values)| {
                        let z =
                            (values[point] - column.centres[kernel]) / column.bandwidths[kernel];
                        column.log_norms[kernel] - 0.5 * z * z
                    })
                    .sum();
                squares + estimate.weights.at(kernel).ln()
            })
            .collect();
        let priors = estimate.columns.iter().zip(&points);
        terms.push(
            priors
                .map(|(column, values)| column.prior_log_density(values[point]))
                .sum(),
        );
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = terms.iter().map(|term| (term - largest).exp()).sum();
        largest + sum.ln() - estimate.weights.total().ln()
    };
    let got = estimate.log_density(&points);
    for (point, got) in got.iter().enumerate() {
        assert!((got - naive(point)).abs() < 1e-12 * naive(point).abs());
    }
}

#[test]
fn until_enough_trials_ended_values_are_those_of_random_search() {
    let params = |name: &str| {
        let built = crate::sampler::build(name, &json!({"seed": 11})).unwrap();
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(built);
        let mut values = Vec::new();
        for _ in 0..11 {
            let mut trial = study.ask().unwrap();
            values.push(trial.suggest_float("x", 0.0..=1.0).unwrap());
            study.tell(&mut trial, &[values[values.len() - 1]]).unwrap();
        }
        values
    };
    let (tpe, random) = (params("tpe"), params("random"));
    assert_eq!(tpe[..10], random[..10]);
    assert_ne!(tpe[10], random[10]);
}

/// Trials in flight repel others, whether they ran here or Optuna noted their draw.
#[test]
fn running_trials_are_seen_with_what_they_drew() {
    let study = Study::in_memory("s", &[Direction::Maximize])
        .unwrap()
        .with_sampler(Arc::new(sampler(&json!({"seed": 0}))));
    for _ in 0..20 {
        let mut trial = study.ask().unwrap();
        let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
        let y = trial.suggest_float("y", 0.0..=1.0).unwrap();
        study.tell(&mut trial, &[-(x - 0.3).powi(2) - y]).unwrap();
    }
    let mut first = study.ask().unwrap();
    let x = first.suggest_float("x", 0.0..=1.0).unwrap();
    let history = study.history().unwrap();
    let seen = history.running().next().unwrap();
    assert_eq!(seen.params.get("x").unwrap().value, x);
    // `y` was drawn with `x`, though it was not asked for yet.
    let y = seen.params.get("y").unwrap().value;
    assert_eq!(first.suggest_float("y", 0.0..=1.0).unwrap(), y);

    let second = study.ask().unwrap();
    let alone = history.filtered(|trial| trial.state != TrialState::Running);
    let tpe = || sampler(&json!({"seed": 0}));
    let suggestion =
        |history: &History| suggestion(&tpe(), &[Direction::Maximize], history, second.frozen());
    let with = suggestion(&study.history().unwrap());
    let without = suggestion(&alone);
    assert_ne!(with.0, without.0);

    let mut noted = first.frozen().clone();
    noted.params = std::iter::empty::<Param>().collect();
    let text = json!({"x": x, "y": y}).to_string();
    for (at, piece) in [&text[..5], &text[5..]].into_iter().enumerate() {
        let key = format!("tpe:relative_params:{at}");
        noted.system_attrs.insert(key, Json::new(piece));
    }
    let finished = alone.trials();
    let trials = finished.iter().map(|trial| FrozenTrial::clone(trial));
    let by_optuna = History::of(trials.chain([noted]));
    assert_eq!(suggestion(&by_optuna), with);
}

#[test]
fn groups_are_the_parameters_that_occur_together() {
    let study = Study::in_memory("s", &[Direction::Maximize]).unwrap();
    for names in [
        &["x", "kind", "lr"][..],
        &["x", "kind", "depth"],
        &["x", "kind", "lr", "one"],
    ] {
        let mut trial = study.ask().unwrap();
        for name in names {
            let high = if *name == "one" { 0.0 } else { 1.0 };
            trial.suggest_float(name, 0.0..=high).unwrap();
        }
        study.tell(&mut trial, &[0.0]).unwrap();
    }
    let history = study.history().unwrap();
    let memory = Memory::default();
    let groups = memory.with(history.finished(), &[Direction::Maximize], Seen::groups);
    let names: Vec<Vec<&str>> = groups
        .iter()
        .map(|group| group.iter().map(|(name, _)| name.as_ref()).collect())
        .collect();
    assert_eq!(names, [vec!["depth"], vec!["kind", "x"], vec!["lr"]]);
}

#[test]
fn one_sampler_serves_two_studies() {
    let shared = Arc::new(sampler(&json!({"seed": 5})));
    let run = |study: &Study, n: usize, offset: f64| {
        let mut values = Vec::new();
        for _ in 0..n {
            let mut trial = study.ask().unwrap();
            let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
            study.tell(&mut trial, &[(x - offset).abs()]).unwrap();
            values.push(x);
        }
        values
    };
    let study = |sampler| {
        Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(sampler)
    };
    let (one, two) = (study(shared.clone()), study(shared));
    let mut in_turn = (Vec::new(), Vec::new());
    for _ in 0..8 {
        in_turn.0.extend(run(&one, 3, 0.2));
        in_turn.1.extend(run(&two, 3, 0.8));
    }
    for (values, offset) in [(in_turn.0, 0.2), (in_turn.1, 0.8)] {
        let alone = study(Arc::new(sampler(&json!({"seed": 5}))));
        assert_eq!(values, run(&alone, 24, offset));
    }
}

#[test]
fn what_it_can_not_do_is_refused() {
    let refusal = |options| {
        crate::sampler::build("tpe", &options)
            .unwrap_err()
            .to_string()
    };
    assert!(refusal(json!({"n_ei_candidates": 0})).contains("expected a nonzero usize"));
    let contradiction = json!({"group": true, "multivariate": false});
    assert!(refusal(contradiction.clone()).contains("`group` draws parameters together"));
    let study = Study::in_memory("s", &[Direction::Minimize])
        .unwrap()
        .with_sampler(Arc::new(sampler(&contradiction)));
    let mut trial = study.ask().unwrap();
    let error = trial.suggest_float("x", 0.0..=1.0).unwrap_err().to_string();
    assert!(
        error.starts_with("invalid options for sampler `tpe`: `group` draws"),
        "{error}"
    );
    assert!(refusal(json!({"gamma": 3})).contains("unknown field `gamma`"));
}

/// Every `x` is on the front if the other parameters are right.
#[test]
fn a_front_of_two_objectives_is_found() {
    let volume = |name: &str, seed: u64| {
        let study = Study::in_memory("two", &[Direction::Minimize, Direction::Maximize])
            .unwrap()
            .with_sampler(crate::sampler::build(name, &json!({"seed": seed})).unwrap());
        for _ in 0..120 {
            let mut trial = study.ask().unwrap();
            let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
            let rest: f64 = (0..5)
                .map(|at| trial.suggest_float(&format!("y{at}"), 0.0..=1.0).unwrap())
                .map(|y| (y - 0.3).powi(2))
                .sum();
            study
                .tell(&mut trial, &[x + rest, x.sqrt() - rest])
                .unwrap();
        }
        let front = study.best_trials().unwrap();
        let losses: Vec<Vec<f64>> = front
            .iter()
            .map(|trial| vec![trial.values[0], -trial.values[1]])
            .collect();
        crate::multi_objective::hypervolume(&losses, &[3.0, 3.0])
    };
    let wins = (0..5).filter(|seed| volume("tpe", *seed) > volume("random", *seed));
    assert!(wins.count() >= 4);
}
