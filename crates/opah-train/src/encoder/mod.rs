//! From a text's token vectors to one vector: AllenNLP's seq2vec encoders, each a file,
//! all in [`new`].
//!
//! Texts are not padded. A batch holds its *distinct* tokens once, and an encoder does
//! per distinct token whatever is linear in it. To write another: implement [`Encoder`],
//! name it in [`new`], and add it to the finite-difference checks of the model.
#![expect(
    clippy::inline_always,
    reason = "inner loops must be compiled inside the functions that enable vector units"
)]

mod batch;
mod boe;
mod cnn;
mod row_sums;

pub(crate) use batch::{Batch, BatchBuilder};

use std::fmt::Debug;

use crate::config::schema::Seq2Vec;
use crate::layer::{Real, Weight};

/// Encodes the documents of a batch.
pub(crate) trait Encoder<T>: Debug + Send {
    /// Writes each document's encoding, one after the other, and remembers what
    /// `backward` needs.
    fn forward(&mut self, batch: &Batch<T>, output: &mut Vec<T>);

    /// Writes the gradients of the parameters and, if asked for, of the vectors of the
    /// batch's distinct tokens (`batch.tokens.len() × dim`), given that of the output of
    /// the last `forward`.
    fn backward(&mut self, batch: &Batch<T>, gradient: &[T], vectors: Option<&mut [T]>);

    /// The parameters, in AllenNLP's order.
    fn weights(&self) -> Vec<&Weight<T>>;

    /// The parameters, in AllenNLP's order.
    fn weights_mut(&mut self) -> Vec<&mut Weight<T>>;
}

/// The encoder of `options`.
pub(crate) fn new<T: Real>(options: &Seq2Vec, seed: u64) -> Box<dyn Encoder<T>> {
    match options {
        Seq2Vec::Cnn {
            embedding_dim,
            num_filters,
            ngram_filter_sizes,
            activation,
            output_dim,
        } => Box::new(cnn::Cnn::new(
            *embedding_dim,
            *num_filters,
            ngram_filter_sizes,
            *activation,
            *output_dim,
            seed,
        )),
        Seq2Vec::Boe {
            embedding_dim,
            averaged,
        } => Box::new(boe::Boe::new(*embedding_dim, *averaged)),
    }
}
