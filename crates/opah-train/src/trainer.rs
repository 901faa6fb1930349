//! The epoch loop: AllenNLP's `gradient_descent` trainer on a prepared corpus.
//!
//! An epoch trains on every batch, evaluates the validation data, writes its metrics,
//! asks the observer whether to go on, and then writes its checkpoint; so a pruned run's
//! last epoch has metrics and no checkpoint. Every random draw is keyed by a seed, an
//! epoch and a batch: a run that was interrupted and recovered ends with the same bits as
//! one that was not, whatever the number of threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use serde_json::{Value, json};

use crate::config::{Config, ConfigError, Document};
use crate::data::{Corpus, CorpusCache, DataError, Dataset, batches, n_batches};
use crate::metrics::{Metrics, Totals, Tracker, duration_text, peak_memory_mb};
use crate::model::{Model, ModelError, Step};
use crate::optimizer::Optimizer;
use crate::run_files::RunFiles;
use crate::serialization::{DirectoryError, IfExists};

/// How a run is carried out.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Where files are left.
    pub serialization_dir: std::path::PathBuf,
    /// What happens when the directory holds something already.
    pub if_exists: IfExists,
    /// How many threads compute, at least 1; the results do not depend on it.
    pub threads: usize,
    /// Which weights are kept.
    pub keep: Keep,
    /// Set from elsewhere to end the run after the batch in hand.
    pub stop: Arc<AtomicBool>,
}

impl TrainOptions {
    /// One run into a new directory, with every file, on as many threads as there are cores.
    pub fn new(serialization_dir: impl Into<std::path::PathBuf>) -> Self {
        Self {
            serialization_dir: serialization_dir.into(),
            if_exists: IfExists::Refuse,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            keep: Keep::Everything,
            stop: Arc::default(),
        }
    }
}

/// Which weights a run leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Checkpoints of the last epochs, the best weights and `model.tar.gz`.
    Everything,
    /// `best.safetensors` and `vocabulary/`, written at the end.
    Best,
    /// None.
    Nothing,
}

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
    /// The record of its last epoch; empty when none was completed.
    pub metrics: Metrics,
    /// How it ended.
    pub ended: Ended,
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data is wrong.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model can't be built.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The directory can't be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The loss is no number any more.
    #[error(
        "the training loss became NaN in epoch {epoch}, batch {batch}; a smaller learning rate or `trainer.grad_norm` helps"
    )]
    NotANumber {
        /// From 0.
        epoch: usize,
        /// From 0.
        batch: usize,
    },
    /// There is nothing to compare predictions with.
    #[error("`{path}` has no labels, so there is nothing to evaluate; use `opah predict`")]
    Unlabelled {
        /// The file as given.
        path: String,
    },
    /// The system gives no threads.
    #[error("can't start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The system's reason.
        reason: String,
    },
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
    let corpus = corpora.get(&config, options.threads)?;
    files.vocabulary(&corpus.vocabulary)?;
    let mut run = Run::new(&config, &corpus, options)?;
    if options.if_exists == IfExists::Recover {
        run.recover(&files)?;
    }
    let trained = run.epochs(&mut files, options, observer);
    if let Err(error) = &trained {
        files.log.line("ERROR", &error.to_string());
    }
    trained
}

/// What `--dry-run` builds and tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Documents by split: train, validation, test.
    pub n_documents: [usize; 3],
    /// Tokens of the training data.
    pub n_tokens: usize,
    /// The vocabulary's size with padding and unknown.
    pub vocabulary_size: usize,
    /// The labels in the order of their numbers.
    pub labels: Vec<String>,
    /// Trained and frozen numbers of the model.
    pub n_parameters: usize,
    /// Training batches an epoch.
    pub n_batches: usize,
}

/// Reads the data, makes the vocabulary and the model, and trains nothing.
pub fn plan(
    document: &Document,
    corpora: &CorpusCache,
    threads: usize,
) -> Result<Plan, TrainError> {
    let config = document.read()?;
    let corpus = corpora.get(&config, threads)?;
    let model = new_model(&config, &corpus)?;
    let len = |split: &Option<Dataset>| split.as_ref().map_or(0, Dataset::len);
    Ok(Plan {
        n_documents: [
            corpus.train.len(),
            len(&corpus.validation),
            len(&corpus.test),
        ],
        n_tokens: corpus.train.tokens.len(),
        vocabulary_size: corpus
            .vocabulary
            .size(&config.dataset_reader.indexer.namespace),
        labels: corpus
            .vocabulary
            .tokens(&config.model.label_namespace)
            .map(str::to_owned)
            .collect(),
        n_parameters: model.n_numbers(),
        n_batches: n_batches(corpus.train.len(), &config.data_loader),
    })
}

