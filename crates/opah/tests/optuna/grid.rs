//! One grid in one study, gone through by the real Optuna and by opah.

use std::collections::BTreeSet;
use std::sync::Arc;

use opah::optimize::Optimize;
use opah::storage::SqliteStorage;
use opah::{Stop, Study, Trial};
use serde_json::json;

#[test]
fn both_go_through_one_grid_together() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let begun = super::optuna(
        &db,
        r"
sampler = optuna.samplers.GridSampler({'b': [0.1, 2, 3], 'a': ['x', 'y']}, seed=5)
study = optuna.create_study(study_name='shared', storage=db, sampler=sampler)
def objective(trial):
    trial.suggest_categorical('a', ['x', 'y'])
    return trial.suggest_float('b', 0, 3)
study.optimize(objective, n_trials=2)
",
    );
    if begun.is_none() {
        return;
    }
    let search_space = json!({"a": ["x", "y"], "b": [0.1, 2, 3]});
    let options = json!({"search_space": search_space, "seed": 5});
    let study = Study::load(Arc::new(SqliteStorage::open(&db).unwrap()), "shared")
        .unwrap()
        .with_sampler(opah::sampler::build("grid", &options).unwrap());
    let objective = |trial: &mut Trial| -> Result<f64, Stop> {
        trial.suggest_categorical("a", &["x", "y"])?;
        Ok(trial.suggest_float("b", 0.0..=3.0)?)
    };
    study.optimize(&Optimize::trials(3), objective).unwrap();
    super::optuna(
        &db,
        r"
sampler = optuna.samplers.GridSampler({'b': [0.1, 2, 3], 'a': ['x', 'y']}, seed=5)
study = optuna.load_study(study_name='shared', storage=db, sampler=sampler)
assert [t.system_attrs['grid_id'] for t in study.trials] == [0, 1, 2, 3, 4]
points = [dict(zip(sampler._param_names, point)) for point in sampler._all_grids]
assert [t.params for t in study.trials] == points[:5], study.trials
def objective(trial):
    trial.suggest_categorical('a', ['x', 'y'])
    return trial.suggest_float('b', 0, 3)
study.optimize(objective)
assert len(study.trials) == 6 and sampler.is_exhausted(study)
",
    );
    assert!(study.is_exhausted().unwrap());
    let trials = study.trials().unwrap();
    let points: BTreeSet<String> = trials
        .iter()
        .map(|trial| format!("{:?}", trial.params))
        .collect();
    assert_eq!(points.len(), 6);
}
