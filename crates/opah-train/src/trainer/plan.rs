//! A run that is made ready and not carried out.

use super::{TrainError, pool};
use crate::config::Document;
use crate::data::{CorpusCache, Dataset, n_batches};
use crate::model::Model;

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
    let model = pool(threads)?.install(|| Model::of_config(&config, &corpus.vocabulary, 0))?;
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
