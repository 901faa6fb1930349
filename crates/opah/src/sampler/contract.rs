//! What every sampler in the list must pass.

use std::sync::{Arc, mpsc};
use std::thread;

use serde_json::{Value, json};

use super::SAMPLERS;
use crate::error::Result;
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::prior::Priors;
use crate::storage::{MemoryStorage, Storage};
use crate::study::{Stop, Study};
use crate::trial::Trial;

/// Options without which a sampler can't be built, and the seed.
fn options(sampler: &str) -> Value {
    match sampler {
        "grid" => json!({
            "seed": 3,
            "search_space": {
                "x": [-5, -0.5, 5], "lr": [1e-5, 0.1], "half": [1.5], "n": [-3, 3],
                "width": [1, 1000], "eighth": [8, 64], "kind": ["b", "c"], "momentum": [0.9],
            },
        }),
        _ => json!({"seed": 3}),
    }
}

/// Samplers that try every value, so that there must not be infinitely many.
const OF_FINITE_SPACES: &[&str] = &["brute_force"];

/// Every kind of parameter that the sampler takes, one of them conditional.
fn objective(sampler: &str, trial: &mut Trial) -> std::result::Result<f64, Stop> {
    let is_finite = OF_FINITE_SPACES.contains(&sampler);
    let (x, lr) = if is_finite {
        (0.5, 1e-3)
    } else {
        let x = trial.suggest_float("x", -5.0..=5.0)?;
        (x, trial.suggest_float_log("lr", 1e-5..=1e-1)?)
    };
    let half = trial.suggest_float_step("half", 0.0..=3.0, 0.5)?;
    let n = trial.suggest_int("n", -3..=3)?;
    let width = trial.suggest_int_log("width", 1..=1000)?;
    trial.suggest_int_step("eighth", 8..=64, 8)?;
    trial.suggest_int("single", 7..=7)?;
    let kind = trial.suggest_categorical("kind", &["a", "b", "c"])?;
    let extra = match (*kind, is_finite) {
        ("b", false) => trial.suggest_float("momentum", 0.0..=0.99)?,
        ("b", true) => trial.suggest_float_step("momentum", 0.0..=0.9, 0.3)?,
        _ => 0.0,
    };
    match trial.number() % 7 {
        3 => Err(Stop::Pruned),
        5 => Err(Stop::failed("planned")),
        6 => Ok(f64::INFINITY),
        _ => Ok(x * x + (lr.ln() + 6.0).powi(2) + half + n as f64 + width as f64 / 100.0 + extra),
    }
}

fn run(sampler: &str, n_trials: u64) -> Result<Vec<FrozenTrial>> {
    run_in_steps(sampler, n_trials, 1)
}

/// Each step begins as another process would.
fn run_in_steps(sampler: &str, n_trials: u64, n_steps: u64) -> Result<Vec<FrozenTrial>> {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
    let mut trials = Vec::new();
    for _ in 0..n_steps {
        let minimize = [Direction::Minimize];
        let study = Study::load_or_create(storage.clone(), "contract", &minimize)?
            .with_sampler(super::build(sampler, &options(sampler))?);
        for _ in 0..n_trials / n_steps {
            let mut trial = study.ask()?;
            let outcome = objective(sampler, &mut trial);
            study.tell_result(&mut trial, outcome.map(|value| vec![value]))?;
        }
        trials = study.trials()?;
    }
    Ok(trials
        .iter()
        .map(|trial| FrozenTrial::clone(trial))
        .collect())
}

#[test]
fn values_are_inside_their_domains() {
    for sampler in SAMPLERS {
        for trial in run(sampler.name, 60).unwrap() {
            for param in &trial.params {
                assert!(
                    param.distribution.contains(param.value),
                    "{}: {} = {} not in {}",
                    sampler.name,
                    param.name,
                    param.value,
                    param.distribution
                );
            }
        }
    }
}

