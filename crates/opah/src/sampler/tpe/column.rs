//! All kernels of one parameter, with bandwidths that follow the gaps between them.
//!
//! A kernel is as wide as the larger gap to its neighbours (Bergstra et al. 2011,
//! section 4), within limits. When a kernel comes or goes, only its neighbours change.
//! Kernels with the same centre follow one another by their trials' numbers, so that those
//! between two others are as narrow as can be. In Optuna, too, but for larger histories it
//! depends on how an unstable sort leaves them which ones those are.

use std::sync::Arc;

use super::dimension::{Dimension, Kind};
use super::line::{LONG_RUN, Line, Place, SHORT_RUN};
use super::summary::Summary;
use crate::distribution::Distribution;
use crate::math::normal;

#[derive(Debug, Clone)]
pub(super) struct Column {
    pub dimension: Dimension,
    /// By kernel: its coordinate, or the index of its choice.
    pub centres: Vec<f64>,
    /// By kernel: σ; none of choices.
    pub bandwidths: Vec<f64>,
    /// By kernel: `1/(√2 σ)`, so that the exponent is a square.
    pub scales: Vec<f64>,
    /// By kernel: what its log density has at every point.
    pub log_norms: Vec<f64>,
    /// By kernel: its place in a table; of choices and small grids.
    pub slots: Vec<u32>,
    /// By slot of a grid: the centre and the bandwidth of its kernels.
    shapes: Vec<(f64, f64)>,
    /// By centre; of choices, nothing.
    pub line: Line,
    prior_log_norm: f64,
}

/// The largest number of kernels for which the smallest bandwidth depends on it.
pub(super) const N_KERNELS_OF_LEAST_BANDWIDTH: usize = 98;

impl Column {
    /// No kernels. Those of an only parameter get summaries.
    pub(super) fn new(distribution: Arc<Distribution>, is_only: bool) -> Self {
        let dimension = Dimension::new(distribution);
        let prior_log_norm = match dimension.kind {
            Kind::Choices(_) => 0.0,
            _ => dimension.log_norm(middle(&dimension), dimension.range()),
        };
        Self {
            dimension,
            centres: Vec::new(),
            bandwidths: Vec::new(),
            scales: Vec::new(),
            log_norms: Vec::new(),
            slots: Vec::new(),
            shapes: Vec::new(),
            line: Line::new(if is_only { SHORT_RUN } else { LONG_RUN }),
            prior_log_norm,
        }
    }

    fn is_numeric(&self) -> bool {
        !matches!(self.dimension.kind, Kind::Choices(_))
    }

    /// Whether kernels are looked up in tables.
    pub(super) fn has_slots(&self) -> bool {
        match self.dimension.kind {
            Kind::Continuous => false,
            Kind::Grid { small, .. } => small,
            Kind::Choices(_) => true,
        }
    }

    /// Replaces all kernels by those with these centres.
    pub(super) fn rebuild(&mut self, centres: Vec<f64>) {
        let count = centres.len();
        self.centres = centres;
        if !self.is_numeric() {
            self.slots = self.centres.iter().map(|choice| *choice as u32).collect();
            return;
        }
        if self.has_slots() {
            self.shapes.clear();
            self.slots = vec![0; count];
        }
        self.bandwidths = vec![f64::NAN; count];
        self.scales = vec![f64::NAN; count];
        self.log_norms = vec![f64::NAN; count];
        self.line.rebuild(&self.centres);
        let places: Vec<Place> = self.line.places().collect();
        for place in places {
            self.set_bandwidth(self.line.position(place), self.bandwidth(place));
        }
    }

    /// Adds a kernel at `position`. The positions whose density changed are added to
    /// `changed`.
    pub(super) fn insert(&mut self, position: usize, centre: f64, changed: &mut Vec<usize>) {
        self.centres.insert(position, centre);
        if self.has_slots() {
            self.slots.insert(position, centre as u32);
        }
        if !self.is_numeric() {
            return;
        }
        self.bandwidths.insert(position, f64::NAN);
        self.scales.insert(position, f64::NAN);
        self.log_norms.insert(position, f64::NAN);
        let place = self.line.insert(centre, position);
        let around = [self.line.before(place), Some(place), self.line.after(place)];
        for place in around.into_iter().flatten() {
            self.refresh(place, changed);
        }
    }

    /// Takes the kernel at `position` away. The positions, without it, whose density
    /// changed are added to `changed`.
    pub(super) fn remove(&mut self, position: usize, changed: &mut Vec<usize>) {
        let centre = self.centres.remove(position);
        if self.has_slots() {
            self.slots.remove(position);
        }
        if !self.is_numeric() {
            return;
        }
        self.bandwidths.remove(position);
        self.scales.remove(position);
        self.log_norms.remove(position);
        let around = self.line.remove(centre, position);
        for place in around.into_iter().flatten() {
            self.refresh(place, changed);
        }
    }

    /// Gives the kernel at `place` its bandwidth.
    fn refresh(&mut self, place: Place, changed: &mut Vec<usize>) {
        let bandwidth = self.bandwidth(place);
        let position = self.line.position(place);
        if self.bandwidths[position] != bandwidth {
            self.set_bandwidth(position, bandwidth);
            self.line.touch(place);
            changed.push(position);
        }
    }

