//! What priors and earlier studies are worth.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use opah::prior::{Prior, Priors};
use opah::warm_start::WarmStart;
use opah::{
    CategoricalDistribution, Choice, Direction, Distribution, FloatDistribution, SearchSpace,
    Study, sampler,
};
use serde_json::json;

const NAMES: [&str; 3] = ["x", "y", "z"];

/// The optimum of the quadratic, in each parameter.
const OPTIMUM: f64 = 0.8;

/// Each of some parameters is believed to be near `mean`.
fn near(mean: f64, n_parameters: usize) -> Arc<Priors> {
    let mut priors = Priors::default();
    for name in &NAMES[..n_parameters] {
        priors
            .insert(name, Prior::Normal { mean, sd: 0.05 })
            .unwrap();
    }
    Arc::new(priors)
}

/// The best value of a quadratic after so many trials, in the mean of five seeds.
fn best(name: &str, priors: &Arc<Priors>, n_parameters: usize, n_trials: usize) -> f64 {
    let of_seed = |seed: u64| {
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(sampler::build(name, &json!({"seed": seed})).unwrap())
            .with_priors(priors.clone());
        for _ in 0..n_trials {
            let mut trial = study.ask().unwrap();
            let mut sum = 0.0;
            for name in &NAMES[..n_parameters] {
                let value = trial.suggest_float(name, 0.0..=1.0).unwrap();
                sum += (value - OPTIMUM).powi(2);
            }
            study.tell(&mut trial, &[sum]).unwrap();
        }
        study.best_trial().unwrap().values[0]
    };
    (0..5).map(of_seed).sum::<f64>() / 5.0
}

#[test]
fn a_good_prior_finds_the_optimum_faster() {
    let nothing = Arc::new(Priors::default());
    for (name, n_trials) in [("random", 20), ("tpe", 30), ("gp", 6)] {
        let with = best(name, &near(0.75, 3), 3, n_trials);
        let without = best(name, &nothing, 3, n_trials);
        assert!(with < 0.5 * without, "{name}: {with} {without}");
    }
}

#[test]
fn a_wrong_prior_is_overcome() {
    for (name, n_trials, bar) in [("gp", 60, 0.01), ("tpe", 150, 0.1)] {
        let reached = best(name, &near(0.1, 2), 2, n_trials);
        assert!(reached < bar, "{name}: {reached}");
    }
}

fn float(low: f64, high: f64) -> Arc<Distribution> {
    Arc::new(Distribution::Float(
        FloatDistribution::new(low, high, false, None).unwrap(),
    ))
}

/// An earlier study of a quadratic, of which one choice is better.
fn earlier() -> Study {
    let study = Study::in_memory("earlier", &[Direction::Minimize])
        .unwrap()
        .with_sampler(sampler::build("random", &json!({"seed": 1})).unwrap());
    for _ in 0..60 {
        let mut trial = study.ask().unwrap();
        let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
        let kind = *trial.suggest_categorical("kind", &["a", "b"]).unwrap();
        let loss = (x - OPTIMUM).powi(2) + if kind == "a" { 0.0 } else { 1.0 };
        study.tell(&mut trial, &[loss]).unwrap();
    }
    study
}

fn space() -> SearchSpace {
    let choices = ["c", "b", "a"].map(Choice::from).to_vec();
    let kind = Distribution::Categorical(CategoricalDistribution::new(choices).unwrap());
    SearchSpace::from_iter([
        ("kind".into(), Arc::new(kind)),
        ("new".into(), float(-1.0, 1.0)),
        ("x".into(), float(0.5, 2.0)),
    ])
}

#[test]
fn a_warm_start_tries_the_best_first_and_stays_near_the_good() {
    let source = earlier();
    let warm = WarmStart::of(&source, 1, &space()).unwrap();
    let study = Study::in_memory("s", &[Direction::Maximize])
        .unwrap()
        .with_sampler(sampler::build("random", &json!({"seed": 2})).unwrap())
        .with_priors(Arc::new(warm.priors.clone()));
    assert_eq!(warm.enqueue(&study).unwrap(), 5);
    assert_eq!(warm.enqueue(&study).unwrap(), 0, "they are there already");
    let mut n_near = 0;
    for number in 0..105 {
        let mut trial = study.ask_with(&space()).unwrap();
        let params = &trial.frozen().params;
        let (x, kind) = (params.get("x").unwrap(), params.get("kind").unwrap());
        if number == 0 {
            let best = source.best_trial().unwrap();
            assert_eq!(x.value, best.params.get("x").unwrap().value);
        }
        if number >= 5 && (x.value - OPTIMUM).abs() < 0.3 && kind.value == 2.0 {
            n_near += 1;
        }
        study.tell(&mut trial, &[0.0]).unwrap();
    }
    // Of uniform draws, it would be an eighth.
    assert!(n_near > 50, "{n_near} of 100");
}

#[test]
fn what_a_study_can_not_begin_with_is_refused() {
    let refused = |source: &Study, n_objectives: usize, space: &SearchSpace| {
        let refused = WarmStart::of(source, n_objectives, space);
        refused.unwrap_err().to_string()
    };
    let source = earlier();
    let said = refused(&source, 2, &space());
    assert!(
        said.contains("has 1 objective(s), and the new one 2"),
        "{said}"
    );
    let other = SearchSpace::from_iter([("width".into(), float(0.0, 1.0))]);
    let said = refused(&source, 1, &other);
    assert!(
        said.contains("no parameter of the new search space"),
        "{said}"
    );
    let empty = Study::in_memory("empty", &[Direction::Minimize]).unwrap();
    let said = refused(&empty, 1, &space());
    assert!(
        said.contains("`empty` has no feasible complete trial"),
        "{said}"
    );
}

#[test]
fn a_prior_that_does_not_fit_is_an_error_of_the_suggestion() {
    let mut priors = Priors::default();
    let zero = Prior::Normal { mean: 0.0, sd: 2.0 };
    priors.insert("lr", zero).unwrap();
    let study = Study::in_memory("s", &[Direction::Minimize])
        .unwrap()
        .with_priors(Arc::new(priors));
    let mut trial = study.ask().unwrap();
    let error = trial.suggest_float_log("lr", 1e-5..=1.0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the prior of `lr`: `mean` = 0 must be positive, because the parameter is logarithmic"
    );
    assert_eq!(study.doubt_of_priors(), None);
    let study = study.with_sampler(sampler::build("nsga2", &json!({})).unwrap());
    let doubt = study.doubt_of_priors().unwrap();
    assert!(doubt.contains("auto, random, tpe, gp"), "{doubt}");
}
