//! Servers keep the contract of all storages.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::Database;
use crate::Storage;
use crate::storage::contract::{NOW, check_agreement, check_claims, steps};
use crate::storage::server::url::Kind;

fn agrees_with_memory(kind: Kind) {
    let Some(database) = Database::new(kind) else {
        return;
    };
    let storage = database.open();
    let micros = match kind {
        Kind::Postgres => NOW,
        // Optuna's tables on MySQL keep whole seconds.
        Kind::MySql => NOW - NOW % 1_000_000,
    };
    let now = Timestamp::from_microsecond(micros).unwrap();
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

fn gives_a_waiting_trial_to_one(kind: Kind) {
    let Some(database) = Database::new(kind) else {
        return;
    };
    check_claims(&|| Box::new(database.open()));
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_agrees_with_memory() {
    agrees_with_memory(Kind::Postgres);
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_gives_a_waiting_trial_to_one() {
    gives_a_waiting_trial_to_one(Kind::Postgres);
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_agrees_with_memory() {
    agrees_with_memory(Kind::MySql);
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_gives_a_waiting_trial_to_one() {
    gives_a_waiting_trial_to_one(Kind::MySql);
}
