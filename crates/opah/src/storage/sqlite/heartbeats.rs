//! Who runs a trial is alive: in Optuna's table, and as Optuna writes it.

use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::file::{Durability, SqliteStorage};
use crate::error::Result;
use crate::frozen_trial::{StudyId, TrialId};

impl SqliteStorage {
    /// Notes that those who run these trials are alive.
    pub(super) fn beat(&self, trials: &[TrialId]) -> Result<()> {
        self.write(Durability::Later, |transaction| {
            let mut beat = transaction.prepare_cached(
                "INSERT INTO trial_heartbeats (trial_id, heartbeat)
                 SELECT trial_id, CURRENT_TIMESTAMP FROM trials
                 WHERE trial_id = ?1 AND state = 'RUNNING'
                 ON CONFLICT (trial_id) DO UPDATE SET heartbeat = CURRENT_TIMESTAMP",
            )?;
            for trial in trials {
                beat.execute([trial.0])?;
            }
            Ok(())
        })
    }

    /// The last heartbeats of running trials, whatever a file from elsewhere has for them.
    pub(super) fn beats(&self, study: StudyId) -> rusqlite::Result<BTreeMap<TrialId, String>> {
        let open = self.lock();
        // Only trials that ran for long have heartbeats, so these are looked through.
        let mut select = open.connection.prepare_cached(
            "SELECT h.trial_id, h.heartbeat FROM trial_heartbeats h
             CROSS JOIN trials t ON t.trial_id = h.trial_id
             WHERE t.study_id = ?1 AND t.state = 'RUNNING'",
        )?;
        let beats = select.query_map([study.0], |row| {
            Ok((TrialId(row.get(0)?), format!("{:?}", row.get_ref(1)?)))
        })?;
        beats.collect()
    }
}

/// Whoever runs the trial next is not dead because the last one is.
pub(super) fn forget(transaction: &Transaction, trial: TrialId) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM trial_heartbeats WHERE trial_id = ?1")?
        .execute([trial.0])?;
    Ok(())
}
