//! From text to numbers: what the model is trained on.

/// An indexed data set: documents of different lengths, one after the other,
/// without padding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// The token ids of all documents, concatenated.
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
