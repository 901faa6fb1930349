//! The Gaussian process given the data: what is expected at a point, and how surely.

use super::covariance::{Columns, Covariance, Rows};
use crate::math::cholesky;
use crate::math::matrix::{View, dot, multiply_into};

/// Points are looked at so many at a time.
const BATCH: usize = 128;
/// No variance is smaller.
const LEAST_VARIANCE: f64 = 1e-12;

/// A posterior (Rasmussen and Williams 2006, equations 2.25 and 2.26).
#[derive(Debug)]
pub(super) struct Process {
    pub columns: Columns,
    pub covariance: Covariance,
    /// `K⁻¹·y`.
    alpha: Vec<f64>,
    /// `L⁻¹`.
    inverse_factor: Vec<f64>,
}

/// What is expected at a point: mean and standard deviation, without noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expected {
    pub mean: f64,
    pub deviation: f64,
}

impl Process {
    /// The posterior of data with these logarithms of covariance parameters; `None` if the
    /// covariance is not positive definite in floating point.
    pub(super) fn new(columns: Columns, targets: &[f64], theta: &[f64]) -> Option<Self> {
        let (n, stride) = (columns.n, columns.stride);
        let covariance = Covariance::new(theta, &columns);
        let mut factor = vec![0.0; n * stride];
        let mut room = Room::new(stride);
        for at in 0..n {
            let total = &mut factor[at * stride..(at + 1) * stride];
            covariance.row(&columns, &columns.point(at), at + 1, room.rows(total));
            total[at] += covariance.own_variance();
        }
        if !cholesky::factor(&mut factor, stride, n) {
            return None;
        }
        let inverse_factor = cholesky::inverse_factor(&factor, stride, n);
        let halfway = cholesky::lower_times(&inverse_factor, stride, targets);
        Some(Self {
            alpha: cholesky::lower_transposed_times(&inverse_factor, stride, &halfway),
            inverse_factor,
            covariance,
            columns,
        })
    }

    /// The means at points.
    pub(super) fn means(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let mut room = Room::new(self.columns.stride);
        let mut total = vec![0.0; self.columns.stride];
        let mean = |point: &Vec<f64>| {
            let n = self.columns.n;
            self.covariance
                .row(&self.columns, point, n, room.rows(&mut total));
            dot(&total[..n], &self.alpha)
        };
        points.iter().map(mean).collect()
    }

    /// What is expected at points.
    pub(super) fn expected(&self, points: &[Vec<f64>]) -> Vec<Expected> {
        let (n, stride) = (self.columns.n, self.columns.stride);
        let mut room = Room::new(stride);
        let mut rows = vec![0.0; BATCH.min(points.len()) * stride];
        let mut solved = rows.clone();
        let mut all = Vec::with_capacity(points.len());
        let factor = View::new(&self.inverse_factor, stride, 0..n, 0..n);
        for batch in points.chunks(BATCH) {
            for (point, row) in batch.iter().zip(rows.chunks_mut(stride)) {
                self.covariance.row(&self.columns, point, n, room.rows(row));
            }
            let view = View::new(&rows, stride, 0..batch.len(), 0..n);
            multiply_into(
                &mut solved,
                stride,
                (0, 0),
                0.0,
                1.0,
                view,
                factor.transpose(),
            );
            for (row, solved) in rows
                .chunks(stride)
                .zip(solved.chunks(stride))
                .take(batch.len())
            {
                let explained = dot(&solved[..n], &solved[..n]);
                all.push(self.expected_from(dot(&row[..n], &self.alpha), explained));
            }
        }
        all
    }

    fn expected_from(&self, mean: f64, explained: f64) -> Expected {
        let variance = (self.covariance.variance() - explained).max(LEAST_VARIANCE);
        Expected {
            mean,
            deviation: variance.sqrt(),
        }
    }

    /// What is expected at a point, and the gradients of mean and standard deviation.
    pub(super) fn expected_with_gradient(&self, point: &[f64]) -> (Expected, [Vec<f64>; 2]) {
        let (n, stride) = (self.columns.n, self.columns.stride);
        let mut room = Room::new(stride);
        let mut row = vec![0.0; stride];
        self.covariance
            .row(&self.columns, point, n, room.rows(&mut row));
        let halfway = cholesky::lower_times(&self.inverse_factor, stride, &row[..n]);
        let beta = cholesky::lower_transposed_times(&self.inverse_factor, stride, &halfway);
        let mean = dot(&row[..n], &self.alpha);
        let expected = self.expected_from(mean, dot(&halfway, &halfway));
        let weights = [self.alpha.as_slice(), beta.as_slice()];
        let slopes = &room.slope;
        let [by_mean, mut by_deviation] =
            self.covariance
                .gradient(&self.columns, point, slopes, weights);
        for slope in &mut by_deviation {
            *slope *= -1.0 / expected.deviation;
        }
        (expected, [by_mean, by_deviation])
    }
}

/// Parts of a row that nobody looks at.
struct Room {
    joint: Vec<f64>,
    slope: Vec<f64>,
}

impl Room {
    fn new(stride: usize) -> Self {
        Self {
            joint: vec![0.0; stride],
            slope: vec![0.0; stride],
        }
    }

    fn rows<'a>(&'a mut self, total: &'a mut [f64]) -> Rows<'a> {
        Rows {
            joint: &mut self.joint,
            slope: &mut self.slope,
            total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process() -> Process {
        let points: Vec<Vec<f64>> = (0..9)
            .map(|at| {
                vec![
                    f64::from(at) / 8.0,
                    f64::from(at * at % 5) / 4.0,
                    f64::from(at % 2),
                ]
            })
            .collect();
        let targets: Vec<f64> = points
            .iter()
            .map(|point| point[0] - point[1] + point[2])
            .collect();
        let columns = Columns::new(&points, vec![false, false, true]);
        let theta = [-0.3, 0.4, 0.1, -0.9, -0.2, 0.3, -0.5, -1.0, -13.0];
        Process::new(columns, &targets, &theta).unwrap()
    }

    #[test]
    fn the_data_are_expected_where_they_are() {
        let process = process();
        let points: Vec<Vec<f64>> = (0..9).map(|at| process.columns.point(at)).collect();
        for (point, expected) in points.iter().zip(process.expected(&points)) {
            let target = point[0] - point[1] + point[2];
            assert!(
                (expected.mean - target).abs() < 1e-3,
                "{expected:?} {target}"
            );
            assert!(expected.deviation < 2e-3, "{expected:?}");
        }
        let far = process.expected(&[vec![0.5, 0.9, 1.0]])[0];
        assert!(far.deviation > 0.05, "{far:?}");
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let process = process();
        let point = vec![0.31, 0.62, 1.0];
        let (expected, gradients) = process.expected_with_gradient(&point);
        let again = process.expected(std::slice::from_ref(&point))[0];
        assert!((expected.mean - again.mean).abs() < 1e-12);
        assert!((expected.deviation - again.deviation).abs() < 1e-9);
        for axis in 0..2 {
            let at = |step: f64| {
                let mut moved = point.clone();
                moved[axis] += step;
                process.expected(&[moved])[0]
            };
            let (up, down) = (at(1e-5), at(-1e-5));
            let mean = (up.mean - down.mean) / 2e-5;
            let deviation = (up.deviation - down.deviation) / 2e-5;
            assert!((mean - gradients[0][axis]).abs() < 1e-5, "{mean}");
            assert!((deviation - gradients[1][axis]).abs() < 1e-4, "{deviation}");
        }
    }
}
