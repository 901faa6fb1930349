//! Trials that should not have been told as they were: withdrawn, or corrected by another.
//!
//! Nothing that is stored is changed or lost. A [withdrawn](Study::withdraw) trial is passed
//! over by samplers, pruners, plots and the best of its study; a
//! [correction](Study::correct) is a new trial with the same parameters and other values.

use std::sync::Arc;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::frozen_trial::{FAILURE_ATTR, FrozenTrial, TrialState};
use crate::json::Json;
use crate::storage::{AttrKind, Cursor, TrialStart};
use crate::study::Study;
use crate::withdrawal::{CORRECTS_ATTR, Withdrawal, withdrawn_attr};

impl Study {
    /// Lets the finished trial of this number count no more. It stays in the storage, with the
    /// `reason`, and can be [restored](Self::restore). This handle and its clones know of it at
    /// once, other processes when they next load the study, and Optuna never.
    /// [`Error::WrongState`] if the trial has not finished.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// for value in [1.0, 2.0] {
    ///     let mut trial = study.ask()?;
    ///     study.tell(&mut trial, &[value])?;
    /// }
    /// study.withdraw(0, "on the wrong data")?;
    /// assert_eq!(study.best_trial()?.number, 1);
    /// assert_eq!(study.frozen_trial(0)?.value(), Some(1.0));
    /// study.restore(0)?;
    /// assert_eq!(study.best_trial()?.number, 0);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn withdraw(&self, number: u64, reason: &str) -> Result<()> {
        self.finished_trial(number, "only a finished trial can be withdrawn")?;
        let withdrawal = Withdrawal {
            reason: reason.to_owned(),
            time: Some(Timestamp::now()),
        };
        self.note_withdrawal(number, Some(&withdrawal))
    }

    /// Lets a withdrawn trial count again; nothing happens if it does.
    pub fn restore(&self, number: u64) -> Result<()> {
        let trial = self.frozen_trial(number)?;
        if self.frozen()?.withdrawn().contains_key(&trial.number) {
            self.note_withdrawal(number, None)?;
        }
        Ok(())
    }

    /// Withdraws the finished trial of this number and adds a complete one that differs from it
    /// by its number, the `values`, one per objective, and a note of whom it corrects. If the
    /// program ends in between, it can be done again. [`Error::NotAvailable`] if another trial
    /// corrects it already, [`Error::InvalidTrial`] for a value that is NaN.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let mut trial = study.ask()?;
    /// let x = trial.suggest_float("x", 0.0..=1.0)?;
    /// study.tell(&mut trial, &[-1.0])?;
    /// let corrected = study.correct(0, &[1.0], "the sign was wrong")?;
    /// assert_eq!(corrected.params.get("x").map(|param| param.value), Some(x));
    /// assert_eq!(study.best_trial()?.number, 1);
    /// assert_eq!(study.trials()?.len(), 1);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn correct(&self, number: u64, values: &[f64], reason: &str) -> Result<FrozenTrial> {
        let wrong = self.finished_trial(number, "only a finished trial can be corrected")?;
        if values.len() != self.directions().len() {
            return Err(Error::WrongNumberOfValues {
                expected: self.directions().len(),
                got: values.len(),
            });
        }
        if values.iter().any(|value| value.is_nan()) {
            return Err(Error::InvalidTrial {
                reason: "a value is not a number (NaN)".to_owned(),
            });
        }
        if let Some(other) = self.correction_of(number)? {
            return Err(Error::NotAvailable(format!(
                "trial {other} corrects trial {number} already; correct trial {other}"
            )));
        }
        let mut start = TrialStart::from(&wrong);
        start.state = TrialState::Complete;
        start.values = values.to_vec();
        let system_attrs = &mut start.update.system_attrs;
        system_attrs.retain(|(key, _)| key != FAILURE_ATTR && key != CORRECTS_ATTR);
        system_attrs.push((CORRECTS_ATTR.to_owned(), Json::new(&number)));
        self.withdraw(number, reason)?;
        self.storage.create_trial(self.id(), &start)
    }

    /// The trials that are withdrawn, by number, each with why and since when.
    pub fn withdrawn(&self) -> Result<Vec<(Arc<FrozenTrial>, Withdrawal)>> {
        let mut withdrawn = self.frozen()?.withdrawn();
        if withdrawn.is_empty() {
            return Ok(Vec::new());
        }
        let mut trials = self.storage.changes(self.id(), &Cursor::default())?;
        trials.sort_by_key(|trial| trial.number);
        let found = trials.into_iter().filter_map(|trial| {
            let withdrawal = withdrawn.remove(&trial.number)?;
            Some((trial, withdrawal))
        });
        Ok(found.collect())
    }

    /// The number of the trial that corrects this one.
    fn correction_of(&self, number: u64) -> Result<Option<u64>> {
        let trials = self.storage.changes(self.id(), &Cursor::default())?;
        let found = trials.iter().find(|trial| {
            let corrected = trial.system_attrs.get(CORRECTS_ATTR);
            corrected.and_then(Json::parse::<u64>) == Some(number)
        });
        Ok(found.map(|trial| trial.number))
    }

    fn finished_trial(&self, number: u64, needed: &'static str) -> Result<FrozenTrial> {
        let trial = self.frozen_trial(number)?;
        if !trial.state.is_finished() {
            return Err(Error::WrongState {
                trial: number as i64,
                state: trial.state.name(),
                needed,
            });
        }
        Ok(trial)
    }

    fn note_withdrawal(&self, number: u64, withdrawal: Option<&Withdrawal>) -> Result<()> {
        let (key, json) = (withdrawn_attr(number), Withdrawal::to_json(withdrawal));
        self.set_attr(AttrKind::System, &key, &json)?;
        self.restart_history()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction;

    fn study() -> Study {
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        for value in [1.0, 2.0, f64::NAN] {
            let mut trial = study.ask().unwrap();
            trial.suggest_float("x", 0.0..=1.0).unwrap();
            trial.report(0, value).unwrap();
            trial.set_user_attr("k", &Json::new("v"));
            study.tell(&mut trial, &[value]).unwrap();
        }
        study
    }

    fn numbers(study: &Study) -> Vec<u64> {
        let trials = study.trials().unwrap();
        trials.iter().map(|trial| trial.number).collect()
    }

    #[test]
    fn a_withdrawn_trial_counts_nowhere_until_it_is_restored() {
        let study = study();
        let before = study.history().unwrap();
        study.withdraw(0, "why not").unwrap();
        assert_eq!(numbers(&study), [1, 2]);
        assert_eq!(before.len(), 3, "what was seen stays as it was seen");
        let reloaded = Study::load(study.storage().clone(), "s").unwrap();
        assert_eq!(numbers(&reloaded), [1, 2]);
        let withdrawn = reloaded.withdrawn().unwrap();
        assert_eq!(withdrawn.len(), 1);
        assert_eq!(withdrawn[0].0.number, 0);
        assert_eq!(withdrawn[0].1.reason, "why not");
        reloaded.restore(0).unwrap();
        reloaded.restore(1).unwrap();
        assert_eq!(numbers(&reloaded), [0, 1, 2]);
        assert!(reloaded.withdrawn().unwrap().is_empty());
    }

    #[test]
    fn what_has_not_finished_or_is_not_there_can_not_be_withdrawn() {
        let study = study();
        study.ask().unwrap();
        assert_eq!(
            study.withdraw(3, "").unwrap_err().to_string(),
            "trial 3 is RUNNING; only a finished trial can be withdrawn"
        );
        assert_eq!(
            study.withdraw(4, "").unwrap_err().to_string(),
            "no trial 4 in this study"
        );
        assert_eq!(numbers(&study), [0, 1, 2, 3]);
    }

    #[test]
    fn a_correction_differs_by_its_values_alone() {
        let study = study();
        let failed = study.frozen_trial(2).unwrap();
        assert_eq!(failed.state, TrialState::Fail);
        let corrected = study.correct(2, &[0.5], "now known").unwrap();
        assert_eq!(numbers(&study), [0, 1, 3]);
        assert_eq!(study.best_trial().unwrap().number, 3);
        assert_eq!(corrected.params, failed.params);
        assert_eq!(corrected.user_attrs, failed.user_attrs);
        assert_eq!(corrected.datetime_complete, failed.datetime_complete);
        assert_eq!(corrected.system_attrs[CORRECTS_ATTR].as_str(), "2");
        assert!(!corrected.system_attrs.contains_key(FAILURE_ATTR));
        assert_eq!(
            study.correct(2, &[0.7], "").unwrap_err().to_string(),
            "trial 3 corrects trial 2 already; correct trial 3"
        );
        let again = study.correct(3, &[0.7], "known better").unwrap();
        assert_eq!(numbers(&study), [0, 1, 4]);
        assert_eq!(again.system_attrs[CORRECTS_ATTR].as_str(), "3");
    }

    #[test]
    fn values_that_no_trial_can_have_withdraw_nothing() {
        let study = study();
        for (values, problem) in [
            (
                [1.0, 2.0].as_slice(),
                "the study has 1 objective(s), but 2 value(s) were told",
            ),
            (
                [f64::NAN].as_slice(),
                "the trial can't be added: a value is not a number (NaN)",
            ),
        ] {
            let error = study.correct(0, values, "").unwrap_err();
            assert_eq!(error.to_string(), problem);
        }
        assert_eq!(numbers(&study), [0, 1, 2]);
    }
}
