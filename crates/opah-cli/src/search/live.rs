//! The live view on a terminal: a bar per running trial, and one over all trials with the
//! best value, the counts and the time left; finished trials scroll away above.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use opah::TrialState;
use opah_tune::event::{Best, Event, Observer};

use super::{lines, short, span, spelled};
use crate::output;

/// Draws on standard error. `NO_COLOR` is respected by the drawing library.
pub(super) struct Live {
    bars: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    overall: Option<ProgressBar>,
    running: BTreeMap<u64, Running>,
    best: Option<Best>,
    n_pruned: usize,
    n_failed: usize,
    jobs: usize,
    n_trials: usize,
    /// Finished trials: in all, and since when how many.
    n_finished: usize,
    n_before: usize,
    begun: Option<Instant>,
}

/// A running trial's bar.
struct Running {
    bar: ProgressBar,
    params: String,
    epoch: usize,
    n_epochs: usize,
    n_batches: usize,
    value: Option<f64>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8)),
            state: Mutex::default(),
        }
    }
}

impl Observer for Live {
    fn observe(&self, event: &Event) {
        let mut state = self.state();
        match event {
            Event::SearchStarted(started) => {
                self.say(event);
                state.jobs = started.jobs;
                state.n_trials = started.n_trials;
                (state.n_finished, state.n_before) = (started.n_finished, started.n_finished);
                (state.n_pruned, state.n_failed) = (started.n_pruned, started.n_failed);
                state.best = started.best;
                state.begun = Some(Instant::now());
                let bar = ProgressBar::new(started.n_trials as u64)
                    .with_style(style("{bar:30.green} {pos}/{len} trials, {wide_msg}"));
                state.overall = Some(self.bars.add(bar));
            }
            Event::Note { .. } | Event::WarmStart { .. } | Event::SamplerChosen { .. } => {
                self.say(event);
            }
            Event::TrialStarted { number, params } => {
                let bar = ProgressBar::new(1).with_style(style("{bar:30.cyan} {wide_msg}"));
                let bar = match &state.overall {
                    Some(overall) => self.bars.insert_before(overall, bar),
                    None => self.bars.add(bar),
                };
                let running = Running {
                    bar,
                    params: spelled(params),
                    epoch: 0,
                    n_epochs: 0,
                    n_batches: 0,
                    value: None,
                };
                running.show(*number);
                state.running.insert(*number, running);
            }
            Event::TrialLength {
                number,
                n_epochs,
                n_batches,
            } => state.change(*number, |running| {
                (running.n_epochs, running.n_batches) = (*n_epochs, *n_batches);
                running.bar.set_length((n_epochs * n_batches) as u64);
            }),
            Event::Batch { number, done } => {
                if let Some(running) = state.running.get(number) {
                    let done = running.epoch * running.n_batches + done;
                    running.bar.set_position(done as u64);
                }
            }
            Event::Epoch {
                number,
                epoch,
                value,
            } => state.change(*number, |running| {
                running.epoch = epoch + 1;
                running.value = *value;
            }),
            Event::TrialFinished {
                number,
                state: ended,
                best,
                ..
            } => {
                state.remove(*number);
                state.n_finished += 1;
                state.n_pruned += usize::from(*ended == TrialState::Pruned);
                state.n_failed += usize::from(*ended == TrialState::Fail);
                state.best = *best;
                self.say(event);
            }
            Event::TrialInterrupted { number } => {
                state.remove(*number);
                self.say(event);
            }
        }
        if !matches!(event, Event::Batch { .. }) {
            state.show();
        }
    }
}

impl Live {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line above the bars.
    fn say(&self, event: &Event) {
        if let Some(line) = lines::line(event) {
            self.bars.suspend(|| output::note(&line));
        }
    }
}

/// What is drawn goes away with the view, so that the summary stands by itself.
impl Drop for Live {
    fn drop(&mut self) {
        // A terminal that is gone needs no clearing.
        let _ = self.bars.clear();
    }
}

impl State {
    fn change(&mut self, number: u64, change: impl FnOnce(&mut Running)) {
        if let Some(running) = self.running.get_mut(&number) {
            change(running);
            running.show(number);
        }
    }

    fn remove(&mut self, number: u64) {
        if let Some(running) = self.running.remove(&number) {
            running.bar.finish_and_clear();
        }
    }

    fn show(&self) {
        let Some(overall) = &self.overall else {
            return;
        };
        let best = self.best.map_or_else(
            || "none complete yet".to_owned(),
            |best| format!("best {} of trial {}", short(best.value), best.number),
        );
        let left = self
            .left()
            .map_or_else(String::new, |left| format!(", about {} left", span(left)));
        overall.set_position(self.n_finished as u64);
        overall.set_message(format!(
            "{best}, {} pruned, {} failed{left}",
            self.n_pruned, self.n_failed
        ));
    }

    /// As long as the trials of this run took on average, times those that are to come.
    fn left(&self) -> Option<Duration> {
        let done = self
            .n_finished
            .checked_sub(self.n_before)
            .filter(|n| *n > 0)?;
        let to_come = self.n_trials.saturating_sub(self.n_finished);
        let elapsed = self.begun?.elapsed();
        Some(elapsed.mul_f64(to_come as f64 / done as f64))
    }
}

impl Running {
    fn show(&self, number: u64) {
        let epochs = match self.n_epochs {
            // A program does not say how long it takes.
            0 if self.epoch > 0 => format!("step {}", self.epoch - 1),
            0 => "running".to_owned(),
            n_epochs => format!("epoch {}/{n_epochs}", (self.epoch + 1).min(n_epochs)),
        };
        let value = self
            .value
            .map_or_else(String::new, |value| format!(" {}", short(value)));
        let message = format!("trial {number} {epochs}{value}  {}", self.params);
        self.bar.set_message(message);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