#[test]
fn values_are_inside_their_domains_whatever_is_believed() {
    let given = json!({
        "x": {"normal": {"mean": 1e300, "sd": 1e-300}},
        "lr": {"normal": {"mean": 1e-300, "sd": 1.000_000_1}},
        "half": {"normal": {"mean": -1e9, "sd": 1e300}},
        "n": {"points": [99, -99, 0.5]},
        "width": {"normal": {"mean": 1e300, "sd": 1e300}},
        "eighth": {"points": [1e300, 8]},
        "single": {"normal": {"mean": -1, "sd": 1e-9}},
        "kind": {"weights": {"b": 1e300, "c": 0}},
        "momentum": {"points": [0.5, 0.5, 0.5]},
    });
    let priors = Arc::new(Priors::from_json(given.as_object().unwrap()).unwrap());
    for entry in SAMPLERS {
        let sampler = super::build(entry.name, &options(entry.name)).unwrap();
        let study = Study::in_memory("contract", &[Direction::Minimize])
            .unwrap()
            .with_sampler(sampler)
            .with_priors(priors.clone());
        for _ in 0..40 {
            let mut trial = study.ask().unwrap();
            let outcome = objective(entry.name, &mut trial).map(|value| vec![value]);
            let failed = matches!(outcome, Err(Stop::Failed(_)));
            assert_eq!(
                failed,
                trial.number() % 7 == 5,
                "{}: {outcome:?}",
                entry.name
            );
            study.tell_result(&mut trial, outcome).unwrap();
            for param in &trial.frozen().params {
                let is_inside = param.distribution.contains(param.value);
                assert!(
                    is_inside,
                    "{}: {} = {}",
                    entry.name, param.name, param.value
                );
            }
        }
    }
}

#[test]
fn no_priors_are_as_none() {
    let params = |study: Study| -> Vec<_> {
        for _ in 0..30 {
            let mut trial = study.ask().unwrap();
            let outcome = objective("", &mut trial).map(|value| vec![value]);
            study.tell_result(&mut trial, outcome).unwrap();
        }
        let trials = study.trials().unwrap();
        trials.iter().map(|trial| trial.params.clone()).collect()
    };
    let study = |sampler: &str| {
        Study::in_memory("contract", &[Direction::Minimize])
            .unwrap()
            .with_sampler(super::build(sampler, &json!({"seed": 3})).unwrap())
    };
    let given = json!({"no such parameter": {"normal": {"mean": 0, "sd": 1}}});
    let others = Arc::new(Priors::from_json(given.as_object().unwrap()).unwrap());
    for sampler in ["auto", "random", "tpe", "gp"] {
        let without = params(study(sampler));
        let empty = study(sampler).with_priors(Arc::default());
        assert_eq!(params(empty), without, "{sampler}");
        let of_others = study(sampler).with_priors(others.clone());
        assert_eq!(params(of_others), without, "{sampler}");
    }
}

#[test]
fn the_same_seed_gives_the_same_study() {
    for sampler in SAMPLERS {
        let params = |trials: Vec<FrozenTrial>| -> Vec<_> {
            trials.into_iter().map(|trial| trial.params).collect()
        };
        let (first, second) = (
            run(sampler.name, 40).unwrap(),
            run(sampler.name, 40).unwrap(),
        );
        assert_eq!(params(first), params(second), "{}", sampler.name);
    }
}

#[test]
fn a_search_that_is_resumed_is_the_one_that_was_not_interrupted() {
    for sampler in SAMPLERS {
        let params = |trials: Vec<FrozenTrial>| -> Vec<_> {
            trials.into_iter().map(|trial| trial.params).collect()
        };
        let (at_once, in_steps) = (
            run(sampler.name, 40).unwrap(),
            run_in_steps(sampler.name, 40, 40).unwrap(),
        );
        assert_eq!(params(at_once), params(in_steps), "{}", sampler.name);
    }
}

