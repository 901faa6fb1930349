//! Products of dense matrices, by the `gemm` crate.

use super::Real;

/// A matrix that lies in memory row after row, or its transpose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    data: &'a [T],
    n_rows: usize,
    n_columns: usize,
    transposed: bool,
}

impl<'a, T> Matrix<'a, T> {
    /// `n_rows × n_columns` numbers, row after row; `data` may be longer.
    ///
    /// # Panics
    /// If `data` is shorter.
    pub(crate) fn new(data: &'a [T], n_rows: usize, n_columns: usize) -> Self {
        Self {
            data: &data[..n_rows * n_columns],
            n_rows,
            n_columns,
            transposed: false,
        }
    }

    /// Rows as columns.
    pub(crate) fn transpose(self) -> Self {
        Self {
            n_rows: self.n_columns,
            n_columns: self.n_rows,
            transposed: !self.transposed,
            ..self
        }
    }

    /// How far it is to the next column and to the next row.
    fn strides(&self) -> (isize, isize) {
        if self.transposed {
            (self.n_rows as isize, 1)
        } else {
            (1, self.n_columns as isize)
        }
    }
}

/// Writes `left · right` to the front of `product`, row after row. Runs on the calling
/// thread; the order of each sum depends on the sizes and the processor alone.
///
/// # Panics
/// If the shapes do not fit or `product` is too short.
pub(crate) fn multiply<T: Real>(left: Matrix<'_, T>, right: Matrix<'_, T>, product: &mut [T]) {
    let (m, n, k) = (left.n_rows, right.n_columns, left.n_columns);
    assert_eq!(k, right.n_rows, "inner dimensions differ");
    let product = &mut product[..m * n];
    let (left_column, left_row) = left.strides();
    let (right_column, right_row) = right.strides();
    #[expect(
        unsafe_code,
        reason = "the gemm crate takes pointers; the slices behind them were checked above"
    )]
    // SAFETY: `left.data`, `right.data` and `product` hold exactly m·k, k·n and m·n
    // numbers, each stride walks inside them, and `product` is borrowed exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            product.as_mut_ptr(),
            1,
            n as isize,
            false,
            left.data.as_ptr(),
            left_column,
            left_row,
            right.data.as_ptr(),
            right_column,
            right_row,
            T::ZERO,
            T::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_equal_the_definition() {
        let left: Vec<f64> = (0..6).map(f64::from).collect();
        let right: Vec<f64> = (0..12).map(|i| f64::from(i * i)).collect();
        let expected = |row: usize, column: usize| -> f64 {
            (0..3)
                .map(|i| left[row * 3 + i] * right[i * 4 + column])
                .sum()
        };
        let mut product = vec![f64::NAN; 8];
        multiply(
            Matrix::new(&left, 2, 3),
            Matrix::new(&right, 3, 4),
            &mut product,
        );
        for row in 0..2 {
            for column in 0..4 {
                assert_eq!(product[row * 4 + column], expected(row, column));
            }
        }
        let mut flipped = vec![f64::NAN; 8];
        let (left, right) = (Matrix::new(&left, 2, 3), Matrix::new(&right, 3, 4));
        multiply(right.transpose(), left.transpose(), &mut flipped);
        for row in 0..2 {
            for column in 0..4 {
                assert_eq!(flipped[column * 2 + row], product[row * 4 + column]);
            }
        }
    }
}
