//! What opah and Optuna do with a storage that they share, whatever it is. `optuna` is the
//! Python expression of the storage.

use std::sync::Arc;

use opah::json::Json;
use opah::storage::AttrKind;
use opah::{Direction, Stop, Storage, Study, TrialState};

use crate::optuna_on;

/// Opens the storage once more.
pub(crate) type Open<'a> = &'a (dyn Fn() -> Arc<dyn Storage> + Sync);

/// What opah stores, Optuna reads and goes on with; what Optuna stores, opah reads.
pub(crate) fn check_both_ways(open: Open, optuna: &str) {
    let study = Study::create(open(), "shared", &[Direction::Maximize]).unwrap();
    study
        .set_attr(AttrKind::User, "note", &Json::new("hé\"llo"))
        .unwrap();
    for number in 0..4 {
        let mut trial = study.ask().unwrap();
        let lr = trial.suggest_float_log("lr", 1e-5..=1e-1).unwrap();
        trial.suggest_int_step("n", 0..=10, 5).unwrap();
        trial.suggest_categorical("kind", &["a", "b"]).unwrap();
        trial.set_user_attr("number", &Json::new(&number));
        trial
            .report(0, if number == 1 { f64::NAN } else { 0.25 })
            .unwrap();
        trial.report(3, f64::INFINITY).unwrap();
        let result = match number {
            0 => Ok(vec![lr]),
            1 => Ok(vec![f64::NEG_INFINITY]),
            2 => Err(Stop::Pruned),
            _ => Err(Stop::failed("planned")),
        };
        study.tell_result(&mut trial, result).unwrap();
    }
    // As the server keeps them, without the fractions of a second that it may forget.
    let stored = Study::load(open(), "shared").unwrap();
    let expected = format!("{:?}", stored.trials().unwrap());
    optuna_on(
        optuna,
        r"
study = optuna.load_study(study_name='shared', storage=db)
assert study.direction.name == 'MAXIMIZE' and study.user_attrs == {'note': 'hé\x22llo'}
a, b, c, d = study.trials
assert [t.state.name for t in study.trials] == ['COMPLETE', 'COMPLETE', 'PRUNED', 'FAIL']
assert a.value == a.params['lr'] and b.value == -math.inf and c.value == math.inf and d.values is None
assert math.isnan(b.intermediate_values[0]) and a.intermediate_values == {0: 0.25, 3: math.inf}
assert a.distributions['n'] == optuna.distributions.IntDistribution(0, 10, step=5)
assert a.params['kind'] in ('a', 'b') and a.user_attrs == {'number': 0}
assert abs((a.datetime_start - __import__('datetime').datetime.now()).total_seconds()) < 600
def objective(trial):
    trial.set_user_attr('k', {'a': [None, math.inf]})
    trial.report(0.5, 1)
    trial.suggest_int('n', 0, 10, step=5)
    return trial.suggest_float('lr', 1e-5, 1e-1, log=True)
study.optimize(objective, n_trials=2)
study.enqueue_trial({'lr': 0.03125}, user_attrs={'q': 1})
assert [t.number for t in study.trials] == list(range(7))
print(a.params['lr'])
",
    )
    .unwrap();
    // Read anew, and by whom had read before.
    let fresh = Study::load(open(), "shared").unwrap();
    for study in [&study, &fresh] {
        let trials = study.trials().unwrap();
        let states: Vec<TrialState> = trials.iter().map(|trial| trial.state).collect();
        assert_eq!(
            states[4..],
            [
                TrialState::Complete,
                TrialState::Complete,
                TrialState::Waiting
            ]
        );
        let last = &trials[5];
        assert_eq!(last.values, [last.params.get("lr").unwrap().value]);
        assert_eq!(
            last.user_attrs["k"],
            Json::from_text(r#"{"a": [null, Infinity]}"#)
        );
        assert_eq!(last.last_report(), Some(0.5));
        assert!(last.duration().is_some());
    }
    // As text, because a reported NaN is not equal to itself.
    assert_eq!(format!("{:?}", &fresh.trials().unwrap()[..4]), expected);
    let mut trial = study.ask().unwrap();
    assert_eq!(trial.suggest_float_log("lr", 1e-5..=1e-1).unwrap(), 0.03125);
    study.tell_result(&mut trial, Ok(vec![1.0])).unwrap();
}

/// Two workers of each on one study: numbers without a gap, each enqueued trial run once.
pub(crate) fn check_at_the_same_time(open: Open, optuna: &str) {
    let study = Study::create(open(), "s", &[Direction::Minimize]).unwrap();
    for _ in 0..20 {
        study.enqueue(&serde_json::Map::new()).unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let script = "
study = optuna.load_study(study_name='s', storage=db, sampler=optuna.samplers.RandomSampler())
study.optimize(lambda trial: trial.suggest_float('x', 0, 1), n_trials=15)";
                optuna_on(optuna, script).unwrap();
            });
            scope.spawn(|| {
                let study = Study::load(open(), "s").unwrap();
                for _ in 0..15 {
                    let mut trial = study.ask().unwrap();
                    let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
                    study.tell_result(&mut trial, Ok(vec![x])).unwrap();
                }
            });
        }
    });
    let trials = study.trials().unwrap();
    let numbers: Vec<u64> = trials.iter().map(|trial| trial.number).collect();
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
    assert!(
        trials
            .iter()
            .all(|trial| trial.state == TrialState::Complete)
    );
}
