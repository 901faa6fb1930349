//! The real Optuna reads what opah copied, and does not mind what was withdrawn.

use std::ops::ControlFlow;
use std::sync::Arc;

use opah::storage::{JournalStorage, Snapshot, SqliteStorage, Storage};
use opah::{Direction, Study};

const MADE: &str = r"
from optuna.distributions import *
study = optuna.create_study(study_name='made', storage=db, directions=['minimize', 'maximize'])
study.set_user_attr('note', {'é': [1, math.nan]})
study.set_metric_names(['loss', 'gain'])
space = {'x': FloatDistribution(1e-5, 1.0, log=True), 'n': IntDistribution(0, 10, step=5),
         'c': CategoricalDistribution([None, True, 2, 2.5, 'é'])}
for number in range(6):
    trial = study.ask(space)
    trial.set_user_attr('number', number)
    if number < 3:
        study.tell(trial, [0.1 * number, math.inf if number == 1 else -0.1])
    elif number == 3:
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
study.enqueue_trial({'x': 0.5})
";

const TOLD: &str = r"
def told(study):
    trials = [(t.number, t.state.name, t.values, sorted(t.params.items()), sorted(t.distributions.items(), key=str),
               t.user_attrs, t.system_attrs, t.intermediate_values, t.datetime_start, t.datetime_complete)
              for t in study.trials]
    return repr((study.directions, study.user_attrs, study.metric_names, trials))
";

#[test]
fn a_copy_is_the_same_study_for_optuna() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.db");
    if super::optuna(&made, MADE).is_none() {
        return;
    }
    let from = SqliteStorage::open(&made).unwrap();
    let snapshot = Snapshot::read(&from, "made").unwrap();
    assert_eq!(snapshot.trials().len(), 7);
    let (sqlite, journal) = (
        folder.path().join("copy.db"),
        folder.path().join("copy.log"),
    );
    for to in [
        &SqliteStorage::open(&sqlite).unwrap() as &dyn Storage,
        &JournalStorage::open(&journal).unwrap(),
    ] {
        let mut go_on = || -> ControlFlow<()> { ControlFlow::Continue(()) };
        snapshot.write_to(to, &mut go_on).unwrap();
    }
    let script = format!(
        r"{TOLD}
journal = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend('{}'))
made, sqlite, journal = [told(optuna.load_study(study_name='made', storage=storage))
                         for storage in (db, 'sqlite:///{}', journal)]
assert sqlite == made, (sqlite, made)
assert journal == made, (journal, made)
",
        journal.display(),
        sqlite.display()
    );
    super::optuna(&made, &script).unwrap();
}

#[test]
fn optuna_goes_on_where_a_trial_was_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let study = Study::create(storage, "s", &[Direction::Minimize]).unwrap();
    let mut trial = study.ask().unwrap();
    trial.suggest_float("x", 0.0..=1.0).unwrap();
    study.tell(&mut trial, &[-5.0]).unwrap();
    study.correct(0, &[5.0], "the sign").unwrap();
    let script = r"
study = optuna.load_study(study_name='s', storage=db)
old, new = study.trials
assert (old.value, new.value, new.params) == (-5.0, 5.0, old.params)
study.optimize(lambda trial: trial.suggest_float('x', 0.0, 1.0), n_trials=2)
";
    if super::optuna(&db, script).is_some() {
        let trials = study.trials().unwrap();
        let numbers: Vec<u64> = trials.iter().map(|trial| trial.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}
