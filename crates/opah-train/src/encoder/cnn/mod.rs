//! `cnn`: filters over n-grams, and the maximum of each over the text.
//!
//! After Zhang and Wallace, "A Sensitivity Analysis of (and Practitioners' Guide to)
//! Convolutional Neural Networks for Sentence Classification", 2015; the function is
//! that of AllenNLP's `CnnEncoder` since 1.2.1. For a text of vectors x₀ … xₙ₋₁, a width
//! k and a filter f
//!
//! > p(f) = max over t of act( b_f + Σ_{j<k} ⟨w_{f,j}, x_{t+j}⟩ ), and 0 if n < k
//!
//! concatenated over widths, then a linear layer if there is an `output_dim`. Three
//! facts make it fast; none changes the result:
//!
//! - The sum is linear in each token. P = E·Wᵀ is computed for the *distinct* tokens of
//!   the batch, and a window is a sum of k rows of P. See [`block`].
//! - The activations are monotone: act and bias come after the maximum, once per text
//!   and filter.
//! - Only the window of the maximum has a gradient: the backward pass is two products of
//!   a sparse matrix, with at most a window per text and filter, and a dense one.

mod block;
mod pooling;

use std::sync::Mutex;

use rayon::prelude::*;

use self::block::Block;
use super::row_sums::{RowSums, Term};
use super::{Batch, Encoder};
use crate::config::schema::Activation;
use crate::layer::linear::Linear;
use crate::layer::weight::Layout;
use crate::layer::{Real, Weight, activation};

/// The encoder, with what its backward pass needs.
#[derive(Debug)]
pub(crate) struct Cnn<T> {
    dim: usize,
    activation: Activation,
    convolutions: Vec<Convolution<T>>,
    projection: Option<Linear<T>>,
    /// Blocks of filters, width after width.
    blocks: Vec<Block<T>>,
    /// `n_documents × n_columns`, after the activation.
    pooled: Vec<T>,
    /// The gradient of `pooled`, then of what stands before the activation.
    upstream: Vec<T>,
    terms: Vec<Term<T>>,
    sums: RowSums<T>,
    /// Memory for products, one piece per thread.
    scratch: Mutex<Vec<Vec<T>>>,
}

#[derive(Debug)]
struct Convolution<T> {
    /// In blocks; see [`Layout::Filters`].
    filters: Weight<T>,
    bias: Weight<T>,
}

impl<T: Real> Cnn<T> {
    /// `n_filters` of each of `widths` over vectors of `dim` numbers; all at least 1.
    pub(crate) fn new(
        dim: usize,
        n_filters: usize,
        widths: &[usize],
        activation: Activation,
        output_dim: Option<usize>,
        seed: u64,
    ) -> Self {
        let block = block::filters_per_block(n_filters, widths.len());
        let convolutions = widths.iter().enumerate().map(|(index, width)| {
            let name = format!("_seq2vec_encoder.conv_layer_{index}");
            let bound = 1.0 / ((dim * width) as f64).sqrt();
            let shape = vec![n_filters, dim, *width];
            let mut filters = Weight::uniform(format!("{name}.weight"), shape, bound, seed);
            filters.layout = Layout::Filters { block };
            let bias = Weight::uniform(format!("{name}.bias"), vec![n_filters], bound, seed);
            Convolution { filters, bias }
        });
        let blocks = widths.iter().enumerate().flat_map(|(index, width)| {
            (0..n_filters).step_by(block).map(move |first| Block {
                convolution: index,
                width: *width,
                first_filter: first,
                n_filters: block.min(n_filters - first),
                column: index * n_filters + first,
                maxima: Vec::new(),
                windows: Vec::new(),
            })
        });
        let n_columns = widths.len() * n_filters;
        Self {
            dim,
            activation,
            convolutions: convolutions.collect(),
            projection: output_dim.map(|output_dim| {
                let name = "_seq2vec_encoder.projection_layer";
                Linear::new(name, n_columns, output_dim, seed)
            }),
            blocks: blocks.collect(),
            pooled: Vec::new(),
            upstream: Vec::new(),
            terms: Vec::new(),
            sums: RowSums::default(),
            scratch: Mutex::default(),
        }
    }

    /// The length of a pooled text.
    fn n_columns(&self) -> usize {
        self.convolutions
            .iter()
            .map(|convolution| convolution.bias.data.len())
            .sum()
    }

    /// The greatest windows of all blocks; the widest, which take longest, first.
    fn find_maxima(&mut self, batch: &Batch<T>) {
        let convolutions = &self.convolutions;
        let scratch = &self.scratch;
        let mut blocks: Vec<&mut Block<T>> = self.blocks.iter_mut().collect();
        blocks.sort_by_key(|block| std::cmp::Reverse(block.width));
        blocks.into_par_iter().with_max_len(1).for_each(|block| {
            let filters = &convolutions[block.convolution].filters.data;
            let mut products = lock(scratch).pop().unwrap_or_default();
            block.find_maxima(batch, &filters[block.filters(batch.dim)], &mut products);
            lock(scratch).push(products);
        });
    }

