//! Trials that train a text classifier in this process.

use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use opah_train::config::Config;
use opah_train::data::CorpusCache;
use opah_train::metrics::{Metrics, Totals};
use opah_train::serialization::IfExists;
use opah_train::trainer::{self, Keep, Observer, TrainError, TrainOptions, Verdict};

use super::{Ended, Executor, Failure, Job, Watcher};
use crate::experiment::Experiment;

/// How often it is looked whether the data is prepared or the search is to end.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Trains each trial's config; tokenized data and vocabulary are shared by the trials.
#[derive(Debug)]
pub(crate) struct TrainerExecutor {
    pub(crate) experiment: Experiment,
    /// The experiment's config at some values, by which the data is prepared.
    pub(crate) config: Config,
    /// What trials are judged by.
    pub(crate) metric: String,
    pub(crate) corpora: Arc<CorpusCache>,
    /// Of each trial.
    pub(crate) threads: usize,
    pub(crate) keep: Keep,
    /// Ends the preparation and the running trials when it is set.
    pub(crate) stop: Arc<AtomicBool>,
}

impl Executor for TrainerExecutor {
    fn prepare(&self) -> Result<(), Failure> {
        let (corpora, config) = (self.corpora.clone(), self.config.clone());
        // By itself, because a file or a download can keep it waiting, and whoever ends the
        // search should not have to wait for it.
        let preparing = thread::spawn(move || corpora.get(&config, available_threads()).map(drop));
        while !preparing.is_finished() {
            if self.stop.load(Ordering::SeqCst) {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        match preparing.join() {
            Ok(prepared) => prepared.map_err(|error| Failure::Surroundings(error.to_string())),
            Err(panic) => resume_unwind(panic),
        }
    }

    fn run(&self, job: &Job, watcher: &mut dyn Watcher) -> Result<Ended, Failure> {
        let values = job.values.iter().map(|(name, value)| (&**name, value));
        let document = self
            .experiment
            .document(values)
            .map_err(|error| Failure::Trial(error.to_string()))?;
        let options = TrainOptions {
            if_exists: IfExists::Replace,
            threads: self.threads,
            keep: self.keep,
            stop: self.stop.clone(),
            ..TrainOptions::new(&job.directory)
        };
        let mut observer = Watched {
            watcher,
            metric: &self.metric,
        };
        let trained = trainer::train(&document, &self.corpora, &options, &mut observer);
        let trained = trained.map_err(|error| failure(&error))?;
        match trained.ended {
            trainer::Ended::Pruned => Ok(Ended::Pruned),
            trainer::Ended::Interrupted => Ok(Ended::Interrupted),
            trainer::Ended::Finished => match trained.metrics.number(&self.metric) {
                Some(value) => Ok(Ended::Finished(value)),
                None => Err(Failure::Trial(format!(
                    "the training gave no metric `{}`",
                    self.metric
                ))),
            },
        }
    }
}

/// Passes the trainer's reports on.
struct Watched<'a> {
    watcher: &'a mut dyn Watcher,
    metric: &'a str,
}

impl Observer for Watched<'_> {
    fn warning(&mut self, text: &str) {
        self.watcher.warning(text);
    }

    fn begin(&mut self, n_epochs: usize, n_batches: usize) {
        self.watcher.begin(n_epochs, n_batches);
    }

    fn batch(&mut self, done: usize, _so_far: &Totals) {
        self.watcher.batch(done);
    }

    fn epoch(&mut self, metrics: &Metrics) -> Verdict {
        let value = metrics.number(self.metric);
        if self.watcher.epoch(metrics.epoch(), value) {
            Verdict::Continue
        } else {
            Verdict::Prune
        }
    }
}

fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// A full disk is not the trial's fault, a wrong learning rate is.
fn failure(error: &TrainError) -> Failure {
    let text = error.to_string();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>()
            && is_of_the_machine(error)
        {
            return Failure::Surroundings(text);
        }
        cause = error.source();
    }
    Failure::Trial(text)
}

fn is_of_the_machine(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::PermissionDenied
    )
}
