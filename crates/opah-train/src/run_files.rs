//! What a run writes into its serialization directory, and when.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::archive;
use crate::checkpoint;
use crate::config::{Config, Document};
use crate::data::Vocabulary;
use crate::metrics::Metrics;
use crate::model::{Model, Parameter};
use crate::optimizer::Optimizer;
use crate::serialization::{DirectoryError, IfExists, Log, SerializationDir, io};
use crate::trainer::{Keep, Progress, TrainError, TrainOptions};

/// The weights of the best epoch.
pub(crate) const BEST: &str = "best.safetensors";

/// The files of one run.
#[derive(Debug)]
pub(crate) struct RunFiles {
    directory: SerializationDir,
    pub(crate) log: Log,
    keep: Keep,
    /// How many checkpoints are kept; all if `None`.
    keep_recent: Option<usize>,
    checkpoints: bool,
    /// Whether the weights of the best epoch are used when the run has ended.
    needs_best: bool,
    /// Completed epochs of the checkpoints on disk, oldest first.
    recent: VecDeque<usize>,
    /// The best weights, where they are not on disk.
    best: Vec<Parameter<'static>>,
}

/// A stored state to go on from.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) model: Vec<Parameter<'static>>,
    pub(crate) optimizer: Vec<Parameter<'static>>,
    pub(crate) progress: Progress,
}

impl RunFiles {
    /// Makes the directory and writes what is known before training.
    pub(crate) fn open(
        document: &Document,
        config: &Config,
        options: &TrainOptions,
    ) -> Result<Self, DirectoryError> {
        let directory = SerializationDir::open(&options.serialization_dir, options.if_exists)?;
        if options.if_exists == IfExists::Recover {
            directory.check_config(&document.value)?;
        }
        directory.write("config.json", document.to_config_json().as_bytes())?;
        let meta = json!({"version": env!("CARGO_PKG_VERSION"), "program": "opah"});
        directory.write("meta.json", meta.to_string().as_bytes())?;
        let log = Log::open(&directory)?;
        let recent = checkpoints_of(&directory)?;
        Ok(Self {
            directory,
            log,
            keep: options.keep,
            keep_recent: config.trainer.keep_most_recent_by_count,
            checkpoints: config.trainer.checkpoints && options.keep == Keep::Everything,
            needs_best: options.keep != Keep::Nothing || config.evaluate_on_test,
            recent: recent.into(),
            best: Vec::new(),
        })
    }

    /// Writes the metrics of an epoch.
    pub(crate) fn epoch(&mut self, metrics: &Metrics) -> Result<(), DirectoryError> {
        let number = |name| metrics.number(name).unwrap_or(f64::NAN);
        self.log.line(
            "INFO",
            &format!(
                "epoch {}: training accuracy {:.4}, loss {:.4}; validation accuracy {:.4}, loss {:.4}",
                metrics.epoch(),
                number("training_accuracy"),
                number("training_loss"),
                number("validation_accuracy"),
                number("validation_loss"),
            ),
        );
        self.directory.write_epoch(metrics)
    }

    /// Keeps the weights, and the state to recover from, after an epoch.
    pub(crate) fn checkpoint(
        &mut self,
        model: &Model,
        optimizer: &Optimizer,
        progress: &Progress,
        is_best: bool,
    ) -> Result<(), DirectoryError> {
        if !self.checkpoints {
            if is_best && self.needs_best {
                self.best = model.parameters().into_iter().map(owned).collect();
            }
            return Ok(());
        }
        let epochs = progress.epochs_done;
        let [model_name, state_name] = names(epochs);
        checkpoint::write(&self.directory, &model_name, &model.parameters(), "")?;
        // Before the state: a run that dies in between repeats this epoch, to the same bits.
        if is_best {
            checkpoint::link(&self.directory, &model_name, BEST)?;
        }
        let note = progress.to_json().to_string();
        checkpoint::write(&self.directory, &state_name, &optimizer.state(), &note)?;
        self.recent.push_back(epochs);
        while self
            .keep_recent
            .is_some_and(|kept| self.recent.len() > kept)
        {
            if let Some(oldest) = self.recent.pop_front() {
                for name in names(oldest) {
                    self.directory.remove(&name)?;
                }
            }
        }
        Ok(())
    }