fn new_model(config: &Config, corpus: &Corpus) -> Result<Model, ModelError> {
    let n_tokens = corpus
        .vocabulary
        .size(&config.dataset_reader.indexer.namespace);
    let n_labels = corpus.vocabulary.size(&config.model.label_namespace);
    Model::new(
        &config.model,
        n_tokens,
        n_labels,
        config.seeds.pytorch.unwrap_or_else(fresh_seed),
    )
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

/// A run between two epochs.
struct Run<'a> {
    config: &'a Config,
    corpus: &'a Corpus,
    pool: ThreadPool,
    model: Model,
    optimizer: Optimizer,
    tracker: Tracker,
    metrics: Metrics,
    epochs_done: usize,
    order_seed: u64,
    dropout_seed: u64,
    before: Duration,
}

impl<'a> Run<'a> {
    fn new(
        config: &'a Config,
        corpus: &'a Corpus,
        options: &TrainOptions,
    ) -> Result<Self, TrainError> {
        let pool = pool(options.threads)?;
        let model = new_model(config, corpus)?;
        let optimizer = Optimizer::new(&config.trainer.optimizer, &model);
        let mut metrics = Metrics::default();
        metrics.set("best_epoch", Value::Null);
        Ok(Self {
            config,
            corpus,
            pool,
            model,
            optimizer,
            tracker: Tracker::new(config.trainer.patience),
            metrics,
            epochs_done: 0,
            order_seed: config.seeds.random.unwrap_or_else(fresh_seed),
            dropout_seed: config.seeds.pytorch.unwrap_or_else(fresh_seed),
            before: Duration::ZERO,
        })
    }

    /// Takes the state of the last checkpoint, if there is one.
    fn recover(&mut self, files: &RunFiles) -> Result<(), TrainError> {
        let Some(state) = files.last_state()? else {
            return Ok(());
        };
        for array in &state.model {
            self.model.load(&array.name, &array.shape, &array.data)?;
        }
        for array in &state.optimizer {
            self.optimizer
                .load(&array.name, &array.shape, &array.data)?;
        }
        self.epochs_done = state.epochs_done;
        self.order_seed = state.order_seed;
        self.dropout_seed = state.dropout_seed;
        self.tracker = Tracker::restore(
            self.config.trainer.patience,
            state.best,
            state.epochs_without_best,
        );
        self.metrics = state.metrics;
        self.before = state.trained_for;
        Ok(())
    }

    fn epochs(
        mut self,
        files: &mut RunFiles,
        options: &TrainOptions,
        observer: &mut dyn Observer,
    ) -> Result<Trained, TrainError> {
        let n_epochs = self.config.trainer.num_epochs;
        let n_batches = n_batches(self.corpus.train.len(), &self.config.data_loader);
        files
            .log
            .line("INFO", &format!("{n_epochs} epochs of {n_batches} batches"));
        observer.begin(n_epochs, n_batches);
        let begun = Instant::now();
        let mut ended = Ended::Finished;
        while self.epochs_done < n_epochs && !self.tracker.is_out_of_patience() {
            let Some(training) = self.train_epoch(&options.stop, observer)? else {
                ended = Ended::Interrupted;
                break;
            };
            let is_best = self.record(&training, self.before + begun.elapsed());
            files.epoch(&self.metrics)?;
            if observer.epoch(&self.metrics) == Verdict::Prune {
                files.log.line("INFO", "pruned");
                ended = Ended::Pruned;
                break;
            }
            self.epochs_done += 1;
            let state = self.state(self.before + begun.elapsed());
            self.model.settle(&mut self.optimizer);
            files.checkpoint(&self.model, &self.optimizer, &state, is_best)?;
        }
        self.finish(files, ended)
    }

