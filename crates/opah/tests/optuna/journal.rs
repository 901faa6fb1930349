//! The real Optuna and opah share one journal, also at the same time.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use opah::json::Json;
use opah::storage::{AttrKind, JournalStorage};
use opah::{Choice, Direction, FrozenTrial, Stop, Study, TrialState};
use serde_json::json;

fn optuna(journal: &Path, script: &str) -> Option<String> {
    let backend = "optuna.storages.journal.JournalFileBackend";
    let path = journal.display();
    super::optuna_on(
        &format!("optuna.storages.JournalStorage({backend}('{path}'))"),
        script,
    )
}

fn open(journal: &Path) -> Arc<JournalStorage> {
    Arc::new(JournalStorage::open(journal).unwrap())
}

fn create(journal: &Path, direction: Direction) -> Study {
    Study::create(open(journal), "shared", &[direction]).unwrap()
}

/// A list, as text: a reported NaN is not equal to itself.
fn text(trials: &[Arc<FrozenTrial>]) -> String {
    format!("{trials:?}")
}

#[test]
fn optuna_reads_and_continues_what_opah_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.log");
    let study = create(&path, Direction::Maximize);
    let note = Json::new("hé\"llo");
    study.set_attr(AttrKind::User, "note", &note).unwrap();
    let choices = [
        Choice::Null,
        true.into(),
        2_i64.into(),
        2.5.into(),
        "é".into(),
        f64::NAN.into(),
    ];
    for number in 0..4 {
        let mut trial = study.ask().unwrap();
        let x = trial.suggest_float("x", -1.0..=1.0).unwrap();
        trial.suggest_float_log("lr", 1e-5..=1e-1).unwrap();
        trial.suggest_int_step("n", 0..=10, 5).unwrap();
        trial.suggest_categorical("c", &choices).unwrap();
        trial.set_user_attr("number", &Json::new(&number));
        trial.set_user_attr("nan", &Json::from_f64(f64::NAN));
        trial.set_user_attr("list", &Json::new(&json!([1, {"é": null}])));
        let first = if number == 1 { f64::NAN } else { 0.25 };
        trial.report(0, first).unwrap();
        trial.report(3, f64::INFINITY).unwrap();
        let result = match number {
            0 => Ok(vec![x]),
            1 => Ok(vec![f64::NEG_INFINITY]),
            2 => Err(Stop::Pruned),
            _ => Err(Stop::failed("planned")),
        };
        study.tell_result(&mut trial, result).unwrap();
    }
    study
        .enqueue(json!({"x": 0.5}).as_object().unwrap())
        .unwrap();
    let expected = study.trials().unwrap();
    let told = optuna(
        &path,
        r"
study = optuna.load_study(study_name='shared', storage=db)
assert study.direction.name == 'MAXIMIZE' and study.user_attrs == {'note': 'hé\x22llo'}
a, b, c, d, e = study.trials
assert [t.state.name for t in study.trials] == ['COMPLETE', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING']
assert a.value == a.params['x'] and b.value == -math.inf and c.value == math.inf and d.values is None
assert math.isnan(b.intermediate_values[0]) and a.intermediate_values == {0: 0.25, 3: math.inf}
D = optuna.distributions
assert a.distributions['x'] == D.FloatDistribution(-1, 1)
assert a.distributions['lr'] == D.FloatDistribution(1e-5, 1e-1, log=True)
assert a.distributions['n'] == D.IntDistribution(0, 10, step=5)
assert a.distributions['c'] == D.CategoricalDistribution([None, True, 2, 2.5, 'é', math.nan])
assert a.user_attrs['number'] == 0 and a.user_attrs['list'] == [1, {'é': None}]
assert math.isnan(a.user_attrs['nan'])
assert abs((a.datetime_start - __import__('datetime').datetime.now()).total_seconds()) < 600
trial = study.ask()
assert trial.number == 4 and trial.suggest_float('x', -1, 1) == 0.5
study.tell(trial, 0.5)
study.optimize(lambda trial: trial.suggest_float('x', -1, 1), n_trials=3)
assert [t.number for t in study.trials] == list(range(8))
try: optuna.create_study(study_name='shared', storage=db)
except optuna.exceptions.DuplicatedStudyError: pass
else: assert False
",
    );
    if told.is_none() {
        return;
    }
    // By a storage that followed, and by one that reads from the beginning.
    let trials = study.trials().unwrap();
    let again = Study::load(open(&path), "shared").unwrap();
    assert_eq!(text(&again.trials().unwrap()), text(&trials));
    assert_eq!(text(&trials[..4]), text(&expected[..4]));
    assert_eq!(trials[4].values, [0.5]);
    assert_eq!(trials.len(), 8);
}

