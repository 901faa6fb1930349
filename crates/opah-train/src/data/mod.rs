//! From text to numbers: what the model is trained on.
//!
//! [`prepare`] opens the files of a configuration, reads their records, tokenizes and counts
//! in one pass, makes the vocabulary and gives ragged [`Dataset`]s; [`batches`] is the order
//! in which an epoch sees them. What comes out depends on the configuration and the files
//! alone, not on the number of threads.

mod batches;
mod corpus;
mod counting;
mod download;
mod error;
pub mod imdb;
mod indexer;
mod interner;
mod lines;
mod reader;
mod record;
mod source;
mod tokenizer;
mod vocabulary;
mod whole_file;

pub use batches::{batches, n_batches};
pub use corpus::{Corpus, CorpusCache, prepare, prepare_with, read_dataset};
pub use error::{DataError, RecordProblem};
pub use indexer::Indexer;
pub use source::{Downloads, Location};
pub use vocabulary::{LABELS, Vocabulary};

/// An indexed data set: documents of different lengths, one after the other,
/// without padding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// The token ids of all documents, concatenated. None is 0, the number of padding: each
    /// is a valid position of its text.
    pub tokens: Vec<u32>,
    /// Where each document begins in `tokens`; `n_documents + 1` entries, the
    /// first 0, the last `tokens.len()`.
    pub offsets: Vec<usize>,
    /// The class of each document; empty when the data has no labels.
    pub labels: Vec<u32>,
}

impl Dataset {
    /// The number of documents.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The token ids of document `index`.
    pub fn document(&self, index: usize) -> &[u32] {
        &self.tokens[self.offsets[index]..self.offsets[index + 1]]
    }
}
