//! The real Optuna and opah share one database, both ways, and decide alike.
#![cfg(feature = "sqlite")]
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test; a skip must be seen"
)]

mod brute_force;
mod constraints;
mod copy;
mod grid;
mod guard;
mod importance;
mod journal;
mod nsga;
mod pruners;
mod qmc;
mod queue;
#[cfg(feature = "redis")]
mod redis;
mod repair;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod servers;
#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis"))]
mod shared;
mod tpe;
mod upgrade;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use opah::json::Json;
use opah::storage::{AttrKind, SqliteStorage};
use opah::{Direction, Stop, Study, TrialState};

/// Runs `script` with the real Optuna, `db` being the file's URL. `None` if there is
/// no Optuna, which is a failure in CI.
fn optuna(db: &Path, script: &str) -> Option<String> {
    optuna_on(&format!("'sqlite:///{}'", db.display()), script)
}

/// The same with `db` being what a Python expression says.
fn optuna_on(db: &str, script: &str) -> Option<String> {
    let Some(python) = std::env::var_os("OPAH_TEST_PYTHON") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must set OPAH_TEST_PYTHON"
        );
        eprintln!("SKIPPED: OPAH_TEST_PYTHON names no Python that has Optuna 5");
        return None;
    };
    let prelude = format!(
        "import json, math, optuna\noptuna.logging.set_verbosity(optuna.logging.ERROR)\ndb = {db}\n"
    );
    let output = Command::new(python)
        .arg("-c")
        .arg(prelude + script)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn optuna_reads_and_continues_what_opah_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let study = Study::create(storage, "shared", &[Direction::Maximize]).unwrap();
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
    let expected = study.trials().unwrap();
    let Some(out) = optuna(
        &db,
        r"
study = optuna.load_study(study_name='shared', storage=db)
assert study.direction.name == 'MAXIMIZE' and study.user_attrs == {'note': 'hé\x22llo'}
a, b, c, d = study.trials
assert [t.state.name for t in study.trials] == ['COMPLETE', 'COMPLETE', 'PRUNED', 'FAIL']
assert a.value == a.params['lr'] and b.value == -math.inf and c.value == math.inf and d.values is None
assert math.isnan(b.intermediate_values[0]) and a.intermediate_values == {0: 0.25, 3: math.inf}
assert a.distributions['n'] == optuna.distributions.IntDistribution(0, 10, step=5)
assert a.distributions['lr'] == optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)
assert a.params['kind'] in ('a', 'b') and a.user_attrs == {'number': 0}
assert abs((a.datetime_start - __import__('datetime').datetime.now()).total_seconds()) < 600
def objective(trial):
    trial.suggest_int('n', 0, 10, step=5)
    return trial.suggest_float('lr', 1e-5, 1e-1, log=True)
study.optimize(objective, n_trials=3)
assert [t.number for t in study.trials] == list(range(7))
print(a.params['lr'].hex(), study.trials[6].value.hex())
",
    ) else {
        return;
    };
    let trials = study.trials().unwrap();
    assert_eq!(trials.len(), 7);
    // As text, because a reported NaN is not equal to itself.
    assert_eq!(format!("{:?}", &trials[..4]), format!("{expected:?}"));
    let hex = |text: &str| -> f64 {
        let (mantissa, exponent) = text.trim_start_matches("0x1.").split_once('p').unwrap();
        let bits = (u64::from_str_radix(mantissa, 16).unwrap() as f64) / 2f64.powi(52);
        (1.0 + bits) * 2f64.powi(exponent.parse().unwrap())
    };
    let printed: Vec<f64> = out.split_whitespace().map(hex).collect();
    assert_eq!(printed, [trials[0].values[0], trials[6].values[0]]);
}

#[test]
fn opah_reads_and_continues_what_optuna_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let made = optuna(
        &db,
        r"
study = optuna.create_study(study_name='shared', storage=db, directions=['minimize', 'maximize'])
study.set_user_attr('note', [1, 2.5, None, math.nan])
def objective(trial):
    x = trial.suggest_float('x', -1, 1)
    trial.suggest_categorical('c', [None, True, 2, 2.5, 'é', math.inf])
    trial.set_user_attr('k', {'a': 1})
    trial.set_constraint('size', -1.5)
    if trial.number == 1: raise optuna.TrialPruned()
    return x, math.inf
study.optimize(objective, n_trials=2)
study.enqueue_trial({'x': 0.125, 'c': 'é'}, user_attrs={'q': 1})
",
    );
    if made.is_none() {
        return;
    }
    let study = Study::load(Arc::new(SqliteStorage::open(&db).unwrap()), "shared").unwrap();
    assert_eq!(
        study.directions(),
        [Direction::Minimize, Direction::Maximize]
    );
    let trials = study.trials().unwrap();
    let states: Vec<TrialState> = trials.iter().map(|trial| trial.state).collect();
    assert_eq!(
        states,
        [
            TrialState::Complete,
            TrialState::Pruned,
            TrialState::Waiting
        ]
    );
    let x = trials[0].params.get("x").unwrap();
    assert_eq!(trials[0].values, [x.value, f64::INFINITY]);
    assert_eq!(
        trials[0].params.get("c").unwrap().distribution.to_string(),
        "categorical(null, true, 2, 2.5, é, Infinity)"
    );
    assert_eq!(trials[0].constraints()["size"], -1.5);
    assert_eq!(trials[0].user_attrs["k"].as_str(), r#"{"a": 1}"#);

    let mut queued = study.ask().unwrap();
    assert_eq!(queued.number(), 2);
    assert_eq!(queued.suggest_float("x", -1.0..=1.0).unwrap(), 0.125);
    study.tell(&mut queued, &[1.0, 2.0]).unwrap();
    let mut next = study.ask().unwrap();
    let error = next
        .suggest_float_log("x", 0.1..=1.0)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("parameter `x` was float(-1.0, 1.0) before"),
        "{error}"
    );
    study.tell_result(&mut next, Err(Stop::Pruned)).unwrap();
    optuna(
        &db,
        r"
study = optuna.load_study(study_name='shared', storage=db)
assert study.trials[2].values == [1.0, 2.0] and study.trials[2].params['x'] == 0.125
assert [t.state.name for t in study.trials][2:] == ['COMPLETE', 'PRUNED']
",
    );
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(
        &text,
        "not a database, but long enough to be looked at as if it were one",
    )
    .unwrap();
    let error = SqliteStorage::open(&text).unwrap_err().to_string();
    assert!(
        error.contains("notes.txt: the file is not an SQLite database"),
        "{error}"
    );
    for (version, advice) in [
        ("v2.6.0.a", "run `opah storage upgrade"),
        ("v9.9.9.z", "newer than v3.2.0.a; use a newer opah"),
    ] {
        let file = folder.path().join(format!("{version}.db"));
        drop(SqliteStorage::open(&file).unwrap());
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection
            .execute("UPDATE alembic_version SET version_num = ?1", [version])
            .unwrap();
        let error = SqliteStorage::open(&file).unwrap_err().to_string();
        assert!(error.contains(advice), "{error}");
    }
    let missing = folder.path().join("no/such/folder/trial.db");
    let error = SqliteStorage::open(&missing).unwrap_err().to_string();
    assert!(error.contains("check that its folder exists"), "{error}");
}

#[test]
fn a_locked_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let patience = std::time::Duration::from_millis(50);
    let storage = SqliteStorage::open_with_timeout(&db, patience).unwrap();
    let other = rusqlite::Connection::open(&db).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = opah::Storage::create_study(&storage, "s", &[Direction::Minimize]).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("another program has locked the file"),
        "{error}"
    );
}
