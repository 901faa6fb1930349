//! Trials of `nsga2` and of Optuna's `NSGAIISampler` make one population.

use std::sync::Arc;

use opah::storage::SqliteStorage;
use opah::{Direction, Study};
use serde_json::json;

/// Runs so many trials of the script's objective.
fn run(study: &Study, n_trials: usize) {
    for _ in 0..n_trials {
        let mut trial = study.ask().unwrap();
        let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
        let n = trial.suggest_int("n", 1..=9).unwrap();
        study.tell(&mut trial, &[x, x * n as f64]).unwrap();
    }
}

#[test]
fn generations_of_both_follow_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let directions = [Direction::Minimize, Direction::Maximize];
    let options = json!({"population_size": 5, "seed": 1});
    let study = Study::create(storage, "shared", &directions)
        .unwrap()
        .with_sampler(opah::sampler::build("nsga2", &options).unwrap());
    run(&study, 7);
    let Some(out) = super::optuna(
        &db,
        r"
sampler = optuna.samplers.NSGAIISampler(population_size=5, seed=1)
study = optuna.load_study(study_name='shared', storage=db, sampler=sampler)
def objective(trial):
    x = trial.suggest_float('x', 0, 1)
    return x, x * trial.suggest_int('n', 1, 9)
study.optimize(objective, n_trials=5)
print(*[t.number for t in study.best_trials])
",
    ) else {
        return;
    };
    let best = study.best_trials().unwrap();
    let numbers: Vec<String> = best.iter().map(|trial| trial.number.to_string()).collect();
    assert_eq!(numbers.join(" "), out.trim());
    run(&study, 5);
    let generations: Vec<String> = study
        .trials()
        .unwrap()
        .iter()
        .map(|trial| {
            trial.system_attrs["NSGAIISampler:generation"]
                .as_str()
                .to_owned()
        })
        .collect();
    assert_eq!(generations.join(""), "00000111112222233");
}
