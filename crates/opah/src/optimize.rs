//! Running an objective over and over: budgets, threads, callbacks, failures.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::json::Json;
use crate::lease::{HEARTBEAT_INTERVAL, Keeper};
use crate::study::{FAILURE_ATTR, Stop, Study};
use crate::trial::Trial;

/// What happens after a trial failed, which is stored with its reason in any case.
///
/// A value that is NaN is a failed trial, but as in Optuna it ends the search only by
/// [`StopAfter`](Self::StopAfter).
#[derive(Debug, Clone, Copy)]
pub enum OnFailure {
    /// `optimize` ends with the first error or panic.
    Stop,
    /// The search goes on.
    Continue,
    /// The search goes on after errors that this function accepts, e.g. by their type,
    /// and ends with any other. A panic is a message only.
    ContinueIf(fn(&(dyn std::error::Error + Send + Sync + 'static)) -> bool),
    /// The search goes on until so many trials in a row have failed, NaN included.
    StopAfter(usize),
}

/// How long and how wide to search.
#[derive(Debug, Clone)]
pub struct Optimize {
    /// How many trials are begun by this call; without a limit if `None`.
    pub n_trials: Option<usize>,
    /// No trial is begun after so much time; those that run then are waited for.
    pub timeout: Option<Duration>,
    /// How many trials run side by side, each on a thread; 0: as many as there are cores.
    pub n_jobs: usize,
    /// What happens after a failure.
    pub on_failure: OnFailure,
    /// How often other processes are shown that the trials of this one are alive, so that
    /// these run again if it dies; and how often this one looks for those of others. Never if
    /// `None`. See [`lease`](crate::lease).
    pub heartbeat_interval: Option<Duration>,
    /// Whoever has a clone of it can end the run: the objective, a callback, a handler of
    /// signals.
    pub stop: StopSignal,
}

impl Default for Optimize {
    fn default() -> Self {
        Self {
            n_trials: None,
            timeout: None,
            n_jobs: 1,
            on_failure: OnFailure::Stop,
            heartbeat_interval: Some(HEARTBEAT_INTERVAL),
            stop: StopSignal::default(),
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

/// Ends a running `optimize` after the trials in flight. Clones are the same signal; once
/// given, it stays given.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(Arc<AtomicBool>);

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
    /// Runs `objective` on trial after trial, until the budget is used up or the sampler
    /// has nothing left to try. A pruned trial is no failure; a panic is one.
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
    /// after every trial, failed and pruned ones too, on the thread that ran it. (The study
    /// is captured, where the callback needs it.)
    pub fn optimize_with(
        &self,
        options: &Optimize,
        objective: impl Fn(&mut Trial) -> std::result::Result<Vec<f64>, Stop> + Sync,
        callback: impl Fn(&StopSignal, &FrozenTrial) + Sync,
    ) -> Result<()> {
        let run = Run {
            options,
            keeper: Keeper::start(self, options.heartbeat_interval),
            begun: AtomicUsize::new(0),
            failed_in_a_row: AtomicUsize::new(0),
            deadline: options
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            beginning: Mutex::new(()),
            error: Mutex::new(None),
        };
        let worker = || {
            while run.may_begin() {
                match self.run_one(&run, &objective) {
                    Ok(Some(attempt)) => {
                        run.count_failure(&attempt);
                        callback(&options.stop, &attempt.trial);
                    }
                    Ok(None) => break,
                    Err(error) => run.end_with(error),
                }
            }
        };
        let n_jobs = match options.n_jobs {
            0 => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            given => given,
        };
        if n_jobs == 1 {
            worker();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..n_jobs {
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

    /// Runs a trial, unless nothing is left to try.
    fn run_one(
        &self,
        run: &Run,
        objective: &(impl Fn(&mut Trial) -> std::result::Result<Vec<f64>, Stop> + Sync),
    ) -> Result<Option<Attempt>> {
        let Some(mut trial) = self.begin(run)? else {
            return Ok(None);
        };
        let _held = run.keeper.hold(&trial);
        let result = catch_unwind(AssertUnwindSafe(|| objective(&mut trial)));
        let result = result.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Stop::failed(format!(
                "panicked: {}",
                said.unwrap_or_default()
            )))
        });
        // A wrong number of values is the objective's mistake, as a panic is.
        let expected = self.directions().len();
        let result = result.and_then(|values| match values.len() {
            got if got == expected => Ok(values),
            got => Err(Error::WrongNumberOfValues { expected, got }.into()),
        });
        let ends = match (&result, run.options.on_failure) {
            (Err(Stop::Failed(_)), OnFailure::Stop) => true,
            (Err(Stop::Failed(reason)), OnFailure::ContinueIf(accepts)) => {
                !accepts(reason.as_ref())
            }
            _ => false,
        };
        let trial = self.tell_result(&mut trial, result)?;
        Ok(Some(Attempt { trial, ends }))
    }

    /// The next trial, unless nothing is left to try.
    fn begin(&self, run: &Run) -> Result<Option<Trial>> {
        // Two at once would both see the last free point.
        let _one_by_one = run.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_exhausted()? {
            return Ok(None);
        }
        self.ask_as(run.keeper.lease()).map(Some)
    }
}

/// A trial that was run, and whether the search ends with its failure.
struct Attempt {
    trial: Arc<FrozenTrial>,
    ends: bool,
}

/// What the workers of one `optimize` share.
struct Run<'a> {
    options: &'a Optimize,
    keeper: Keeper,
    begun: AtomicUsize,
    failed_in_a_row: AtomicUsize,
    deadline: Option<Instant>,
    /// Held while a trial begins.
    beginning: Mutex<()>,
    error: Mutex<Option<Error>>,
}

impl Run<'_> {
    /// Whether another trial may begin; counts it if so.
    fn may_begin(&self) -> bool {
        let in_time = self
            .deadline
            .is_none_or(|deadline| Instant::now() < deadline);
        let limit = self.options.n_trials.unwrap_or(usize::MAX);
        in_time
            && !self.options.stop.is_stopped()
            && self.begun.fetch_add(1, Ordering::Relaxed) < limit
    }

    fn count_failure(&self, Attempt { trial, ends }: &Attempt) {
        if trial.state != TrialState::Fail {
            self.failed_in_a_row.store(0, Ordering::Relaxed);
            return;
        }
        let in_a_row = self.failed_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        let are_too_many = match self.options.on_failure {
            OnFailure::StopAfter(limit) => in_a_row >= limit,
            _ => false,
        };
        if *ends || are_too_many {
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
        self.options.stop.stop();
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
    fn nan_is_a_failed_trial_and_the_search_goes_on() {
        let study = study();
        study
            .optimize(&Optimize::trials(3), |_| Ok(f64::NAN))
            .unwrap();
        assert_eq!(study.count(&[TrialState::Fail]).unwrap(), 3);
        let options = Optimize {
            on_failure: OnFailure::StopAfter(2),
            ..Optimize::trials(9)
        };
        let error = study.optimize(&options, |_| Ok(f64::NAN)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "trial 4 failed: the objective value is not a number (NaN)"
        );
    }

    #[test]
    fn only_accepted_errors_let_the_search_go_on() {
        let study = study();
        let options = Optimize {
            on_failure: OnFailure::ContinueIf(|error| !error.is::<std::num::ParseFloatError>()),
            ..Optimize::trials(9)
        };
        let error = study.optimize(&options, |trial| {
            if trial.number() < 3 {
                Err(std::fmt::Error)?;
            }
            Ok("no number".parse::<f64>()?)
        });
        assert_eq!(
            error.unwrap_err().to_string(),
            "trial 3 failed: invalid float literal"
        );
        assert_eq!(study.count(&[TrialState::Fail]).unwrap(), 4);
    }

    #[test]
    fn a_wrong_number_of_values_fails_the_trial() {
        let study = study();
        let error = study
            .optimize_with(&Optimize::trials(2), |_| Ok(vec![1.0, 2.0]), |_, _| {})
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "trial 0 failed: the study has 1 objective(s), but 2 value(s) were told"
        );
        assert_eq!(study.trials().unwrap()[0].state, TrialState::Fail);
    }

    #[test]
    fn the_objective_can_stop_the_search() {
        let study = study();
        let options = Optimize {
            n_jobs: 0,
            ..Optimize::default()
        };
        let objective = |trial: &mut Trial| {
            if trial.number() >= 5 {
                options.stop.stop();
            }
            Ok(0.0)
        };
        study.optimize(&options, objective).unwrap();
        let n_trials = study.trials().unwrap().len();
        assert!(n_trials >= 6);
        assert_eq!(study.count(&[TrialState::Complete]).unwrap(), n_trials);
        study.optimize(&options, objective).unwrap();
        assert_eq!(study.trials().unwrap().len(), n_trials);
    }

    #[test]
    fn nothing_begins_after_the_time_is_up() {
        let study = study();
        let options = Optimize {
            timeout: Some(Duration::ZERO),
            ..Optimize::default()
        };
        study.optimize(&options, |_| Ok(0.0)).unwrap();
        assert!(study.trials().unwrap().is_empty());
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
