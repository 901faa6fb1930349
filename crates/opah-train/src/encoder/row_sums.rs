//! Sums of matrix rows into other rows: a sparse matrix times a dense one.
//!
//! The gradient of a token's vector is a sum of few rows (of filters, or of documents'
//! gradients) times coefficients. Terms are sorted by target with a counting sort that
//! keeps their order, then each target is summed by one work item.

use rayon::prelude::*;

use crate::layer::Real;
use crate::layer::simd::{self, Kernel};

/// Targets that a work item sums.
const CHUNK: usize = 16;

/// A term of the sum for row `target`: `coefficient` times row `source`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Term<T> {
    pub(crate) target: u32,
    pub(crate) source: u32,
    pub(crate) coefficient: T,
}

/// Terms and their order by target, kept for its memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowSums<T> {
    /// Where the terms of each target end in `sorted`.
    ends: Vec<usize>,
    sorted: Vec<Term<T>>,
}

impl<T: Real> RowSums<T> {
    /// Writes row `t` of `sums` as the sum of the terms whose target is `t`, in their
    /// order; terms for rows that `sums` does not have are left out. Rows are `dim` long;
    /// `sources` are matrices whose rows are numbered one matrix after the other, and the
    /// terms of one target are in ascending order of the matrix.
    pub(crate) fn sum(&mut self, terms: &[Term<T>], sources: &[&[T]], dim: usize, sums: &mut [T]) {
        self.sort(terms, sums.len() / dim);
        let mut matrices = Vec::with_capacity(sources.len());
        let mut first_row = 0;
        for data in sources {
            let end_row = first_row + data.len() / dim;
            matrices.push(Source {
                data,
                first_row,
                end_row,
            });
            first_row = end_row;
        }
        sums.par_chunks_mut(CHUNK * dim)
            .enumerate()
            .for_each(|(index, sums)| {
                simd::run(SumRows {
                    terms: &self.sorted,
                    ends: &self.ends,
                    first_target: index * CHUNK,
                    sources: &matrices,
                    dim,
                    sums,
                });
            });
    }

    fn sort(&mut self, terms: &[Term<T>], n_targets: usize) {
        self.ends.clear();
        self.ends.resize(n_targets + 1, 0);
        for term in terms {
            // What is left out is counted behind the last target.
            self.ends[(term.target as usize).min(n_targets)] += 1;
        }
        let mut begin = 0;
        for end in &mut self.ends {
            begin += std::mem::replace(end, begin);
        }
        if self.sorted.len() < terms.len() {
            self.sorted.resize(terms.len(), Term::default());
        }
        for term in terms {
            let next = &mut self.ends[(term.target as usize).min(n_targets)];
            self.sorted[*next] = *term;
            *next += 1;
        }
    }
}

struct Source<'a, T> {
    data: &'a [T],
    first_row: usize,
    end_row: usize,
}

struct SumRows<'a, T> {
    terms: &'a [Term<T>],
    ends: &'a [usize],
    first_target: usize,
    sources: &'a [Source<'a, T>],
    dim: usize,
    sums: &'a mut [T],
}

impl<T: Real> Kernel for SumRows<'_, T> {
    #[inline(always)]
    fn run(self) {
        for (index, sum) in self.sums.chunks_exact_mut(self.dim).enumerate() {
            let target = self.first_target + index;
            let begin = if target == 0 {
                0
            } else {
                self.ends[target - 1]
            };
            sum.fill(T::ZERO);
            let mut sources = self.sources.iter();
            let mut source = sources.next();
            for term in &self.terms[begin..self.ends[target]] {
                let row = term.source as usize;
                while source.is_some_and(|source| source.end_row <= row) {
                    source = sources.next();
                }
                let Some(source) = source else { break };
                let at = (row - source.first_row) * self.dim;
                add_scaled(sum, term.coefficient, &source.data[at..at + self.dim]);
            }
        }
    }
}

/// Adds `coefficient · row` to `sum`.
#[inline(always)]
pub(crate) fn add_scaled<T: Real>(sum: &mut [T], coefficient: T, row: &[T]) {
    for (sum, value) in sum.iter_mut().zip(row) {
        *sum += coefficient * *value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_equal_the_definition() {
        let (dim, n_targets) = (5, 40);
        let first: Vec<f64> = (0..7 * dim).map(|i| i as f64).collect();
        let second: Vec<f64> = (0..3 * dim).map(|i| -(i as f64)).collect();
        let terms: Vec<Term<f64>> = (0..200_u32)
            .map(|i| Term {
                target: i * 7 % 43,
                source: i / 20,
                coefficient: f64::from(i % 9) - 4.0,
            })
            .collect();
        let mut sums = vec![f64::NAN; n_targets * dim];
        RowSums::default().sum(&terms, &[&first, &second], dim, &mut sums);
        let both = [first, second].concat();
        let mut expected = vec![0.0; n_targets * dim];
        for term in terms
            .iter()
            .filter(|term| (term.target as usize) < n_targets)
        {
            for i in 0..dim {
                expected[term.target as usize * dim + i] +=
                    term.coefficient * both[term.source as usize * dim + i];
            }
        }
        assert_eq!(sums, expected);
    }
}
