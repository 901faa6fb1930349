//! A suggestion is a function of the seed, the trial's number and the history, and leads
//! to the optimum.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::context::Saved;
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::history::History;
use crate::math::random::Rng;
use crate::study::{Stop, Study};
use crate::trial::Trial;

fn sampler(options: &Value) -> CmaEsSampler {
    serde_json::from_value(options.clone()).unwrap()
}

fn study(options: &Value) -> Study {
    Study::in_memory("s", &[Direction::Minimize])
        .unwrap()
        .with_sampler(Arc::new(sampler(options)))
}

/// Runs trials of `objective` one after the other; their values.
fn run(study: &Study, n_trials: usize, objective: impl Fn(&mut Trial) -> f64) -> Vec<f64> {
    let mut values = Vec::new();
    for _ in 0..n_trials {
        let mut trial = study.ask().unwrap();
        values.push(objective(&mut trial));
        study.tell(&mut trial, &values[values.len() - 1..]).unwrap();
    }
    values
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// A point of so many numbers in `[-5, 5]`.
fn point(trial: &mut Trial, n_dims: usize) -> Vec<f64> {
    let x = |at| trial.suggest_float(&format!("x{at}"), -5.0..=5.0).unwrap();
    (0..n_dims).map(x).collect()
}

fn sphere(trial: &mut Trial) -> f64 {
    point(trial, 5).iter().map(|x| (x - 1.0).powi(2)).sum()
}

/// A long valley across all axes.
fn rosenbrock(trial: &mut Trial) -> f64 {
    let x = point(trial, 4);
    let pairs = x.windows(2);
    let valley = |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2);
    pairs.map(valley).sum()
}

/// Every kind of number.
fn mixed(trial: &mut Trial) -> f64 {
    let x = trial.suggest_float("x", -5.0..=5.0).unwrap();
    let lr = trial.suggest_float_log("lr", 1e-5..=1.0).unwrap();
    let half = trial.suggest_float_step("half", 0.0..=3.0, 0.5).unwrap();
    let layers = trial.suggest_int("layers", 1..=6).unwrap() as f64;
    let width = trial.suggest_int_log("width", 8..=512).unwrap() as f64;
    let is_on = trial.suggest_int("is_on", 0..=1).unwrap() as f64;
    let kind = trial.suggest_categorical("kind", &["a", "b"]).unwrap();
    let distance = (lr.log10() + 3.0).powi(2) + (width / 64.0).log2().powi(2);
    let steps = (half - 2.0).abs() + (layers - 4.0).abs() + 3.0 * (1.0 - is_on);
    x * x + distance + steps + f64::from(u8::from(*kind == "a"))
}

#[test]
fn a_new_sampler_for_every_trial_suggests_what_one_sampler_does() {
    for options in [
        json!({"seed": 1}),
        json!({"seed": 2, "use_separable_cma": true}),
        json!({"seed": 3, "with_margin": true}),
        json!({"seed": 4, "lr_adapt": true, "popsize": 5}),
        json!({"seed": 5, "restart_strategy": "bipop", "popsize": 4}),
        json!({"seed": 6, "warm_start": true, "n_startup_trials": 20}),
    ] {
        let kept = study(&options);
        let mut resumed = study(&options);
        // Flat, so that runs end.
        let objective = |trial: &mut Trial| mixed(trial).round().min(20.0);
        for number in 0..150 {
            resumed = resumed.with_sampler(Arc::new(sampler(&options)));
            let (ours, theirs) = (run(&kept, 1, objective), run(&resumed, 1, objective));
            assert_eq!(ours, theirs, "{options}, trial {number}");
        }
        let params = |study: &Study| -> Vec<_> {
            let trials = study.trials().unwrap();
            trials.iter().map(|trial| trial.params.clone()).collect()
        };
        assert_eq!(params(&kept), params(&resumed));
    }
}

/// What a sampler that has not seen the history suggests for `trial`.
fn suggestion(sampler: &dyn Sampler, history: &History, trial: &FrozenTrial) -> Draw {
    let saved = Saved::default();
    let context = Context::new("s", &[Direction::Minimize], trial, history, &saved);
    let space = sampler.relative_search_space(&context);
    sampler.sample_relative(&context, &space).unwrap()
}

