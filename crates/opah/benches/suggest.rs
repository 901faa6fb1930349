//! What a trial costs after 10, 1,000 and 10,000 others: ask, suggest all, tell, in
//! memory. Objectives are squared distances from one or two points.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use opah::Direction::Minimize;
use opah::frozen_trial::{Param, Timestamp};
use opah::math::random::Rng;
use opah::storage::{MemoryStorage, TrialStart, TrialUpdate};
use opah::{Direction, Distribution, FloatDistribution, Storage, Study, TrialState};
use serde_json::json;

/// So many trials are timed before the study is made anew, so that it grows little.
const N_TIMED: u64 = 50;

/// The squared distance from a point, and from a second one if there are two objectives.
fn values(params: &[f64], directions: &[Direction]) -> Vec<f64> {
    let points = [0.3_f64, 0.7].iter().zip(directions);
    points
        .map(|(point, _)| params.iter().map(|x| (x - point).powi(2)).sum())
        .collect()
}

/// A study of `n_trials` uniform points in the unit cube of `names`.
fn study(sampler: &str, directions: &[Direction], n_trials: usize, names: &[String]) -> Study {
    let unit = FloatDistribution::new(0.0, 1.0, false, None).unwrap();
    let unit = Arc::new(Distribution::Float(unit));
    let storage = Arc::new(MemoryStorage::default());
    let id = storage.create_study("bench", directions).unwrap();
    let mut rng = Rng::keyed(0, 0, "bench");
    for _ in 0..n_trials {
        let params: Vec<Param> = names
            .iter()
            .map(|name| Param {
                name: name.as_str().into(),
                value: rng.uniform(),
                distribution: unit.clone(),
            })
            .collect();
        let drawn: Vec<f64> = params.iter().map(|param| param.value).collect();
        let start = TrialStart {
            state: TrialState::Complete,
            values: values(&drawn, directions),
            update: TrialUpdate {
                params,
                ..TrialUpdate::default()
            },
            datetime_complete: Some(Timestamp::UNIX_EPOCH),
            ..TrialStart::running(Timestamp::UNIX_EPOCH)
        };
        storage.create_trial(id, &start).unwrap();
    }
    let sampler = opah::sampler::build(sampler, &json!({"seed": 0})).unwrap();
    Study::load(storage, "bench").unwrap().with_sampler(sampler)
}

fn run_trial(study: &Study, names: &[String]) {
    let mut trial = study.ask().unwrap();
    let params: Vec<f64> = names
        .iter()
        .map(|name| trial.suggest_float(name, 0.0..=1.0).unwrap())
        .collect();
    let values = values(&params, study.directions());
    study.tell(&mut trial, &values).unwrap();
}

fn time(
    n_iterations: u64,
    sampler: &str,
    directions: &[Direction],
    n_trials: usize,
    names: &[String],
) -> Duration {
    let (mut spent, mut left) = (Duration::ZERO, n_iterations);
    while left > 0 {
        let study = study(sampler, directions, n_trials, names);
        run_trial(&study, names);
        let n_timed = left.min(N_TIMED);
        let begin = Instant::now();
        for _ in 0..n_timed {
            run_trial(&study, names);
        }
        spent += begin.elapsed();
        left -= n_timed;
    }
    spent
}

fn suggest(criterion: &mut Criterion) {
    let (one, two): (&[Direction], &[Direction]) = (&[Minimize], &[Minimize; 2]);
    for (sampler, directions) in [
        ("random", one),
        ("qmc", one),
        ("tpe", one),
        ("cmaes", one),
        ("tpe", two),
    ] {
        let name = match directions.len() {
            1 => sampler.to_owned(),
            several => format!("{sampler}, {several} objectives"),
        };
        let mut group = criterion.benchmark_group(name);
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(2));
        for n_params in [5, 10, 30] {
            let names: Vec<String> = (0..n_params).map(|at| format!("x{at:02}")).collect();
            for n_trials in [10, 1_000, 10_000] {
                let id = BenchmarkId::new(format!("{n_params} params"), n_trials);
                group.bench_with_input(id, &n_trials, |bencher, n_trials| {
                    bencher.iter_custom(|n| time(n, sampler, directions, *n_trials, &names));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, suggest);
criterion_main!(benches);
