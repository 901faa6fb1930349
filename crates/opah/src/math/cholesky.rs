//! Cholesky's factor of a symmetric positive definite matrix, and inverses by it.
//!
//! Halves are factored one after the other, so that almost all arithmetic is products of
//! large blocks (Gustavson, "Recursion leads to automatic variable blocking for dense
//! linear-algebra algorithms", IBM J. Res. Dev. 41, 1997). Matrices lie row after row and
//! only their lower triangles count.

use super::matrix::{View, dot, multiply_into};
use super::simd::padded;

/// Blocks of up to so many rows are done directly.
const DIRECT: usize = 32;

/// Replaces the lower triangle of `a`, which is `n × n` with rows of `stride` numbers, by
/// that of `L` with `L·Lᵀ = a`. `false` if `a` is not positive definite in floating point;
/// it is then spoilt.
pub fn factor(a: &mut [f64], stride: usize, n: usize) -> bool {
    factor_block(a, stride, 0, n)
}

fn factor_block(a: &mut [f64], stride: usize, at: usize, n: usize) -> bool {
    if n <= DIRECT {
        return factor_directly(a, stride, at, n);
    }
    let half = halved(n);
    let (first, second) = (at..at + half, at + half..at + n);
    if !factor_block(a, stride, at, half) {
        return false;
    }
    solve_rows(a, stride, at, half, second.clone());
    let below = copied(a, stride, second.start, n - half, first);
    let view = View::new(&below, half, 0..n - half, 0..half);
    let corner = (second.start, second.start);
    multiply_into(a, stride, corner, 1.0, -1.0, view, view.transpose());
    factor_block(a, stride, second.start, n - half)
}

/// Half of `n` or a little more, in whole vectors.
fn halved(n: usize) -> usize {
    padded(n / 2)
}

fn factor_directly(a: &mut [f64], stride: usize, at: usize, n: usize) -> bool {
    for i in at..at + n {
        let (above, row) = a.split_at_mut(i * stride);
        for j in at..i {
            let other = &above[j * stride..=j * stride + j];
            row[j] = (row[j] - dot(&row[at..j], &other[at..j])) / other[j];
        }
        let square = row[i] - dot(&row[at..i], &row[at..i]);
        if square.is_nan() || square <= 0.0 {
            return false;
        }
        row[i] = square.sqrt();
    }
    true
}

/// Replaces the part `X` of `a` in `rows` and columns `at..at + n` by `X·L⁻ᵀ`, where `L` is
/// the factor in rows and columns `at..at + n`.
fn solve_rows(a: &mut [f64], stride: usize, at: usize, n: usize, rows: std::ops::Range<usize>) {
    if n <= DIRECT {
        for i in rows {
            let (above, row) = a.split_at_mut(i * stride);
            for j in at..at + n {
                let other = &above[j * stride..=j * stride + j];
                row[j] = (row[j] - dot(&row[at..j], &other[at..j])) / other[j];
            }
        }
        return;
    }
    let half = halved(n);
    solve_rows(a, stride, at, half, rows.clone());
    let solved = copied(a, stride, rows.start, rows.len(), at..at + half);
    let below = copied(a, stride, at + half, n - half, at..at + half);
    let left = View::new(&solved, half, 0..rows.len(), 0..half);
    let right = View::new(&below, half, 0..n - half, 0..half).transpose();
    multiply_into(a, stride, (rows.start, at + half), 1.0, -1.0, left, right);
    solve_rows(a, stride, at + half, n - half, rows);
}

fn copied(
    a: &[f64],
    stride: usize,
    first_row: usize,
    n_rows: usize,
    columns: std::ops::Range<usize>,
) -> Vec<f64> {
    let rows = first_row..first_row + n_rows;
    let parts = rows.flat_map(|row| &a[row * stride + columns.start..row * stride + columns.end]);
    parts.copied().collect()
}

/// `L⁻¹`, with rows of `stride` numbers and zeros above the diagonal.
pub fn inverse_factor(l: &[f64], stride: usize, n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * stride];
    invert_block(l, &mut inverse, stride, 0, n);
    inverse
}

fn invert_block(l: &[f64], inverse: &mut [f64], stride: usize, at: usize, n: usize) {
    if n <= DIRECT {
        invert_directly(l, inverse, stride, at, n);
        return;
    }
    let half = halved(n);
    let (first, second) = (at..at + half, at + half..at + n);
    invert_block(l, inverse, stride, at, half);
    invert_block(l, inverse, stride, second.start, n - half);
    // The block below is -L₂₂⁻¹·L₂₁·L₁₁⁻¹.
    let mut product = vec![0.0; (n - half) * half];
    let below = View::new(l, stride, second.clone(), first.clone());
    let above = View::new(inverse, stride, first.clone(), first.clone());
    multiply_into(&mut product, half, (0, 0), 0.0, 1.0, below, above);
    let corner = copied(inverse, stride, second.start, n - half, second.clone());
    let corner = View::new(&corner, n - half, 0..n - half, 0..n - half);
    let product = View::new(&product, half, 0..n - half, 0..half);
    let place = (second.start, first.start);
    multiply_into(inverse, stride, place, 0.0, -1.0, corner, product);
}

