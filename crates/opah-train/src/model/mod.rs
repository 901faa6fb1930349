//! The text classifier: embedding, encoder, dropout, optional feed-forward layers, and a
//! linear layer whose outputs are the classes' logits.
//!
//! The function is that of AllenNLP's `BasicClassifier`; parameters have its names and
//! PyTorch's initial distributions. The order of a training step is that of AllenNLP's
//! trainer: forward, backward, `grad_norm`, `grad_clipping`, optimizer.

mod check;
mod error;

use std::borrow::Cow;

pub use error::ModelError;

use crate::config::Config;
use crate::config::schema::BasicClassifier;
use crate::data::{Dataset, LABELS, Vocabulary};
use crate::encoder::{self, Batch, BatchBuilder, Encoder};
use crate::layer::dropout::{Dropout, MaskKey};
use crate::layer::embedding::Embedding;
use crate::layer::feedforward::FeedForward;
use crate::layer::linear::Linear;
use crate::layer::loss::{self, Score};
use crate::layer::weight::Layout;
use crate::layer::{Real, Slot, Weight};
use crate::optimizer::{self, Optimizer};

/// A text classifier, in `f32` unless gradients are checked.
#[derive(Debug)]
pub struct Model<T: Real = f32> {
    embedding: Embedding<T>,
    encoder: Box<dyn Encoder<T>>,
    dropout: Dropout<T>,
    feedforward: Option<FeedForward<T>>,
    classifier: Linear<T>,
    builder: BatchBuilder,
    batch: Batch<T>,
    /// `n_documents × n_features`: what the classifier reads.
    features: Vec<T>,
    /// Whether the optimizer left rows of the embedding behind.
    is_behind: bool,
}

/// A parameter, or an array of an optimizer's state.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter<'a> {
    /// AllenNLP's name.
    pub name: String,
    /// PyTorch's shape.
    pub shape: Vec<usize>,
    /// The numbers, the last index running fastest.
    pub data: Cow<'a, [f32]>,
}

/// What a training step depends on besides model and batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// What dropout masks depend on, together with epoch and batch.
    pub seed: u64,
    /// The epoch, from 0.
    pub epoch: usize,
    /// The batch in the epoch, from 0.
    pub batch: usize,
    /// The greatest norm of all gradients together.
    pub grad_norm: Option<f64>,
    /// The greatest component of a gradient, applied after `grad_norm`.
    pub grad_clipping: Option<f64>,
}

/// How a batch went.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchResult {
    /// The mean cross-entropy over the batch; NaN without labels.
    pub loss: f64,
    /// How many documents got their label, the first of equal logits counting.
    pub n_correct: usize,
}

impl<T: Real> Model<T> {
    /// A model with initial weights, which depend on `seed` and the parameters' names
    /// alone, for a vocabulary of `n_tokens` (padding included) and `n_labels`.
    pub fn new(
        options: &BasicClassifier,
        n_tokens: usize,
        n_labels: usize,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let dimensions = check::check(options, n_tokens, n_labels)?;
        let feedforward = options.feedforward.as_ref();
        Ok(Self {
            embedding: Embedding::new(&options.embedding, dimensions.n_rows, seed),
            encoder: encoder::new(&options.seq2vec_encoder, seed),
            dropout: Dropout::new(options.dropout.unwrap_or(0.0), "_dropout"),
            feedforward: feedforward.map(|options| FeedForward::new(options, seed)),
            classifier: Linear::new(
                "_classification_layer",
                dimensions.classifier_input,
                dimensions.n_labels,
                seed,
            ),
            builder: BatchBuilder::new(dimensions.n_rows),
            batch: Batch::default(),
            features: Vec::new(),
            is_behind: false,
        })
    }

    /// The number of classes.
    pub fn n_labels(&self) -> usize {
        self.classifier.output_dim()
    }

    /// The number of trained and untrained numbers.
    pub fn n_numbers(&self) -> usize {
        self.weights().iter().map(|weight| weight.data.len()).sum()
    }

