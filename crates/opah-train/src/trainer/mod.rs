//! The epoch loop: AllenNLP's `gradient_descent` trainer on a prepared corpus.
//!
//! An epoch trains on every batch, evaluates the validation data, writes its metrics,
//! asks the observer whether to go on, and then writes its checkpoint; so a pruned run's
//! last epoch has metrics and no checkpoint. Every random draw is keyed by a seed, an
//! epoch and a batch: a run that was interrupted and recovered ends with the same bits as
//! one that was not, whatever the number of threads.

mod error;
mod observer;
mod options;
mod plan;
mod progress;
mod run;

use rayon::ThreadPool;

pub use error::TrainError;
pub use observer::{Observer, Verdict};
pub use options::{Keep, TrainOptions};
pub use plan::{Plan, plan};
pub(crate) use progress::Progress;
pub use run::evaluate;

use crate::config::{Config, Document};
use crate::data::CorpusCache;
use crate::metrics::Metrics;
use crate::run_files::RunFiles;
use crate::serialization::IfExists;
use run::Run;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// After its last epoch, or out of patience.
    Finished,
    /// The observer stopped it.
    Pruned,
    /// [`TrainOptions::stop`] was set.
    Interrupted,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The record of its last epoch; when none was completed, only `best_epoch`, null.
    pub metrics: Metrics,
    /// How it ended.
    pub ended: Ended,
}

/// Trains the model that `document` describes.
pub fn train(
    document: &Document,
    corpora: &CorpusCache,
    options: &TrainOptions,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    let (config, warnings) = document.read_with_warnings()?;
    let mut files = RunFiles::open(document, &config, options)?;
    for warning in &warnings {
        files.log.line("WARNING", warning);
        observer.warning(warning);
    }
    if config.trainer.cuda_device.is_some_and(|device| device >= 0) {
        let text = "there is no GPU support: `trainer.cuda_device` is ignored and the CPU is used";
        files.log.line("WARNING", text);
        observer.warning(text);
    }
    let trained = carry_out(&config, corpora, &mut files, options, observer);
    if let Err(error) = &trained {
        files.log.line("ERROR", &error.to_string());
    }
    trained
}

fn carry_out(
    config: &Config,
    corpora: &CorpusCache,
    files: &mut RunFiles,
    options: &TrainOptions,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainError> {
    let corpus = corpora.get(config, options.threads)?;
    files.vocabulary(&corpus.vocabulary)?;
    let mut run = Run::new(config, &corpus, options)?;
    if options.if_exists == IfExists::Recover {
        run.recover(files)?;
    }
    run.epochs(files, options, observer)
}

/// Threads that compute.
pub(crate) fn pool(threads: usize) -> Result<ThreadPool, TrainError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .build();
    pool.map_err(|error| TrainError::Threads {
        threads,
        reason: error.to_string(),
    })
}
