//! Eigenvalues and eigenvectors of a symmetric matrix.
//!
//! Householder reflections make it tridiagonal (Golub and Van Loan, "Matrix
//! Computations", fourth edition, algorithm 8.3.1), rotations with Wilkinson's shift make
//! that diagonal (algorithm 8.3.2). No step depends on threads or on a clock, so the same
//! matrix always gives the same bits.

/// `matrix = Σ values[k]·v_k·v_kᵀ`, where `v_k` is row `k` of `vectors`.
#[derive(Debug, Clone)]
pub(super) struct Eigen {
    /// The eigenvalues, in no order: `n`.
    pub(super) values: Vec<f64>,
    /// An orthonormal eigenvector in each row: `n × n`.
    pub(super) vectors: Vec<f64>,
}

/// So many rotations are tried for each eigenvalue; two or three are needed.
const MOST_STEPS: usize = 60;

impl Eigen {
    /// Of the identity.
    pub(super) fn identity(n: usize) -> Self {
        Self {
            values: vec![1.0; n],
            vectors: identity(n),
        }
    }

    /// Of a symmetric `n × n` matrix, whose rows follow each other. With NaN or infinite
    /// elements the result is not a number either, but there is one.
    pub(super) fn of(matrix: &[f64], n: usize) -> Self {
        let mut reduced = Tridiagonal::of(matrix, n);
        reduced.make_diagonal();
        Self {
            values: reduced.diagonal,
            vectors: reduced.basis,
        }
    }

    /// `Σ factor(k)·(v_k·vector)·v_k`: a function of the matrix times `vector`, if
    /// `factor(k)` is that function of eigenvalue `k`.
    pub(super) fn apply(&self, vector: &[f64], factor: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut result = vec![0.0; vector.len()];
        for (k, axis) in self.vectors.chunks_exact(vector.len()).enumerate() {
            add_scaled(&mut result, factor(k) * dot(axis, vector), axis);
        }
        result
    }
}

/// The scalar product.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds `factor·other` to `sum`.
pub(super) fn add_scaled(sum: &mut [f64], factor: f64, other: &[f64]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += factor * other;
    }
}

/// The `n × n` identity.
pub(super) fn identity(n: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; n * n];
    for at in 0..n {
        matrix[at * n + at] = 1.0;
    }
    matrix
}

/// `basis·matrix·basisᵀ`, which has three diagonals.
struct Tridiagonal {
    diagonal: Vec<f64>,
    /// `beside[k]` stands beside `diagonal[k]` and `diagonal[k + 1]`.
    beside: Vec<f64>,
    /// Orthonormal rows.
    basis: Vec<f64>,
}

impl Tridiagonal {
    fn of(matrix: &[f64], n: usize) -> Self {
        let mut rest = matrix.to_vec();
        let mut beside = vec![0.0; n.saturating_sub(1)];
        let mut reflections = Vec::with_capacity(n);
        for k in 0..n.saturating_sub(2) {
            let column: Vec<f64> = (k + 1..n).map(|row| rest[row * n + k]).collect();
            let reflection = Reflection::of(column);
            beside[k] = reflection.image;
            reflection.apply_to_both_sides(&mut rest, n, k + 1);
            reflections.push(reflection);
        }
        if n > 1 {
            beside[n - 2] = rest[(n - 1) * n + n - 2];
        }
        // The product of all reflections; the last one touches the fewest rows.
        let mut basis = identity(n);
        for (k, reflection) in reflections.iter().enumerate().rev() {
            for row in k + 1..n {
                reflection.apply(&mut basis[row * n + k + 1..(row + 1) * n]);
            }
        }
        Self {
            diagonal: (0..n).map(|at| rest[at * n + at]).collect(),
            beside,
            basis,
        }
    }

    /// Makes `beside` zero.
    fn make_diagonal(&mut self) {
        let mut last = self.diagonal.len().saturating_sub(1);
        let mut steps_left = MOST_STEPS * self.diagonal.len();
        while last > 0 && steps_left > 0 {
            if self.is_split(last - 1) {
                last -= 1;
                continue;
            }
            let splits = (0..last - 1).rev().find(|at| self.is_split(*at));
            self.rotate(splits.map_or(0, |at| at + 1), last);
            steps_left -= 1;
        }
    }

    /// Whether `beside[at]` is too small to matter.
    fn is_split(&self, at: usize) -> bool {
        let size = self.diagonal[at].abs() + self.diagonal[at + 1].abs();
        self.beside[at].abs() <= f64::EPSILON * size
    }

