//! All runs of one program, made by the real Optuna and by opah together.

use std::sync::Arc;

use opah::optimize::Optimize;
use opah::storage::SqliteStorage;
use opah::{Stop, Study, Trial};
use serde_json::json;

#[test]
fn what_one_has_run_the_other_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let program = r"
sampler = optuna.samplers.BruteForceSampler(seed=3)
study = optuna.create_study(study_name='shared', storage=db, sampler=sampler, load_if_exists=True)
def objective(trial):
    if trial.suggest_categorical('kind', ['float', 'int']) == 'float':
        return trial.suggest_float('x', 1, 3, step=0.5)
    a = trial.suggest_int('a', 1, 3)
    return 10 * a + trial.suggest_int('b', a, 3)
";
    if super::optuna(
        &db,
        &format!("{program}\nstudy.optimize(objective, n_trials=4)"),
    )
    .is_none()
    {
        return;
    }
    let options = json!({"seed": 3});
    let study = Study::load(Arc::new(SqliteStorage::open(&db).unwrap()), "shared")
        .unwrap()
        .with_sampler(opah::sampler::build("brute_force", &options).unwrap());
    let objective = |trial: &mut Trial| -> Result<f64, Stop> {
        if *trial.suggest_categorical("kind", &["float", "int"])? == "float" {
            return Ok(trial.suggest_float_step("x", 1.0..=3.0, 0.5)?);
        }
        let a = trial.suggest_int("a", 1..=3)?;
        Ok((a * 10 + trial.suggest_int("b", a..=3)?) as f64)
    };
    study.optimize(&Optimize::trials(4), objective).unwrap();
    super::optuna(&db, &format!("{program}\nstudy.optimize(objective)\n"));
    assert!(study.is_exhausted().unwrap());
    let trials = study.trials().unwrap();
    let mut values: Vec<f64> = trials.iter().filter_map(|trial| trial.value()).collect();
    values.sort_by(f64::total_cmp);
    let all = [1.0, 1.5, 2.0, 2.5, 3.0, 11.0, 12.0, 13.0, 22.0, 23.0, 33.0];
    assert_eq!(values, all);
}
