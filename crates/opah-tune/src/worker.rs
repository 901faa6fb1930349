//! The loop of a search: ask, run, report, tell, until the budget is used up.
//!
//! A trial that was begun and not finished, because of Ctrl-C, a kill or a full disk, goes
//! back among the waiting and is the next to be run, under its own number. As every draw
//! depends on the seed, the number and the finished trials alone, a search that was
//! interrupted and goes on with one job is, trial by trial and bit by bit, the search that
//! was not interrupted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use opah::json::Json;
use opah::lease::Keeper;
use opah::sampler::auto::CHOICE_ATTR;
use opah::study::FAILURE_ATTR;
use opah::{FrozenTrial, ParamValue, Stop, Study, Trial, TrialState};

use crate::directories::Directories;
use crate::error::{Error, Result};
use crate::event::{self, Best, Event, Observer};
use crate::executor::{Ended, Executor, Failure, Job, Watcher};
use crate::hparams::{self, Parameter};
use crate::presence;

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The study has as many trials as were asked for, or the sampler has nothing left to
    /// try.
    Finished,
    /// The time was up.
    TimedOut,
    /// Somebody asked it to stop.
    Interrupted,
}

/// What the workers of one search share.
pub(crate) struct Search<'a> {
    pub(crate) study: &'a Study,
    pub(crate) space: &'a [Parameter],
    pub(crate) executor: &'a dyn Executor,
    pub(crate) directories: &'a Directories,
    /// Whether epochs are reported to the study and its pruner is asked.
    pub(crate) reports: bool,
    /// Trials of the study: finished ones, whatever came of them, and running ones.
    pub(crate) n_trials: usize,
    /// No trial begins after it.
    pub(crate) deadline: Option<Instant>,
    /// So many failures in a row end the search.
    pub(crate) max_failures: Option<usize>,
    /// Says who runs the trials.
    pub(crate) worker: (String, Json),
    /// Shows that they are alive.
    pub(crate) keeper: &'a Keeper,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) state: Mutex<State>,
}

/// What changes while the search runs.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The failures since the last trial that did not fail.
    failed: Vec<(u64, String)>,
    error: Option<Error>,
    timed_out: bool,
}