    /// One step for the rows `first..=last`, after which `beside[last - 1]` is smaller.
    fn rotate(&mut self, first: usize, last: usize) {
        let n = self.diagonal.len();
        let (above, corner) = (self.diagonal[last - 1], self.diagonal[last]);
        let beside = self.beside[last - 1];
        let half = (above - corner) / 2.0;
        // The eigenvalue of the last two rows that is nearer to the corner.
        let shift = corner - beside * beside / (half + half.signum() * half.hypot(beside));
        let (mut x, mut z) = (self.diagonal[first] - shift, self.beside[first]);
        for k in first..last {
            let length = x.hypot(z);
            let (cos, sin) = if length > 0.0 {
                (x / length, z / length)
            } else {
                (1.0, 0.0)
            };
            if k > first {
                self.beside[k - 1] = length;
            }
            let (a, b, c) = (self.diagonal[k], self.beside[k], self.diagonal[k + 1]);
            let crossed = 2.0 * cos * sin * b;
            self.diagonal[k] = cos * cos * a + crossed + sin * sin * c;
            self.diagonal[k + 1] = sin * sin * a - crossed + cos * cos * c;
            self.beside[k] = cos * sin * (c - a) + (cos * cos - sin * sin) * b;
            x = self.beside[k];
            if k + 1 < last {
                z = sin * self.beside[k + 1];
                self.beside[k + 1] *= cos;
            }
            let (upper, lower) = self.basis[k * n..(k + 2) * n].split_at_mut(n);
            for (upper, lower) in upper.iter_mut().zip(lower) {
                (*upper, *lower) = (cos * *upper + sin * *lower, cos * *lower - sin * *upper);
            }
        }
    }
}

/// `I - factor·normal·normalᵀ`, which turns a vector into a multiple of the first axis.
struct Reflection {
    normal: Vec<f64>,
    factor: f64,
    /// The multiple.
    image: f64,
}

impl Reflection {
    fn of(mut vector: Vec<f64>) -> Self {
        let length = dot(&vector, &vector).sqrt();
        // Away from the vector, so that nothing cancels.
        let image = if vector[0] > 0.0 { -length } else { length };
        vector[0] -= image;
        let squared = dot(&vector, &vector);
        Self {
            factor: if squared > 0.0 { 2.0 / squared } else { 0.0 },
            normal: vector,
            image,
        }
    }

    fn apply(&self, row: &mut [f64]) {
        let along = self.factor * dot(row, &self.normal);
        add_scaled(row, -along, &self.normal);
    }

    /// Reflects the rows and columns of the symmetric `matrix` from `first` on.
    fn apply_to_both_sides(&self, matrix: &mut [f64], n: usize, first: usize) {
        let row_of = |row: usize| row * n + first..(row + 1) * n;
        let mut other: Vec<f64> = (first..n)
            .map(|row| self.factor * dot(&matrix[row_of(row)], &self.normal))
            .collect();
        let along = self.factor * dot(&other, &self.normal) / 2.0;
        add_scaled(&mut other, -along, &self.normal);
        for (at, row) in (first..n).enumerate() {
            let row = &mut matrix[row_of(row)];
            add_scaled(row, -self.normal[at], &other);
            add_scaled(row, -other[at], &self.normal);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Checks `matrix·v = value·v` for each pair, and that vectors are orthonormal.
    fn check(matrix: &[f64], n: usize) {
        let eigen = Eigen::of(matrix, n);
        let size = matrix.iter().fold(1e-300, |size: f64, x| size.max(x.abs()));
        let axes: Vec<&[f64]> = eigen.vectors.chunks_exact(n).collect();
        for (k, axis) in axes.iter().enumerate() {
            for (row, along) in matrix.chunks_exact(n).zip(*axis) {
                let error = dot(row, axis) - eigen.values[k] * along;
                assert!(error.abs() <= 1e-13 * n as f64 * size, "{error} of {size}");
            }
            for (other, second) in axes.iter().enumerate() {
                let expected = f64::from(u8::from(other == k));
                assert!((dot(axis, second) - expected).abs() < 1e-13 * n as f64);
            }
        }
    }

    #[test]
    fn a_matrix_of_two_rows_by_hand() {
        let mut values = Eigen::of(&[2.0, 1.0, 1.0, 2.0], 2).values;
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
        check(&[2.0, 1.0, 1.0, 2.0], 2);
        check(&[5.0], 1);
        check(&[0.0; 9], 3);
        check(&identity(6), 6);
        assert_eq!(Eigen::of(&[], 0).values, [0.0; 0]);
    }

    #[test]
    fn numbers_that_are_none_come_to_an_end() {
        let broken = Eigen::of(&[f64::NAN, 1.0, 1.0, f64::INFINITY], 2);
        assert_eq!(broken.values.len(), 2);
        Eigen::of(&[f64::NAN; 25], 5);
    }

    proptest! {
        #[test]
        fn every_symmetric_matrix_is_decomposed(
            n in 1_usize..9,
            elements in prop::collection::vec(-10.0..10.0, 64),
            rank in 1_usize..9,
        ) {
            // A sum of few squares has eigenvalues that are zero.
            let mut squares = vec![0.0; n * n];
            let mut any = vec![0.0; n * n];
            for row in 0..n {
                for column in 0..n {
                    let term = |k: usize| elements[k * 8 + row] * elements[k * 8 + column];
                    squares[row * n + column] = (0..rank.min(8)).map(term).sum();
                    any[row * n + column] = elements[row.min(column) * 8 + row.max(column)];
                }
            }
            check(&squares, n);
            check(&any, n);
        }
    }
}
