//! With the guard, the real Optuna's workers begin each waiting trial once, on SQLite too.

use std::collections::BTreeSet;
use std::sync::Arc;

use opah::storage::SqliteStorage;
use opah::{Direction, Study, TrialState};

/// The same as in the script.
const N_TRIALS: usize = 40;

/// A worker of Optuna's that begins waiting trials until none is left, tells one in four, and
/// prints those it has begun. All workers begin at once.
const WORKER: &str = r"
import os, time
study = optuna.load_study(study_name='shared', storage=db)
ready = db.removeprefix('sqlite:///') + '.ready'
open(f'{ready}{os.getpid()}', 'w').close()
while len([name for name in os.listdir(os.path.dirname(ready)) if '.ready' in name]) < 2:
    time.sleep(0.001)
begun = []
while True:
    trial = study.ask()
    if trial.number >= 40: break
    begun.append(trial.number)
    if trial.number % 4 == 0: study.tell(trial, trial.suggest_float('x', 0, 1))
print(*begun)
";

#[test]
fn with_the_guard_optunas_workers_begin_a_waiting_trial_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    storage.guard(true).unwrap();
    let study = Study::create(storage.clone(), "shared", &[Direction::Minimize]).unwrap();
    for number in 0..N_TRIALS {
        let x = number as f64 / 64.0;
        study
            .enqueue(serde_json::json!({ "x": x }).as_object().unwrap())
            .unwrap();
    }
    let worker = || super::optuna(&db, WORKER);
    let begun: Vec<Option<String>> = std::thread::scope(|scope| {
        let workers = [scope.spawn(worker), scope.spawn(worker)];
        workers.map(|worker| worker.join().unwrap()).to_vec()
    });
    let Some(begun) = begun.into_iter().collect::<Option<Vec<String>>>() else {
        return;
    };
    let begun: Vec<usize> = begun
        .iter()
        .flat_map(|numbers| numbers.split_whitespace())
        .map(|number| number.parse().unwrap())
        .collect();
    let different: BTreeSet<usize> = begun.iter().copied().collect();
    assert_eq!(begun.len(), N_TRIALS, "{begun:?}");
    assert_eq!(different.len(), N_TRIALS, "{begun:?}");
    for (number, trial) in study.trials().unwrap().iter().take(N_TRIALS).enumerate() {
        if number % 4 == 0 {
            assert_eq!(trial.values, [number as f64 / 64.0]);
        } else {
            assert_eq!(trial.state, TrialState::Running);
        }
    }
    storage.guard(false).unwrap();
    // opah's own trials don't feel a guard.
    storage.guard(true).unwrap();
    let mut trial = study.ask().unwrap();
    study.tell(&mut trial, &[0.0]).unwrap();
}