#[test]
fn a_released_trial_runs_again_and_optuna_keeps_its_reports() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.log");
    let study = create(&path, Direction::Minimize);
    let mut trial = study.ask().unwrap();
    let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
    trial.report(0, x).unwrap();
    study.release(trial.frozen(), &[]).unwrap();
    assert!(study.trials().unwrap()[0].intermediate_values.is_empty());
    let told = optuna(
        &path,
        r"
study = optuna.load_study(study_name='shared', storage=db)
waiting, = study.trials
assert waiting.state.name == 'WAITING' and len(waiting.intermediate_values) == 1
trial = study.ask()
assert trial.number == 0 and trial.suggest_float('x', 0, 1) == waiting.params['x']
study.tell(trial, 2.0)
",
    );
    if told.is_some() {
        let trials = study.trials().unwrap();
        assert_eq!(trials[0].state, TrialState::Complete);
        assert_eq!(trials[0].values, [2.0]);
    }
}

#[test]
fn both_work_on_one_journal_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.log");
    let study = create(&path, Direction::Minimize);
    for number in 0..30 {
        let params = json!({"x": f64::from(number) / 64.0});
        study.enqueue(params.as_object().unwrap()).unwrap();
    }
    let workers_of_opah = || {
        let study = Study::load(open(&path), "shared").unwrap();
        for _ in 0..20 {
            let mut trial = study.ask().unwrap();
            let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
            study.tell(&mut trial, &[x]).unwrap();
        }
    };
    let told = std::thread::scope(|scope| {
        scope.spawn(workers_of_opah);
        scope.spawn(workers_of_opah);
        optuna(
            &path,
            r"
study = optuna.load_study(study_name='shared', storage=db)
study.optimize(lambda trial: trial.suggest_float('x', 0, 1), n_trials=20)
mine = {t.number: t.value for t in study.trials if t.state.name == 'COMPLETE'}
assert len(mine) >= 20
",
        )
    });
    let trials = study.trials().unwrap();
    if told.is_some() {
        assert_eq!(trials.len(), 60);
    }
    for (number, trial) in trials.iter().enumerate() {
        assert_eq!(trial.number, number as u64);
        assert_eq!(trial.state, TrialState::Complete);
        assert_eq!(trial.values, [trial.params.get("x").unwrap().value]);
        if number < 30 {
            assert_eq!(trial.values, [number as f64 / 64.0]);
        }
    }
    let again = Study::load(open(&path), "shared").unwrap();
    assert_eq!(text(&again.trials().unwrap()), text(&trials));
}

#[test]
fn a_journal_that_optuna_cannot_read_any_more_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.log");
    let study = create(&path, Direction::Minimize);
    for _ in 0..3 {
        let mut trial = study.ask().unwrap();
        let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
        study.tell(&mut trial, &[x]).unwrap();
    }
    drop(study);
    // The last tell was killed while it was written, and what Optuna appends is lost to it.
    let journal = fs::read(&path).unwrap();
    fs::write(&path, &journal[..journal.len() - 9]).unwrap();
    let broken = optuna(
        &path,
        r"
study = optuna.load_study(study_name='shared', storage=db)
for _ in range(2):
    try: study.enqueue_trial({'x': 0.5})
    except Exception: pass
try: study.trials
except json.JSONDecodeError: pass
else: assert False, 'Optuna reads on now'
",
    );
    if broken.is_none() {
        return;
    }
    let study = Study::load(open(&path), "shared").unwrap();
    let mut trial = study.ask().unwrap();
    assert_eq!(trial.number(), 3);
    assert_eq!(trial.suggest_float("x", 0.0..=1.0).unwrap(), 0.5);
    study.tell(&mut trial, &[0.5]).unwrap();
    optuna(
        &path,
        r"
study = optuna.load_study(study_name='shared', storage=db)
assert [t.state.name for t in study.trials] == ['COMPLETE', 'COMPLETE', 'RUNNING', 'COMPLETE', 'WAITING']
assert study.trials[3].value == 0.5
",
    );
}
