//! Servers keep the contract of all storages.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::Database;
use crate::Storage;
use crate::storage::contract::{
    NOW, check_agreement, check_budget, check_claims, check_leases, steps,
};
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

fn begins_no_more_trials_than_it_may(kind: Kind) {
    let Some(database) = Database::new(kind) else {
        return;
    };
    check_budget(&|| Arc::new(database.open()));
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_begins_no_more_trials_than_it_may() {
    begins_no_more_trials_than_it_may(Kind::Postgres);
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_begins_no_more_trials_than_it_may() {
    begins_no_more_trials_than_it_may(Kind::MySql);
}

fn keeps_heartbeats(kind: Kind) {
    let Some(database) = Database::new(kind) else {
        return;
    };
    check_leases(&database.open());
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_keeps_heartbeats() {
    keeps_heartbeats(Kind::Postgres);
}

#[cfg(feature = "mysql")]
#[test]
fn mysql_keeps_heartbeats() {
    keeps_heartbeats(Kind::MySql);
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
