//! On a real server, whose URL the environment names; `tools/servers.sh` starts one.
#![expect(clippy::print_stderr, reason = "a skip must be seen")]

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use redis::{Cmd, Connection, FromRedisValue};

use crate::frozen_trial::{Direction, StudyId};
use crate::storage::contract::{NOW, check_agreement, check_claims, steps};
use crate::storage::faults::{Proxy, check_cuts};
use crate::storage::journal::JournalStorage;
use crate::storage::journal::log::{Durability, Log};
use crate::storage::journal::record::Operation;
use crate::storage::journal::redis::RedisLog;
use crate::storage::journal::write;
use crate::storage::{Cursor, Outcome, Storage, TrialStart, TrialUpdate};

/// A prefix of keys on a server, which go with the value.
struct Keys {
    /// The server's URL, without an option.
    server: String,
    prefix: String,
}

impl Keys {
    /// `None` if there is no server, which is a failure in CI.
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
        let prefix = format!("opah_test_{}_{next}", std::process::id());
        Some(Self { server, prefix })
    }

    fn url(&self) -> String {
        format!("{}?prefix={}", self.server, self.prefix)
    }

    fn log(&self) -> RedisLog {
        let grace = Duration::from_millis(400);
        let log = RedisLog::open(&self.url()).unwrap();
        log.with_patience(Duration::from_secs(20), grace)
    }

    fn open(&self) -> JournalStorage {
        JournalStorage::of(Box::new(self.log())).unwrap()
    }

    fn connect(&self) -> Connection {
        let client = redis::Client::open(self.server.as_str()).unwrap();
        client.get_connection().unwrap()
    }

    /// A command about one of the keys.
    fn ask<T: FromRedisValue>(&self, command: &str, key: &str, argument: Option<&str>) -> T {
        let mut asked = redis::cmd(command);
        asked.arg(format!("{}:{key}", self.prefix)).arg(argument);
        asked.query(&mut self.connect()).unwrap()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let mut connection = self.connect();
        let mut keys = redis::cmd("KEYS");
        let keys: Vec<String> = keys
            .arg(format!("{}:*", self.prefix))
            .query(&mut connection)
            .unwrap();
        for key in keys {
            redis::cmd("DEL").arg(key).exec(&mut connection).unwrap();
        }
    }
}

fn create_study(name: &str) -> String {
    let create = Operation::CreateStudy {
        name: name.to_owned(),
        directions: vec![Direction::Minimize],
    };
    write::record(&create, "w")
}

fn names(storage: &JournalStorage) -> Vec<String> {
    let studies = storage.studies().unwrap().into_iter();
    studies.map(|study| study.name).collect()
}

#[test]
fn redis_agrees_with_memory() {
    let Some(keys) = Keys::new() else { return };
    let storage = keys.open();
    let now = Timestamp::from_microsecond(NOW).unwrap();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
    let run = runner.run(&steps(), |steps| {
        // Left by a case that failed.
        for study in storage.studies().unwrap() {
            storage.delete_study(study.id).unwrap();
        }
        check_agreement(&storage, &steps, now);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn redis_gives_a_waiting_trial_to_one() {
    let Some(keys) = Keys::new() else { return };
    check_claims(&|| Box::new(keys.open()));
}

#[test]
fn redis_survives_a_cut_at_every_request_and_answer() {
    let Some(keys) = Keys::new() else { return };
    let (_, place) = keys.server.split_once("://").unwrap();
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    let (credentials, address) = server.rsplit_once('@').unwrap_or(("", server));
    let proxy = Proxy::before(address.to_owned());
    let cuts: [(&str, &AtomicUsize); 2] = [
        ("requests", &proxy.requests_left),
        ("answers", &proxy.answers_left),
    ];
    for (what, left) in cuts {
        let url = format!(
            "redis://{credentials}{}{}/{database}?prefix={}:{what}",
            if credentials.is_empty() { "" } else { "@" },
            proxy.address,
            keys.prefix
        );
        let log = RedisLog::open(&url).unwrap();
        let log = log.with_patience(Duration::from_secs(20), Duration::ZERO);
        let storage = JournalStorage::of(Box::new(log)).unwrap();
        check_cuts(&storage, left);
        left.store(usize::MAX, Ordering::SeqCst);
        assert!(storage.warnings().is_empty());
        // Each time the same, so nothing was written twice.
        let n_records = storage.follower().n_records();
        assert_eq!(n_records % 15, 0, "{n_records}");
    }
}

#[test]
fn eight_threads_number_their_trials_without_a_gap() {
    let Some(keys) = Keys::new() else { return };
    let study = keys.open().create_study("s", &[Direction::Minimize]);
    let study = study.unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let storage = keys.open();
                for _ in 0..25 {
                    let start = TrialStart::running(Timestamp::UNIX_EPOCH);
                    let trial = storage.create_trial(study, &start).unwrap();
                    let outcome = Outcome::Complete(vec![trial.number as f64]);
                    let update = TrialUpdate::default();
                    let told =
                        storage.finish_trial(trial.id, &update, &outcome, Timestamp::UNIX_EPOCH);
                    told.unwrap();
                }
            });
        }
    });
    let trials = keys.open().changes(study, &Cursor::default()).unwrap();
    let values: Vec<f64> = trials.iter().map(|trial| trial.values[0]).collect();
    assert_eq!(values, (0..200).map(f64::from).collect::<Vec<_>>());
    // A record each for the study and for every ask and tell; the first has the number 0.
    let last: i64 = keys.ask("GET", "log_number", None);
    assert_eq!(last, 2 * 200);
}

