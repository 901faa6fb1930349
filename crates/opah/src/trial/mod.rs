//! A running trial, as its objective sees it.
//!
//! - `draw`: how it gets a value · `together`: how its values keep to the study's rules
//! - `reports`: what it reports, and whether it should stop

mod draw;
mod reports;
mod together;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

pub use self::together::TWIN_ATTR;
use crate::error::{Error, Result};
use crate::frozen_trial::{CONSTRAINT_PREFIX, FIXED_PARAMS_ATTR, FrozenTrial};
use crate::json::Json;
use crate::sampler::Draw;
use crate::spool::has_ended_so;
use crate::storage::{Outcome, TrialUpdate};
use crate::study::Study;

/// A running trial: suggests values, takes reports.
///
/// What is drawn is collected here and written with the next report, or with the
/// end; a trial without reports costs two transactions.
#[derive(Debug)]
pub struct Trial {
    study: Study,
    frozen: FrozenTrial,
    /// What the storage does not know yet.
    pending: TrialUpdate,
    /// Values that were enqueued.
    fixed: BTreeMap<String, Value>,
    /// The sampler's joint draw, made at the first suggestion that needs it.
    relative: Option<Draw>,
    /// How often what was drawn could not be taken.
    attempt: u64,
    /// Whether a value was neither given nor the only one, since this was last asked.
    has_drawn: bool,
    /// Whether the storage was asked for the study's trials.
    has_looked: bool,
    /// What the user should know of.
    warnings: Vec<String>,
}

impl Trial {
    pub(crate) fn new(study: Study, frozen: FrozenTrial) -> Self {
        let fixed = frozen
            .system_attrs
            .get(FIXED_PARAMS_ATTR)
            .and_then(Json::parse);
        Self {
            study,
            frozen,
            pending: TrialUpdate::default(),
            fixed: fixed.unwrap_or_default(),
            relative: None,
            attempt: 0,
            has_drawn: false,
            has_looked: false,
            warnings: Vec::new(),
        }
    }

    /// Its number in the study, from 0.
    pub fn number(&self) -> u64 {
        self.frozen.number
    }

    /// The trial so far.
    pub fn frozen(&self) -> &FrozenTrial {
        &self.frozen
    }

    /// What the user should know of, such as a fixed value outside its range, or a step
    /// that was reported twice.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Notes something with the trial; written with the next report, or with the end.
    pub fn set_user_attr(&mut self, key: &str, value: &Json) {
        self.frozen.user_attrs.insert(key.to_owned(), value.clone());
        self.pending
            .user_attrs
            .push((key.to_owned(), value.clone()));
    }

    /// Notes a constraint, which is met if `value` is at most 0; infinities are values. The
    /// trial is feasible if all its constraints are met; otherwise it is no
    /// [best trial](Study::best_trials), and samplers think the less of it, the greater the
    /// sum of its positive values is. Written with the next report, or with the end.
    ///
    /// The first value of a constraint counts; another one is a [warning](Self::warnings).
    /// [`Error::InvalidConstraint`] if `value` is NaN, [`Error::WrongState`] if the trial has
    /// ended.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("small and fast", &[Direction::Minimize])?;
    /// for (seconds, megabytes) in [(2.0, 70.0), (1.0, 130.0)] {
    ///     let mut trial = study.ask()?;
    ///     trial.set_constraint("at most 100 MB", megabytes - 100.0)?;
    ///     study.tell(&mut trial, &[seconds])?;
    /// }
    /// assert_eq!(study.best_trial()?.number, 0);
    /// assert_eq!(study.trials()?[1].violation(), 30.0);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn set_constraint(&mut self, name: &str, value: f64) -> Result<()> {
        if value.is_nan() {
            return Err(Error::InvalidConstraint {
                name: name.to_owned(),
            });
        }
        if self.frozen.state.is_finished() {
            return Err(Error::WrongState {
                trial: self.frozen.number as i64,
                state: self.frozen.state.name(),
                needed: "constraints are set before the trial ends",
            });
        }
        let key = format!("{CONSTRAINT_PREFIX}{name}");
        if self.frozen.system_attrs.contains_key(&key) {
            self.warnings.push(format!(
                "constraint `{name}` was set before; the first value stays, and {value} is ignored"
            ));
            return Ok(());
        }
        self.note(&key, &Json::from_f64(value));
        Ok(())
    }

    /// As [`set_user_attr`](Self::set_user_attr), for programs.
    pub(crate) fn note(&mut self, key: &str, value: &Json) {
        self.frozen
            .system_attrs
            .insert(key.to_owned(), value.clone());
        self.pending
            .system_attrs
            .push((key.to_owned(), value.clone()));
    }

    /// Writes what was drawn, reported and noted so far.
    pub fn flush(&mut self) -> Result<()> {
        if !self.pending.is_empty() {
            let written = self
                .study
                .storage
                .update_trial(self.frozen.id, &self.pending);
            written.map_err(|error| error.of_trial(self.frozen.number))?;
            self.pending = TrialUpdate::default();
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, outcome: &Outcome, now: Timestamp) -> Result<Arc<FrozenTrial>> {
        let told = self
            .study
            .storage
            .finish_trial(self.frozen.id, &self.pending, outcome, now);
        let ended = FrozenTrial {
            state: outcome.state(),
            values: outcome.values().to_vec(),
            datetime_complete: Some(now),
            ..self.frozen.clone()
        };
        if let Err(error) = told
            && !self.is_told_after(&error, outcome)
        {
            return Err(self.kept(error.of_trial(self.frozen.number), &ended));
        }
        self.study.forget_drawn(self.frozen.number);
        let refused = self.study.deliver_own();
        self.warnings
            .extend(refused.iter().map(ToString::to_string));
        self.pending = TrialUpdate::default();
        self.frozen = ended;
        Ok(Arc::new(self.frozen.clone()))
    }

    /// Whether it was told although the storage failed: the answer may have been lost.
    fn is_told_after(&self, error: &Error, outcome: &Outcome) -> bool {
        if !matches!(error, Error::Storage { .. }) {
            return false;
        }
        let stored = self.study.storage.trial(self.study.id(), self.number());
        stored.is_ok_and(|stored| has_ended_so(&stored, outcome))
    }

    /// The error of a storage that failed; with a spool, the result is kept there.
    fn kept(&self, error: Error, ended: &FrozenTrial) -> Error {
        match (error, &self.study.spool) {
            (
                Error::Storage {
                    store,
                    problem,
                    source,
                },
                Some(spool),
            ) => {
                let kept = match spool.keep(self.study.name(), ended) {
                    Ok(file) => format!(
                        "is kept in `{}`, to be told when the storage is back",
                        file.display()
                    ),
                    Err(error) => format!("could not be kept either: {error}"),
                };
                let number = ended.number;
                Error::Storage {
                    store,
                    problem: format!("{problem}; the result of trial {number} {kept}"),
                    source,
                }
            }
            (error, _) => error,
        }
    }
}
