//! What a caller hears of a run, and how it stops one that is not promising.

use crate::metrics::{Metrics, Totals};

/// What an observer wants after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Stop: the run is not promising.
    Prune,
}

/// Watches a run.
pub trait Observer: Send {
    /// Something that a person should know, once.
    fn warning(&mut self, _text: &str) {}
    /// The run begins: so many epochs of so many batches.
    fn begin(&mut self, _n_epochs: usize, _n_batches: usize) {}
    /// A batch of training data was learnt from; `done` counts from 1 within the epoch.
    fn batch(&mut self, _done: usize, _so_far: &Totals) {}
    /// An epoch has ended and its metrics are on disk.
    fn epoch(&mut self, metrics: &Metrics) -> Verdict;
}

impl<F: FnMut(&Metrics) -> Verdict + Send> Observer for F {
    fn epoch(&mut self, metrics: &Metrics) -> Verdict {
        self(metrics)
    }
}
