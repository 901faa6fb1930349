//! Steps on some rows of a matrix, and steps that rows missed.
//!
//! A row that was left behind remembers how many steps it has seen. When it is next read,
//! the missed steps are repeated on it with a gradient of 0, in registers: the operations
//! of the plain loop over all rows at every step, in its order, without reading and
//! writing the whole table each time.
//!
//! Repeating ends early where nothing more can change: once a step moves no weight of a
//! group (the change rounds away) and every further step is sure to move less, only the
//! moments decay on.

use rayon::prelude::*;

use super::rule::Rule;
use crate::layer::simd::{self, Kernel};

/// Rows that a work item changes.
const CHUNK: usize = 64;

/// Weights that are changed side by side.
const LANES: usize = 16;

/// Marks a row that was never read and whose moments are all 0.
pub(super) const UNTOUCHED: u32 = u32::MAX;

/// A parameter that is a matrix, with its moments.
pub(super) struct Table<'a, const N: usize> {
    /// `n_rows × dim`.
    pub(super) weights: &'a mut [f32],
    /// Each like `weights`.
    pub(super) moments: [&'a mut [f32]; N],
    /// How many steps each row has seen since the last that all had seen, or
    /// [`UNTOUCHED`]; empty if rows that are not read do not move.
    pub(super) seen: &'a mut [u32],
    pub(super) dim: usize,
}

impl<const N: usize> Table<'_, N> {
    /// Repeats on `rows`, ascending, the steps among `missed` they have not seen.
    pub(super) fn catch_up<R: Rule<N>>(self, rows: &[u32], missed: &[R::Scalars]) {
        let pieces = self.pieces(rows, &[]);
        pieces.into_par_iter().for_each(|mut piece| {
            for index in 0..piece.rows.len() {
                piece.catch_up::<R>(index, missed);
            }
        });
    }

    /// Makes a step on `rows`, ascending, with `gradient` (`rows.len() × dim`); after it
    /// they have seen `n_seen` steps.
    pub(super) fn step<R: Rule<N>>(
        self,
        rows: &[u32],
        gradient: &[f32],
        scalars: R::Scalars,
        n_seen: u32,
    ) {
        let pieces = self.pieces(rows, gradient);
        pieces.into_par_iter().for_each(|mut piece| {
            for index in 0..piece.rows.len() {
                piece.step::<R>(index, scalars, n_seen);
            }
        });
    }

    /// Cuts the table into disjoint pieces that hold at most [`CHUNK`] of `rows` each.
    fn pieces<'s>(self, rows: &'s [u32], gradient: &'s [f32]) -> Vec<Piece<'s, N>>
    where
        Self: 's,
    {
        let dim = self.dim;
        let mut weights = self.weights;
        let mut moments = self.moments;
        let mut seen = self.seen;
        let mut gradients = gradient.chunks(CHUNK * dim);
        let mut first_row = 0;
        let chunks = rows.chunks(CHUNK).map(|rows| {
            let end_row = rows.last().map_or(first_row, |row| *row as usize + 1);
            let n_rows = end_row - first_row;
            let piece = Piece {
                first_row,
                rows,
                weights: weights.split_off_mut(..n_rows * dim).unwrap_or_default(),
                moments: std::array::from_fn(|index| {
                    moments[index]
                        .split_off_mut(..n_rows * dim)
                        .unwrap_or_default()
                }),
                seen: seen.split_off_mut(..n_rows).unwrap_or_default(),
                gradient: gradients.next().unwrap_or_default(),
                dim,
            };
            first_row = end_row;
            piece
        });
        chunks.collect()
    }
}

/// Neighbouring rows of a table, and those of them that change.
struct Piece<'a, const N: usize> {
    first_row: usize,
    rows: &'a [u32],
    weights: &'a mut [f32],
    moments: [&'a mut [f32]; N],
    seen: &'a mut [u32],
    gradient: &'a [f32],
    dim: usize,
}

