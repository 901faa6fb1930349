//! Each sampler beats a simpler one on most seeds.
#![expect(clippy::unwrap_used, reason = "a test")]

use opah::{Direction, Stop, Study, Trial};
use serde_json::json;

type Objective = fn(&mut Trial) -> opah::Result<f64>;

fn sphere(trial: &mut Trial) -> opah::Result<f64> {
    let mut sum = 0.0;
    for name in ["a", "b", "c", "d", "e"] {
        sum += trial.suggest_float(name, -5.0..=5.0)?.powi(2);
    }
    Ok(sum)
}

fn branin(trial: &mut Trial) -> opah::Result<f64> {
    use std::f64::consts::PI;
    let x = trial.suggest_float("x", -5.0..=10.0)?;
    let y = trial.suggest_float("y", 0.0..=15.0)?;
    let valley = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    Ok(valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0)
}

/// Every kind of parameter, with a branch.
fn mixed(trial: &mut Trial) -> opah::Result<f64> {
    let lr = trial.suggest_float_log("lr", 1e-6..=1.0)?;
    let width = trial.suggest_int_log("width", 8..=1024)?;
    let dropout = trial.suggest_float_step("dropout", 0.0..=0.8, 0.1)?;
    let kind = *trial.suggest_categorical("kind", &["sgd", "adam", "rmsprop"])?;
    let penalty = match kind {
        "sgd" => 0.5 + (trial.suggest_float("momentum", 0.0..=1.0)? - 0.9).abs(),
        "adam" => 0.0,
        _ => 0.3,
    };
    let distance = (lr.log10() + 3.0).powi(2) + (width as f64 / 128.0).log2().powi(2) / 4.0;
    Ok(distance + 2.0 * (dropout - 0.3).abs() + penalty)
}

fn best(sampler: &str, seed: u64, n_trials: usize, objective: Objective) -> f64 {
    let sampler = opah::sampler::build(sampler, &json!({"seed": seed})).unwrap();
    let study = Study::in_memory("s", &[Direction::Minimize])
        .unwrap()
        .with_sampler(sampler);
    for _ in 0..n_trials {
        let mut trial = study.ask().unwrap();
        let result = objective(&mut trial).map(|value| vec![value]);
        study
            .tell_result(&mut trial, result.map_err(Stop::from))
            .unwrap();
    }
    study.best_trial().unwrap().values[0]
}

#[test]
fn tpe_beats_random_search_on_nearly_every_seed() {
    for (name, objective, bar) in [
        ("sphere", sphere as Objective, 10),
        ("branin", branin, 8),
        ("mixed", mixed, 8),
    ] {
        let wins = (0..10).filter(|seed| {
            best("tpe", *seed, 100, objective) < best("random", *seed, 100, objective)
        });
        let n_wins = wins.count();
        assert!(
            n_wins >= bar,
            "{name}: {n_wins} wins of 10, fewer than {bar}"
        );
    }
}

/// A sphere whose middle is not that of the space.
fn shifted(trial: &mut Trial) -> opah::Result<f64> {
    let mut sum = 0.0;
    for (name, middle) in [("a", 1.3), ("b", -2.2), ("c", 0.4), ("d", 3.1)] {
        sum += (trial.suggest_float(name, -5.0..=5.0)? - middle).powi(2);
    }
    Ok(sum)
}

#[test]
fn gp_needs_half_the_trials_of_tpe() {
    for (name, objective) in [
        ("shifted sphere", shifted as Objective),
        ("branin", branin),
        ("mixed", mixed),
    ] {
        let wins = (0..6)
            .filter(|seed| best("gp", *seed, 40, objective) < best("tpe", *seed, 80, objective));
        let n_wins = wins.count();
        assert!(n_wins >= 5, "{name}: {n_wins} wins of 6, fewer than 5");
    }
}

/// The mean of a function over the points estimates its mean over the space, which for the
/// sphere is 5 · 25 / 3.
#[test]
fn scrambled_points_lie_more_evenly_than_random_ones() {
    let error = |sampler: &str, options: serde_json::Value| {
        let sampler = opah::sampler::build(sampler, &options).unwrap();
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(sampler);
        let options = opah::optimize::Optimize::trials(129);
        study
            .optimize(&options, |trial| Ok(sphere(trial)?))
            .unwrap();
        let trials = study.trials().unwrap();
        let sum: f64 = trials[1..].iter().filter_map(|trial| trial.value()).sum();
        (sum / 128.0 - 125.0 / 3.0).abs()
    };
    for qmc_type in ["sobol", "halton"] {
        let wins = (0..10).filter(|seed| {
            let options = json!({"qmc_type": qmc_type, "scramble": true, "seed": seed});
            error("qmc", options) < error("random", json!({"seed": seed}))
        });
        let n_wins = wins.count();
        assert!(n_wins >= 8, "{qmc_type}: {n_wins} wins of 10, fewer than 8");
    }
}