#[test]
fn the_order_in_which_trials_end_does_not_matter_but_for_what_is_known() {
    for options in [
        json!({"seed": 1, "popsize": 4}),
        json!({"seed": 2, "popsize": 4, "with_margin": true, "consider_pruned_trials": true}),
        json!({"seed": 3, "popsize": 4, "restart_strategy": "ipop"}),
    ] {
        let study = study(&options);
        let mut rng = Rng::keyed(7, 0, "order");
        let (mut running, mut n_joint) = (Vec::new(), 0);
        for number in 0..200 {
            let mut trial = study.ask().unwrap();
            let value = mixed(&mut trial).min(3.0);
            trial.report(0, value).unwrap();
            running.push((trial, value));
            while running.len() > 1 + number % 6 {
                let (mut trial, value) = running.swap_remove(rng.below(running.len()));
                let result = match rng.below(10) {
                    0 => Err(Stop::failed("planned")),
                    1 => Err(Stop::Pruned),
                    2 => Ok(vec![f64::INFINITY]),
                    _ => Ok(vec![value]),
                };
                study.tell_result(&mut trial, result).unwrap();
            }
            let history = study.history().unwrap();
            let mut trials = history.trials();
            for at in (1..trials.len()).rev() {
                trials.swap(at, rng.below(at + 1));
            }
            let shuffled = History::of(trials.iter().map(|trial| FrozenTrial::clone(trial)));
            let asked = study.ask().unwrap();
            let grown = suggestion(study.sampler.as_ref(), &history, asked.frozen());
            let fresh = suggestion(&sampler(&options), &shuffled, asked.frozen());
            assert_eq!(grown, fresh, "{options}, trial {number}");
            n_joint += grown.len();
            study.release(asked.frozen(), &[]).unwrap();
        }
        assert!(n_joint > 900, "{n_joint} values were drawn together");
    }
}

#[test]
fn the_optimum_is_found_on_nearly_every_seed() {
    let n_found = |options: Value, n_trials, bar, objective: fn(&mut Trial) -> f64| {
        let found = (0..10).filter(|seed: &u64| {
            let mut options = options.clone();
            options["seed"] = json!(seed);
            least(&run(&study(&options), n_trials, objective)) < bar
        });
        found.count()
    };
    for (options, n_trials, bar, objective, n) in [
        (json!({}), 300, 1e-2, sphere as fn(&mut Trial) -> f64, 9),
        (json!({"use_separable_cma": true}), 300, 1e-2, sphere, 9),
        (json!({}), 1500, 1e-3, rosenbrock, 7),
        (json!({"with_margin": true}), 400, 0.1, mixed, 8),
    ] {
        let found = n_found(options.clone(), n_trials, bar, objective);
        assert!(
            found >= n,
            "{options}: {found} of 10 below {bar}, fewer than {n}"
        );
    }
}

/// Many local optima, of which most are far from the global one.
fn rastrigin(trial: &mut Trial) -> f64 {
    let wave = |x: &f64| {
        let x = x - 1.5;
        10.0 + x * x - 10.0 * (std::f64::consts::TAU * x).cos()
    };
    point(trial, 2).iter().map(wave).sum()
}

#[test]
fn restarts_find_what_one_run_misses() {
    let n_found = |strategy: Value| {
        let found = (0..10).filter(|seed| {
            let options = json!({"seed": seed, "restart_strategy": strategy});
            least(&run(&study(&options), 2500, rastrigin)) < 1e-6
        });
        found.count()
    };
    let (once, ipop, bipop) = (
        n_found(Value::Null),
        n_found(json!("ipop")),
        n_found(json!("bipop")),
    );
    assert!(once < ipop.min(bipop), "{once}, {ipop}, {bipop} of 10");
    assert!(ipop >= 6 && bipop >= 3, "{ipop}, {bipop} of 10");
}

