//! The documents of a batch, as positions in the list of their distinct tokens.

use crate::data::Dataset;
use crate::layer::Real;
use crate::layer::embedding::Embedding;

/// The documents of a batch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch<T> {
    /// The distinct tokens but 0, ascending.
    pub(crate) tokens: Vec<u32>,
    /// The tokens' vectors, `(tokens.len() + 1) × dim`; the last one is zero and stands
    /// for token 0, the padding, which AllenNLP masks wherever it is.
    pub(crate) vectors: Vec<T>,
    /// The length of a vector.
    pub(crate) dim: usize,
    /// For each position of each document, one after the other, the index of its vector.
    pub(crate) positions: Vec<u32>,
    /// Where each document begins in `positions`; `n_documents + 1` entries.
    pub(crate) offsets: Vec<usize>,
    /// How many positions of each document, from its begin, are read: as many as it has
    /// tokens other than 0.
    pub(crate) lengths: Vec<usize>,
    /// Whether all vectors are finite.
    pub(crate) finite: bool,
}

impl<T> Batch<T> {
    /// The number of documents.
    pub(crate) fn n_documents(&self) -> usize {
        self.lengths.len()
    }

    /// The number of rows of `vectors`, the zero row included.
    pub(crate) fn n_vectors(&self) -> usize {
        self.tokens.len() + 1
    }

    /// All positions of a document, those of the padding included.
    pub(crate) fn all_positions(&self, index: usize) -> &[u32] {
        &self.positions[self.offsets[index]..self.offsets[index + 1]]
    }

    /// The positions of a document that are read in order.
    pub(crate) fn document(&self, index: usize) -> &[u32] {
        &self.positions[self.offsets[index]..][..self.lengths[index]]
    }
}

/// Finds the distinct tokens of batches, by a set of bits that is read in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct BatchBuilder {
    /// A bit per token; all zero between batches.
    seen: Vec<u64>,
    /// The index of each token of the batch in its list; stale for all others.
    ranks: Vec<u32>,
}

impl BatchBuilder {
    /// For tokens below `n_tokens`.
    pub(crate) fn new(n_tokens: usize) -> Self {
        Self {
            seen: vec![0; n_tokens.div_ceil(64)],
            ranks: vec![0; n_tokens],
        }
    }

    /// Replaces all of `batch` but the vectors.
    ///
    /// # Panics
    /// If there is no such document or a token is too large.
    pub(crate) fn read<T>(&mut self, dataset: &Dataset, documents: &[u32], batch: &mut Batch<T>) {
        for document in documents {
            for token in dataset.document(*document as usize) {
                self.seen[*token as usize / 64] |= 1 << (token % 64);
            }
        }
        if let Some(first) = self.seen.first_mut() {
            *first &= !1;
        }
        batch.tokens.clear();
        for (word, bits) in self.seen.iter_mut().enumerate() {
            while *bits != 0 {
                let token = word as u32 * 64 + bits.trailing_zeros();
                self.ranks[token as usize] = batch.tokens.len() as u32;
                batch.tokens.push(token);
                *bits &= *bits - 1;
            }
        }
        if let Some(first) = self.ranks.first_mut() {
            *first = batch.tokens.len() as u32;
        }
        batch.positions.clear();
        batch.offsets.clear();
        batch.offsets.push(0);
        batch.lengths.clear();
        for document in documents {
            let tokens = dataset.document(*document as usize);
            let ranks = tokens.iter().map(|token| self.ranks[*token as usize]);
            batch.positions.extend(ranks);
            batch.offsets.push(batch.positions.len());
            let n_valid = tokens.iter().filter(|token| **token != 0).count();
            batch.lengths.push(n_valid);
        }
    }
}

impl<T: Real> Batch<T> {
    /// Copies the tokens' vectors from the table.
    pub(crate) fn gather(&mut self, embedding: &Embedding<T>) {
        self.dim = embedding.dim();
        let length = self.n_vectors() * self.dim;
        if self.vectors.len() < length {
            self.vectors.resize(length, T::ZERO);
        }
        self.finite = embedding.gather(&self.tokens, &mut self.vectors);
        self.vectors[length - self.dim..length].fill(T::ZERO);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_become_positions_of_distinct_tokens() {
        let dataset = Dataset {
            tokens: vec![70, 3, 70, 0, 9, 3, 0, 0],
            offsets: vec![0, 3, 6, 8],
            labels: Vec::new(),
        };
        let mut builder = BatchBuilder::new(71);
        let mut batch = Batch::<f32>::default();
        builder.read(&dataset, &[1, 0, 2], &mut batch);
        assert_eq!(batch.tokens, [3, 9, 70]);
        assert_eq!(batch.positions, [3, 1, 0, 2, 0, 2, 3, 3]);
        assert_eq!(batch.lengths, [2, 3, 0]);
        // A padding token inside a text takes a place, as in AllenNLP.
        assert_eq!(batch.document(0), [3, 1]);
        builder.read(&dataset, &[2], &mut batch);
        assert!(batch.tokens.is_empty(), "nothing is left of the last batch");
    }
}
