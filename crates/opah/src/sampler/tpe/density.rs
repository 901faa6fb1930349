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
use crate::math::normal;

/// `e^-50` of the prior, times a million kernels, is beyond the 16th digit.
const CUTOFF: f64 = 50.0;
const LANES: usize = 8;

/// A point's factors, in the order in which they are multiplied.
struct Factors<'a> {
    continuous: Vec<(&'a Column, f64)>,
    tables: Vec<(&'a Column, &'a [f64])>,
    cells: Vec<(&'a Column, f64, f64)>,
    /// The prior's log density.
    prior: f64,
}

impl Parzen {
    /// The logarithm of the density (for numbers on a grid and choices: of the mass)
    /// at each point; log parameters are measured in the logarithm. `points` are
    /// internal values by parameter, then by point, inside their distributions.
    pub fn log_density(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let n_points = points.first().map_or(0, Vec::len);
        let tables: Vec<Tables> = self
            .columns
            .iter()
            .zip(points)
            .map(|(column, values)| Tables::of(column, values))
            .collect();
        let log_total = self.weights.iter().sum::<f64>().ln();
        let mut alive = Vec::new();
        (0..n_points)
            .map(|point| {
                let factors = self.factors(points, &tables, point);
                self.log_sum(&factors, &mut alive) - log_total
            })
            .collect()
    }

    fn factors<'a>(
        &'a self,
        points: &[Vec<f64>],
        tables: &'a [Tables],
        point: usize,
    ) -> Factors<'a> {
        let mut factors = Factors {
            continuous: Vec::new(),
            tables: Vec::new(),
            cells: Vec::new(),
            prior: 0.0,
        };
        for ((column, values), tables) in self.columns.iter().zip(points).zip(tables) {
            let value = values[point];
            factors.prior += column.prior_log_density(value);
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

    /// The logarithm of the weighted sum of all kernels. `alive` is room for the
    /// weights and log densities of those that matter.
    fn log_sum(&self, factors: &Factors, alive: &mut Vec<(f64, f64)>) -> f64 {
        alive.clear();
        let n_blocks = self.len() / LANES;
        for block in 0..n_blocks {
            self.multiply::<LANES>(block * LANES, factors, alive);
        }
        for kernel in n_blocks * LANES..self.len() {
            self.multiply::<1>(kernel, factors, alive);
        }
        alive.push((1.0, factors.prior));
        let largest = alive
            .iter()
            .map(|(_, exponent)| *exponent)
            .fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = alive
            .iter()
            .map(|(weight, exponent)| weight * (exponent - largest).exp())
            .sum();
        largest + sum.ln()
    }

    /// Multiplies the factors of the kernels from `first` on together.
    fn multiply<const N: usize>(
        &self,
        first: usize,
        factors: &Factors,
        alive: &mut Vec<(f64, f64)>,
    ) {
        let floor = factors.prior - CUTOFF;
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
                alive.push((self.weights[first + lane], exponent));
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

/// The tables of one column, one for each value that the points have.
struct Tables(Vec<(f64, Vec<f64>)>);

impl Tables {
    fn of(column: &Column, values: &[f64]) -> Self {
        let mut tables: Vec<(f64, Vec<f64>)> = Vec::new();
        if column.has_slots() {
            for value in values {
                if !tables.iter().any(|(known, _)| known == value) {
                    tables.push((*value, column.table(*value)));
                }
            }
        }
        Self(tables)
    }

    fn get(&self, value: f64) -> Option<&[f64]> {
        let found = self.0.iter().find(|(known, _)| *known == value);
        found.map(|(_, table)| table.as_slice())
    }
}
