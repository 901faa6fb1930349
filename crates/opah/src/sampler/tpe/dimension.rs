//! One parameter, as the estimator sees it: an interval of the real line with normal
//! kernels cut off at its ends, or a set of choices.
//!
//! Numbers on a grid own a cell of half a step to both sides; log parameters live in
//! the natural logarithm, whose Jacobian cancels in the ratio of two densities.

use std::sync::Arc;

use crate::distribution::Distribution;
use crate::math::normal;
use crate::transform;

/// Grids of up to this many values get a table of kernel masses per value.
const SMALL_GRID: f64 = 64.0;

#[derive(Debug, Clone)]
pub(super) struct Dimension {
    distribution: Arc<Distribution>,
    /// The lower end of the coordinate.
    pub low: f64,
    /// The upper end of the coordinate.
    pub high: f64,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Densities.
    Continuous,
    /// Masses of cells that reach `half` a step to both sides of a value.
    Grid { half: f64, log: bool, small: bool },
    /// One of so many choices.
    Choices(usize),
}

impl Dimension {
    pub(super) fn new(distribution: Arc<Distribution>) -> Self {
        let (low, high) = transform::interval(&distribution);
        let kind = match distribution.as_ref() {
            Distribution::Categorical(d) => Kind::Choices(d.choices().len()),
            Distribution::Int(d) => Kind::Grid {
                half: d.step() as f64 / 2.0,
                log: d.is_log(),
                small: ((d.high() - d.low()) / d.step()) as f64 <= SMALL_GRID,
            },
            Distribution::Float(d) => match d.step() {
                Some(step) => Kind::Grid {
                    half: step / 2.0,
                    log: false,
                    small: (d.high() - d.low()) / step <= SMALL_GRID,
                },
                None => Kind::Continuous,
            },
        };
        Self {
            distribution,
            low,
            high,
            kind,
        }
    }

    pub(super) fn range(&self) -> f64 {
        self.high - self.low
    }

    /// Where an internal value lies; a choice at its index.
    pub(super) fn coordinate(&self, internal: f64) -> f64 {
        match self.kind {
            Kind::Choices(_) => internal,
            // Adding 0.0 turns -0.0 into 0.0, so that equal values have equal bits.
            _ => transform::to_coordinate(&self.distribution, internal) + 0.0,
        }
    }

    /// The ends of the cell of an internal value on a grid.
    pub(super) fn cell(&self, internal: f64) -> (f64, f64) {
        match self.kind {
            Kind::Grid {
                half, log: true, ..
            } => ((internal - half).ln(), (internal + half).ln()),
            Kind::Grid { half, .. } => (internal - half, internal + half),
            _ => (internal, internal),
        }
    }

    /// What every logarithm of a kernel's density or mass has in common.
    pub(super) fn log_norm(&self, centre: f64, bandwidth: f64) -> f64 {
        let inside = normal::log_mass(
            (self.low - centre) / bandwidth,
            (self.high - centre) / bandwidth,
        );
        match self.kind {
            Kind::Continuous => -inside - bandwidth.ln() - normal::LN_SQRT_TAU,
            _ => -inside,
        }
    }

    /// A draw from the kernel at `centre`, as an internal value.
    pub(super) fn draw(&self, uniform: f64, centre: f64, bandwidth: f64) -> f64 {
        let z = normal::truncated(
            uniform,
            (self.low - centre) / bandwidth,
            (self.high - centre) / bandwidth,
        );
        let coordinate = (centre + z * bandwidth).max(self.low).min(self.high);
        transform::from_coordinate(&self.distribution, coordinate)
    }
}