/// The results of trials that run at the same time are not wasted.
#[test]
fn eight_workers_need_hardly_more_trials_than_one() {
    let found = (0..10).filter(|seed| {
        let study = study(&json!({"seed": seed}));
        let mut rng = Rng::keyed(*seed, 0, "workers");
        let (mut running, mut best) = (Vec::new(), f64::INFINITY);
        for _ in 0..400 {
            let mut trial = study.ask().unwrap();
            let value = sphere(&mut trial);
            best = best.min(value);
            running.push((trial, value));
            if running.len() == 8 {
                let (mut trial, value) = running.swap_remove(rng.below(8));
                study.tell(&mut trial, &[value]).unwrap();
            }
        }
        best < 1e-2
    });
    let n_found = found.count();
    assert!(n_found >= 9, "{n_found} of 10");
}

#[test]
fn a_single_dimension_has_no_separable_variant_and_no_grid_no_margin() {
    let line = |trial: &mut Trial| point(trial, 1)[0].abs();
    let values = |options: Value| run(&study(&options), 60, line);
    let plain = values(json!({"seed": 9}));
    assert_eq!(values(json!({"seed": 9, "use_separable_cma": true})), plain);
    assert_eq!(values(json!({"seed": 9, "with_margin": true})), plain);
    assert_ne!(values(json!({"seed": 9, "lr_adapt": true})), plain);
    // The first run is the same, with restarts or without.
    let restarted = values(json!({"seed": 9, "restart_strategy": "ipop"}));
    assert_eq!(restarted, plain);
}

#[test]
fn runs_begin_where_they_are_told_to() {
    let first = |options: Value| {
        let study = study(&options);
        run(
            &study,
            options["n_startup_trials"].as_u64().unwrap() as usize,
            sphere,
        );
        let mut trial = study.ask().unwrap();
        point(&mut trial, 5)
    };
    let named = json!({"seed": 1, "n_startup_trials": 1, "sigma0": 1e-6,
        "x0": {"x0": -5.0, "x1": 7.0, "x3": 1.0}});
    for (x, expected) in first(named).iter().zip([-5.0, 5.0, 0.0, 1.0, 0.0]) {
        assert!((x - expected).abs() < 1e-3, "{x}, not {expected}");
    }
    let source = |x: f64| {
        let params: serde_json::Map<_, _> = (0..5)
            .map(|at| (format!("x{at}"), json!(x)))
            .chain([("other".to_owned(), json!("b"))])
            .collect();
        json!({"params": params, "value": (x - 4.0).abs()})
    };
    let sources: Vec<Value> = (0..40)
        .map(|at| source(f64::from(at) / 4.0 - 5.0))
        .collect();
    let taught = json!({"seed": 1, "n_startup_trials": 1, "source_trials": sources});
    let near = first(taught);
    assert!(near.iter().sum::<f64>() > 10.0, "{near:?} is far from 4");
    // Draws from the best tenth lie 20 from the optimum in the mean, uniform ones 47.
    let learned = study(&json!({"seed": 1, "n_startup_trials": 200, "warm_start": true}));
    run(&learned, 200, sphere);
    let mut asked: Vec<Trial> = (0..20).map(|_| learned.ask().unwrap()).collect();
    let distance: f64 = asked.iter_mut().map(sphere).sum();
    assert!(distance / 20.0 < 30.0, "{distance}");
}

#[test]
fn infeasible_trials_rank_behind_feasible_ones() {
    let solution = |number, violation, loss| Solution {
        number,
        values: Vec::new(),
        violation,
        loss,
    };
    let mut solutions = [
        solution(0, 1.0, -9.0),
        solution(1, 0.0, f64::INFINITY),
        solution(2, 0.5, 0.0),
        solution(3, 0.0, 2.0),
        solution(4, 0.0, 2.0),
    ];
    solutions.sort_by(Solution::compare);
    let numbers = solutions.map(|solution| solution.number);
    assert_eq!(numbers, [3, 4, 1, 2, 0]);
}

