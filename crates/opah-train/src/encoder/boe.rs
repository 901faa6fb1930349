//! `boe`: the sum or mean of a text's token vectors.

use rayon::prelude::*;

use super::row_sums::{RowSums, Term};
use super::{Batch, Encoder};
use crate::layer::{Real, Weight};

/// Documents that a work item adds up.
const CHUNK: usize = 8;

/// A bag of embeddings; it has no parameters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Boe<T> {
    dim: usize,
    averaged: bool,
    terms: Vec<Term<T>>,
    sums: RowSums<T>,
}

impl<T: Real> Boe<T> {
    /// The mean of vectors of `dim` numbers if `averaged`, else their sum.
    pub(crate) fn new(dim: usize, averaged: bool) -> Self {
        Self {
            dim,
            averaged,
            ..Self::default()
        }
    }

    /// What a document's vectors are multiplied by.
    fn share(&self, document: &[u32]) -> T {
        if self.averaged {
            T::from_f64(1.0 / document.len() as f64)
        } else {
            T::ONE
        }
    }
}

/// The positions of a document whose tokens are not the padding, which has `padding` as
/// its position.
fn valid(document: &[u32], padding: usize) -> impl Iterator<Item = u32> {
    let is_valid = move |position: &u32| *position as usize != padding;
    document.iter().copied().filter(is_valid)
}

impl<T: Real> Encoder<T> for Boe<T> {
    fn forward(&mut self, batch: &Batch<T>, output: &mut Vec<T>) {
        output.clear();
        output.resize(batch.n_documents() * self.dim, T::ZERO);
        output
            .par_chunks_mut(CHUNK * self.dim)
            .enumerate()
            .for_each(|(chunk, output)| {
                for (index, sum) in output.chunks_exact_mut(self.dim).enumerate() {
                    let document = batch.all_positions(chunk * CHUNK + index);
                    let valid: Vec<u32> = valid(document, batch.tokens.len()).collect();
                    for position in &valid {
                        let vector = &batch.vectors[*position as usize * self.dim..];
                        for (sum, value) in sum.iter_mut().zip(vector) {
                            *sum += *value;
                        }
                    }
                    if self.averaged && !valid.is_empty() {
                        let share = self.share(&valid);
                        for sum in sum {
                            *sum *= share;
                        }
                    }
                }
            });
    }

    fn backward(&mut self, batch: &Batch<T>, gradient: &[T], vectors: Option<&mut [T]>) {
        let Some(vectors) = vectors else { return };
        self.terms.clear();
        for index in 0..batch.n_documents() {
            let document: Vec<u32> =
                valid(batch.all_positions(index), batch.tokens.len()).collect();
            let coefficient = self.share(&document);
            self.terms.extend(document.iter().map(|position| Term {
                target: *position,
                source: index as u32,
                coefficient,
            }));
        }
        self.sums.sum(&self.terms, &[gradient], self.dim, vectors);
    }

    fn weights(&self) -> Vec<&Weight<T>> {
        Vec::new()
    }

    fn weights_mut(&mut self) -> Vec<&mut Weight<T>> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two documents: tokens 5, padding, 5, 9; and none.
    fn batch() -> Batch<f64> {
        Batch {
            tokens: vec![5, 9],
            vectors: vec![1.0, 2.0, 10.0, -1.0, 0.0, 0.0],
            dim: 2,
            positions: vec![0, 2, 0, 1],
            offsets: vec![0, 4, 4],
            lengths: vec![3, 0],
            finite: true,
        }
    }

    #[test]
    fn sums_and_means_by_hand() {
        let mut output = Vec::new();
        Boe::new(2, false).forward(&batch(), &mut output);
        assert_eq!(output, [12.0, 3.0, 0.0, 0.0]);
        Boe::new(2, true).forward(&batch(), &mut output);
        assert_eq!(output, [4.0, 1.0, 0.0, 0.0]);
        let mut vectors = vec![f64::NAN; 4];
        let mut encoder = Boe::new(2, true);
        encoder.backward(&batch(), &[3.0, 6.0, 7.0, 7.0], Some(&mut vectors));
        for (found, expected) in vectors.iter().zip([2.0, 4.0, 1.0, 2.0]) {
            assert!((found - expected).abs() < 1e-15);
        }
    }
}
