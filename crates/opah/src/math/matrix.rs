//! Products of dense matrices, by the `gemm` crate, on the calling thread.

use std::ops::Range;

/// A rectangle of numbers in memory: element `(i, j)` is at `i·row + j·column`.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    data: &'a [f64],
    n_rows: usize,
    n_columns: usize,
    row: usize,
    column: usize,
}

impl<'a> View<'a> {
    /// The part of a matrix with rows of `stride` numbers.
    ///
    /// # Panics
    /// If it is not inside `data`.
    pub fn new(data: &'a [f64], stride: usize, rows: Range<usize>, columns: Range<usize>) -> Self {
        let first = (rows.start * stride + columns.start).min(data.len());
        let view = Self {
            data: &data[first..],
            n_rows: rows.len(),
            n_columns: columns.len(),
            row: stride,
            column: 1,
        };
        assert!(view.end() <= view.data.len(), "outside the matrix");
        view
    }

    /// Rows as columns.
    #[must_use]
    pub fn transpose(self) -> Self {
        Self {
            n_rows: self.n_columns,
            n_columns: self.n_rows,
            row: self.column,
            column: self.row,
            ..self
        }
    }

    /// One more than the place of the last element.
    fn end(&self) -> usize {
        end(self.n_rows, self.n_columns, self.row, self.column)
    }
}

fn end(n_rows: usize, n_columns: usize, row: usize, column: usize) -> usize {
    if n_rows == 0 || n_columns == 0 {
        return 0;
    }
    (n_rows - 1) * row + (n_columns - 1) * column + 1
}

/// `target ← keep·target + factor·left·right`, where the target is the part of a matrix
/// with rows of `stride` numbers that begins at `(row, column)`; when `keep` is 0, what is
/// there is not read. The order of each sum depends on the sizes and the processor alone.
///
/// # Panics
/// If the shapes do not fit.
pub fn multiply_into(
    target: &mut [f64],
    stride: usize,
    (row, column): (usize, usize),
    keep: f64,
    factor: f64,
    left: View<'_>,
    right: View<'_>,
) {
    let (m, n, k) = (left.n_rows, right.n_columns, left.n_columns);
    assert_eq!(k, right.n_rows, "inner dimensions differ");
    if m == 0 || n == 0 {
        return;
    }
    let target = &mut target[row * stride + column..];
    assert!(end(m, n, stride, 1) <= target.len(), "outside the target");
    #[expect(
        unsafe_code,
        reason = "the gemm crate takes pointers; the slices behind them were checked above"
    )]
    // SAFETY: views lie inside their slices, as was checked when they were made, the target
    // inside its own, and it is borrowed exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target.as_mut_ptr(),
            1,
            stride as isize,
            keep != 0.0,
            left.data.as_ptr(),
            left.column as isize,
            left.row as isize,
            right.data.as_ptr(),
            right.column as isize,
            right.row as isize,
            keep,
            factor,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// The scalar product, with eight partial sums.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut sums = [0.0; 8];
    let (mut left, mut right) = (a.chunks_exact(8), b.chunks_exact(8));
    for (x, y) in left.by_ref().zip(right.by_ref()) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest = left.remainder().iter().zip(right.remainder());
    let rest: f64 = rest.map(|(x, y)| x * y).sum();
    let [s0, s1, s2, s3, s4, s5, s6, s7] = sums;
    ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_multiplied_as_the_definition_says() {
        let data: Vec<f64> = (0..35).map(|i| f64::from(i * i % 11)).collect();
        let at = |i: usize, j: usize| data[i * 7 + j];
        let left = View::new(&data, 7, 1..4, 2..6);
        let right = View::new(&data, 7, 0..2, 0..4).transpose();
        let mut target = vec![1.0; 20];
        multiply_into(&mut target, 5, (1, 2), 2.0, -1.0, left, right);
        for (i, row) in target.chunks(5).enumerate() {
            for (j, value) in row.iter().enumerate() {
                let inside = (1..4).contains(&i) && (2..4).contains(&j);
                let product: f64 = (0..4)
                    .map(|k| at(i.max(1), 2 + k) * at(j.clamp(2, 3) - 2, k))
                    .sum();
                assert_eq!(*value, if inside { 2.0 - product } else { 1.0 });
            }
        }
    }

    #[test]
    fn scalar_products_of_any_length() {
        for n in 0..20 {
            let a: Vec<f64> = (0..n).map(f64::from).collect();
            let expected: f64 = a.iter().map(|x| x * x).sum();
            assert_eq!(dot(&a, &a), expected);
        }
    }
}
