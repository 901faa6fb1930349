//! The real Optuna and opah share one journal on a Redis server, which `tools/servers.sh` starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use opah::storage::JournalStorage;
use opah::{Direction, Storage, Study};

use crate::optuna_on;
use crate::shared::{check_at_the_same_time, check_both_ways};

/// A prefix of keys on a server, which go with the value.
struct Keys {
    server: String,
    prefix: String,
}

impl Keys {
    /// `None` if there is no server or no Optuna, which is a failure in CI.
    fn new() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let Ok(server) = std::env::var("OPAH_TEST_REDIS") else {
            assert!(
                std::env::var_os("CI").is_none(),
                "CI must set OPAH_TEST_REDIS"
            );
            eprintln!("SKIPPED: OPAH_TEST_REDIS names no server; see tools/servers.sh");
            return None;
        };
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("opah_optuna_{}_{next}", std::process::id());
        optuna_on("None", "import redis")?;
        Some(Self { server, prefix })
    }

    fn open(&self) -> Arc<dyn Storage> {
        let url = format!("{}?prefix={}", self.server, self.prefix);
        Arc::new(JournalStorage::open_redis(&url).unwrap())
    }

    fn optuna(&self) -> String {
        let Self { server, prefix } = self;
        let backend = "optuna.storages.journal.JournalRedisBackend";
        format!("optuna.storages.JournalStorage({backend}('{server}', prefix='{prefix}'))")
    }

    fn connect(&self) -> redis::Connection {
        let client = redis::Client::open(self.server.as_str()).unwrap();
        client.get_connection().unwrap()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let mut connection = self.connect();
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg(format!("{}:*", self.prefix))
            .query(&mut connection)
            .unwrap();
        for key in keys {
            redis::cmd("DEL").arg(key).exec(&mut connection).unwrap();
        }
    }
}

#[test]
fn redis_is_shared_both_ways() {
    if let Some(keys) = Keys::new() {
        check_both_ways(&|| keys.open(), &keys.optuna());
    }
}

#[test]
fn redis_is_worked_on_by_both() {
    if let Some(keys) = Keys::new() {
        check_at_the_same_time(&|| keys.open(), &keys.optuna());
    }
}

#[test]
fn optuna_reads_on_behind_a_record_that_never_came() {
    let Some(keys) = Keys::new() else { return };
    let study = Study::create(keys.open(), "s", &[Direction::Minimize]).unwrap();
    let mut trial = study.ask().unwrap();
    // Numbered by a writer that died, and what a reader of opah's then writes in its place.
    let mut connection = keys.connect();
    let number: i64 = redis::cmd("INCR")
        .arg(format!("{}:log_number", keys.prefix))
        .query(&mut connection)
        .unwrap();
    redis::cmd("SETNX")
        .arg(format!("{}:log:{number}", keys.prefix))
        .arg(r#"{"op_code": 1, "worker_id": "opah", "study_id": -1}"#)
        .exec(&mut connection)
        .unwrap();
    study.tell(&mut trial, &[0.5]).unwrap();
    let script = "
study = optuna.load_study(study_name='s', storage=db)
assert study.best_value == 0.5
study.tell(study.ask(), 0.25)";
    optuna_on(&keys.optuna(), script).unwrap();
    assert_eq!(study.trials().unwrap()[1].values, [0.25]);
    let warnings = study.storage().warnings();
    let said = format!("record {number} of redis://");
    assert!(warnings[0].starts_with(&said), "{warnings:?}");
}
