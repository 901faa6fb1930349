//! A training configuration as types: what is left of a config file once every key was
//! read and checked. Names and defaults are AllenNLP's.

mod data;
mod model;
mod trainer;

pub use data::{
    Bucket, DataLoader, DatasetReader, MaxVocabSize, SingleId, Tokenizer, Vocabulary,
    VocabularyOptions,
};
pub use model::{Activation, BasicClassifier, Embedding, FeedForward, FeedForwardLayer, Seq2Vec};
pub use trainer::{Adam, Optimizer, SignedMetric, Trainer};

/// One experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How the training data is read.
    pub dataset_reader: DatasetReader,
    /// How validation and test data are read; as the training data if `None`.
    pub validation_dataset_reader: Option<DatasetReader>,
    /// A path or URL.
    pub train_data_path: String,
    /// A path or URL.
    pub validation_data_path: Option<String>,
    /// A path or URL.
    pub test_data_path: Option<String>,
    /// Whose words are counted; every loaded split if `None`.
    pub datasets_for_vocab_creation: Option<Vec<Split>>,
    /// How the vocabulary is made.
    pub vocabulary: Vocabulary,
    /// What is trained.
    pub model: BasicClassifier,
    /// How training data is cut into batches.
    pub data_loader: DataLoader,
    /// The same for validation and test data; as the training data if `None`.
    pub validation_data_loader: Option<DataLoader>,
    /// How it is trained.
    pub trainer: Trainer,
    /// Whether the best model is evaluated on the test data at the end.
    pub evaluate_on_test: bool,
    /// The three seeds.
    pub seeds: Seeds,
}

impl Config {
    /// How validation and test data, and texts to predict for, are read.
    pub fn validation_reader(&self) -> &DatasetReader {
        let own = self.validation_dataset_reader.as_ref();
        own.unwrap_or(&self.dataset_reader)
    }

    /// How validation and test data are cut into batches.
    pub fn validation_loader(&self) -> &DataLoader {
        let own = self.validation_data_loader.as_ref();
        own.unwrap_or(&self.data_loader)
    }
}

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// What is learnt from.
    Train,
    /// What decides which epoch is the best.
    Validation,
    /// What is evaluated once, at the end.
    Test,
}

/// AllenNLP's three seeds; a null seed is replaced by a fresh one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// `random_seed` (13370): the order of the data.
    pub random: Option<u64>,
    /// `numpy_seed` (1337): read, not used, as in AllenNLP's classifiers.
    pub numpy: Option<u64>,
    /// `pytorch_seed` (133): initial weights and dropout.
    pub pytorch: Option<u64>,
}
