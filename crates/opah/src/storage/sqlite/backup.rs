//! A copy of the file, made before it is changed by more than a study's writes.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::file::{describe, storage_error};
use crate::error::{Error, Result};

/// Copies the database to `FILE.before-<why>-<time>.db`, and gives that path. Other programs
/// may go on writing; the copy has what was there at one moment.
pub(super) fn back_up(connection: &Connection, path: &Path, why: &str) -> Result<PathBuf> {
    let failed = |problem: &str, source: Option<std::io::Error>| Error::Storage {
        store: describe(path),
        problem: problem.to_owned(),
        source: source.map(Into::into),
    };
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%S%.3fZ");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-{why}-{time}.db"));
    let copy = PathBuf::from(name);
    let text = copy.to_str().ok_or_else(|| {
        let problem = "no backup can be made of a file whose path is no Unicode; rename it";
        failed(problem, None)
    })?;
    connection
        .execute("VACUUM INTO ?1", [text])
        .map_err(|error| storage_error(path, error))?;
    // SQLite leaves it to the system when the copy is on the disk.
    File::open(&copy)
        .and_then(|file| file.sync_all())
        .map_err(|error| {
            let problem = "the backup can't be flushed to the disk; check the disk";
            failed(problem, Some(error))
        })?;
    Ok(copy)
}
