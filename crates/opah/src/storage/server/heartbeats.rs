//! Who runs a trial is alive: in Optuna's table, and as Optuna writes it, by the server's
//! clock in the session's time zone.

use std::collections::BTreeMap;

use super::connection::Value;
use super::url::Kind;
use super::{Answer, ServerStorage};
use crate::error::Result;
use crate::frozen_trial::{StudyId, TrialId};

impl ServerStorage {
    /// Notes that those who run these trials are alive, in one statement.
    pub(super) fn beat(&self, trials: &[TrialId]) -> Result<()> {
        let replace = match self.kind {
            Kind::Postgres => "ON CONFLICT (trial_id) DO UPDATE SET",
            Kind::MySql => "ON DUPLICATE KEY UPDATE",
        };
        let beat = format!(
            "INSERT INTO trial_heartbeats (trial_id, heartbeat)
             SELECT trial_id, CURRENT_TIMESTAMP FROM trials
             WHERE trial_id = ANY($1) AND state = 'RUNNING'
             {replace} heartbeat = CURRENT_TIMESTAMP"
        );
        let ids: Vec<i64> = trials.iter().map(|trial| trial.0).collect();
        self.pool.run(|connection, _| {
            connection.execute(&beat, &[Value::Ids(&ids)])?;
            Ok(())
        })
    }

    /// The last heartbeats of running trials.
    pub(super) fn beats(&self, study: StudyId) -> Result<BTreeMap<TrialId, String>> {
        let select = "SELECT h.trial_id, h.heartbeat FROM trial_heartbeats h
                      JOIN trials t ON t.trial_id = h.trial_id
                      WHERE t.study_id = $1 AND t.state = 'RUNNING'";
        self.pool.run(|connection, _| -> Answer<_> {
            let mut beats = BTreeMap::new();
            connection.query(select, &[Value::Int(study.0)], &mut |row| {
                if let Some(id) = row[0].as_int() {
                    beats.insert(TrialId(id), format!("{:?}", row[1]));
                }
            })?;
            Ok(beats)
        })
    }
}
