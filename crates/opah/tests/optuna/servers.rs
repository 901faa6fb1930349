//! The same on database servers, which `tools/servers.sh` starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use opah::json::Json;
use opah::storage::{AttrKind, ServerStorage};
use opah::{Direction, Stop, Study, TrialState};

use crate::optuna_on;

/// An empty database, which goes with the value, as opah and as SQLAlchemy name it.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// `None` if there is no server or no Optuna, which is a failure in CI.
    fn new(variable: &str, driver: &str) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var(variable) else {
            assert!(std::env::var_os("CI").is_none(), "CI must set {variable}");
            eprintln!("SKIPPED: {variable} names no server; see tools/servers.sh");
            return None;
        };
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("opah_optuna_{}_{next}", std::process::id());
        let server = server.replacen("://", &format!("+{driver}://"), 1);
        let (place, _) = server.rsplit_once('/').unwrap();
        let url = format!("{place}/{name}");
        let database = Self { server, name, url };
        database.execute(&format!("CREATE DATABASE {}", database.name))?;
        Some(database)
    }

    fn execute(&self, statement: &str) -> Option<String> {
        let script = format!(
            "import sqlalchemy
engine = sqlalchemy.create_engine(db, isolation_level='AUTOCOMMIT')
engine.connect().execute(sqlalchemy.text('{statement}'))"
        );
        optuna_on(&format!("'{}'", self.server), &script)
    }

    fn open(&self) -> Arc<ServerStorage> {
        Arc::new(ServerStorage::open(&self.url).unwrap())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // A connection that was closed a moment ago may still be there.
            let is_postgres = self.server.starts_with("postgres");
            let force = if is_postgres { " WITH (FORCE)" } else { "" };
            self.execute(&format!("DROP DATABASE {}{force}", self.name));
        }
    }
}

/// What opah stores, Optuna reads and goes on with; what Optuna stores, opah reads.
fn shared_both_ways(variable: &str, driver: &str) {
    let Some(database) = Database::new(variable, driver) else {
        return;
    };
    let study = Study::create(database.open(), "shared", &[Direction::Maximize]).unwrap();
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
    let stored = Study::load(database.open(), "shared").unwrap();
    let expected = format!("{:?}", stored.trials().unwrap());
    optuna_on(
        &format!("'{}'", database.url),
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
    let fresh = Study::load(database.open(), "shared").unwrap();
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
fn worked_on_by_both(variable: &str, driver: &str) {
    let Some(database) = Database::new(variable, driver) else {
        return;
    };
    let study = Study::create(database.open(), "s", &[Direction::Minimize]).unwrap();
    for _ in 0..20 {
        study.enqueue(&serde_json::Map::new()).unwrap();
    }
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let script = "
study = optuna.load_study(study_name='s', storage=db, sampler=optuna.samplers.RandomSampler())
study.optimize(lambda trial: trial.suggest_float('x', 0, 1), n_trials=15)";
                optuna_on(&format!("'{}'", database.url), script).unwrap();
            });
            scope.spawn(|| {
                let study = Study::load(database.open(), "s").unwrap();
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

#[cfg(feature = "postgres")]
#[test]
fn postgres_is_shared_both_ways() {
    shared_both_ways("OPAH_TEST_POSTGRES", "psycopg2");
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_is_worked_on_by_both() {
    worked_on_by_both("OPAH_TEST_POSTGRES", "psycopg2");
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_is_shared_both_ways() {
    shared_both_ways("OPAH_TEST_MYSQL", "pymysql");
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_is_worked_on_by_both() {
    worked_on_by_both("OPAH_TEST_MYSQL", "pymysql");
}
