//! Ask and tell: for programs that run the objective themselves, be it in another process.

use std::sync::Arc;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::json::Json;
use crate::search_space::SearchSpace;
use crate::storage::{Outcome, TrialUpdate};
use crate::study::{FAILURE_ATTR, Stop, Study};
use crate::trial::Trial;

/// What telling a trial does that has finished before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfFinished {
    /// It is an error.
    Refuse,
    /// Nothing; the trial stays as it was told first.
    Skip,
}

impl Study {
    /// As [`ask`](Self::ask), with a value for every parameter of `space`. If one can't be
    /// had, the trial is failed.
    ///
    /// Values are written with the trial's first report or its end; a program that ends
    /// before, for another one to [tell](Self::tell_number), calls [`Trial::flush`].
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use opah::ask_tell::IfFinished;
    /// use opah::{Direction, Distribution, IntDistribution, SearchSpace, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let width = Distribution::Int(IntDistribution::new(1, 8, false, 1)?);
    /// let space = SearchSpace::from_iter([("width".into(), Arc::new(width))]);
    /// let mut trial = study.ask_with(&space)?;
    /// trial.flush()?;
    /// // … and in another process:
    /// let told = study.tell_number(0, Ok(vec![0.5]), IfFinished::Refuse)?;
    /// assert_eq!(told.params, trial.frozen().params);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn ask_with(&self, space: &SearchSpace) -> Result<Trial> {
        self.rules.check(space)?;
        let mut trial = self.ask()?;
        let suggested = trial.suggest_together(|trial| {
            space.iter().try_for_each(|(name, distribution)| {
                trial.suggest(name, distribution)?;
                Ok(())
            })
        });
        if let Err(error) = suggested {
            self.tell_result(&mut trial, Err(Stop::failed(error.to_string())))?;
            return Err(error);
        }
        Ok(trial)
    }

    /// The running trial of this number, as far as it is stored, to go on with.
    /// [`Error::WrongState`] if it is not running.
    pub fn trial(&self, number: u64) -> Result<Trial> {
        self.running(number, "only a running trial can be run")
    }

    fn running(&self, number: u64, needed: &'static str) -> Result<Trial> {
        let found = self.frozen_trial(number)?;
        if found.state != TrialState::Running {
            return Err(Error::WrongState {
                trial: number as i64,
                state: found.state.name(),
                needed,
            });
        }
        Ok(Trial::new(self.clone(), found))
    }

    /// Sets a user attribute of the trial of this number at once, which may run in another
    /// process or wait for one. [`Error::WrongState`] if it has finished.
    ///
    /// ```
    /// use opah::json::Json;
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let mut trial = study.ask()?;
    /// study.set_trial_attr(0, "host", &Json::new("a"))?;
    /// assert_eq!(study.frozen_trial(0)?.user_attrs["host"].as_str(), "\"a\"");
    /// study.tell(&mut trial, &[1.0])?;
    /// assert!(study.set_trial_attr(0, "host", &Json::new("b")).is_err());
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn set_trial_attr(&self, number: u64, key: &str, value: &Json) -> Result<()> {
        let trial = self.frozen_trial(number)?;
        let update = TrialUpdate {
            user_attrs: vec![(key.to_owned(), value.clone())],
            ..TrialUpdate::default()
        };
        let written = self.storage.update_trial(trial.id, &update);
        written.map_err(|error| error.of_trial(number))
    }

    /// Ends a trial: with one value per objective, pruned, or failed. A NaN value is a
    /// failure; infinities are values.
    pub fn tell(&self, trial: &mut Trial, values: &[f64]) -> Result<Arc<FrozenTrial>> {
        self.tell_result(trial, Ok(values.to_vec()))
    }

    /// Ends a trial as its objective did. The value of a pruned one is its last report, if
    /// that is not NaN.
    pub fn tell_result(
        &self,
        trial: &mut Trial,
        result: std::result::Result<Vec<f64>, Stop>,
    ) -> Result<Arc<FrozenTrial>> {
        let outcome = self.outcome(trial, result)?;
        trial.finish(&outcome, Timestamp::now())
    }

    /// Ends the trial of this number, which another process may have begun.
    pub fn tell_number(
        &self,
        number: u64,
        result: std::result::Result<Vec<f64>, Stop>,
        if_finished: IfFinished,
    ) -> Result<Arc<FrozenTrial>> {
        let told = self
            .running(number, "only a running trial can be told")
            .and_then(|mut trial| self.tell_result(&mut trial, result));
        match told {
            Err(Error::WrongState { .. }) if if_finished == IfFinished::Skip => {
                let stored = self.frozen_trial(number)?;
                if stored.state.is_finished() {
                    Ok(Arc::new(stored))
                } else {
                    told
                }
            }
            _ => told,
        }
    }

    fn outcome(
        &self,
        trial: &mut Trial,
        result: std::result::Result<Vec<f64>, Stop>,
    ) -> Result<Outcome> {
        Ok(match result {
            Ok(values) if values.len() != self.directions().len() => {
                return Err(Error::WrongNumberOfValues {
                    expected: self.directions().len(),
                    got: values.len(),
                });
            }
            Ok(values) if values.iter().any(|value| value.is_nan()) => {
                let reason = "the objective value is not a number (NaN)";
                trial.note(FAILURE_ATTR, &Json::new(reason));
                Outcome::Failed
            }
            Ok(values) => Outcome::Complete(values),
            Err(Stop::Pruned) => {
                let last = trial.frozen().last_report().filter(|value| !value.is_nan());
                Outcome::Pruned(last.filter(|_| self.directions().len() == 1))
            }
            Err(Stop::Failed(reason)) => {
                trial.note(FAILURE_ATTR, &Json::new(&chain(reason.as_ref())));
                Outcome::Failed
            }
        })
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::{Distribution, FloatDistribution};
    use crate::frozen_trial::Direction;

    fn study() -> Study {
        Study::in_memory("s", &[Direction::Minimize]).unwrap()
    }

    fn space(log: bool) -> SearchSpace {
        let x = FloatDistribution::new(0.1, 1.0, log, None).unwrap();
        SearchSpace::from_iter([("x".into(), Arc::new(Distribution::Float(x)))])
    }

    #[test]
    fn a_running_trial_is_told_by_number_once() {
        let study = study();
        let mut asked = study.ask_with(&space(false)).unwrap();
        asked.report(0, 2.0).unwrap();
        let mut again = study.trial(0).unwrap();
        assert_eq!(again.frozen(), asked.frozen());
        assert_eq!(
            again.suggest_float("x", 0.1..=1.0).unwrap(),
            asked.suggest_float("x", 0.1..=1.0).unwrap()
        );
        let pruned = study
            .tell_number(0, Err(Stop::Pruned), IfFinished::Refuse)
            .unwrap();
        assert_eq!(
            (pruned.state, pruned.values.as_slice()),
            (TrialState::Pruned, [2.0].as_slice())
        );
        let refused = study
            .tell_number(0, Ok(vec![1.0]), IfFinished::Refuse)
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "trial 0 is PRUNED; only a running trial can be told"
        );
        // Who still has it is told so too, by its number.
        let late = study.tell(&mut asked, &[1.0]).unwrap_err();
        assert_eq!(
            late.to_string(),
            "trial 0 is PRUNED; only a running trial can be told"
        );
        let kept = study
            .tell_number(0, Ok(vec![1.0]), IfFinished::Skip)
            .unwrap();
        assert_eq!(kept, pruned);
        let unknown = study
            .tell_number(7, Ok(vec![1.0]), IfFinished::Skip)
            .unwrap_err();
        assert_eq!(unknown.to_string(), "no trial 7 in this study");
        study.enqueue(&serde_json::Map::new()).unwrap();
        let waiting = study
            .tell_number(1, Ok(vec![1.0]), IfFinished::Skip)
            .unwrap_err();
        assert_eq!(
            waiting.to_string(),
            "trial 1 is WAITING; only a running trial can be told"
        );
    }

    #[test]
    fn a_trial_that_is_given_back_keeps_what_it_drew() {
        let study = study();
        let trial = study.ask_with(&space(false)).unwrap();
        study.release(trial.frozen(), &[]).unwrap();
        let waiting = study.trials().unwrap()[0].clone();
        assert_eq!(waiting.state, TrialState::Waiting);
        assert_eq!(waiting.params, trial.frozen().params);
        assert_eq!(waiting.params.len(), 1);
    }

    #[test]
    fn a_trial_that_ended_is_not_given_back_and_named_by_its_number() {
        let first = study();
        first.ask().unwrap();
        // Ids are the storage's, so that of the second study's first trial is not its number.
        let storage = first.storage().clone();
        let second = Study::create(storage, "t", &[Direction::Minimize]).unwrap();
        let mut trial = second.ask().unwrap();
        let told = second.tell(&mut trial, &[1.0]).unwrap();
        assert_eq!(
            second.release(&told, &[]).unwrap_err().to_string(),
            "trial 0 is COMPLETE; only a running trial can wait again"
        );
    }

    #[test]
    fn a_trial_whose_values_cannot_be_had_is_failed() {
        let study = study();
        let mut first = study.ask_with(&space(false)).unwrap();
        study.tell(&mut first, &[1.0]).unwrap();
        let error = study.ask_with(&space(true)).unwrap_err().to_string();
        assert!(
            error.starts_with("parameter `x` was float(0.1, 1.0) before"),
            "{error}"
        );
        assert_eq!(study.trials().unwrap()[1].state, TrialState::Fail);
    }

    #[test]
    fn infinities_are_values_and_nan_is_a_failure() {
        let study = study();
        let told = |value| {
            let mut trial = study.ask().unwrap();
            study.tell(&mut trial, &[value]).unwrap()
        };
        assert_eq!(told(f64::NEG_INFINITY).state, TrialState::Complete);
        let failed = told(f64::NAN);
        assert_eq!((failed.state, failed.values.len()), (TrialState::Fail, 0));
        let reason = failed.system_attrs[FAILURE_ATTR].as_str();
        assert_eq!(reason, "\"the objective value is not a number (NaN)\"");
        let mut trial = study.ask().unwrap();
        let error = study.tell(&mut trial, &[1.0, 2.0]).unwrap_err().to_string();
        assert_eq!(
            error,
            "the study has 1 objective(s), but 2 value(s) were told"
        );
        let mut pruned = study.ask().unwrap();
        pruned.report(0, f64::NAN).unwrap();
        let pruned = study.tell_result(&mut pruned, Err(Stop::Pruned)).unwrap();
        assert_eq!((pruned.state, pruned.values.len()), (TrialState::Pruned, 0));
    }

    #[test]
    fn objectives_get_names_one_each() {
        let study = study();
        let error = study.set_metric_names(&["a", "b"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "study `s` has 1 objective(s), but 2 name(s) were given"
        );
        assert_eq!(study.frozen().unwrap().metric_names(), None);
        study.set_metric_names(&["accuracy"]).unwrap();
        let names = study.frozen().unwrap().metric_names().unwrap();
        assert_eq!(names, ["accuracy"]);
    }
}