/// A trial that has drawn all that it asks for, and what will come of it.
fn begun(study: &Study, sampler: &str) -> (Trial, std::result::Result<Vec<f64>, Stop>) {
    let mut trial = study.ask().unwrap();
    let outcome = objective(sampler, &mut trial).map(|value| vec![value]);
    (trial, outcome)
}

#[test]
fn threads_do_not_change_a_draw() {
    const N_PAIRS: usize = 20;
    for sampler in SAMPLERS.iter().map(|entry| entry.name) {
        let study = || {
            Study::in_memory("contract", &[Direction::Minimize])
                .unwrap()
                .with_sampler(super::build(sampler, &options(sampler)).unwrap())
        };
        let params = |study: &Study| -> Vec<_> {
            let trials = study.trials().unwrap();
            trials.iter().map(|trial| trial.params.clone()).collect()
        };
        // Two trials run side by side, and each is told while the other knows of it.
        let alone = study();
        for _ in 0..N_PAIRS {
            for (mut trial, outcome) in [(); 2].map(|()| begun(&alone, sampler)) {
                alone.tell_result(&mut trial, outcome).unwrap();
            }
        }
        // Two threads take turns, so that each sees what the only one has seen.
        let together = study();
        let (to_first, first) = mpsc::channel();
        let (to_second, second) = mpsc::channel();
        to_first.send(()).unwrap();
        thread::scope(|scope| {
            for (own_turn, next) in [(first, to_second), (second, to_first)] {
                let together = &together;
                scope.spawn(move || {
                    for _ in 0..N_PAIRS {
                        own_turn.recv().unwrap();
                        let (mut trial, outcome) = begun(together, sampler);
                        next.send(()).unwrap();
                        own_turn.recv().unwrap();
                        together.tell_result(&mut trial, outcome).unwrap();
                        // After the last turn, nobody waits for one.
                        let _ = next.send(());
                    }
                });
            }
        });
        assert_eq!(params(&alone), params(&together), "{sampler}");
    }
}

#[test]
fn ranges_and_choices_grow_while_a_search_runs() {
    for sampler in SAMPLERS {
        let options = match sampler.name {
            "grid" => json!({"search_space": {"n": [1, 5], "kind": ["a", "b", "c"]}}),
            _ => options(sampler.name),
        };
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(super::build(sampler.name, &options).unwrap());
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..60 {
            // Once more choices, and then fewer again, as a worker that was not told has them.
            let n_choices = match number {
                0..20 | 50.. => 2,
                _ => 3,
            };
            let high = if number < 20 { 5 } else { 9 };
            let mut trial = study.ask().unwrap();
            let n = trial.suggest_int("n", 1..=high).unwrap();
            let choices = &["a", "b", "c"][..n_choices];
            match trial.suggest_categorical("kind", choices) {
                Ok(kind) => {
                    seen.insert(*kind);
                    let value = n as f64 + f64::from(u8::from(*kind == "a"));
                    study.tell(&mut trial, &[value]).unwrap();
                }
                // The grid has a third choice from the beginning.
                Err(error) if sampler.name == "grid" => {
                    let failed = Err(Stop::failed(error.to_string()));
                    study.tell_result(&mut trial, failed).unwrap();
                }
                Err(error) => panic!("{}: {error}", sampler.name),
            }
        }
        assert!(seen.contains("c"), "{}", sampler.name);
        let mut other = study.ask().unwrap();
        other.suggest_int("n", 1..=9).unwrap();
        let error = other.suggest_categorical("kind", &["c", "a"]).unwrap_err();
        assert!(
            error.to_string().contains("choices may only be added"),
            "{error}"
        );
    }
}

#[test]
fn unknown_options_are_refused_with_the_known_ones() {
    for sampler in SAMPLERS {
        let error = super::build(sampler.name, &json!({"sede": 1}))
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown field `sede`"), "{error}");
        assert!(error.contains("seed"), "{error}");
    }
    let error = super::build("randon", &json!({})).unwrap_err().to_string();
    assert!(error.contains("did you mean `random`?"), "{error}");
}