    /// Trains on every batch; `None` when the run was told to stop in between.
    fn train_epoch(
        &mut self,
        stop: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Option<Totals>, TrainError> {
        let epoch = self.epochs_done;
        let batches = self.batches(epoch);
        let mut totals = Totals::default();
        for (at, batch) in batches.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let step = Step {
                seed: self.dropout_seed,
                epoch,
                batch: at,
                grad_norm: self.config.trainer.grad_norm,
                grad_clipping: self.config.trainer.grad_clipping,
            };
            let (model, optimizer, data) =
                (&mut self.model, &mut self.optimizer, &self.corpus.train);
            let result = self
                .pool
                .install(|| model.train_batch(data, batch, optimizer, &step));
            if result.loss.is_nan() {
                return Err(TrainError::NotANumber { epoch, batch: at });
            }
            totals.add(batch.len(), result.n_correct, result.loss);
            observer.batch(at + 1, &totals);
        }
        Ok(Some(totals))
    }

    /// The order of the training data in an epoch.
    fn batches(&self, epoch: usize) -> Vec<Vec<u32>> {
        batches(
            &self.corpus.train,
            &self.config.data_loader,
            self.order_seed,
            epoch,
        )
    }

    /// Evaluates the validation data and brings the metrics up to date; true when the epoch
    /// is the best so far. Without validation data every epoch is.
    fn record(&mut self, training: &Totals, trained_for: Duration) -> bool {
        let validation = self.corpus.validation.as_ref();
        let validation = validation.map(|data| self.evaluate(data));
        let metrics = &mut self.metrics;
        let memory = peak_memory_mb();
        if let Some(memory) = memory {
            metrics.set_number("peak_worker_0_memory_MB", memory);
        }
        metrics.set("training_duration", duration_text(trained_for));
        metrics.set("epoch", self.epochs_done);
        training.write(metrics, "training_");
        if let Some(memory) = memory {
            metrics.set_number("training_worker_0_memory_MB", memory);
        }
        let Some(validation) = validation else {
            self.tracker.see(self.epochs_done as f64);
            metrics.set("best_epoch", self.epochs_done);
            return true;
        };
        validation.write(metrics, "validation_");
        let score = validation.score(&self.config.trainer.validation_metric);
        let is_best = self.tracker.see(score);
        if is_best {
            metrics.set("best_epoch", self.epochs_done);
            validation.write(metrics, "best_validation_");
        }
        is_best
    }

    fn evaluate(&mut self, data: &Dataset) -> Totals {
        let loader = self.config.validation_data_loader.as_ref();
        let loader = loader.unwrap_or(&self.config.data_loader);
        let (model, optimizer) = (&mut self.model, &mut self.optimizer);
        self.pool.install(|| {
            model.settle(optimizer);
            evaluate(model, data, loader.batch_size)
        })
    }

    /// What a later process needs to go on after this epoch.
    fn state(&self, trained_for: Duration) -> Value {
        json!({
            "epochs_done": self.epochs_done,
            // As bits: JSON has no NaN.
            "best": self.tracker.best().map(f64::to_bits),
            "epochs_without_best": self.tracker.epochs_without_best(),
            "order_seed": self.order_seed,
            "dropout_seed": self.dropout_seed,
            "trained_for": trained_for.as_secs_f64(),
            "metrics": self.metrics.as_json(),
        })
    }

    /// Loads the best weights, evaluates the test data if asked, and writes what a run that
    /// has ended leaves behind.
    fn finish(mut self, files: &RunFiles, ended: Ended) -> Result<Trained, TrainError> {
        if ended == Ended::Finished {
            files.load_best(&mut self.model)?;
            if let (true, Some(test)) = (self.config.evaluate_on_test, &self.corpus.test) {
                let totals = self.evaluate(test);
                totals.write(&mut self.metrics, "test_");
            }
            files.metrics(&self.metrics)?;
        }
        if ended != Ended::Pruned && self.epochs_done > 0 {
            files.keep(&self.corpus.vocabulary)?;
        }
        Ok(Trained {
            metrics: self.metrics,
            ended,
        })
    }
}

/// Accuracy and loss of `model` on labelled data, in its order and in batches of one size.
pub fn evaluate(model: &mut Model, data: &Dataset, batch_size: usize) -> Totals {
    let mut totals = Totals::default();
    let in_order: Vec<u32> = (0..data.len() as u32).collect();
    let mut logits = Vec::new();
    for batch in in_order.chunks(batch_size.max(1)) {
        let result = model.evaluate(data, batch, &mut logits);
        totals.add(batch.len(), result.n_correct, result.loss);
    }
    totals
}

/// A seed that differs from run to run, for a seed that is null.
fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // Half the range, so that every JSON reader keeps it.
    RandomState::new().hash_one(std::process::id()) >> 12
}
