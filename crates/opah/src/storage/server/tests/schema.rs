//! Optuna's tables, made and recognized.

#[cfg(feature = "mysql")]
use std::sync::Arc;

use super::{Database, execute};
use crate::Storage;
#[cfg(feature = "mysql")]
use crate::distribution::{Distribution, FloatDistribution};
use crate::frozen_trial::Direction;
#[cfg(feature = "mysql")]
use crate::frozen_trial::Param;
use crate::storage::server::ServerStorage;
use crate::storage::server::url::Kind;
#[cfg(feature = "mysql")]
use crate::storage::{TrialStart, TrialUpdate};

#[cfg(feature = "postgres")]
#[test]
fn the_tables_on_postgres_are_optunas() {
    let Some(database) = Database::new(Kind::Postgres) else {
        return;
    };
    database.open();
    let mut client = super::postgres_client(&database.server());
    let rows = client
        .query(include_str!("postgres_schema.sql"), &[])
        .unwrap();
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    // Made by the same statement from what Optuna 5.0.0 creates on PostgreSQL 15.
    let golden: Vec<&str> = include_str!("postgres_schema.txt").lines().collect();
    assert_eq!(lines, golden);
}

#[cfg(feature = "mysql")]
#[test]
fn the_tables_on_mariadb_are_optunas() {
    use mysql::prelude::Queryable as _;
    let Some(database) = Database::new(Kind::MySql) else {
        return;
    };
    database.open();
    let options = crate::storage::server::mysql::options(&database.server());
    let mut connection = mysql::Conn::new(options).unwrap();
    let version: Option<String> = connection.query_first("SELECT version()").unwrap();
    if !version.unwrap().contains("MariaDB") {
        eprintln!("SKIPPED: MySQL itself spells types in another way");
        return;
    }
    let mut lines: Vec<String> = connection.query(include_str!("mysql_schema.sql")).unwrap();
    lines.sort();
    // Made by the same statement from what Optuna 5.0.0 creates on MariaDB 10.11.
    let golden: Vec<&str> = include_str!("mysql_schema.txt").lines().collect();
    assert_eq!(lines, golden);
}

/// Optuna's own tables on MySQL, by default, take names that differ in case for one.
#[cfg(feature = "mysql")]
#[test]
fn names_that_mysql_confuses_are_refused() {
    let Some(database) = Database::new(Kind::MySql) else {
        return;
    };
    let study = {
        let storage = database.open();
        // The tables that opah makes know them apart.
        let both = ["x", "X", "x "].map(param).to_vec();
        let study = storage.create_study("s", &[Direction::Minimize]).unwrap();
        let start = TrialStart::waiting(TrialUpdate {
            params: both,
            ..TrialUpdate::default()
        });
        let trial = storage.create_trial(study, &start).unwrap();
        let stored = storage.trial(study, trial.number).unwrap();
        assert_eq!(stored.params.len(), 3);
        storage.delete_study(study).unwrap();
        storage.create_study("s", &[Direction::Minimize]).unwrap()
    };
    for table in ["trial_params", "trial_user_attributes", "studies"] {
        let convert = "CONVERT TO CHARACTER SET latin1 COLLATE latin1_swedish_ci";
        execute(
            &database.server(),
            &format!("ALTER TABLE {table} {convert}"),
        );
    }
    let storage = database.open();
    storage.check_param(&param("x")).unwrap();
    storage.check_param(&param("y")).unwrap();
    storage.check_param(&param("x")).unwrap();
    for (name, problem) in [
        ("X", "parameters `X` and `x` are one name"),
        ("x ", "parameters `x ` and `x` are one name"),
        ("ж", "parameter `ж` has a character"),
    ] {
        let error = storage.check_param(&param(name)).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
    let error = storage
        .create_study("S", &[Direction::Minimize])
        .unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
    assert!(storage.study("S").is_err());
    assert_eq!(storage.study("s").unwrap().id, study);
}

#[cfg(feature = "mysql")]
fn param(name: &str) -> Param {
    let distribution = FloatDistribution::new(0.0, 1.0, false, None).unwrap();
    Param {
        name: name.into(),
        value: 0.5,
        distribution: Arc::new(Distribution::Float(distribution)),
    }
}

/// Sixteen connections begin on an empty database at once; Optuna's own processes fail there.
fn many_begin_at_once(kind: Kind) {
    for _ in 0..3 {
        let Some(database) = Database::new(kind) else {
            return;
        };
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let storage = database.open();
                    // All but one learn that the name is taken.
                    let _ = storage.create_study("s", &[Direction::Minimize]);
                    assert_eq!(storage.study("s").unwrap().name, "s");
                });
            }
        });
        assert_eq!(database.open().studies().unwrap().len(), 1);
    }
}

fn other_revisions_are_refused(kind: Kind) {
    let Some(database) = Database::new(kind) else {
        return;
    };
    let refused = |sql: &str| {
        execute(&database.server(), sql);
        ServerStorage::open(&database.url).unwrap_err().to_string()
    };
    database.open();
    let old = refused("UPDATE alembic_version SET version_num = 'v3.0.0.d'");
    assert!(
        old.ends_with("the database has Optuna's older schema v3.0.0.d, and v3.2.0.a is needed; run `optuna storage upgrade --storage URL` once"),
        "{old}"
    );
    let new = refused("UPDATE alembic_version SET version_num = 'v9'");
    assert!(new.ends_with("use a newer opah"), "{new}");
    execute(&database.server(), "DELETE FROM alembic_version");
    // Optuna takes it so, and stamps it.
    database.open();
    let old = refused("UPDATE version_info SET schema_version = 9");
    assert!(old.contains("older schema v0.9.0.a"), "{old}");
    execute(&database.server(), "DROP TABLE alembic_version");
    let other = refused("DROP TABLE version_info");
    assert!(
        other.ends_with("a table `trials` that is not Optuna's or opah's; name another database"),
        "{other}"
    );
}

#[cfg(feature = "postgres")]
#[test]
fn many_begin_at_once_on_postgres() {
    many_begin_at_once(Kind::Postgres);
}

#[cfg(feature = "postgres")]
#[test]
fn other_revisions_on_postgres_are_refused() {
    other_revisions_are_refused(Kind::Postgres);
}

#[cfg(feature = "mysql")]
#[test]
fn many_begin_at_once_on_mysql() {
    many_begin_at_once(Kind::MySql);
}

#[cfg(feature = "mysql")]
#[test]
fn other_revisions_on_mysql_are_refused() {
    other_revisions_are_refused(Kind::MySql);
}
