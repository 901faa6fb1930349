//! Points in one piece of memory.

use std::cmp::Ordering;

/// `n_points × width` numbers, row after row; none is NaN or -0.0.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    width: usize,
    flat: Vec<f64>,
}

impl Rows {
    /// No points of `width` numbers, of which there must be at least one.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width: width.max(1),
            flat: Vec::new(),
        }
    }

    /// All `points`, as wide as the widest; what is missing or NaN is infinite.
    pub(super) fn of<P: AsRef<[f64]>>(points: &[P]) -> Self {
        let width = points.iter().map(|point| point.as_ref().len()).max();
        let mut rows = Self::new(width.unwrap_or(0));
        for point in points {
            let missing = std::iter::repeat(&f64::INFINITY);
            rows.push(point.as_ref().iter().chain(missing).copied());
        }
        rows
    }

    /// Adds the first numbers of `row`, as many as a row has.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = f64>) {
        let clean = |number: f64| {
            if number.is_nan() {
                f64::INFINITY
            } else {
                number + 0.0
            }
        };
        self.flat
            .extend(row.into_iter().take(self.width).map(clean));
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn len(&self) -> usize {
        self.flat.len() / self.width
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flat.is_empty()
    }

    pub(super) fn row(&self, at: usize) -> &[f64] {
        &self.flat[at * self.width..(at + 1) * self.width]
    }

    pub(super) fn iter(&self) -> std::slice::ChunksExact<'_, f64> {
        self.flat.chunks_exact(self.width)
    }

    /// Indices in the order of the rows, compared from `first` on number by number.
    pub(super) fn order_from(&self, first: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| compare(&self.row(*a)[first..], &self.row(*b)[first..]));
        order
    }

    /// Keeps the rows that `keep` accepts.
    pub(super) fn retain(&mut self, keep: impl Fn(&[f64]) -> bool) {
        let mut n_kept = 0;
        for at in 0..self.len() {
            if keep(self.row(at)) {
                let start = at * self.width;
                self.flat
                    .copy_within(start..start + self.width, n_kept * self.width);
                n_kept += 1;
            }
        }
        self.flat.truncate(n_kept * self.width);
    }
}

fn compare(a: &[f64], b: &[f64]) -> Ordering {
    let mut pairs = a.iter().zip(b).map(|(a, b)| a.total_cmp(b));
    pairs.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Whether `a` is nowhere greater than `b`.
pub(super) fn covers(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b)
}