    /// The larger gap to the neighbours of the kernel at `place`. The ends of the interval
    /// are neighbours of a single kernel only.
    fn bandwidth(&self, place: Place) -> f64 {
        let (line, count) = (&self.line, self.line.len());
        let centre = line.centre(place);
        let left = match line.before(place) {
            Some(before) => centre - line.centre(before),
            None if count == 1 => centre - self.dimension.low,
            None => 0.0,
        };
        let right = match line.after(place) {
            Some(after) => line.centre(after) - centre,
            None if count == 1 => self.dimension.high - centre,
            None => 0.0,
        };
        let range = self.dimension.range();
        // With the prior there are count + 1 kernels; Optuna's "magic clip".
        let least = range / ((count + 2) as f64).min(100.0);
        left.max(right).max(least).min(range)
    }

    fn set_bandwidth(&mut self, position: usize, bandwidth: f64) {
        self.bandwidths[position] = bandwidth;
        self.scales[position] = std::f64::consts::FRAC_1_SQRT_2 / bandwidth;
        self.log_norms[position] = self.dimension.log_norm(self.centres[position], bandwidth);
        if self.has_slots() {
            self.slots[position] = self.slot((self.centres[position], bandwidth));
        }
    }

    /// Computes the summaries of the runs that changed.
    pub(super) fn summarize(&mut self) {
        let (scales, log_norms) = (&self.scales, &self.log_norms);
        let runs = self.line.runs.iter_mut();
        for run in runs.filter(|run| run.summary.is_none()) {
            let of_run = |all: &[f64]| run.positions.iter().map(|at| all[*at as usize]).collect();
            let (scales, log_norms) = (of_run(scales), of_run(log_norms));
            let summary = Summary::new(&run.centres, &run.positions, scales, log_norms);
            run.summary = Some(summary);
        }
    }

    /// The slot of a centre and bandwidth, made if there is none.
    fn slot(&mut self, shape: (f64, f64)) -> u32 {
        let known = self.shapes.iter().position(|known| *known == shape);
        let slot = known.unwrap_or_else(|| {
            self.shapes.push(shape);
            self.shapes.len() - 1
        });
        slot as u32
    }

    /// By slot: the log of what a kernel there gives to an internal value, but for
    /// its norm. For columns that have slots.
    pub(super) fn table(&self, internal: f64) -> Vec<f64> {
        if let Kind::Choices(n_choices) = self.dimension.kind {
            let (same, other) = choice_probabilities(self.centres.len(), n_choices);
            let mut table = vec![other.ln(); n_choices];
            if let Some(own) = table.get_mut(internal as usize) {
                *own = same.ln();
            }
            return table;
        }
        let (left, right) = self.dimension.cell(internal);
        let mass = |(centre, bandwidth): &(f64, f64)| {
            normal::log_mass((left - centre) / bandwidth, (right - centre) / bandwidth)
        };
        self.shapes.iter().map(mass).collect()
    }

    /// The log density or mass of the prior at an internal value: a normal kernel as
    /// wide as the interval, in its middle; uniform over choices.
    pub(super) fn prior_log_density(&self, internal: f64) -> f64 {
        let (dimension, range) = (&self.dimension, self.dimension.range());
        let centre = middle(dimension);
        match dimension.kind {
            Kind::Choices(n_choices) => -(n_choices as f64).ln(),
            Kind::Continuous => {
                let z = (dimension.coordinate(internal) - centre) / range;
                self.prior_log_norm - 0.5 * z * z
            }
            Kind::Grid { .. } => {
                let (left, right) = dimension.cell(internal);
                let mass = normal::log_mass((left - centre) / range, (right - centre) / range);
                self.prior_log_norm + mass
            }
        }
    }

    /// A draw from a kernel (none: the prior), as an internal value.
    pub(super) fn draw(&self, uniform: f64, kernel: Option<usize>) -> f64 {
        match (self.dimension.kind, kernel) {
            (Kind::Choices(n_choices), None) => (uniform * n_choices as f64).floor(),
            (Kind::Choices(n_choices), Some(at)) => {
                let (same, other) = choice_probabilities(self.centres.len(), n_choices);
                let (mut sum, mut choice) = (0.0, 0);
                while choice + 1 < n_choices {
                    let own = self.slots[at] as usize == choice;
                    sum += if own { same } else { other };
                    if uniform < sum {
                        break;
                    }
                    choice += 1;
                }
                choice as f64
            }
            (_, None) => {
                let dimension = &self.dimension;
                dimension.draw(uniform, middle(dimension), dimension.range())
            }
            (_, Some(at)) => self
                .dimension
                .draw(uniform, self.centres[at], self.bandwidths[at]),
        }
    }
}

fn middle(dimension: &Dimension) -> f64 {
    0.5 * (dimension.low + dimension.high)
}

/// The probability of a kernel's own choice and of each other, with `n` kernels
/// beside the prior.
fn choice_probabilities(n: usize, n_choices: usize) -> (f64, f64) {
    let spread = 1.0 / (n + 1) as f64;
    let sum = 1.0 + spread * n_choices as f64;
    ((1.0 + spread) / sum, spread / sum)
}