impl Search<'_> {
    /// Runs trials, so many side by side, until the search is over.
    pub(crate) fn run(&self, jobs: usize) -> Result<End> {
        if jobs <= 1 {
            self.work();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..jobs {
                    scope.spawn(|| self.work());
                }
            });
        }
        let mut state = self.state();
        match state.error.take() {
            Some(error) => Err(error),
            None if self.stop.load(Ordering::SeqCst) => Ok(End::Interrupted),
            None if state.timed_out => Ok(End::TimedOut),
            None => Ok(End::Finished),
        }
    }

    fn work(&self) {
        loop {
            let done = match self.next() {
                Ok(Some(trial)) => self.run_trial(trial),
                Ok(None) => return,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                self.state().error.get_or_insert(error);
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next trial, if another one may begin.
    fn next(&self) -> Result<Option<Trial>> {
        for taken_back in self.keeper.taken_back() {
            let text = presence::note_of(taken_back);
            self.observer.observe(&Event::Note { text });
        }
        // Held while asking, so that of jobs side by side only one looks for the last free
        // point; the budget is the storage's to keep, for all workers of the study.
        let mut state = self.state();
        if state.error.is_some() || self.stop.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let begun = self.study.count(&[
            TrialState::Complete,
            TrialState::Pruned,
            TrialState::Fail,
            TrialState::Running,
        ])?;
        if begun >= self.n_trials || self.study.is_exhausted()? {
            return Ok(None);
        }
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            state.timed_out = true;
            return Ok(None);
        }
        let noted = [std::slice::from_ref(&self.worker), self.keeper.lease()].concat();
        Ok(self.study.ask_within(self.n_trials as u64, &noted)?)
    }

    /// Runs a trial to its end; an error is the end of the search.
    fn run_trial(&self, mut trial: Trial) -> Result<()> {
        let begun = Instant::now();
        let _held = self.keeper.hold(&trial);
        let values = match self.suggest(&mut trial) {
            Ok(values) => values,
            // Somebody enqueued what can't be, or it is a list's next point: it would be so again.
            Err(
                error @ (opah::Error::OutOfDomain { .. } | opah::Error::BreaksConstraint { .. }),
            ) => {
                let told = self.study.tell_result(&mut trial, Err(error.into()))?;
                return self.after(&told, begun);
            }
            Err(late @ opah::Error::WrongState { .. }) => {
                self.note_late(trial.number(), &late);
                return Ok(());
            }
            Err(error) => {
                self.release(&trial)?;
                return Err(error.into());
            }
        };
        let number = trial.number();
        for text in trial.warnings().iter().cloned() {
            self.observer.observe(&Event::Note { text });
        }
        let chosen = trial.frozen().system_attrs.get(CHOICE_ATTR);
        if let Some(text) = chosen.and_then(Json::parse) {
            self.observer.observe(&Event::SamplerChosen { text });
        }
        let job = Job {
            number,
            directory: self.directories.trial(number),
            values,
        };
        self.observer.observe(&Event::TrialStarted {
            number,
            params: event::params(job.values.iter().map(|(name, value)| (&**name, value))),
        });
        if let Some(twin) = trial.twin()? {
            let text = format!(
                "trial {number} has the parameters of trial {}, whose value it takes",
                twin.number
            );
            self.observer.observe(&Event::Note { text });
            let values = twin.values.clone();
            return self.tell(&mut trial, Ok(values), begun);
        }
        let mut running = Running {
            search: self,
            trial: &mut trial,
            error: None,
        };
        let ended = catch_unwind(AssertUnwindSafe(|| self.executor.run(&job, &mut running)))
            .unwrap_or_else(|panic| Err(Failure::Trial(panic_text(panic.as_ref()))));
        if let Some(late @ opah::Error::WrongState { .. }) = &running.error {
            self.note_late(number, late);
            return Ok(());
        }
        if let Some(error) = running.error {
            // The storage refused a report; it may refuse this too, and then the next worker
            // takes the trial back.
            let _ = self.release(&trial);
            return Err(error.into());
        }
        let result = match ended {
            Ok(Ended::Finished(value)) => Ok(vec![value]),
            Ok(Ended::Pruned) => Err(Stop::Pruned),
            Ok(Ended::Interrupted) => {
                self.release(&trial)?;
                self.observer.observe(&Event::TrialInterrupted { number });
                return Ok(());
            }
            Err(Failure::Trial(reason)) => Err(Stop::failed(reason)),
            Err(Failure::Surroundings(reason)) => {
                self.release(&trial)?;
                return Err(Error::Surroundings { number, reason });
            }
        };
        self.tell(&mut trial, result, begun)
    }

    /// Ends a trial as its program did.
    fn tell(
        &self,
        trial: &mut Trial,
        result: std::result::Result<Vec<f64>, Stop>,
        begun: Instant,
    ) -> Result<()> {
        match self.study.tell_result(trial, result) {
            Err(late @ opah::Error::WrongState { .. }) => {
                self.note_late(trial.number(), &late);
                Ok(())
            }
            told => {
                let told = told?;
                self.after(&told, begun)
            }
        }
    }

    /// This worker was silent for longer than its lease, and another one has the trial.
    fn note_late(&self, number: u64, late: &opah::Error) {
        let text = format!("what trial {number} came to here comes too late: {late}");
        self.observer.observe(&Event::Note { text });
    }

    /// Gives a trial back. It still says who ran it last: should the next one who claims it
    /// be killed before it has said its own name, the trial is known to be nobody's.
    fn release(&self, trial: &Trial) -> opah::Result<()> {
        let worker = std::slice::from_ref(&self.worker);
        match self.study.release(trial.frozen(), worker) {
            // It is not this worker's any more.
            Err(opah::Error::WrongState { .. }) => Ok(()),
            released => released,
        }
    }

    fn suggest(&self, trial: &mut Trial) -> opah::Result<Vec<(Arc<str>, ParamValue)>> {
        let values = trial.suggest_together(|trial| hparams::suggest(self.space, trial))?;
        // Others can see what is being tried.
        trial.flush()?;
        Ok(values)
    }

    fn after(&self, trial: &FrozenTrial, begun: Instant) -> Result<()> {
        let trials = self.study.trials()?;
        if let Err(error) = self.directories.sweep(trials.iter().map(|trial| &**trial)) {
            let text = error.to_string();
            self.observer.observe(&Event::Note { text });
        }
        let reason = failure_of(trial);
        self.observer.observe(&Event::TrialFinished {
            number: trial.number,
            state: trial.state,
            value: trial.value(),
            reason: reason.clone(),
            seconds: begun.elapsed().as_secs_f64(),
            best: best(self.study)?,
        });
        let mut state = self.state();
        match reason {
            None => state.failed.clear(),
            Some(reason) => {
                state.failed.push((trial.number, reason));
                if self
                    .max_failures
                    .is_some_and(|most| state.failed.len() >= most)
                {
                    let reasons = state.failed.clone();
                    return Err(Error::TooManyFailures { reasons });
                }
            }
        }
        Ok(())
    }
}

/// The best trial of a study, if one is complete.
pub(crate) fn best(study: &Study) -> Result<Option<Best>> {
    let [direction] = study.directions() else {
        return Ok(None);
    };
    let history = study.history()?;
    let best = history.best(*direction);
    Ok(best.and_then(|trial| {
        Some(Best {
            number: trial.number,
            value: trial.value()?,
        })
    }))
}

/// Why a trial failed; `None` when it did not.
pub fn failure_of(trial: &FrozenTrial) -> Option<String> {
    (trial.state == TrialState::Fail).then(|| {
        let stored = trial.system_attrs.get(FAILURE_ATTR);
        let reason = stored.and_then(Json::parse::<String>);
        reason.unwrap_or_else(|| "no reason is stored".to_owned())
    })
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_default())
}

/// Passes a running trial's reports on.
struct Running<'a, 's> {
    search: &'a Search<'s>,
    trial: &'a mut Trial,
    /// The storage refused.
    error: Option<opah::Error>,
}

impl Running<'_, '_> {
    fn should_go_on(&mut self, epoch: usize, value: Option<f64>) -> opah::Result<bool> {
        let Some(value) = value.filter(|_| self.search.reports) else {
            return Ok(true);
        };
        self.trial.report(epoch as i64, value)?;
        Ok(!self.trial.should_prune()?)
    }

    fn tell(&self, event: &Event) {
        self.search.observer.observe(event);
    }
}

impl Watcher for Running<'_, '_> {
    fn warning(&mut self, text: &str) {
        self.tell(&Event::Note {
            text: text.to_owned(),
        });
    }

    fn begin(&mut self, n_epochs: usize, n_batches: usize) {
        self.tell(&Event::TrialLength {
            number: self.trial.number(),
            n_epochs,
            n_batches,
        });
    }

    fn batch(&mut self, done: usize) {
        self.tell(&Event::Batch {
            number: self.trial.number(),
            done,
        });
    }

    fn epoch(&mut self, epoch: usize, value: Option<f64>) -> bool {
        self.tell(&Event::Epoch {
            number: self.trial.number(),
            epoch,
            value,
        });
        self.should_go_on(epoch, value).unwrap_or_else(|error| {
            self.error = Some(error);
            false
        })
    }
}