    /// Logits of the batch that was read.
    fn forward(&mut self, key: Option<MaskKey>, logits: &mut Vec<T>) {
        self.batch.gather(&self.embedding);
        self.encoder.forward(&self.batch, &mut self.features);
        self.dropout.forward(&mut self.features, key);
        if let Some(feedforward) = &mut self.feedforward {
            feedforward.forward(&mut self.features, key);
        }
        self.classifier.forward(&self.features, logits);
    }

    /// All gradients, given that of the logits of the last `forward`.
    fn backward(&mut self, gradient: &[T]) {
        let mut upstream = Vec::new();
        self.classifier
            .backward(&self.features, gradient, &mut upstream);
        if let Some(feedforward) = &mut self.feedforward {
            feedforward.backward(&mut upstream);
        }
        self.dropout.backward(&mut upstream);
        let vectors = self.embedding.gradient_of(&self.batch.tokens);
        self.encoder.backward(&self.batch, &upstream, vectors);
        self.embedding.hold_padding();
    }

    /// Forward and, unless the loss is NaN, backward; the batch was read.
    fn gradients(&mut self, labels: &[u32], key: Option<MaskKey>) -> Score {
        let (mut logits, mut gradient) = (Vec::new(), Vec::new());
        self.forward(key, &mut logits);
        let n_labels = self.n_labels();
        let score = loss::cross_entropy(&logits, labels, n_labels, Some(&mut gradient));
        if !score.loss.is_nan() {
            self.backward(&gradient);
        }
        score
    }

    fn weights(&self) -> Vec<&Weight<T>> {
        let mut weights = vec![&self.embedding.weight];
        weights.extend(self.encoder.weights());
        weights.extend(self.feedforward.iter().flat_map(FeedForward::weights));
        weights.extend([&self.classifier.weight, &self.classifier.bias]);
        weights
    }

    fn weights_mut(&mut self) -> Vec<&mut Weight<T>> {
        let mut weights = vec![&mut self.embedding.weight];
        weights.extend(self.encoder.weights_mut());
        let feedforward = self.feedforward.iter_mut();
        weights.extend(feedforward.flat_map(FeedForward::weights_mut));
        weights.extend(self.classifier.weights_mut());
        weights
    }
}

impl Model {
    /// The model of a configuration, with initial weights, for the tokens and labels of a
    /// vocabulary.
    pub fn of_config(
        config: &Config,
        vocabulary: &Vocabulary,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let n_tokens = vocabulary.size(&config.dataset_reader.indexer.namespace);
        // What the reader numbers must have a class, whatever namespace the model names.
        let n_numbered = if config.dataset_reader.skip_label_indexing {
            0
        } else {
            vocabulary.size(LABELS)
        };
        let n_labels = vocabulary.size(&config.model.label_namespace);
        Self::new(&config.model, n_tokens, n_labels.max(n_numbered), seed)
    }

