//! Running an objective over and over: budgets, threads, callbacks, failures.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::json::Json;
use crate::study::{FAILURE_ATTR, Stop, Study};
use crate::trial::Trial;

/// What happens after a trial failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// The failure is stored, and `optimize` ends with it.
    Stop,
    /// The failure is stored, and the search goes on.
    Continue,
    /// The search goes on until so many trials in a row have failed.
    StopAfter(usize),
}

/// How long and how wide to search.
#[derive(Debug, Clone)]
pub struct Optimize {
    /// How many trials are begun by this call; without a limit if `None`.
    pub n_trials: Option<usize>,
    /// No trial is begun after so much time.
    pub timeout: Option<Duration>,
    /// How many trials run side by side, each on a thread.
    pub n_jobs: usize,
    /// What happens after a failure.
    pub on_failure: OnFailure,
}

impl Default for Optimize {
    fn default() -> Self {
        Self {
            n_trials: None,
            timeout: None,
            n_jobs: 1,
            on_failure: OnFailure::Stop,
        }
    }
}

impl Optimize {
    /// `n` trials, one after the other.
    pub fn trials(n: usize) -> Self {
        Self {
            n_trials: Some(n),
            ..Self::default()
        }
    }
}

/// Ends a running `optimize` after the trials in flight; given to callbacks.
#[derive(Debug, Default)]
pub struct StopSignal(AtomicBool);

impl StopSignal {
    /// Begins no further trial.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Study {
    /// Runs `objective` on trial after trial. A pruned trial is no failure; a panic is one.
    ///
    /// ```
    /// use opah::{Direction, Study, optimize::Optimize};
    ///
    /// let study = Study::in_memory("parabola", &[Direction::Minimize])?;
    /// study.optimize(&Optimize::trials(20), |trial| {
    ///     let x = trial.suggest_float("x", -10.0..=10.0)?;
    ///     Ok((x - 2.0).powi(2))
    /// })?;
    /// assert_eq!(study.trials()?.len(), 20);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn optimize(
        &self,
        options: &Optimize,
        objective: impl Fn(&mut Trial) -> std::result::Result<f64, Stop> + Sync,
    ) -> Result<()> {
        let objective = |trial: &mut Trial| objective(trial).map(|value| vec![value]);
        self.optimize_with(options, objective, |_, _| {})
    }

    /// As [`optimize`](Self::optimize), for any number of objectives, calling `callback`
    /// on its thread after every trial.
    pub fn optimize_with(
        &self,
        options: &Optimize,
        objective: impl Fn(&mut Trial) -> std::result::Result<Vec<f64>, Stop> + Sync,
        callback: impl Fn(&StopSignal, &FrozenTrial) + Sync,
    ) -> Result<()> {
        let run = Run {
            options,
            begun: AtomicUsize::new(0),
            failed_in_a_row: AtomicUsize::new(0),
            signal: StopSignal::default(),
            deadline: options
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            error: Mutex::new(None),
        };
        let worker = || {
            while run.may_begin() {
                match self.run_one(&objective) {
                    Ok(trial) => {
                        run.count_failure(&trial);
                        callback(&run.signal, &trial);
                    }
                    Err(error) => run.end_with(error),
                }
            }
        };
        if options.n_jobs <= 1 {
            worker();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..options.n_jobs {
                    scope.spawn(worker);
                }
            });
        }
        match run
            .error
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
        {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn run_one(
        &self,
        objective: &(impl Fn(&mut Trial) -> std::result::Result<Vec<f64>, Stop> + Sync),
    ) -> Result<Arc<FrozenTrial>> {
        let mut trial = self.ask()?;
        let result = catch_unwind(AssertUnwindSafe(|| objective(&mut trial)));
        let result = result.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Stop::failed(format!(
                "panicked: {}",
                said.unwrap_or_default()
            )))
        });
        self.tell_result(&mut trial, result)
    }
}

/// What the workers of one `optimize` share.
struct Run<'a> {
    options: &'a Optimize,
    begun: AtomicUsize,
    failed_in_a_row: AtomicUsize,
    signal: StopSignal,
    deadline: Option<Instant>,
    error: Mutex<Option<Error>>,
}

impl Run<'_> {
    /// Whether another trial may begin; counts it if so.
    fn may_begin(&self) -> bool {
        let in_time = self
            .deadline
            .is_none_or(|deadline| Instant::now() < deadline);
        let limit = self.options.n_trials.unwrap_or(usize::MAX);
        in_time && !self.signal.is_stopped() && self.begun.fetch_add(1, Ordering::Relaxed) < limit
    }

    fn count_failure(&self, trial: &FrozenTrial) {
        if trial.state != TrialState::Fail {
            self.failed_in_a_row.store(0, Ordering::Relaxed);
            return;
        }
        let in_a_row = self.failed_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        let limit = match self.options.on_failure {
            OnFailure::Stop => 1,
            OnFailure::Continue => usize::MAX,
            OnFailure::StopAfter(limit) => limit,
        };
        if in_a_row >= limit {
            let reason = trial
                .system_attrs
                .get(FAILURE_ATTR)
                .and_then(Json::parse::<String>);
            let reason = reason.unwrap_or_else(|| "no reason was given".to_owned());
            self.end_with(Error::ObjectiveFailed {
                number: trial.number,
                reason,
            });
        }
    }

    /// Ends the run; the first error is the one that is told.
    fn end_with(&self, error: Error) {
        self.signal.stop();
        self.error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction;

    fn study() -> Study {
        Study::in_memory("s", &[Direction::Minimize]).unwrap()
    }

    #[test]
    fn threads_share_one_budget() {
        let study = study();
        let options = Optimize {
            n_jobs: 4,
            ..Optimize::trials(30)
        };
        study
            .optimize(&options, |trial| Ok(trial.suggest_float("x", 0.0..=1.0)?))
            .unwrap();
        let numbers: Vec<u64> = study
            .trials()
            .unwrap()
            .iter()
            .map(|trial| trial.number)
            .collect();
        assert_eq!(numbers, (0..30).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_is_a_failure_with_its_message() {
        let study = study();
        let error = study
            .optimize(&Optimize::trials(5), |_| panic!("boom"))
            .unwrap_err();
        assert_eq!(error.to_string(), "trial 0 failed: panicked: boom");
        assert_eq!(study.trials().unwrap()[0].state, TrialState::Fail);
    }

    #[test]
    fn failures_in_a_row_end_the_search_when_asked() {
        let study = study();
        let options = Optimize {
            on_failure: OnFailure::StopAfter(3),
            ..Optimize::trials(9)
        };
        let result = study.optimize(&options, |trial| {
            if trial.number() == 1 {
                Ok(1.0)
            } else {
                Err(Stop::failed("out of memory"))
            }
        });
        assert_eq!(
            result.unwrap_err().to_string(),
            "trial 4 failed: out of memory"
        );
    }

    #[test]
    fn a_callback_can_stop_the_search() {
        let study = study();
        let stop_at_three = |signal: &StopSignal, trial: &FrozenTrial| {
            if trial.number == 3 {
                signal.stop();
            }
        };
        study
            .optimize_with(&Optimize::trials(100), |_| Ok(vec![0.0]), stop_at_three)
            .unwrap();
        assert_eq!(study.trials().unwrap().len(), 4);
    }
}