/// A trial of another origin with a value that is too good can't tear the search apart.
#[test]
fn injected_trials_do_not_break_the_search() {
    let study = study(&json!({"seed": 3}));
    run(&study, 200, sphere);
    for x in [-5.0, 5.0] {
        let fixed: serde_json::Map<_, _> = (0..5).map(|at| (format!("x{at}"), json!(x))).collect();
        study.enqueue(&fixed).unwrap();
        let mut trial = study.ask().unwrap();
        point(&mut trial, 5);
        study.tell(&mut trial, &[-1e300]).unwrap();
    }
    let values = run(&study, 200, sphere);
    assert!(least(&values[100..]) < 1e-2, "{}", least(&values[100..]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_told_values_stay_in_their_domains(
        told in prop::collection::vec(prop_oneof![
            Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(1e308), Just(-1e-308), Just(0.0),
            -1e6..1e6,
        ], 60),
        popsize in 2_usize..9,
        kind in 0_usize..5,
        seed in any::<u64>(),
    ) {
        let kinds = [
            json!({}),
            json!({"use_separable_cma": true, "restart_strategy": "bipop"}),
            json!({"with_margin": true, "restart_strategy": "ipop"}),
            json!({"lr_adapt": true}),
            json!({"sigma0": 1e300, "with_margin": true}),
        ];
        let mut options = kinds[kind].clone();
        options["popsize"] = json!(popsize);
        options["seed"] = json!(seed);
        let study = study(&options);
        for value in told {
            let mut trial = study.ask().unwrap();
            mixed(&mut trial);
            study.tell(&mut trial, &[value]).unwrap();
        }
        for trial in study.trials().unwrap() {
            prop_assert_eq!(trial.state, TrialState::Complete);
            for param in &trial.params {
                prop_assert!(param.distribution.contains(param.value));
            }
        }
    }
}

#[test]
fn what_it_can_not_do_is_refused() {
    let two = Study::in_memory("two", &[Direction::Minimize; 2])
        .unwrap()
        .with_sampler(Arc::new(CmaEsSampler::default()));
    let mut trial = two.ask().unwrap();
    let error = trial.suggest_float("x", 0.0..=1.0).unwrap_err().to_string();
    assert_eq!(
        error,
        "sampler `cmaes` can't search for 2 objectives at once, as study `two` does; sampler `random` can"
    );
    for (options, reason) in [
        (
            json!({"use_separable_cma": true, "with_margin": true}),
            "`use_separable_cma` and `with_margin` exclude each other",
        ),
        (
            json!({"lr_adapt": true, "with_margin": true}),
            "`with_margin` and `lr_adapt` exclude each other",
        ),
        (
            json!({"source_trials": [], "sigma0": 0.1}),
            "`source_trials` and `sigma0` exclude each other",
        ),
        (
            json!({"warm_start": true, "x0": {}}),
            "`warm_start` and `x0` exclude each other",
        ),
        (
            json!({"source_trials": [], "use_separable_cma": true}),
            "`use_separable_cma` and `source_trials` exclude each other",
        ),
        (
            json!({"popsize": 1}),
            "`popsize` must be from 2 to 100000, but it is 1",
        ),
        (
            json!({"sigma0": 0.0}),
            "`sigma0` must be positive and finite, but it is 0",
        ),
        (
            json!({"inc_popsize": 1}),
            "`inc_popsize` must be at least 2, but it is 1",
        ),
        (
            json!({"warm_start": true, "n_startup_trials": 0}),
            "`warm_start` learns from the first `n_startup_trials` trials",
        ),
        (
            json!({"restart_strategy": "lpop"}),
            "unknown variant `lpop`",
        ),
        (json!({"inc_popsise": 3}), "unknown field `inc_popsise`"),
    ] {
        let error = crate::sampler::build("cmaes", &options).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    let study = study(&json!({"source_trials": [{"params": {"y": 1.0}, "value": 0.0}]}));
    run(&study, 1, sphere);
    let mut trial = study.ask().unwrap();
    let error = trial
        .suggest_float("x0", -5.0..=5.0)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "none of the `source_trials` of sampler `cmaes` has all parameters of study `s`"
    );
}
