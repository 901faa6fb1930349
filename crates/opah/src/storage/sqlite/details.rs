//! What an SQLite file tells of itself.

use std::ffi::OsString;
use std::path::Path;

use rusqlite::Connection;

use super::schema;
use crate::storage::Details;

/// So many free bytes are worth a word.
const MUCH_FREE: i64 = 1_000_000;

pub(super) fn details(connection: &Connection, path: &Path) -> rusqlite::Result<Details> {
    let mut details = Details::default();
    details.fact("kind", "SQLite file");
    let (schema, library) = schema::versions(connection)?;
    details.fact("schema", schema);
    details.fact("made_by_version", library);
    let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0))?;
    details.fact("journal_mode", mode.as_str());
    let number = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let page = number("PRAGMA page_size")?;
    let file = page.saturating_mul(number("PRAGMA page_count")?);
    let free = page.saturating_mul(number("PRAGMA freelist_count")?);
    details.fact("file_bytes", file);
    details.fact("free_bytes", free);
    if let Ok(wal) = with_suffix(path, "-wal").metadata() {
        details.fact("wal_bytes", wal.len());
    }
    if free >= MUCH_FREE && free > file / 4 {
        details.advice.push(format!(
            "{} MB of the file are free since trials were deleted; `sqlite3 FILE VACUUM` gives them back to the disk",
            free / 1_000_000
        ));
    }
    if mode != "wal" {
        details.advice.push(
            "readers and the writer wait for each other; on a local disk, `sqlite3 FILE 'PRAGMA journal_mode=wal'` while no other program uses the file lets them work side by side".to_owned(),
        );
    }
    Ok(details)
}

fn with_suffix(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use crate::frozen_trial::{Direction, Timestamp};
    use crate::storage::{JournalStorage, SqliteStorage, Storage, TrialStart};

    #[test]
    fn files_tell_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = SqliteStorage::open(&folder.path().join("trial.db")).unwrap();
        let journal = JournalStorage::open(&folder.path().join("trial.log")).unwrap();
        for storage in [&sqlite as &dyn Storage, &journal] {
            let study = storage.create_study("s", &[Direction::Minimize]).unwrap();
            let start = TrialStart::running(Timestamp::UNIX_EPOCH);
            storage.create_trial(study, &start).unwrap();
        }
        let details = sqlite.details().unwrap();
        assert_eq!(details.get("kind").unwrap(), "SQLite file");
        assert_eq!(details.get("schema").unwrap(), "v3.2.0.a");
        assert_eq!(details.get("journal_mode").unwrap(), "wal");
        assert!(details.get("file_bytes").unwrap().as_i64().unwrap() > 0);
        assert!(details.advice.is_empty(), "{:?}", details.advice);
        let details = journal.details().unwrap();
        assert_eq!(details.get("records").unwrap(), 2);
        let n_bytes = details.get("file_bytes").unwrap().as_u64();
        let file = folder.path().join("trial.log").metadata().unwrap();
        assert_eq!(n_bytes, Some(file.len()));
    }
}
