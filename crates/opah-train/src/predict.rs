//! What a trained model says of texts: AllenNLP's `evaluate` and `predict`.

use rayon::ThreadPool;

use crate::archive::Archive;
use crate::data::{self, DataError, Dataset, Downloads, Indexer, Location};
use crate::layer::loss::first_largest;
use crate::metrics::Totals;
use crate::trainer::{TrainError, evaluate, pool};

/// What a model says of one text, in AllenNLP's words.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Prediction {
    /// One number per label, in the vocabulary's order.
    pub logits: Vec<f32>,
    /// Their softmax: positive, of sum 1.
    pub probs: Vec<f32>,
    /// The numbers of the tokens.
    pub token_ids: Vec<u32>,
    /// The label of the greatest logit, the first of equal ones; its number if it has no name.
    pub label: String,
    /// The tokens.
    pub tokens: Vec<String>,
}

/// A trained model with the threads it computes on.
#[derive(Debug)]
pub struct Predictor {
    archive: Archive,
    pool: ThreadPool,
    threads: usize,
}

impl Predictor {
    /// A predictor of an archive's model.
    pub fn new(archive: Archive, threads: usize) -> Result<Self, TrainError> {
        Ok(Self {
            archive,
            pool: pool(threads)?,
            threads,
        })
    }

    /// The archive.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Accuracy and loss on a labelled file, in batches of the given size or, by default,
    /// of the configuration's.
    pub fn evaluate(
        &mut self,
        input: &str,
        batch_size: Option<usize>,
        downloads: &Downloads,
    ) -> Result<Totals, TrainError> {
        let config = &self.archive.config;
        let reader = config.validation_reader();
        let location = Location {
            path: input,
            key: None,
        };
        let vocabulary = &self.archive.vocabulary;
        let dataset = data::read_dataset(location, reader, vocabulary, downloads, self.threads)?;
        if dataset.labels.is_empty() {
            return Err(TrainError::Unlabelled {
                path: input.to_owned(),
            });
        }
        let num_labels = self.archive.model.n_labels();
        if let Some(label) = dataset.labels.iter().max()
            && *label as usize >= num_labels
        {
            return Err(TrainError::Data(DataError::LabelRange {
                path: input.to_owned(),
                label: *label,
                num_labels,
            }));
        }
        let batch_size = batch_size.unwrap_or(config.validation_loader().batch_size);
        let model = &mut self.archive.model;
        Ok(self.pool.install(|| evaluate(model, &dataset, batch_size)))
    }

    /// Predicts the labels of texts, which make up one batch and are read as validation
    /// data is.
    pub fn predict(&mut self, texts: &[&str]) -> Vec<Prediction> {
        let Archive {
            config,
            vocabulary,
            model,
            ..
        } = &mut self.archive;
        let indexer = Indexer::new(config.validation_reader(), vocabulary);
        let mut dataset = Dataset {
            offsets: vec![0],
            ..Dataset::default()
        };
        for text in texts {
            dataset.tokens.extend(indexer.ids(text));
            dataset.offsets.push(dataset.tokens.len());
        }
        let batch: Vec<u32> = (0..texts.len() as u32).collect();
        let mut logits = Vec::new();
        self.pool
            .install(|| model.evaluate(&dataset, &batch, &mut logits));
        let rows = logits.chunks_exact(model.n_labels().max(1));
        let label = |class: u32| {
            let named = vocabulary.token(&config.model.label_namespace, class);
            named.map_or_else(|| class.to_string(), str::to_owned)
        };
        let predictions = texts.iter().zip(rows).enumerate();
        predictions
            .map(|(at, (text, logits))| Prediction {
                logits: logits.to_vec(),
                probs: softmax(logits),
                token_ids: dataset.document(at).to_vec(),
                label: label(first_largest(logits) as u32),
                tokens: indexer.tokens(text),
            })
            .collect()
    }
}

fn softmax(logits: &[f32]) -> Vec<f32> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits
        .iter()
        .map(|logit| (logit - greatest).exp())
        .collect();
    let sum: f32 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_the_softmax_of_logits() {
        let probs = softmax(&[1000.0, 1000.0 + 2.0_f32.ln()]);
        assert!((probs[0] - 1.0 / 3.0).abs() < 1e-4, "{probs:?}");
        assert_eq!(first_largest(&[1.0_f32, 3.0, 3.0]), 1);
    }
}
