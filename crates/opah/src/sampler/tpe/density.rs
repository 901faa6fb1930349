//! The log density of a Parzen estimator at many points.
//!
//! The prior alone gives a lower bound. A kernel whose log density falls `CUTOFF`
//! below it while its factors are multiplied together can't change a bit of the sum
//! any more, and the rest of its factors are not looked at: each is at most one, as
//! kernels begin with their greatest density. In ten dimensions most kernels are done
//! after two or three. Kernels go eight at a time, so that the compiler vectorizes.

use super::column::Column;
use super::dimension::Kind;
use super::parzen::Parzen;
use super::terms::Terms;
use crate::math::normal;

/// `e^-50` of the prior, times a million kernels, is beyond the 16th digit.
const CUTOFF: f64 = 50.0;
const LANES: usize = 8;

/// A point's factors, in the order in which they are multiplied.
struct Factors<'a> {
    continuous: Vec<(&'a Column, f64)>,
    tables: Vec<(&'a Column, &'a [f64])>,
    cells: Vec<(&'a Column, f64, f64)>,
    /// Kernels of a smaller log density do not matter.
    floor: f64,
}

/// The densities of an estimate at some points.
pub(super) struct Densities<'a> {
    estimate: &'a Parzen,
    points: &'a [Vec<f64>],
    /// By parameter.
    tables: Vec<Tables>,
    log_total: f64,
    /// Room for the kernels that matter.
    terms: Terms,
}

impl Parzen {
    /// The logarithm of the density (for numbers on a grid and choices: of the mass)
    /// at each point; log parameters are measured in the logarithm. `points` are
    /// internal values by parameter, then by point, inside their distributions.
    pub fn log_density(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let mut densities = Densities::new(self, points);
        let n_points = points.first().map_or(0, Vec::len);
        (0..n_points)
            .map(|point| densities.log_density(point))
            .collect()
    }

    /// The column of the only parameter, if it is continuous.
    fn line(&self) -> Option<&Column> {
        match self.columns.as_slice() {
            [only] if only.dimension.kind == Kind::Continuous => Some(only),
            _ => None,
        }
    }

    fn prior_log_density(&self, points: &[Vec<f64>], point: usize) -> f64 {
        let columns = self.columns.iter().zip(points);
        columns
            .map(|(column, values)| column.prior_log_density(values[point]))
            .sum()
    }
}

impl<'a> Densities<'a> {
    /// `points` are as those of [`Parzen::log_density`].
    pub(super) fn new(estimate: &'a Parzen, points: &'a [Vec<f64>]) -> Self {
        Self {
            estimate,
            points,
            tables: estimate.columns.iter().map(|_| Tables::default()).collect(),
            log_total: estimate.weights.total().ln(),
            terms: Terms::default(),
        }
    }

    /// The log density at a point.
    pub(super) fn log_density(&mut self, point: usize) -> f64 {
        self.terms.clear();
        let estimate = self.estimate;
        let prior = estimate.prior_log_density(self.points, point);
        if let Some(column) = estimate.line() {
            let x = column.dimension.coordinate(self.points[0][point]);
            column.collect(x, prior - CUTOFF, &estimate.weights, &mut self.terms);
        } else {
            self.collect(0, point, prior - CUTOFF);
        }
        self.terms.push(1.0, prior);
        self.terms.log_sum() - self.log_total
    }

    /// At most the log density at a point, but for rounding errors. For all points together,
    /// it costs little more than one log density.
    ///
    /// Of one continuous parameter, all is counted that is near; of others, some of the
    /// newest kernels, which weigh most, and lie where new trials are drawn.
    pub(super) fn lower_bound(&mut self, point: usize) -> f64 {
        self.terms.clear();
        let estimate = self.estimate;
        let prior = estimate.prior_log_density(self.points, point);
        if let Some(column) = estimate.line() {
            let x = column.dimension.coordinate(self.points[0][point]);
            column.collect_bound(x, &mut self.terms);
        } else {
            let n_points = self.points.first().map_or(0, Vec::len);
            let n_newest = estimate.len() / n_points.max(1);
            self.collect(estimate.len() - n_newest, point, prior - CUTOFF);
        }
        self.terms.push(1.0, prior);
        self.terms.log_sum() - self.log_total
    }

