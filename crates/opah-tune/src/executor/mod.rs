//! What runs a trial. The search knows of it only this: it is given values and a
//! directory, tells its epochs, and ends with a value.

pub mod command;
mod trainer;

use std::path::PathBuf;
use std::sync::Arc;

use opah::ParamValue;

pub(crate) use trainer::TrainerExecutor;

/// A trial that is to be run.
#[derive(Debug)]
pub struct Job {
    /// The trial's number.
    pub number: u64,
    /// Its values, in the order of suggestion.
    pub values: Vec<(Arc<str>, ParamValue)>,
    /// Its directory; what is in it was left by an earlier attempt and is replaced.
    pub directory: PathBuf,
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ended {
    /// With this value, which may be NaN.
    Finished(f64),
    /// A [`Watcher`] stopped it.
    Pruned,
    /// It was told to stop from elsewhere; it can be run again.
    Interrupted,
}

/// Why a trial did not end with a value.
#[derive(Debug)]
pub enum Failure {
    /// Something about the trial; others may do better.
    Trial(String),
    /// Something about the machine, such as a full disk; the same trial would do in better
    /// surroundings.
    Surroundings(String),
}

/// Runs trials, from several threads at once.
pub trait Executor: Sync {
    /// Does what all trials need, such as reading the data; called once, before the first.
    /// When the search is told to stop meanwhile, it may return before it is done.
    fn prepare(&self) -> Result<(), Failure>;
    /// Runs a trial to its end.
    fn run(&self, job: &Job, watcher: &mut dyn Watcher) -> Result<Ended, Failure>;
}

/// What is told of a running trial.
pub trait Watcher: Send {
    /// Something that a person should know.
    fn warning(&mut self, text: &str);
    /// It begins; it has at most so many epochs of so many batches.
    fn begin(&mut self, n_epochs: usize, n_batches: usize);
    /// So many batches of the epoch are done.
    fn batch(&mut self, done: usize);
    /// An epoch, counted from 0, has ended with this value of the metric, if it has one. False
    /// when the trial should stop.
    fn epoch(&mut self, epoch: usize, value: Option<f64>) -> bool;
}
