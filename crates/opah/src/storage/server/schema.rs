//! Optuna's tables on a server: made, or checked.

use std::time::Duration;

use super::connection::Failure;
use super::pool::Pool;
use crate::error::{Error, Result};
use crate::storage::encoding::check_revision;

/// Makes what is missing, and checks the revision of what is there. Any number of processes
/// may do so at the same time.
pub(super) fn prepare(pool: &Pool) -> Result<()> {
    pool.run(|connection, _| {
        let mut tables = connection.tables()?;
        if !tables.trials {
            connection.create_tables()?;
            tables = connection.tables()?;
        }
        if !tables.trials {
            // Another program is about to make them.
            std::thread::sleep(Duration::from_millis(20));
            return Err(Failure::Again("the tables are being made".into()));
        }
        let refused = |problem| {
            Failure::Rule(Error::Storage {
                store: pool.describe(),
                problem,
                source: None,
            })
        };
        if !tables.version_info && !tables.alembic_version {
            let problem = "the database has a table `trials` that is not Optuna's or opah's; name another database";
            return Err(refused(problem.to_owned()));
        }
        let mut revision = None;
        if tables.alembic_version {
            let sql = "SELECT version_num FROM alembic_version";
            connection.query(sql, &[], &mut |row| {
                revision = row[0].as_text().map(str::to_owned);
            })?;
        }
        let mut schema = None;
        if tables.version_info {
            let sql = "SELECT schema_version FROM version_info";
            connection.query(sql, &[], &mut |row| schema = row[0].as_int())?;
        }
        check_revision(revision.as_deref(), schema, "the database").map_err(refused)?;
        if !tables.indexes {
            connection.create_indexes()?;
        }
        Ok(())
    })
}
