//! Rows that no program should have written: their trial is skipped, with a warning.

use jiff::Timestamp;

use super::{Database, execute};
use crate::Storage;
use crate::frozen_trial::{Direction, Param};
use crate::storage::server::url::Kind;
use crate::storage::{Cursor, Outcome, TrialStart, TrialUpdate};

fn one_trial_is_skipped(kind: Kind) {
    let Some(database) = Database::new(kind) else {
        return;
    };
    let storage = database.open();
    let study = storage.create_study("s", &[Direction::Minimize]).unwrap();
    let json = r#"{"name": "CategoricalDistribution", "attributes": {"choices": [1, 2]}}"#;
    let distribution = crate::distribution::Distribution::from_json(json).unwrap();
    let update = TrialUpdate {
        params: vec![Param {
            name: "c".into(),
            value: 1.0,
            distribution: distribution.into(),
        }],
        reports: vec![(0, 0.5)],
        ..TrialUpdate::default()
    };
    let now = Timestamp::UNIX_EPOCH;
    let add = || {
        let trial = storage
            .create_trial(study, &TrialStart::running(now))
            .unwrap();
        let outcome = Outcome::Complete(vec![0.5]);
        storage
            .finish_trial(trial.id, &update, &outcome, now)
            .unwrap();
        trial
    };
    let good = add();
    for (damage, warning) in [
        (
            "UPDATE trial_values SET value = NULL",
            "nothing is not of the kind `FINITE`",
        ),
        (
            "UPDATE trial_values SET objective = 5",
            "it is COMPLETE with 6 value(s)",
        ),
        ("DELETE FROM trial_values", "it is COMPLETE with 0 value(s)"),
        (
            "UPDATE trial_params SET param_value = 2",
            "there is no choice 2",
        ),
        (
            "UPDATE trial_params SET distribution_json = '{'",
            "parameter `c`: ",
        ),
        (
            "UPDATE trial_params SET param_value = NULL",
            "it has no value",
        ),
        (
            "UPDATE trial_intermediate_values SET intermediate_value = NULL",
            "a row of `trial_intermediate_values` can't be read",
        ),
        (
            "UPDATE trials SET number = 0",
            "its number 0 is that of the trial with id",
        ),
        ("UPDATE trials SET number = NULL", "it has no number"),
    ] {
        let bad = add();
        let sql = format!("{damage} WHERE trial_id = {}", bad.id.0);
        execute(&database.server(), &sql);
        let reader = database.open();
        let trials = reader.changes(study, &Cursor::default()).unwrap();
        let ids: Vec<_> = trials.iter().map(|trial| trial.id).collect();
        assert_eq!(ids, [good.id], "{damage}");
        let warnings = reader.warnings();
        let expected = format!("study `s`: the trial with id {} is skipped: ", bad.id.0);
        assert!(
            warnings.len() == 1
                && warnings[0].starts_with(&expected)
                && warnings[0].contains(warning),
            "{damage}: {warnings:?}"
        );
        for table in [
            "trial_params",
            "trial_values",
            "trial_intermediate_values",
            "trials",
        ] {
            let sql = format!("DELETE FROM {table} WHERE trial_id = {}", bad.id.0);
            execute(&database.server(), &sql);
        }
    }
}

#[cfg(feature = "postgres")]
#[test]
fn one_trial_on_postgres_is_skipped() {
    one_trial_is_skipped(Kind::Postgres);
}

#[cfg(feature = "mysql")]
#[test]
fn one_trial_on_mysql_is_skipped() {
    one_trial_is_skipped(Kind::MySql);
}