impl<const N: usize> Piece<'_, N> {
    fn catch_up<R: Rule<N>>(&mut self, index: usize, missed: &[R::Scalars]) {
        let row = self.rows[index] as usize - self.first_row;
        let n_seen = self.seen[row];
        if n_seen == UNTOUCHED {
            return;
        }
        self.seen[row] = missed.len() as u32;
        let missed = &missed[n_seen as usize..];
        if missed.is_empty() {
            return;
        }
        let (weights, moments) = self.row(row);
        simd::run(CatchUp::<R, N> {
            missed,
            weights,
            moments,
        });
    }

    fn step<R: Rule<N>>(&mut self, index: usize, scalars: R::Scalars, n_seen: u32) {
        let row = self.rows[index] as usize - self.first_row;
        if let Some(seen) = self.seen.get_mut(row) {
            *seen = n_seen;
        }
        let gradient = &self.gradient[index * self.dim..][..self.dim];
        let (weights, moments) = self.row(row);
        simd::run(Step::<R, N> {
            scalars,
            weights,
            gradient,
            moments,
        });
    }

    fn row(&mut self, row: usize) -> (&mut [f32], [&mut [f32]; N]) {
        let range = row * self.dim..(row + 1) * self.dim;
        let moments = self.moments.each_mut();
        (
            &mut self.weights[range.clone()],
            moments.map(|moment| &mut moment[range.clone()]),
        )
    }
}

/// A step on neighbouring weights.
pub(super) struct Step<'a, R: Rule<N>, const N: usize> {
    pub(super) scalars: R::Scalars,
    pub(super) weights: &'a mut [f32],
    pub(super) gradient: &'a [f32],
    pub(super) moments: [&'a mut [f32]; N],
}

impl<R: Rule<N>, const N: usize> Kernel for Step<'_, R, N> {
    #[inline(always)]
    fn run(self) {
        let length = self.weights.len();
        let gradient = &self.gradient[..length];
        let moments = self.moments.map(|moment| &mut moment[..length]);
        for index in 0..length {
            let before = std::array::from_fn(|which| moments[which][index]);
            let (weight, after) =
                R::update(self.scalars, self.weights[index], gradient[index], before);
            self.weights[index] = weight;
            for which in 0..N {
                moments[which][index] = after[which];
            }
        }
    }
}

/// Missed steps on a row.
struct CatchUp<'a, R: Rule<N>, const N: usize> {
    missed: &'a [R::Scalars],
    weights: &'a mut [f32],
    moments: [&'a mut [f32]; N],
}

impl<R: Rule<N>, const N: usize> Kernel for CatchUp<'_, R, N> {
    #[inline(always)]
    fn run(mut self) {
        for begin in (0..self.weights.len()).step_by(LANES) {
            let length = LANES.min(self.weights.len() - begin);
            // Lanes without a weight stay 0 or become NaN; they are not written back.
            let mut weights = [0.0; LANES];
            let mut moments = [[0.0; LANES]; N];
            weights[..length].copy_from_slice(&self.weights[begin..begin + length]);
            for (group, row) in moments.iter_mut().zip(&self.moments) {
                group[..length].copy_from_slice(&row[begin..begin + length]);
            }
            repeat::<R, N>(self.missed, &mut weights, &mut moments);
            self.weights[begin..begin + length].copy_from_slice(&weights[..length]);
            for (group, row) in moments.iter().zip(&mut self.moments) {
                row[begin..begin + length].copy_from_slice(&group[..length]);
            }
        }
    }
}

/// Repeats steps with a gradient of 0 on a group of weights.
#[inline(always)]
fn repeat<R: Rule<N>, const N: usize>(
    missed: &[R::Scalars],
    weights: &mut [f32; LANES],
    moments: &mut [[f32; LANES]; N],
) {
    // Whether the last step moved no weight and all moments decay regularly.
    let mut is_calm = false;
    for scalars in missed {
        let mut moved = 0;
        let mut irregular = 0;
        let only_decay = is_calm && R::is_shrinking(*scalars);
        for lane in 0..LANES {
            let before = std::array::from_fn(|which| moments[which][lane]);
            let after = if only_decay {
                R::decay(*scalars, before)
            } else {
                let (weight, after) = R::update(*scalars, weights[lane], 0.0, before);
                moved |= weight.to_bits() ^ weights[lane].to_bits();
                weights[lane] = weight;
                after
            };
            irregular |= u32::from(!R::are_regular(after));
            for which in 0..N {
                moments[which][lane] = after[which];
            }
        }
        is_calm = moved | irregular == 0;
    }
}
