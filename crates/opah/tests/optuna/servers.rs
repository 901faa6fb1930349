//! The same on database servers, which `tools/servers.sh` starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use opah::Storage;
use opah::storage::ServerStorage;

use crate::optuna_on;
use crate::shared::{check_at_the_same_time, check_both_ways};

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

    fn open(&self) -> Arc<dyn Storage> {
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

fn shared_both_ways(variable: &str, driver: &str) {
    if let Some(database) = Database::new(variable, driver) {
        check_both_ways(&|| database.open(), &format!("'{}'", database.url));
    }
}

fn worked_on_by_both(variable: &str, driver: &str) {
    if let Some(database) = Database::new(variable, driver) {
        check_at_the_same_time(&|| database.open(), &format!("'{}'", database.url));
    }
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