#[test]
fn the_keys_are_optunas() {
    let Some(keys) = Keys::new() else { return };
    let mut log = keys.log();
    let records = [create_study("a"), create_study("b")];
    log.append(&records, Durability::Flushed).unwrap();
    let mut connection = keys.connect();
    let mut found: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{}*", keys.prefix))
        .query(&mut connection)
        .unwrap();
    found.sort();
    let expected = ["log:0", "log:1", "log_number"].map(|key| format!("{}:{key}", keys.prefix));
    assert_eq!(found, expected);
    let last: String = keys.ask("GET", "log_number", None);
    assert_eq!(last, "1");
    let stored: String = keys.ask("GET", "log:1", None);
    assert_eq!(stored, records[1]);
}

#[test]
fn an_append_that_is_sent_again_counts_once() {
    let Some(keys) = Keys::new() else { return };
    let mut log = keys.log();
    let records = [create_study("a"), create_study("b")];
    for _ in 0..2 {
        log.append(&records, Durability::Flushed).unwrap();
    }
    assert_eq!(keys.ask::<i64>("GET", "log_number", None), 1);
    let mut n_read = 0;
    log.read(&mut 0, &mut |_| n_read += 1).unwrap();
    assert_eq!(n_read, 2);
    // What has been read is the past, whatever it says.
    log.append(&records, Durability::Flushed).unwrap();
    assert_eq!(keys.ask::<i64>("GET", "log_number", None), 3);
}

#[test]
fn more_records_than_a_page_are_read() {
    let Some(keys) = Keys::new() else { return };
    let records: Vec<String> = (0..2500).map(|n| create_study(&n.to_string())).collect();
    keys.log().append(&records, Durability::Later).unwrap();
    let expected: Vec<String> = (0..2500).map(|n| n.to_string()).collect();
    assert_eq!(names(&keys.open()), expected);
}

#[test]
fn a_record_that_is_late_is_waited_for() {
    let Some(keys) = Keys::new() else { return };
    let storage = keys.open();
    storage.create_study("a", &[Direction::Minimize]).unwrap();
    // As Optuna's two steps on a cluster.
    let _: i64 = keys.ask("INCR", "log_number", None);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            let _: () = keys.ask("SET", "log:1", Some(&create_study("late")));
        });
        assert_eq!(names(&storage), ["a", "late"]);
    });
    assert!(storage.warnings().is_empty());
}

#[test]
fn records_that_never_come_are_passed_over_by_all() {
    let Some(keys) = Keys::new() else { return };
    let storage = keys.open();
    storage.create_study("a", &[Direction::Minimize]).unwrap();
    for _ in 0..3 {
        let _: i64 = keys.ask("INCR", "log_number", None);
    }
    let _: () = keys.ask("SET", "log:2", Some("no JSON"));
    let since = Instant::now();
    assert_eq!(names(&storage), ["a"]);
    // All that were numbered are waited for at the same time.
    assert!((400..2000).contains(&since.elapsed().as_millis()));
    storage.create_study("b", &[Direction::Minimize]).unwrap();
    let since = Instant::now();
    let other = keys.open();
    assert_eq!(names(&other), ["a", "b"]);
    assert!(since.elapsed().as_millis() < 400);
    for storage in [&storage, &other] {
        let warnings = storage.warnings();
        assert_eq!(warnings.len(), 3, "{warnings:?}");
        assert_eq!(storage.check(false).unwrap().findings.len(), 3);
        for (warning, said) in warnings
            .iter()
            .zip(["never came", "is no JSON", "never came"])
        {
            assert!(warning.starts_with("record ") && warning.contains(said));
        }
    }
}

