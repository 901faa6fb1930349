//! Trials that were enqueued, added or begun by one program and are told by the other.

use std::sync::Arc;

use opah::ask_tell::IfFinished;
use opah::json::Json;
use opah::queue::Enqueue;
use opah::storage::SqliteStorage;
use opah::{Direction, Distribution, FloatDistribution, SearchSpace, Stop, Study, TrialState};
use serde_json::json;

#[test]
fn trials_that_one_program_adds_are_the_others_too() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let study = Study::create(storage, "shared", &[Direction::Maximize]).unwrap();
    study.set_metric_names(&["accuracy"]).unwrap();

    // Trial 0 was run elsewhere, 1 is running, 2 waits.
    let elsewhere = Study::in_memory("elsewhere", &[Direction::Maximize]).unwrap();
    let mut pruned = elsewhere.ask().unwrap();
    pruned.suggest_float("x", 0.0..=1.0).unwrap();
    pruned.report(4, 0.25).unwrap();
    let pruned = elsewhere
        .tell_result(&mut pruned, Err(Stop::Pruned))
        .unwrap();
    study.add_trial(&pruned).unwrap();
    let x = Distribution::Float(FloatDistribution::new(0.0, 1.0, false, None).unwrap());
    let space = SearchSpace::from_iter([("x".into(), Arc::new(x))]);
    let mut running = study.ask_with(&space).unwrap();
    running.flush().unwrap();
    let once = Enqueue {
        user_attrs: [("why".to_owned(), Json::new("a guess"))].into(),
        skip_if_exists: true,
    };
    let enqueue = |params: serde_json::Value| {
        let added = study
            .enqueue_with(params.as_object().unwrap(), &once)
            .unwrap();
        added.map(|trial| trial.number)
    };
    assert_eq!(enqueue(json!({"x": 0.5, "c": "é"})), Some(2));

    let told = super::optuna(
        &db,
        r"
study = optuna.load_study(study_name='shared', storage=db)
assert study.metric_names == ['accuracy']
pruned, running, waiting = study.trials
assert [t.state.name for t in study.trials] == ['PRUNED', 'RUNNING', 'WAITING']
assert pruned.value == 0.25 and pruned.intermediate_values == {4: 0.25}
assert pruned.distributions == running.distributions and 0 <= running.params['x'] <= 1
assert waiting.user_attrs == {'why': 'a guess'}
study.enqueue_trial({'x': 0.5, 'c': 'é'}, skip_if_exists=True)
assert len(study.trials) == 3
study.enqueue_trial({'x': 0.75, 'c': None})
study.tell(1, 0.125)
trial = study.ask({'x': optuna.distributions.FloatDistribution(0, 1)})
assert trial.number == 2 and trial.params == {'x': 0.5}
",
    );
    if told.is_none() {
        return;
    }
    assert_eq!(enqueue(json!({"x": 0.75, "c": null})), None);
    assert_eq!(
        enqueue(json!({"x": pruned.params.get("x").unwrap().value})),
        None
    );
    let first = study
        .tell_number(1, Ok(vec![9.0]), IfFinished::Skip)
        .unwrap();
    assert_eq!(
        (first.state, first.values.as_slice()),
        (TrialState::Complete, [0.125].as_slice())
    );
    // Trial 2 is Optuna's, and ended here.
    let mut theirs = study.trial(2).unwrap();
    assert_eq!(theirs.suggest_float("x", 0.0..=1.0).unwrap(), 0.5);
    study.tell(&mut theirs, &[1.0]).unwrap();
    super::optuna(
        &db,
        r"
study = optuna.load_study(study_name='shared', storage=db)
assert study.best_trial.number == 2 and study.best_params == {'x': 0.5}
",
    );
}

#[test]
fn a_trial_that_is_given_back_is_run_again_by_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let study = Study::create(storage, "shared", &[Direction::Maximize]).unwrap();
    let mut trial = study.ask().unwrap();
    let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
    trial.report(0, x).unwrap();
    study.release(trial.frozen(), &[]).unwrap();
    let told = super::optuna(
        &db,
        r"
study = optuna.load_study(study_name='shared', storage=db)
waiting, = study.trials
assert waiting.state.name == 'WAITING' and waiting.datetime_start is None
assert waiting.intermediate_values == {}
trial = study.ask()
assert trial.number == 0
x = trial.suggest_float('x', 0, 1)
assert x == waiting.params['x']
trial.report(x / 2, 0)
study.tell(trial, x)
",
    );
    if told.is_none() {
        return;
    }
    let again = &study.trials().unwrap()[0];
    assert_eq!(again.state, TrialState::Complete);
    assert_eq!(again.values, [x]);
    assert_eq!(again.last_report(), Some(x / 2.0));
}
