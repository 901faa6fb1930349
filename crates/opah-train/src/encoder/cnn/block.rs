//! The filters of one width that one work item computes.
//!
//! A block is small enough that its products with the batch's distinct tokens stay in
//! the processor's cache between the matrix product that writes them and the pooling
//! that reads them in the order of the text.

use std::ops::Range;

use super::super::row_sums::{Term, add_scaled};
use super::Batch;
use super::pooling::{self, LANES, Pool};
use crate::layer::Real;
use crate::layer::matrix::{Matrix, multiply};
use crate::layer::real::all_finite;
use crate::layer::simd::{self, Kernel};

/// Marks a text that is shorter than the filter.
const NO_WINDOW: u32 = u32::MAX;

/// The bytes of a cache line, on which rows of products begin.
const CACHE_LINE: usize = 64;

/// A block of filters and where their maxima were found.
#[derive(Debug, Clone)]
pub(super) struct Block<T> {
    pub(super) convolution: usize,
    pub(super) width: usize,
    pub(super) first_filter: usize,
    pub(super) n_filters: usize,
    /// Where the block's first filter stands in the pooled vector.
    pub(super) column: usize,
    /// `n_documents × n_lanes`, before bias and activation.
    pub(super) maxima: Vec<T>,
    /// `n_documents × n_lanes`: where each maximum's window begins.
    pub(super) windows: Vec<u32>,
}

/// How many filters are in a block: 32, or fewer if there were too few blocks for
/// several threads. A function of the model alone, so that results do not depend on the
/// number of threads.
pub(super) fn filters_per_block(n_filters: usize, n_widths: usize) -> usize {
    let full = pooling::MAX_LANES;
    if n_filters.div_ceil(full) * n_widths >= 4 {
        full
    } else {
        full / 2
    }
}

impl<T: Real> Block<T> {
    /// Filters, with some of zeros so that the processor's vectors are full.
    fn n_lanes(&self) -> usize {
        self.n_filters.next_multiple_of(LANES)
    }

    /// Where the block's filters stand among those of its width.
    pub(super) fn filters(&self, dim: usize) -> Range<usize> {
        let first = self.first_filter * self.width * dim;
        first..first + self.n_filters * self.width * dim
    }

    /// The maxima of a document.
    pub(super) fn maxima(&self, document: usize) -> &[T] {
        &self.maxima[document * self.n_lanes()..][..self.n_filters]
    }

    /// Finds the greatest window of each document and filter. `filters` are the block's.
    /// If a vector or filter is not finite, all maxima are NaN: a comparison would
    /// overlook it.
    pub(super) fn find_maxima(&mut self, batch: &Batch<T>, filters: &[T], scratch: &mut Vec<T>) {
        let (n_lanes, n_vectors) = (self.n_lanes(), batch.n_vectors());
        self.maxima.clear();
        self.windows.clear();
        self.windows
            .resize(batch.n_documents() * n_lanes, NO_WINDOW);
        if !batch.finite || !all_finite(filters) {
            let nan = T::from_f64(f64::NAN);
            self.maxima.resize(self.windows.len(), nan);
            return;
        }
        self.maxima.resize(self.windows.len(), T::NEG_INFINITY);
        let stride = self.width * n_lanes;
        let products = aligned(scratch, n_vectors * stride);
        let padded = self.with_full_lanes(filters, batch.dim);
        let filters = padded.as_deref().unwrap_or(filters);
        multiply(
            Matrix::new(&batch.vectors, n_vectors, batch.dim),
            Matrix::new(filters, stride, batch.dim).transpose(),
            products,
        );
        for document in 0..batch.n_documents() {
            let at = document * n_lanes..(document + 1) * n_lanes;
            simd::run(Pool {
                products,
                width: self.width,
                positions: batch.document(document),
                maxima: &mut self.maxima[at.clone()],
                windows: &mut self.windows[at],
            });
        }
    }