#[test]
fn a_server_that_has_forgotten_records_is_noticed() {
    let Some(keys) = Keys::new() else { return };
    let other = create_study("other");
    // All of it, the newest, or the newest and others came.
    for (command, key, argument) in [
        ("DEL", "log_number", None),
        ("DECR", "log_number", None),
        ("SET", "log:1", Some(other.as_str())),
    ] {
        let _: i64 = keys.ask("DEL", "log_number", None);
        let storage = keys.open();
        for name in ["a", "b"] {
            storage.create_study(name, &[Direction::Minimize]).unwrap();
        }
        let mut log = keys.log();
        log.read(&mut 0, &mut |_| ()).unwrap();
        let _: redis::Value = keys.ask(command, key, argument);
        let read = storage.delete_study(StudyId(0)).unwrap_err().to_string();
        let written = log.append(&[create_study("c")], Durability::Flushed);
        for error in [read, written.unwrap_err().to_string()] {
            assert!(
                error.contains("the server has forgotten records"),
                "{error}"
            );
        }
    }
}

#[test]
fn what_is_no_journal_is_refused() {
    let Some(keys) = Keys::new() else { return };
    let _: () = keys.ask("SET", "log_number", Some("many"));
    let error = JournalStorage::open_redis(&keys.url())
        .unwrap_err()
        .to_string();
    let said = format!("the key `{}:log_number` holds no number", keys.prefix);
    assert!(error.contains(&said), "{error}");
    for number in [i64::MAX, i64::MAX - 1] {
        let _: () = keys.ask("SET", "log_number", Some(&number.to_string()));
        let error = JournalStorage::of(Box::new(keys.log())).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("holds no number") || error.contains("on are missing"),
            "{error}"
        );
    }
}

#[test]
fn details_tell_whether_the_server_keeps_what_it_gets() {
    let Some(keys) = Keys::new() else { return };
    let storage = keys.open();
    storage.create_study("a", &[Direction::Minimize]).unwrap();
    let details = storage.details().unwrap();
    assert_eq!(details.get("kind").unwrap(), "journal");
    assert_eq!(details.get("records").unwrap(), 1);
    assert!(details.get("redis_version").is_some());
    let is_kept = details.get("appendonly").unwrap() == "yes";
    let told = details
        .advice
        .iter()
        .any(|advice| advice.contains("`redis-cli config set appendonly yes`"));
    assert_ne!(is_kept, told);
}

/// A user that goes with the value.
struct User<'a>(&'a Keys, Cmd);

impl<'a> User<'a> {
    fn new(keys: &'a Keys, rights: &[&str]) -> Self {
        let mut set = redis::cmd("ACL");
        set.arg("SETUSER")
            .arg(&keys.prefix)
            .arg(&["on", ">s/e:cr@et"])
            .arg(rights);
        set.exec(&mut keys.connect()).unwrap();
        let mut delete = redis::cmd("ACL");
        delete.arg("DELUSER").arg(&keys.prefix);
        Self(keys, delete)
    }

    fn url(&self) -> String {
        let (_, place) = self.0.server.split_once("://").unwrap();
        let address = place.rsplit_once('@').map_or(place, |(_, address)| address);
        format!(
            "redis://{}@{address}?prefix={}",
            self.0.prefix, self.0.prefix
        )
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        self.1.exec(&mut self.0.connect()).unwrap();
    }
}

#[test]
fn users_have_passwords_and_need_few_rights() {
    let Some(keys) = Keys::new() else { return };
    let few = [
        "~opah_test_*",
        "+ping",
        "+mget",
        "+get",
        "+set",
        "+setnx",
        "+eval",
        "+select",
    ];
    let user = User::new(&keys, &few);
    let right = crate::storage::with_password(&user.url(), "s/e:cr@et");
    let storage = JournalStorage::open_redis(&right).unwrap();
    storage.create_study("a", &[Direction::Minimize]).unwrap();
    assert!(!storage.describe().contains("cr"));
    assert!(storage.details().unwrap().get("appendonly").is_none());

    let wrong = crate::storage::with_password(&user.url(), "wrong-one");
    let error = JournalStorage::open_redis(&wrong).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("the server refuses the user or the password"),
        "{shown}"
    );
    assert!(!shown.contains("wrong-one"), "{shown}");
    drop(user);

    let user = User::new(&keys, &["~*", "+ping", "+mget", "+select"]);
    let reader = crate::storage::with_password(&user.url(), "s/e:cr@et");
    let storage = JournalStorage::open_redis(&reader).unwrap();
    assert_eq!(names(&storage), ["a"]);
    let error = storage.create_study("b", &[Direction::Minimize]);
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("the user may not do this; give it"),
        "{error}"
    );
}

#[test]
fn a_server_that_is_not_there_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("redis://:secret@127.0.0.1:{port}");
    let error = crate::storage::open(&url).unwrap_err().to_string();
    let problem = "the server can't be reached; check that it runs, and the host and port";
    assert_eq!(error, format!("redis://127.0.0.1:{port}/0: {problem}"));
}