    /// Bias and activation of all maxima.
    fn activate(&mut self, batch: &Batch<T>) {
        let n_columns = self.n_columns();
        self.pooled.clear();
        self.pooled.resize(batch.n_documents() * n_columns, T::ZERO);
        let (blocks, convolutions) = (&self.blocks, &self.convolutions);
        let pooled = self.pooled.par_chunks_exact_mut(n_columns);
        pooled.enumerate().for_each(|(document, row)| {
            for block in blocks {
                if batch.lengths[document] < block.width {
                    continue;
                }
                let bias = &convolutions[block.convolution].bias.data[block.first_filter..];
                let row = &mut row[block.column..];
                for ((value, maximum), bias) in row.iter_mut().zip(block.maxima(document)).zip(bias)
                {
                    *value = activation::value(self.activation, *maximum + *bias);
                }
            }
        });
    }

    /// The gradients of filters and biases, each block by one work item.
    fn filter_gradients(&mut self, batch: &Batch<T>) {
        let n_columns = self.n_columns();
        let mut tasks = Vec::with_capacity(self.blocks.len());
        let mut blocks = self.blocks.iter().peekable();
        for (index, convolution) in self.convolutions.iter_mut().enumerate() {
            let mut filters = convolution.filters.gradient.as_mut_slice();
            let mut bias = convolution.bias.gradient.as_mut_slice();
            while let Some(block) = blocks.next_if(|block| block.convolution == index) {
                let (of_block, rest) = filters.split_at_mut(block.filters(batch.dim).len());
                filters = rest;
                let (bias_of_block, rest) = bias.split_at_mut(block.n_filters);
                bias = rest;
                tasks.push((block, of_block, bias_of_block));
            }
        }
        let upstream = &self.upstream;
        tasks.sort_by_key(|(block, ..)| std::cmp::Reverse(block.width));
        tasks
            .into_par_iter()
            .with_max_len(1)
            .for_each(|(block, filters, bias)| {
                block.filter_gradients(batch, upstream, n_columns, filters, bias);
            });
    }

    /// The gradients of the distinct tokens' vectors.
    fn vector_gradients(&mut self, batch: &Batch<T>, vectors: &mut [T]) {
        let n_columns = self.n_columns();
        self.terms.clear();
        let mut first_row = 0;
        for block in &self.blocks {
            block.terms(batch, &self.upstream, n_columns, first_row, &mut self.terms);
            first_row += block.n_filters * block.width;
        }
        let filters: Vec<&[T]> = self
            .convolutions
            .iter()
            .map(|convolution| convolution.filters.data.as_slice())
            .collect();
        self.sums.sum(&self.terms, &filters, batch.dim, vectors);
    }
}

/// Holds the pool of memory; what a panicking thread left there is sound.
fn lock<T>(scratch: &Mutex<Vec<Vec<T>>>) -> std::sync::MutexGuard<'_, Vec<Vec<T>>> {
    scratch
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl<T: Real> Encoder<T> for Cnn<T> {
    fn forward(&mut self, batch: &Batch<T>, output: &mut Vec<T>) {
        debug_assert_eq!(batch.dim, self.dim);
        self.find_maxima(batch);
        self.activate(batch);
        match &self.projection {
            Some(projection) => projection.forward(&self.pooled, output),
            None => output.clone_from(&self.pooled),
        }
    }

    fn backward(&mut self, batch: &Batch<T>, gradient: &[T], vectors: Option<&mut [T]>) {
        if let Some(projection) = &mut self.projection {
            projection.backward(&self.pooled, gradient, &mut self.upstream);
        } else {
            self.upstream.clear();
            self.upstream.extend_from_slice(gradient);
        }
        for (gradient, value) in self.upstream.iter_mut().zip(&self.pooled) {
            *gradient *= activation::derivative(self.activation, *value);
        }
        self.filter_gradients(batch);
        if let Some(vectors) = vectors {
            self.vector_gradients(batch, vectors);
        }
    }

    fn weights(&self) -> Vec<&Weight<T>> {
        let convolutions = self
            .convolutions
            .iter()
            .flat_map(|convolution| [&convolution.filters, &convolution.bias]);
        let projection = self.projection.iter();
        convolutions
            .chain(projection.flat_map(|layer| [&layer.weight, &layer.bias]))
            .collect()
    }

    fn weights_mut(&mut self) -> Vec<&mut Weight<T>> {
        let convolutions = self
            .convolutions
            .iter_mut()
            .flat_map(|convolution| [&mut convolution.filters, &mut convolution.bias]);
        let projection = self.projection.iter_mut();
        convolutions
            .chain(projection.flat_map(Linear::weights_mut))
            .collect()
    }
}

#[cfg(test)]
mod tests;
