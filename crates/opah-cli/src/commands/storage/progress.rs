//! A bar over the trials that are moved; Ctrl-C stops in good order.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use crate::interrupt;

/// Shown on a terminal only.
pub(super) struct Progress {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl Progress {
    /// Made once in a program, because it handles Ctrl-C.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            bar: ProgressBar::hidden(),
            stop: interrupt::stop_flag()?,
        })
    }

    /// Begins the bar of a study.
    pub(super) fn begin(&mut self, study: &str, n_trials: usize) -> Result<()> {
        let template = "{msg} {bar:30} {human_pos} of {human_len} trials {elapsed}";
        self.bar = ProgressBar::new(n_trials as u64)
            .with_style(ProgressStyle::with_template(template)?)
            .with_message(study.to_owned());
        Ok(())
    }

    /// One trial more is done; says whether to go on.
    pub(super) fn step(&self) -> ControlFlow<()> {
        self.bar.inc(1);
        if self.stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
