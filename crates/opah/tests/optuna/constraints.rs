//! Constraints that one program sets count in the other.

use std::sync::Arc;

use opah::storage::SqliteStorage;
use opah::{Direction, Study};

#[test]
fn optuna_reads_and_obeys_constraints() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let study = Study::create(storage, "shared", &[Direction::Minimize]).unwrap();
    for (value, constraints) in [
        (1.0, [0.5, -1.0]),
        (2.0, [0.0, -0.25]),
        (3.0, [f64::NEG_INFINITY, -1.0]),
        (0.0, [f64::INFINITY, 2.0]),
    ] {
        let mut trial = study.ask().unwrap();
        trial.set_constraint("size", constraints[0]).unwrap();
        trial.set_constraint("co:st", constraints[1]).unwrap();
        study.tell(&mut trial, &[value]).unwrap();
    }
    let Some(out) = super::optuna(
        &db,
        r"
study = optuna.load_study(study_name='shared', storage=db)
assert [t.constraints for t in study.trials] == [
    {'co:st': -1.0, 'size': 0.5}, {'co:st': -0.25, 'size': 0.0},
    {'co:st': -1.0, 'size': -math.inf}, {'co:st': 2.0, 'size': math.inf}]
assert study.best_trial.number == 1 and [t.number for t in study.best_trials] == [1]
trial = study.ask()
trial.set_constraint('size', 1)
study.tell(trial, -1.0)
trial = study.ask()
trial.set_constraint('size', -0.5)
study.tell(trial, 1.5)
print(study.best_trial.number)
",
    ) else {
        return;
    };
    let best = study.best_trial().unwrap();
    assert_eq!(best.number.to_string(), out.trim());
    assert_eq!(best.constraints()["size"], -0.5);
    assert_eq!(study.trials().unwrap()[4].violation(), 1.0);
}
