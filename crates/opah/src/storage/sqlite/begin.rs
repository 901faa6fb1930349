//! How a trial begins: a waiting one is claimed, a new one is numbered, and no more of them
//! than may.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use super::file::{Durability, SqliteStorage};
use super::{check_study, rows};
use crate::error::{Error, Result};
use crate::frozen_trial::{FrozenTrial, StudyId, TrialId};
use crate::storage::{TrialStart, TrialUpdate};

/// What came of a try to begin a trial.
enum Begun {
    Trial(TrialId),
    /// Another worker has the one that waited.
    Taken,
    /// As many as may have begun.
    Enough,
}

impl SqliteStorage {
    /// The first waiting trial that can be read, made a running one.
    pub(super) fn claim(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>> {
        // Most asks find nothing, and need no write transaction to learn it.
        while let Some(id) = self.next_waiting(study)? {
            let claimed = self.write(Durability::Later, |transaction| {
                Ok(claim(transaction, id, now)?)
            })?;
            if claimed {
                return self.read(study, id);
            }
        }
        Ok(None)
    }

    /// The same, or else a new one; with `update`, and unless `most` trials have begun.
    pub(super) fn begin(
        &self,
        study: StudyId,
        now: Timestamp,
        update: &TrialUpdate,
        most: Option<u64>,
    ) -> Result<Option<FrozenTrial>> {
        let start = TrialStart {
            update: update.clone(),
            ..TrialStart::running(now)
        };
        loop {
            let waiting = self.next_waiting(study)?;
            let begun = self.write(Durability::Later, |transaction| {
                check_study(transaction, study)?;
                if let Some(most) = most
                    && has_begun(transaction, study, most)?
                {
                    return Ok(Begun::Enough);
                }
                let Some(id) = waiting else {
                    return Ok(Begun::Trial(insert(transaction, study, &start)?));
                };
                if !claim(transaction, id, now)? {
                    return Ok(Begun::Taken);
                }
                rows::write(transaction, id, update)?;
                Ok(Begun::Trial(id))
            })?;
            match begun {
                Begun::Trial(id) => {
                    let trial = self.read(study, id)?;
                    return trial.map(Some).ok_or(Error::UnknownTrial { trial: id.0 });
                }
                Begun::Taken => {}
                Begun::Enough => return Ok(None),
            }
        }
    }

    /// What can't be read can't be run, and is left as it is.
    fn next_waiting(&self, study: StudyId) -> Result<Option<TrialId>> {
        let mut passed = i64::MIN;
        loop {
            let next = self.waiting_after(study, passed);
            let Some(id) = next.map_err(|error| self.failed(error))? else {
                return Ok(None);
            };
            if self.read(study, id)?.is_some() {
                return Ok(Some(id));
            }
            passed = id.0;
        }
    }

    fn waiting_after(&self, study: StudyId, after: i64) -> rusqlite::Result<Option<TrialId>> {
        let next = "SELECT trial_id FROM trials
                    WHERE study_id = ?1 AND state = 'WAITING' AND trial_id > ?2
                    ORDER BY trial_id LIMIT 1";
        self.lock()
            .connection
            .prepare_cached(next)?
            .query_row([study.0, after], |row| row.get(0).map(TrialId))
            .optional()
    }
}

/// Inserts a trial with the next number, and all that is known of it.
pub(super) fn insert(
    transaction: &Transaction,
    study: StudyId,
    start: &TrialStart,
) -> rusqlite::Result<TrialId> {
    let number = next_number(transaction, study)?;
    transaction
        .prepare_cached(
            "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            number,
            study.0,
            start.state.name(),
            start.datetime_start.map(rows::time_text),
            start.datetime_complete.map(rows::time_text),
        ])?;
    let id = TrialId(transaction.last_insert_rowid());
    rows::write(transaction, id, &start.update)?;
    rows::write_values(transaction, id, &start.values)?;
    Ok(id)
}

fn claim(transaction: &Transaction, id: TrialId, now: Timestamp) -> rusqlite::Result<bool> {
    let claim = "UPDATE trials SET state = 'RUNNING', datetime_start = ?2
                 WHERE trial_id = ?1 AND state = 'WAITING'";
    let mut claim = transaction.prepare_cached(claim)?;
    Ok(claim.execute(params![id.0, rows::time_text(now)])? == 1)
}

fn next_number(transaction: &Transaction, study: StudyId) -> rusqlite::Result<i64> {
    // Ids of a study grow with its numbers, so the last id has the last number.
    let last = "SELECT number FROM trials WHERE study_id = ?1 ORDER BY trial_id DESC LIMIT 1";
    let last: Option<Option<i64>> = transaction
        .prepare_cached(last)?
        .query_row([study.0], |row| Ok(row.get_ref(0)?.as_i64().ok()))
        .optional()?;
    match last {
        None => Ok(0),
        Some(Some(last)) => Ok(last.saturating_add(1)),
        // The last trial has no number, but it has a place.
        Some(None) => {
            let count = "SELECT count(*) FROM trials WHERE study_id = ?1";
            transaction.query_row(count, [study.0], |row| row.get(0))
        }
    }
}

/// Whether so many trials don't wait.
fn has_begun(transaction: &Transaction, study: StudyId, most: u64) -> rusqlite::Result<bool> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let created = next_number(transaction, study)?;
    // Nobody counts before it matters; those that wait have an index, the others none.
    if created < most {
        return Ok(false);
    }
    let waiting = "SELECT count(*) FROM trials WHERE study_id = ?1 AND state = 'WAITING'";
    let waiting: i64 = transaction
        .prepare_cached(waiting)?
        .query_row([study.0], |row| row.get(0))?;
    Ok(created - waiting >= most)
}
