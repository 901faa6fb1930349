//! What a person sees of a training run: a bar over the batches on a terminal, one line
//! per epoch elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use opah_train::metrics::{Metrics, Totals};
use opah_train::trainer::{Observer, Verdict};

use crate::output;

/// Shows a run.
pub(crate) struct RunView {
    quiet: bool,
    n_epochs: usize,
    bar: ProgressBar,
}

impl RunView {
    /// Shows nothing but warnings when `quiet`.
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            n_epochs: 0,
            bar: ProgressBar::hidden(),
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| output::note(line));
    }
}

impl Observer for RunView {
    fn warning(&mut self, text: &str) {
        self.bar.suspend(|| output::warn(text));
    }

    fn begin(&mut self, n_epochs: usize, n_batches: usize) {
        self.n_epochs = n_epochs;
        if self.quiet {
            return;
        }
        // Indicatif draws nothing when standard error is no terminal.
        let template = "{msg} {bar:30.cyan} {pos}/{len} batches, {elapsed}";
        let style = ProgressStyle::with_template(template);
        self.bar = ProgressBar::new(n_batches as u64)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar
            .set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        self.say(&format!("{n_epochs} epochs of {n_batches} batches"));
        self.bar.set_message(format!("epoch 1/{n_epochs}"));
    }

    fn batch(&mut self, done: usize, so_far: &Totals) {
        self.bar.set_position(done as u64);
        if done.is_multiple_of(16) {
            let message = format!(
                "loss {:.3} accuracy {:.3}",
                so_far.loss(),
                so_far.accuracy()
            );
            self.bar.set_message(message);
        }
    }

    fn epoch(&mut self, metrics: &Metrics) -> Verdict {
        if !self.quiet {
            self.say(&line(metrics, self.n_epochs));
            self.bar.reset();
        }
        Verdict::Continue
    }
}

/// An epoch in one line.
fn line(metrics: &Metrics, n_epochs: usize) -> String {
    let number = |name: &str| metrics.number(name);
    let part = |split: &str| {
        let accuracy = number(&format!("{split}_accuracy"))?;
        let loss = number(&format!("{split}_loss"))?;
        Some(format!("{split} accuracy {accuracy:.3} loss {loss:.3}"))
    };
    let is_best = number("best_epoch") == number("epoch");
    let parts: Vec<String> = ["training", "validation"]
        .into_iter()
        .filter_map(part)
        .collect();
    format!(
        "epoch {:>2}/{n_epochs}  {}{}",
        metrics.epoch() + 1,
        parts.join("  "),
        if is_best { "  (best so far)" } else { "" }
    )
}