    /// Adds the kernels from `first` on that matter to the terms.
    fn collect(&mut self, first: usize, point: usize, floor: f64) {
        let columns = self.estimate.columns.iter().zip(self.points);
        for ((column, values), tables) in columns.zip(&mut self.tables) {
            tables.prepare(column, values[point]);
        }
        let mut terms = std::mem::take(&mut self.terms);
        let factors = self.factors(point, floor);
        let n = self.estimate.len() - first;
        let rest = first + n - n % LANES;
        for block in (first..rest).step_by(LANES) {
            self.estimate.multiply::<LANES>(block, &factors, &mut terms);
        }
        for kernel in rest..first + n {
            self.estimate.multiply::<1>(kernel, &factors, &mut terms);
        }
        self.terms = terms;
    }

    fn factors(&self, point: usize, floor: f64) -> Factors<'_> {
        let mut factors = Factors {
            continuous: Vec::new(),
            tables: Vec::new(),
            cells: Vec::new(),
            floor,
        };
        let columns = self.estimate.columns.iter().zip(self.points);
        for ((column, values), tables) in columns.zip(&self.tables) {
            let value = values[point];
            if let Some(table) = tables.get(value) {
                factors.tables.push((column, table));
            } else if column.dimension.kind == Kind::Continuous {
                let at = column.dimension.coordinate(value);
                factors.continuous.push((column, at));
            } else {
                let (left, right) = column.dimension.cell(value);
                factors.cells.push((column, left, right));
            }
        }
        factors
    }
}

impl Parzen {
    /// Multiplies the factors of the kernels from `first` on together.
    fn multiply<const N: usize>(&self, first: usize, factors: &Factors, terms: &mut Terms) {
        let floor = factors.floor;
        let Some(mut exponents) = self.constants[first..].first_chunk::<N>().copied() else {
            return;
        };
        let is_dead = |exponents: &[f64; N]| {
            let n_alive: usize = exponents.iter().map(|e| usize::from(*e >= floor)).sum();
            n_alive == 0
        };
        for (column, at) in &factors.continuous {
            let centres = column.centres[first..].first_chunk::<N>();
            let scales = column.scales[first..].first_chunk::<N>();
            let (Some(centres), Some(scales)) = (centres, scales) else {
                return;
            };
            for lane in 0..N {
                let z = (at - centres[lane]) * scales[lane];
                exponents[lane] -= z * z;
            }
            if is_dead(&exponents) {
                return;
            }
        }
        for (column, table) in &factors.tables {
            for (exponent, slot) in exponents.iter_mut().zip(&column.slots[first..]) {
                *exponent += table[*slot as usize];
            }
            if is_dead(&exponents) {
                return;
            }
        }
        for (lane, exponent) in exponents.into_iter().enumerate() {
            let exponent = multiply_cells(exponent, first + lane, factors, floor);
            if exponent >= floor {
                terms.push(self.weights.at(first + lane), exponent);
            }
        }
    }
}

/// Multiplies the masses of one kernel in the cells of large grids together.
fn multiply_cells(mut exponent: f64, kernel: usize, factors: &Factors, floor: f64) -> f64 {
    for (column, left, right) in &factors.cells {
        let (centre, bandwidth) = (column.centres[kernel], column.bandwidths[kernel]);
        let (a, b) = ((left - centre) / bandwidth, (right - centre) / bandwidth);
        // A tail's mass is at most exp(-z²/2), z being its near end.
        let near = a.max(-b).max(0.0);
        if exponent - 0.5 * near * near < floor {
            return f64::NEG_INFINITY;
        }
        exponent += normal::log_mass(a, b);
    }
    exponent
}

/// The tables of one column, one for each value that was met; none if it has no slots.
#[derive(Default)]
struct Tables(Vec<(f64, Vec<f64>)>);

impl Tables {
    fn prepare(&mut self, column: &Column, value: f64) {
        if column.has_slots() && self.get(value).is_none() {
            self.0.push((value, column.table(value)));
        }
    }

    fn get(&self, value: f64) -> Option<&[f64]> {
        let found = self.0.iter().find(|(known, _)| *known == value);
        found.map(|(_, table)| table.as_slice())
    }
}
