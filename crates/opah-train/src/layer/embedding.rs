//! The table of token vectors.
//!
//! A batch reads some thousand rows of some hundred thousand, so the gradient is kept
//! for those rows alone.

use rayon::prelude::*;

use super::real::all_finite;
use super::{Gradient, Real, Slot, Weight};
use crate::config::schema;

/// Rows that a work item copies.
const CHUNK: usize = 256;

/// The embedding with the gradient of its last batch.
#[derive(Debug, Clone)]
pub(crate) struct Embedding<T> {
    /// `n_rows × dim`; its dense gradient stays empty.
    pub(crate) weight: Weight<T>,
    /// Whether it is trained.
    pub(crate) trainable: bool,
    /// A row that is not trained.
    padding_index: Option<usize>,
    /// The rows of the last batch, ascending.
    rows: Vec<u32>,
    /// `rows.len() × dim`.
    gradient: Vec<T>,
}

impl<T: Real> Embedding<T> {
    /// Uniform within `√(6 / (n_rows + dim))` (Xavier), the padding row zero.
    pub(crate) fn new(options: &schema::Embedding, n_rows: usize, seed: u64) -> Self {
        let dim = options.embedding_dim;
        let bound = (6.0 / (n_rows + dim) as f64).sqrt();
        let name = format!(
            "_text_field_embedder.token_embedder_{}.weight",
            options.name
        );
        let mut weight = Weight::uniform(name, vec![n_rows, dim], bound, seed);
        weight.gradient = Vec::new();
        if let Some(row) = options.padding_index {
            weight.data[row * dim..(row + 1) * dim].fill(T::ZERO);
        }
        Self {
            weight,
            trainable: options.trainable,
            padding_index: options.padding_index,
            rows: Vec::new(),
            gradient: Vec::new(),
        }
    }

    /// The length of a row.
    pub(crate) fn dim(&self) -> usize {
        self.weight.shape[1]
    }

    /// Copies `rows` to the front of `vectors`, which has room for them; tells whether all
    /// their numbers are finite.
    pub(crate) fn gather(&self, rows: &[u32], vectors: &mut [T]) -> bool {
        let dim = self.dim();
        vectors[..rows.len() * dim]
            .par_chunks_mut(CHUNK * dim)
            .zip(rows.par_chunks(CHUNK))
            .map(|(vectors, rows)| {
                for (vector, row) in vectors.chunks_exact_mut(dim).zip(rows) {
                    let at = *row as usize * dim;
                    vector.copy_from_slice(&self.weight.data[at..at + dim]);
                }
                all_finite(vectors)
            })
            .reduce(|| true, |one, other| one && other)
    }

    /// Where the gradients of `rows` (ascending) are to be written, `rows.len() × dim`;
    /// `None` if the table is not trained.
    pub(crate) fn gradient_of(&mut self, rows: &[u32]) -> Option<&mut [T]> {
        if !self.trainable {
            return None;
        }
        self.rows.clear();
        self.rows.extend_from_slice(rows);
        let length = rows.len() * self.dim();
        if self.gradient.len() < length {
            self.gradient.resize(length, T::ZERO);
        }
        Some(&mut self.gradient[..length])
    }

    /// Takes the padding row's gradient away; to be called once gradients are written.
    pub(crate) fn hold_padding(&mut self) {
        let dim = self.dim();
        let at = self
            .padding_index
            .and_then(|row| self.rows.binary_search(&(row as u32)).ok());
        if let Some(at) = at {
            self.gradient[at * dim..(at + 1) * dim].fill(T::ZERO);
        }
    }

    /// What an optimizer changes.
    pub(crate) fn slot(&mut self) -> Option<Slot<'_, T>> {
        let dim = self.dim();
        self.trainable.then(|| Slot {
            name: &self.weight.name,
            data: &mut self.weight.data,
            gradient: Gradient::Rows {
                rows: &self.rows,
                values: &mut self.gradient[..self.rows.len() * dim],
                dim,
            },
        })
    }
}