    /// The state of the last checkpoint, if there is one.
    pub(crate) fn last_state(
        &self,
        patience: Option<usize>,
    ) -> Result<Option<State>, DirectoryError> {
        let Some(epochs) = self.recent.back() else {
            return Ok(None);
        };
        let [model_name, state_name] = names(*epochs);
        let (model, _) = checkpoint::read(&self.directory.file(&model_name))?;
        let path = self.directory.file(&state_name);
        let (optimizer, note) = checkpoint::read(&path)?;
        let stored: Option<Value> = serde_json::from_str(&note).ok();
        let progress = stored.and_then(|stored| Progress::from_json(&stored, patience));
        let progress = progress.ok_or_else(|| DirectoryError::Damaged {
            path,
            problem: "the training state lacks what is needed to go on".to_owned(),
        })?;
        Ok(Some(State {
            model,
            optimizer,
            progress,
        }))
    }

    /// Gives the model its best weights back.
    pub(crate) fn load_best(&self, model: &mut Model) -> Result<(), TrainError> {
        let from_disk;
        let path = self.directory.file(BEST);
        let best = if self.checkpoints && path.exists() {
            (from_disk, _) = checkpoint::read(&path)?;
            &from_disk
        } else {
            &self.best
        };
        for array in best {
            model.load(&array.name, &array.shape, &array.data)?;
        }
        Ok(())
    }

    /// Writes the record of a run that has ended.
    pub(crate) fn metrics(&self, metrics: &Metrics) -> Result<(), DirectoryError> {
        self.directory
            .write("metrics.json", metrics.to_text().as_bytes())
    }

    /// Writes the vocabulary at the begin of a run that can be recovered.
    pub(crate) fn vocabulary(&self, vocabulary: &Vocabulary) -> Result<(), TrainError> {
        if self.keep == Keep::Everything {
            vocabulary.save(&self.directory.file("vocabulary"))?;
        }
        Ok(())
    }

    /// Writes what is kept for later use of the model.
    pub(crate) fn keep(&self, vocabulary: &Vocabulary) -> Result<(), TrainError> {
        if self.keep == Keep::Nothing {
            return Ok(());
        }
        if self.keep == Keep::Best {
            vocabulary.save(&self.directory.file("vocabulary"))?;
        }
        if !self.checkpoints && !self.best.is_empty() {
            checkpoint::write(&self.directory, BEST, &self.best, "")?;
        }
        if self.keep == Keep::Everything && self.directory.file(BEST).exists() {
            archive::write(&self.directory)?;
        }
        Ok(())
    }
}

/// The two files of a checkpoint after so many epochs.
fn names(epochs: usize) -> [String; 2] {
    ["model", "training"].map(|kind| format!("{kind}_state_e{epochs}_b0.safetensors"))
}

/// The completed epochs of the checkpoints in a directory, ascending, both files being there.
fn checkpoints_of(directory: &SerializationDir) -> Result<Vec<usize>, DirectoryError> {
    let path = directory.path();
    let mut whole = Vec::new();
    for entry in std::fs::read_dir(path).map_err(io("read", path))? {
        let name = entry.map_err(io("read", path))?.file_name();
        let epochs: Option<usize> = name.to_str().and_then(|name| {
            let number = name.strip_prefix("training_state_e")?;
            number.strip_suffix("_b0.safetensors")?.parse().ok()
        });
        whole.extend(epochs.filter(|epochs| directory.file(&names(*epochs)[0]).exists()));
    }
    whole.sort_unstable();
    Ok(whole)
}

fn owned(parameter: Parameter) -> Parameter<'static> {
    Parameter {
        name: parameter.name,
        shape: parameter.shape,
        data: Cow::Owned(parameter.data.into_owned()),
    }
}