    /// The filters with rows of zeros, if there are fewer filters than lanes.
    fn with_full_lanes(&self, filters: &[T], dim: usize) -> Option<Vec<T>> {
        let n_lanes = self.n_lanes();
        (n_lanes > self.n_filters).then(|| {
            let mut padded = vec![T::ZERO; self.width * n_lanes * dim];
            let rows = padded.chunks_exact_mut(n_lanes * dim);
            for (padded, filters) in rows.zip(filters.chunks_exact(self.n_filters * dim)) {
                padded[..filters.len()].copy_from_slice(filters);
            }
            padded
        })
    }

    /// Tells of each maximum with a gradient: the document, the filter in the block, the
    /// positions of its window, and the gradient. `upstream` is `n_documents × n_columns`.
    #[inline(always)]
    fn for_each_maximum(
        &self,
        batch: &Batch<T>,
        upstream: &[T],
        n_columns: usize,
        filters: Range<usize>,
        mut each: impl FnMut(usize, &[u32], T),
    ) {
        for document in 0..batch.n_documents() {
            let positions = batch.document(document);
            for filter in filters.clone() {
                let gradient = upstream[document * n_columns + self.column + filter];
                let window = self.windows[document * self.n_lanes() + filter];
                if window != NO_WINDOW && gradient != T::ZERO {
                    let window = &positions[window as usize..][..self.width];
                    each(filter, window, gradient);
                }
            }
        }
    }

    /// The gradients of the block's filters and biases.
    pub(super) fn filter_gradients(
        &self,
        batch: &Batch<T>,
        upstream: &[T],
        n_columns: usize,
        filters: &mut [T],
        bias: &mut [T],
    ) {
        simd::run(FilterGradients {
            block: self,
            batch,
            upstream,
            n_columns,
            filters,
            bias,
        });
    }

    /// Adds the terms of the gradients of the tokens' vectors. `first_row` is the number
    /// of the block's first row among the filters of all widths.
    pub(super) fn terms(
        &self,
        batch: &Batch<T>,
        upstream: &[T],
        n_columns: usize,
        first_row: usize,
        terms: &mut Vec<Term<T>>,
    ) {
        let all = 0..self.n_filters;
        self.for_each_maximum(
            batch,
            upstream,
            n_columns,
            all,
            |filter, window, gradient| {
                for (offset, position) in window.iter().enumerate() {
                    terms.push(Term {
                        target: *position,
                        source: (first_row + offset * self.n_filters + filter) as u32,
                        coefficient: gradient,
                    });
                }
            },
        );
    }
}

struct FilterGradients<'a, T> {
    block: &'a Block<T>,
    batch: &'a Batch<T>,
    upstream: &'a [T],
    n_columns: usize,
    filters: &'a mut [T],
    bias: &'a mut [T],
}

impl<T: Real> Kernel for FilterGradients<'_, T> {
    /// Filter after filter, whose rows stay in the first cache.
    #[inline(always)]
    fn run(self) {
        let (batch, dim) = (self.batch, self.batch.dim);
        self.filters.fill(T::ZERO);
        self.bias.fill(T::ZERO);
        for filter in 0..self.block.n_filters {
            self.block.for_each_maximum(
                batch,
                self.upstream,
                self.n_columns,
                filter..filter + 1,
                |_, window, gradient| {
                    self.bias[filter] += gradient;
                    for (offset, position) in window.iter().enumerate() {
                        let row = (offset * self.block.n_filters + filter) * dim;
                        add_scaled(
                            &mut self.filters[row..row + dim],
                            gradient,
                            &batch.vectors[*position as usize * dim..][..dim],
                        );
                    }
                },
            );
        }
    }
}

/// The first `length` numbers of `scratch` that begin on a cache line.
fn aligned<T: Real>(scratch: &mut Vec<T>, length: usize) -> &mut [T] {
    let spare = CACHE_LINE / size_of::<T>();
    if scratch.len() < length + spare {
        scratch.resize(length + spare, T::ZERO);
    }
    let begin = scratch.as_ptr().align_offset(CACHE_LINE).min(spare);
    &mut scratch[begin..begin + length]
}