    /// All parameters, in AllenNLP's order.
    ///
    /// # Panics
    /// If the optimizer left rows behind: call [`settle`](Self::settle) before.
    pub fn parameters(&self) -> Vec<Parameter<'_>> {
        self.assert_settled();
        let parameters = self.weights().into_iter().map(|weight| Parameter {
            name: weight.name.clone(),
            shape: weight.shape.clone(),
            data: match weight.layout {
                Layout::Plain => Cow::Borrowed(weight.data.as_slice()),
                Layout::Filters { .. } => Cow::Owned(weight.plain()),
            },
        });
        parameters.collect()
    }

    /// Replaces the parameter `name` by `data`, in PyTorch's order.
    pub fn load(&mut self, name: &str, shape: &[usize], data: &[f32]) -> Result<(), ModelError> {
        let names: Vec<String> = self.weights().iter().map(|w| w.name.clone()).collect();
        let mut weights = self.weights_mut();
        let Some(weight) = weights.iter_mut().find(|weight| weight.name == name) else {
            return Err(ModelError::unknown_parameter(name, names.into_iter()));
        };
        if weight.shape != shape || weight.data.len() != data.len() {
            return Err(ModelError::wrong_shape(name, &weight.shape, shape));
        }
        weight.set_plain(data);
        Ok(())
    }

    /// One training step on the documents `batch` of `dataset`. If the loss is NaN,
    /// nothing is changed.
    ///
    /// # Panics
    /// If there is no such document, `dataset` has no labels, or a token or label is too
    /// large for the model.
    pub fn train_batch(
        &mut self,
        dataset: &Dataset,
        batch: &[u32],
        optimizer: &mut Optimizer,
        step: &Step,
    ) -> BatchResult {
        self.builder.read(dataset, batch, &mut self.batch);
        if self.embedding.trainable {
            optimizer.catch_up(0, &mut self.embedding.weight.data, &self.batch.tokens);
        }
        let labels: Vec<u32> = batch
            .iter()
            .map(|document| dataset.labels[*document as usize])
            .collect();
        let key = MaskKey {
            seed: step.seed,
            epoch: step.epoch,
            batch: step.batch,
        };
        let Score { loss, n_correct } = self.gradients(&labels, Some(key));
        if !loss.is_nan() {
            let mut slots = self.slots();
            if let Some(bound) = step.grad_norm {
                optimizer::rescale(&mut slots, bound);
            }
            if let Some(bound) = step.grad_clipping {
                optimizer::clip(&mut slots, bound);
            }
            optimizer.step(&mut slots);
        }
        self.is_behind = optimizer.is_behind();
        BatchResult { loss, n_correct }
    }

    /// Brings rows of the embedding that the optimizer left behind up to date. To be
    /// called between training and reading all weights (evaluation, saving); it costs
    /// nothing with optimizers that leave none behind.
    pub fn settle(&mut self, optimizer: &mut Optimizer) {
        if self.embedding.trainable && optimizer.is_behind() {
            optimizer.settle(0, &mut self.embedding.weight.data);
        }
        self.is_behind = false;
    }

    /// Writes the logits of the documents `batch` of `dataset`, `batch.len() × n_labels`,
    /// without dropout, and scores them if there are labels.
    ///
    /// # Panics
    /// As [`train_batch`](Self::train_batch), and if the optimizer left rows behind: call
    /// [`settle`](Self::settle) before.
    pub fn evaluate(
        &mut self,
        dataset: &Dataset,
        batch: &[u32],
        logits: &mut Vec<f32>,
    ) -> BatchResult {
        self.assert_settled();
        self.builder.read(dataset, batch, &mut self.batch);
        self.forward(None, logits);
        self.score(dataset, batch, logits)
    }

    fn score(&self, dataset: &Dataset, batch: &[u32], logits: &[f32]) -> BatchResult {
        if dataset.labels.is_empty() {
            return BatchResult {
                loss: f64::NAN,
                n_correct: 0,
            };
        }
        let labels = batch.iter().map(|index| dataset.labels[*index as usize]);
        let labels: Vec<u32> = labels.collect();
        let score = loss::cross_entropy(logits, &labels, self.n_labels(), None);
        BatchResult {
            loss: score.loss,
            n_correct: score.n_correct,
        }
    }

    /// The trainable parameters with their gradients, the embedding first.
    fn slots(&mut self) -> Vec<Slot<'_, f32>> {
        let mut slots: Vec<Slot<'_, f32>> = self.embedding.slot().into_iter().collect();
        let mut weights = self.encoder.weights_mut();
        let feedforward = self.feedforward.iter_mut();
        weights.extend(feedforward.flat_map(FeedForward::weights_mut));
        weights.extend(self.classifier.weights_mut());
        slots.extend(weights.into_iter().map(Weight::slot));
        slots
    }

    /// What an optimizer needs to know, in the order of `slots`.
    pub(crate) fn trainable_sizes(&self) -> Vec<optimizer::Size> {
        let weights = self.weights();
        let sizes = weights.iter().enumerate().map(|(index, weight)| {
            let is_embedding = index == 0;
            optimizer::Size {
                name: weight.name.clone(),
                length: weight.data.len(),
                dim: is_embedding.then(|| self.embedding.dim()),
            }
        });
        sizes.skip(usize::from(!self.embedding.trainable)).collect()
    }

    fn assert_settled(&self) {
        assert!(
            !self.is_behind,
            "settle the model before reading its weights"
        );
    }
}

#[cfg(test)]
mod tests;
