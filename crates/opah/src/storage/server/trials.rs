//! What is written about trials: each a conditional update, and each told from what is
//! stored when nobody knows whether it was done.

use jiff::Timestamp;

use super::connection::{
    Answer, Connection, Durability, Failure, Guard, Insert, NewTrial, Value, transaction,
};
use super::read::BEFORE_ALL;
use super::url::Kind;
use super::{ServerStorage, details, first_int};
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Attrs, FIXED_PARAMS_ATTR, FrozenTrial, Params, StudyId, TrialId, TrialState,
};
use crate::storage::encoding::number_or_problem;
use crate::storage::{
    NEEDED_TO_FINISH, NEEDED_TO_UPDATE, Outcome, TrialStart, TrialUpdate, deleted, not_released,
    wrong_state,
};

/// How often a claim looks again when it finds only trials that are locked.
const MAX_TIMES_LOCKED: u32 = 5;

impl ServerStorage {
    /// Inserts a trial with the next number, unless `most` of the study don't wait.
    pub(super) fn insert_trial(
        &self,
        study: StudyId,
        start: &TrialStart,
        most: Option<u64>,
    ) -> Result<Option<FrozenTrial>> {
        let distributions = details::distributions(&start.update);
        self.check_update(&start.update, &distributions)?;
        let new = NewTrial {
            study,
            state: start.state,
            datetime_start: start.datetime_start.map(|time| kept(self.kind, time)),
            datetime_complete: start.datetime_complete.map(|time| kept(self.kind, time)),
            most,
        };
        let details = details::inserts(&start.update, &distributions, &start.values);
        let created = self.pool.run(|connection, _| {
            let created = connection.create_trial(&new, &details)?;
            if created.is_none() {
                check_study(connection, study, most)?;
            }
            Ok(created)
        })?;
        Ok(created.map(|(id, number)| as_created(id, number, &new, start)))
    }

    /// Makes the first waiting trial a running one, with `update`, unless `most` don't wait.
    pub(super) fn claim(
        &self,
        study: StudyId,
        now: Timestamp,
        update: &TrialUpdate,
        most: Option<u64>,
    ) -> Result<Option<FrozenTrial>> {
        let distributions = details::distributions(update);
        self.check_update(update, &distributions)?;
        let details = details::inserts(update, &distributions, &[]);
        let now = kept(self.kind, now);
        let mut tried = None;
        let mut times_locked = 0;
        self.pool.run(|connection, perhaps_done| {
            if perhaps_done && let Some(id) = tried {
                let claimed = self.read(connection, study, id)?;
                if let Some(trial) = claimed
                    && trial.state == TrialState::Running
                    && trial.datetime_start == Some(now)
                {
                    return Ok(Some(trial));
                }
            }
            // Most asks find nothing, and need no transaction to learn it.
            let next = "SELECT trial_id FROM trials
                        WHERE study_id = $1 AND state = 'WAITING' AND trial_id > $2
                        ORDER BY trial_id LIMIT 1";
            let mut passed = BEFORE_ALL;
            let values = [study.0, passed].map(Value::Int);
            if first_int(connection, next, &values)?.is_none() {
                return Ok(None);
            }
            transaction(connection, Durability::Later, |connection| {
                // What another one is just claiming is passed over.
                let locked = format!("{next} FOR UPDATE SKIP LOCKED");
                if let Some(most) = most
                    && has_begun(connection, study, most)?
                {
                    return Ok(None);
                }
                loop {
                    let values = [study.0, passed].map(Value::Int);
                    let Some(id) = first_int(connection, &locked, &values)? else {
                        if passed != BEFORE_ALL {
                            // Only those are left that can't be read.
                            return Ok(None);
                        }
                        // All that wait are locked: others claim them, or a connection that
                        // was lost is not yet given up.
                        times_locked += 1;
                        return if times_locked > MAX_TIMES_LOCKED {
                            Ok(None)
                        } else {
                            Err(Failure::Again("another worker is claiming it".into()))
                        };
                    };
                    // What can't be read can't be run, and is left as it is.
                    let Some(mut trial) = self.read(connection, study, id)? else {
                        passed = id;
                        continue;
                    };
                    tried = Some(id);
                    let claim = "UPDATE trials SET state = 'RUNNING', datetime_start = $2
                                 WHERE trial_id = $1 AND state = 'WAITING'";
                    if connection.execute(claim, &[Value::Int(id), Value::Time(now)])? == 1 {
                        trial.state = TrialState::Running;
                        trial.datetime_start = Some(now);
                        if !details.is_empty() {
                            add(connection, id, &details)?;
                            update.add_to(&mut trial);
                        }
                        return Ok(Some(trial));
                    }
                    passed = id;
                }
            })
        })
    }

