//! The epochs of a run, from its first state or a recovered one to its last.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use serde_json::Value;

use super::{Ended, Observer, Progress, TrainError, TrainOptions, Trained, Verdict, pool};
use crate::config::Config;
use crate::data::{Corpus, Dataset, batches, n_batches};
use crate::metrics::{Metrics, Totals, Tracker, duration_text, peak_memory_mb};
use crate::model::{Model, Step};
use crate::optimizer::Optimizer;
use crate::random::fresh_seed;
use crate::run_files::RunFiles;

/// A run between two epochs.
pub(super) struct Run<'a> {
    config: &'a Config,
    corpus: &'a Corpus,
    pool: ThreadPool,
    model: Model,
    optimizer: Optimizer,
    progress: Progress,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        config: &'a Config,
        corpus: &'a Corpus,
        options: &TrainOptions,
    ) -> Result<Self, TrainError> {
        let pool = pool(options.threads)?;
        let seed = config.seeds.pytorch.unwrap_or_else(fresh_seed);
        let model = pool.install(|| Model::of_config(config, &corpus.vocabulary, seed))?;
        let optimizer = Optimizer::new(&config.trainer.optimizer, &model);
        let mut metrics = Metrics::default();
        metrics.set("best_epoch", Value::Null);
        Ok(Self {
            config,
            corpus,
            pool,
            model,
            optimizer,
            progress: Progress {
                epochs_done: 0,
                tracker: Tracker::new(config.trainer.patience),
                order_seed: config.seeds.random.unwrap_or_else(fresh_seed),
                dropout_seed: config.seeds.pytorch.unwrap_or_else(fresh_seed),
                trained_for: Duration::ZERO,
                metrics,
            },
        })
    }

    /// Takes the state of the last checkpoint, if there is one.
    pub(super) fn recover(&mut self, files: &RunFiles) -> Result<(), TrainError> {
        let Some(state) = files.last_state(self.config.trainer.patience)? else {
            return Ok(());
        };
        for array in &state.model {
            self.model.load(&array.name, &array.shape, &array.data)?;
        }
        for array in &state.optimizer {
            self.optimizer
                .load(&array.name, &array.shape, &array.data)?;
        }
        self.progress = state.progress;
        Ok(())
    }

    pub(super) fn epochs(
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
        let (begun, before) = (Instant::now(), self.progress.trained_for);
        let mut ended = Ended::Finished;
        while self.progress.epochs_done < n_epochs && !self.progress.tracker.is_out_of_patience() {
            let Some(training) = self.train_epoch(&options.stop, observer)? else {
                ended = Ended::Interrupted;
                break;
            };
            self.progress.trained_for = before + begun.elapsed();
            let is_best = self.record(&training);
            files.epoch(&self.progress.metrics)?;
            if observer.epoch(&self.progress.metrics) == Verdict::Prune {
                files.log.line("INFO", "pruned");
                ended = Ended::Pruned;
                break;
            }
            self.progress.epochs_done += 1;
            self.progress.trained_for = before + begun.elapsed();
            self.settle();
            files.checkpoint(&self.model, &self.optimizer, &self.progress, is_best)?;
        }
        self.finish(files, ended)
    }

    /// Trains on every batch; `None` when the run was told to stop in between.
    fn train_epoch(
        &mut self,
        stop: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Option<Totals>, TrainError> {
        let epoch = self.progress.epochs_done;
        let batches = self.batches(epoch);
        let mut totals = Totals::default();
        for (at, batch) in batches.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let step = Step {
                seed: self.progress.dropout_seed,
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
            self.progress.order_seed,
            epoch,
        )
    }

    /// Evaluates the validation data and brings the metrics up to date; true when the epoch
    /// is the best so far. Without validation data every epoch is.
    fn record(&mut self, training: &Totals) -> bool {
        let validation = self.corpus.validation.as_ref();
        let validation = validation.map(|data| self.evaluate(data));
        let Progress {
            epochs_done: epoch,
            tracker,
            trained_for,
            metrics,
            ..
        } = &mut self.progress;
        let memory = peak_memory_mb();
        if let Some(memory) = memory {
            metrics.set_number("peak_worker_0_memory_MB", memory);
        }
        metrics.set("training_duration", duration_text(*trained_for));
        metrics.set("epoch", *epoch);
        training.write(metrics, "training_");
        if let Some(memory) = memory {
            metrics.set_number("training_worker_0_memory_MB", memory);
        }
        let Some(validation) = validation else {
            tracker.see(*epoch as f64);
            metrics.set("best_epoch", *epoch);
            return true;
        };
        validation.write(metrics, "validation_");
        let score = validation.score(&self.config.trainer.validation_metric);
        let is_best = tracker.see(score);
        if is_best {
            metrics.set("best_epoch", *epoch);
            validation.write(metrics, "best_validation_");
        }
        is_best
    }

    fn evaluate(&mut self, data: &Dataset) -> Totals {
        self.settle();
        let batch_size = self.config.validation_loader().batch_size;
        let model = &mut self.model;
        self.pool.install(|| evaluate(model, data, batch_size))
    }

    /// Brings all weights up to date, for whoever reads them.
    fn settle(&mut self) {
        let (model, optimizer) = (&mut self.model, &mut self.optimizer);
        self.pool.install(|| model.settle(optimizer));
    }

    /// Evaluates the test data by the best weights if asked, and writes what a run that has
    /// ended leaves behind.
    fn finish(mut self, files: &RunFiles, ended: Ended) -> Result<Trained, TrainError> {
        if ended == Ended::Finished {
            if let (true, Some(test)) = (self.config.evaluate_on_test, &self.corpus.test) {
                files.load_best(&mut self.model)?;
                let totals = self.evaluate(test);
                totals.write(&mut self.progress.metrics, "test_");
            }
            files.metrics(&self.progress.metrics)?;
        }
        if ended != Ended::Pruned && self.progress.epochs_done > 0 {
            files.keep(&self.corpus.vocabulary)?;
        }
        Ok(Trained {
            metrics: self.progress.metrics,
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