fn invert_directly(l: &[f64], inverse: &mut [f64], stride: usize, at: usize, n: usize) {
    for i in at..at + n {
        let (above, row) = inverse.split_at_mut(i * stride);
        let scale = 1.0 / l[i * stride + i];
        for k in at..i {
            let factor = -scale * l[i * stride + k];
            let other = &above[k * stride + at..=k * stride + k];
            for (target, value) in row[at..=k].iter_mut().zip(other) {
                *target += factor * value;
            }
        }
        row[i] = scale;
    }
}

/// The lower triangle of `(L·Lᵀ)⁻¹ = L⁻ᵀ·L⁻¹` from `L⁻¹`; what is above is undefined.
pub fn inverse_from(inverse_factor: &[f64], stride: usize, n: usize) -> Vec<f64> {
    const BLOCK: usize = 64;
    let mut product = vec![0.0; n * stride];
    for first in (0..n).step_by(BLOCK) {
        let end = (first + BLOCK).min(n);
        // L⁻¹ has zeros above its diagonal.
        let left = View::new(inverse_factor, stride, first..n, first..end).transpose();
        let right = View::new(inverse_factor, stride, first..n, 0..end);
        multiply_into(&mut product, stride, (first, 0), 0.0, 1.0, left, right);
    }
    product
}

/// `M·x` for a lower triangular `M` with rows of `stride` numbers.
pub fn lower_times(m: &[f64], stride: usize, x: &[f64]) -> Vec<f64> {
    let rows = m.chunks(stride).zip(1..=x.len());
    rows.map(|(row, end)| dot(&row[..end], &x[..end])).collect()
}

/// `Mᵀ·x` for a lower triangular `M` with rows of `stride` numbers.
pub fn lower_transposed_times(m: &[f64], stride: usize, x: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; x.len()];
    for (at, (row, factor)) in m.chunks(stride).zip(x).enumerate() {
        for (target, value) in product[..=at].iter_mut().zip(row) {
            *target += factor * value;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Rng;

    /// `B·Bᵀ + 0.1·I` of random numbers, of `n` rows of `stride` numbers.
    fn positive(n: usize, stride: usize) -> Vec<f64> {
        let mut rng = Rng::keyed(1, n as u64, "matrix");
        let b: Vec<f64> = (0..n * n).map(|_| rng.uniform() - 0.5).collect();
        let mut a = vec![0.0; n * stride];
        for i in 0..n {
            for j in 0..n {
                let sum = dot(&b[i * n..(i + 1) * n], &b[j * n..(j + 1) * n]);
                a[i * stride + j] = sum + if i == j { 0.1 } else { 0.0 };
            }
        }
        a
    }

    #[test]
    fn factors_and_inverses_of_all_sizes() {
        for n in [1_usize, 2, 7, 31, 32, 33, 40, 64, 65, 100, 131, 200] {
            let stride = n.next_multiple_of(8);
            let a = positive(n, stride);
            let mut l = a.clone();
            assert!(factor(&mut l, stride, n));
            let m = inverse_factor(&l, stride, n);
            let inverse = inverse_from(&m, stride, n);
            let lower = |matrix: &[f64], i: usize, j: usize| {
                if j > i { 0.0 } else { matrix[i * stride + j] }
            };
            for i in 0..n {
                for j in 0..=i {
                    let product: f64 = (0..n).map(|k| lower(&l, i, k) * lower(&l, j, k)).sum();
                    assert!((product - a[i * stride + j]).abs() < 1e-11, "{n}: {i}, {j}");
                    let unit: f64 = (0..n)
                        .map(|k| {
                            let symmetric = inverse[k.max(j) * stride + k.min(j)];
                            a[i.max(k) * stride + i.min(k)] * symmetric
                        })
                        .sum();
                    let expected = f64::from(u8::from(i == j));
                    assert!((unit - expected).abs() < 1e-8, "{n}: {i}, {j}: {unit}");
                }
            }
            let x: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let back = lower_times(&m, stride, &lower_times(&l, stride, &x));
            assert!(back.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-8));
            let transposed = lower_transposed_times(&l, stride, &x);
            for (j, value) in transposed.iter().enumerate() {
                let expected: f64 = (0..n).map(|i| lower(&l, i, j) * x[i]).sum();
                assert!((value - expected).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_told() {
        for bad in [0.0, -1.0, f64::NAN] {
            let mut a = positive(50, 56);
            a[45 * 56 + 45] = bad;
            assert!(!factor(&mut a, 56, 50));
        }
    }
}