    /// Adds to a trial that is not finished.
    pub(super) fn update(&self, trial: TrialId, update: &TrialUpdate) -> Result<()> {
        let distributions = details::distributions(update);
        self.check_update(update, &distributions)?;
        let details = details::inserts(update, &distributions, &[]);
        self.pool.run(|connection, _| {
            let sql = "SELECT trial_id FROM trials
                       WHERE trial_id = $1 AND state IN ('RUNNING', 'WAITING') FOR UPDATE";
            let guard = Guard::Select(sql, &[Value::Int(trial.0)]);
            if connection.write_if(&guard, &details, Durability::Later)? {
                return Ok(());
            }
            let state = state(connection, trial)?;
            Err(Failure::Rule(wrong_state(trial, state, NEEDED_TO_UPDATE)))
        })
    }

    /// Finishes a running trial.
    pub(super) fn finish(
        &self,
        trial: TrialId,
        update: &TrialUpdate,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<()> {
        let distributions = details::distributions(update);
        self.check_update(update, &distributions)?;
        let details = details::inserts(update, &distributions, outcome.values());
        let now = kept(self.kind, now);
        let sql = format!(
            "UPDATE trials SET state = '{}', datetime_complete = $2
             WHERE trial_id = $1 AND state = 'RUNNING'",
            outcome.state().name()
        );
        self.pool.run(|connection, perhaps_done| {
            let guard = Guard::Update(&sql, &[Value::Int(trial.0), Value::Time(now)]);
            if connection.write_if(&guard, &details, Durability::Flushed)? {
                return Ok(());
            }
            let state = state(connection, trial)?;
            if perhaps_done && state == outcome.state() {
                let (end, values) = told(connection, trial)?;
                if end == Some(now) && values == outcome.values() {
                    return Ok(());
                }
            }
            Err(Failure::Rule(wrong_state(trial, state, NEEDED_TO_FINISH)))
        })
    }

    /// Lets a running trial wait again.
    pub(super) fn release(
        &self,
        trial: TrialId,
        since: Option<Timestamp>,
        update: &TrialUpdate,
    ) -> Result<()> {
        let distributions = details::distributions(update);
        self.check_update(update, &distributions)?;
        let details = details::inserts(update, &distributions, &[]);
        let id = [Value::Int(trial.0)];
        let mut release = "UPDATE trials SET state = 'WAITING', datetime_start = NULL
                           WHERE trial_id = $1 AND state = 'RUNNING'"
            .to_owned();
        let mut guards = vec![id[0]];
        if let Some(since) = since {
            release.push_str(" AND datetime_start = $2");
            guards.push(Value::Time(kept(self.kind, since)));
        }
        let mut begun = None;
        self.pool.run(|connection, perhaps_done| {
            // Since it was released, another worker may have begun it.
            let start = start_of(connection, trial)?;
            if perhaps_done && begun.is_some_and(|begun| begun != start) {
                return Ok(());
            }
            begun = Some(start);
            transaction(connection, Durability::Later, |connection| {
                if connection.execute(&release, &guards)? == 0 {
                    let state = state(connection, trial)?;
                    return Err(Failure::Rule(not_released(trial, state)));
                }
                // Whoever runs the trial next is not dead because the last one is.
                let forget = "DELETE FROM trial_heartbeats WHERE trial_id = $1";
                connection.execute(forget, &id)?;
                let forget = "DELETE FROM trial_intermediate_values WHERE trial_id = $1";
                connection.execute(forget, &id)?;
                let forget = "DELETE FROM trial_system_attributes
                              WHERE trial_id = $1 AND trial_system_attributes.key <> $2";
                connection.execute(forget, &[id[0], Value::Text(FIXED_PARAMS_ATTR)])?;
                add(connection, trial.0, &details)
            })
        })
    }
}

/// The trial that was just created, as it would be read.
fn as_created(id: TrialId, number: u64, new: &NewTrial, start: &TrialStart) -> FrozenTrial {
    let update = &start.update;
    let mut trial = FrozenTrial {
        id,
        number,
        state: new.state,
        values: start.values.clone(),
        params: Params::default(),
        intermediate_values: std::collections::BTreeMap::new(),
        user_attrs: Attrs::new(),
        system_attrs: Attrs::new(),
        datetime_start: new.datetime_start,
        datetime_complete: new.datetime_complete,
    };
    // The first of a name or a step stays; the last of a key does.
    trial.params = update.params.iter().rev().cloned().collect();
    let reports = update.reports.iter().rev().copied();
    trial.intermediate_values.extend(reports);
    trial.user_attrs.extend(update.user_attrs.iter().cloned());
    trial
        .system_attrs
        .extend(update.system_attrs.iter().cloned());
    trial
}

/// Writes the rows of a trial that is there, and locked.
fn add(connection: &mut dyn Connection, trial: i64, details: &[Insert]) -> Answer<()> {
    let same = "SELECT trial_id FROM trials WHERE trial_id = $1";
    let guard = Guard::Select(same, &[Value::Int(trial)]);
    connection.write_if(&guard, details, Durability::Later)?;
    Ok(())
}

/// Whether so many trials of the study don't wait; with the lock under which they begin.
fn has_begun(connection: &mut dyn Connection, study: StudyId, most: u64) -> Answer<bool> {
    let id = [Value::Int(study.0)];
    let lock = "SELECT study_id FROM studies WHERE study_id = $1 FOR UPDATE";
    first_int(connection, lock, &id)?;
    // What was created, without what waits: both are in indexes.
    let begun = "SELECT (SELECT COALESCE(MAX(number) + 1, 0) FROM trials WHERE study_id = $1)
                 - (SELECT COUNT(*) FROM trials WHERE study_id = $1 AND state = 'WAITING')";
    let begun = first_int(connection, begun, &id)?.unwrap_or(0);
    Ok(u64::try_from(begun).unwrap_or(0) >= most)
}

/// That a study which takes no trial is there, and merely has as many as it may.
fn check_study(connection: &mut dyn Connection, study: StudyId, most: Option<u64>) -> Answer<()> {
    let select = "SELECT study_id FROM studies WHERE study_id = $1";
    let found = first_int(connection, select, &[Value::Int(study.0)])?;
    match (found, most) {
        (Some(_), Some(_)) => Ok(()),
        _ => Err(Failure::Rule(deleted())),
    }
}

/// A time as the server keeps it.
fn kept(kind: Kind, time: Timestamp) -> Timestamp {
    let kept = match kind {
        Kind::Postgres => Timestamp::from_microsecond(time.as_microsecond()),
        Kind::MySql => Timestamp::from_second(time.as_second()),
    };
    kept.unwrap_or(time)
}

fn state(connection: &mut dyn Connection, trial: TrialId) -> Answer<TrialState> {
    let text = connection.text_cast();
    let sql = format!("SELECT state{text} FROM trials WHERE trial_id = $1");
    let mut state = None;
    connection.query(&sql, &[Value::Int(trial.0)], &mut |row| {
        state = row[0].as_text().and_then(TrialState::from_name);
    })?;
    state.ok_or(Failure::Rule(Error::UnknownTrial { trial: trial.0 }))
}

/// When a trial began to run.
fn start_of(connection: &mut dyn Connection, trial: TrialId) -> Answer<Option<Timestamp>> {
    let sql = "SELECT datetime_start FROM trials WHERE trial_id = $1";
    first_time(connection, sql, trial)
}

/// When a trial ended, and with which values.
fn told(connection: &mut dyn Connection, trial: TrialId) -> Answer<(Option<Timestamp>, Vec<f64>)> {
    let sql = "SELECT datetime_complete FROM trials WHERE trial_id = $1";
    let end = first_time(connection, sql, trial)?;
    let text = connection.text_cast();
    let sql = format!(
        "SELECT value, value_type{text} FROM trial_values WHERE trial_id = $1 ORDER BY objective"
    );
    let mut values = Vec::new();
    connection.query(&sql, &[Value::Int(trial.0)], &mut |row| {
        let kind = row[1].as_text().unwrap_or_default();
        values.extend(number_or_problem(row[0].as_float(), kind));
    })?;
    Ok((end, values))
}

fn first_time(
    connection: &mut dyn Connection,
    sql: &str,
    trial: TrialId,
) -> Answer<Option<Timestamp>> {
    let mut found = None;
    connection.query(sql, &[Value::Int(trial.0)], &mut |row| {
        if let Value::Time(time) = row[0] {
            found = Some(time);
        }
    })?;
    Ok(found)
}
