//! What every evaluator in [`EVALUATORS`](super::EVALUATORS) must pass.

use serde_json::json;

use super::{EVALUATORS, build, importances};
use crate::error::{Error, Result};
use crate::frozen_trial::Direction;
use crate::history::History;
use crate::sampler::RandomSampler;
use crate::study::Study;
use crate::trial::Trial;

/// The history of `n` random trials.
fn history(n: usize, objective: impl Fn(&mut Trial) -> Result<f64>) -> Result<History> {
    let sampler = std::sync::Arc::new(RandomSampler { seed: 7 });
    let study = Study::in_memory("s", &[Direction::Minimize])?.with_sampler(sampler);
    for _ in 0..n {
        let mut trial = study.ask()?;
        let value = objective(&mut trial)?;
        study.tell(&mut trial, &[value])?;
    }
    study.history()
}

/// A parameter that decides, one that does not matter, one that has a single value.
fn lopsided(trial: &mut Trial) -> Result<f64> {
    let decides = trial.suggest_float("decides", 0.0..=1.0)?;
    trial.suggest_int("idle", 0..=100)?;
    trial.suggest_categorical("only", &["one"])?;
    Ok(decides.powi(2))
}

#[test]
fn the_parameter_that_decides_is_first_and_a_single_value_gets_nothing() -> Result<()> {
    let history = history(100, lopsided)?;
    for entry in EVALUATORS {
        let evaluator = build(entry.name, &json!({}))?;
        for direction in [Direction::Minimize, Direction::Maximize] {
            let shares = importances(&history, direction, evaluator.as_ref(), None, true)?;
            let names: Vec<&str> = shares.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["decides", "idle", "only"], "{}", entry.name);
            assert!(shares[0].1 > 0.6, "{}: {shares:?}", entry.name);
            assert_eq!(shares[2].1, 0.0, "{}", entry.name);
            let sum: f64 = shares.iter().map(|(_, share)| share).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{}: {sum}", entry.name);
        }
    }
    Ok(())
}

#[test]
fn the_same_trials_give_the_same_importances() -> Result<()> {
    let history = history(60, lopsided)?;
    let trials = history.trials();
    let backwards = History::of(trials.iter().rev().map(|trial| trial.as_ref().clone()));
    for entry in EVALUATORS {
        let evaluator = build(entry.name, &json!({}))?;
        let of = |history| importances(history, Direction::Minimize, &*evaluator, None, false);
        assert_eq!(of(&history)?, of(&history)?, "{}", entry.name);
        assert_eq!(of(&history)?, of(&backwards)?, "{}", entry.name);
    }
    Ok(())
}

#[test]
fn only_the_parameters_asked_for_are_judged() -> Result<()> {
    let history = history(60, lopsided)?;
    for entry in EVALUATORS {
        let evaluator = build(entry.name, &json!({}))?;
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            importances(
                &history,
                Direction::Minimize,
                &*evaluator,
                Some(&names),
                true,
            )
        };
        let shares = of(&["only", "idle", "idle"])?;
        assert_eq!(shares[0], ("idle".to_owned(), 1.0), "{}", entry.name);
        assert_eq!(shares[1], ("only".to_owned(), 0.0), "{}", entry.name);
        assert_eq!(of(&["only"])?[0].1, 1.0, "{}: equal shares", entry.name);
        assert_eq!(of(&[])?, [], "{}", entry.name);
        assert_eq!(
            of(&["decide"]).unwrap_err().to_string(),
            "no parameter is named `decide`, did you mean `decides`?; \
             the parameters are decides, idle, only"
        );
    }
    Ok(())
}

#[test]
fn infinite_values_are_left_out_and_too_few_trials_are_counted() -> Result<()> {
    let finite = history(40, |trial| {
        if trial.number() < 39 {
            lopsided(trial)
        } else {
            Ok(0.5)
        }
    })?;
    let trials = finite.trials();
    let without = History::of(trials[..39].iter().map(|trial| trial.as_ref().clone()));
    let with_infinity = History::of(trials.iter().map(|trial| {
        let mut trial = trial.as_ref().clone();
        if trial.number == 39 {
            trial.params = trials[0].params.clone();
            trial.values = vec![f64::INFINITY];
        }
        trial
    }));
    let one = History::of(trials[..1].iter().map(|trial| trial.as_ref().clone()));
    for entry in EVALUATORS {
        let evaluator = build(entry.name, &json!({}))?;
        let of = |history| importances(history, Direction::Minimize, &*evaluator, None, true);
        assert_eq!(of(&with_infinity)?, of(&without)?, "{}", entry.name);
        assert_eq!(
            of(&one).unwrap_err().to_string(),
            "importances need at least 2 complete trials with a finite value; the study has 1"
        );
        let empty = of(&History::default()).unwrap_err().to_string();
        assert!(empty.ends_with("the study has 0"), "{empty}");
    }
    Ok(())
}

#[test]
fn extreme_values_and_ranges_give_finite_shares() -> Result<()> {
    let history = history(50, |trial| {
        let tiny = trial.suggest_float("tiny", 0.0..=5e-324)?;
        let huge = trial.suggest_float("huge", -8e307..=8e307)?;
        let narrow = trial.suggest_float_log("narrow", 1e300..=1.000_000_000_000_000_3e300)?;
        Ok(if huge > 0.0 { 1.7e308 } else { -1.7e308 } + tiny + narrow / 1e300)
    })?;
    for entry in EVALUATORS {
        let evaluator = build(entry.name, &json!({}))?;
        let shares = importances(&history, Direction::Minimize, &*evaluator, None, true)?;
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{}: {shares:?}", entry.name);
    }
    Ok(())
}

#[test]
fn several_objectives_are_refused() -> Result<()> {
    let study = Study::in_memory("s", &[Direction::Minimize, Direction::Maximize])?;
    for _ in 0..3 {
        let mut trial = study.ask()?;
        trial.suggest_float("x", 0.0..=1.0)?;
        study.tell(&mut trial, &[1.0, 2.0])?;
    }
    for entry in EVALUATORS {
        let evaluator = build(entry.name, &json!({}))?;
        let history = study.history()?;
        let error = importances(&history, Direction::Minimize, &*evaluator, None, true);
        assert!(matches!(&error, Err(Error::NotAvailable(reason))
            if reason.ends_with("one objective; this one has 2")));
    }
    Ok(())
}

#[test]
fn unknown_options_are_refused() {
    for entry in EVALUATORS {
        let error = build(entry.name, &json!({"no_such_option": 1})).unwrap_err();
        assert!(error.to_string().contains("no_such_option"), "{error}");
        build(entry.class, &json!(null)).unwrap();
    }
}
