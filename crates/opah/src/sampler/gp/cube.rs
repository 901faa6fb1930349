//! The whole space, with branches, as points with one coordinate per parameter.
//!
//! Numbers are in `[0, 1]` on the scale of their distribution, those on a grid half a cell
//! inside, so that every value is equally wide; choices are their index. A parameter that is
//! not there in a trial has a constant: so branches need no models of their own, and
//! parameters that they share go on learning in all of them.

use std::sync::Arc;

use super::shape::{Condition, Shape};
use crate::distribution::Distribution;
use crate::frozen_trial::FrozenTrial;
use crate::math::random::Rng;
use crate::sampler::Draw;
use crate::transform;

/// The coordinate of a number that is not there.
const ABSENT_NUMBER: f64 = 0.5;
/// The coordinate of a choice that is not there.
const ABSENT_CHOICE: f64 = -1.0;

/// The axes of the points, by name.
#[derive(Debug)]
pub(super) struct Cube {
    pub axes: Vec<Axis>,
    /// The axes with a condition, parents first.
    conditional: Vec<usize>,
}

/// One parameter.
#[derive(Debug)]
pub(super) struct Axis {
    pub name: Arc<str>,
    pub kind: Kind,
    pub distribution: Arc<Distribution>,
    low: f64,
    width: f64,
    condition: Option<Presence>,
}

/// What values a parameter has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Any number.
    Real,
    /// Numbers on a grid; `cell` is how wide one is, if all are equally wide.
    Grid { cell: Option<f64> },
    /// One of so many choices.
    Choices(usize),
}

/// A condition in coordinates.
#[derive(Debug)]
struct Presence {
    parent: usize,
    with: Vec<f64>,
    without: Vec<f64>,
}

impl Cube {
    /// The cube of the parameters that were seen.
    pub(super) fn new(shape: &Shape) -> Self {
        let parameters = shape.parameters();
        let mut axes: Vec<Axis> = parameters
            .map(|(name, distribution)| Axis::new(name.clone(), distribution.clone()))
            .collect();
        let conditions: Vec<Option<Presence>> = axes
            .iter()
            .map(|axis| presence(&axes, &shape.condition(&axis.name)?))
            .collect();
        for (axis, condition) in axes.iter_mut().zip(conditions) {
            axis.condition = condition;
        }
        let conditional = parents_first(&mut axes);
        Self { axes, conditional }
    }

    /// `d`.
    pub(super) fn n_axes(&self) -> usize {
        self.axes.len()
    }

    /// How many axes are always there.
    pub(super) fn n_unconditional(&self) -> usize {
        self.axes.len() - self.conditional.len()
    }

    /// The point of a trial.
    pub(super) fn point(&self, trial: &FrozenTrial) -> Vec<f64> {
        let axes = self.axes.iter();
        axes.map(|axis| axis.coordinate(trial).unwrap_or(axis.absent()))
            .collect()
    }

    /// The internal values at a point, of the parameters that are there.
    pub(super) fn values(&self, point: &[f64]) -> Draw {
        let there = self.axes.iter().zip(point);
        there
            .enumerate()
            .filter(|(at, _)| self.is_there(*at, point))
            .map(|(_, (axis, coordinate))| (axis.name.clone(), axis.value(*coordinate)))
            .collect()
    }

    /// As [`values`](Self::values), with the distributions.
    pub(super) fn named_values(&self, point: &[f64]) -> Vec<(&str, &Distribution, f64)> {
        let there = self.axes.iter().zip(point).enumerate();
        there
            .filter(|(at, _)| self.is_there(*at, point))
            .map(|(_, (axis, at))| (&*axis.name, &*axis.distribution, axis.value(*at)))
            .collect()
    }

    /// Moves each coordinate to the middle of its cell, and those that are not there to
    /// their constant.
    pub(super) fn snap(&self, point: &mut [f64]) {
        for (axis, coordinate) in self.axes.iter().zip(point.iter_mut()) {
            *coordinate = axis.snapped(*coordinate);
        }
        for at in &self.conditional {
            if !self.is_there(*at, point) {
                point[*at] = self.axes[*at].absent();
            }
        }
    }

    /// Whether the parameter is there at a point of which its parents are right.
    pub(super) fn is_there(&self, at: usize, point: &[f64]) -> bool {
        let mut at = at;
        while let Some(condition) = &self.axes[at].condition {
            if !condition.holds(&self.axes[condition.parent], point[condition.parent]) {
                return false;
            }
            at = condition.parent;
        }
        true
    }

    /// The axes that may not be there.
    pub(super) fn conditional(&self) -> &[usize] {
        &self.conditional
    }
}

impl Axis {
    fn new(name: Arc<str>, distribution: Arc<Distribution>) -> Self {
        let (low, high) = transform::interval(&distribution);
        let width = high - low;
        let cell = |step: f64| Kind::Grid {
            cell: Some(step / width),
        };
        let kind = match &*distribution {
            Distribution::Float(float) => float.step().map_or(Kind::Real, cell),
            Distribution::Int(int) if int.is_log() => Kind::Grid { cell: None },
            Distribution::Int(int) => cell(int.step() as f64),
            Distribution::Categorical(choices) => Kind::Choices(choices.choices().len()),
        };
        Self {
            name,
            kind,
            distribution,
            low,
            width,
            condition: None,
        }
    }

    /// Whether it is a choice.
    pub(super) fn is_choice(&self) -> bool {
        matches!(self.kind, Kind::Choices(_))
    }

    fn absent(&self) -> f64 {
        if self.is_choice() {
            ABSENT_CHOICE
        } else {
            ABSENT_NUMBER
        }
    }

    /// The coordinate of a trial's value; `None` if it has none that fits. One outside the
    /// range may be outside the cube.
    fn coordinate(&self, trial: &FrozenTrial) -> Option<f64> {
        let param = trial.params.get(&self.name)?;
        let internal = if param.distribution == self.distribution {
            param.value
        } else {
            self.distribution.to_internal(&param.external())?
        };
        self.coordinate_of(internal)
    }

    /// The coordinate of an internal value, which may be outside the cube.
    pub(super) fn coordinate_of(&self, internal: f64) -> Option<f64> {
        if self.is_choice() {
            return Some(internal);
        }
        let coordinate = transform::to_coordinate(&self.distribution, internal);
        let unit = (coordinate - self.low) / self.width;
        unit.is_finite().then(|| unit.clamp(-1.0, 2.0))
    }

    /// The internal value at a coordinate, in its domain.
    fn value(&self, coordinate: f64) -> f64 {
        transform::from_coordinate(&self.distribution, self.transformed(coordinate))
    }

    /// The same point in the coordinate of [`transform`].
    pub(super) fn transformed(&self, coordinate: f64) -> f64 {
        match self.kind {
            Kind::Choices(_) => coordinate + 0.5,
            _ => self.low + coordinate * self.width,
        }
    }

    /// How wide the axis is in the coordinate of [`transform`].
    pub(super) fn width(&self) -> f64 {
        self.width
    }

    fn snapped(&self, coordinate: f64) -> f64 {
        match self.kind {
            Kind::Real => coordinate.clamp(0.0, 1.0),
            Kind::Choices(n) => coordinate.round().clamp(0.0, (n - 1) as f64),
            Kind::Grid { cell: Some(cell) } => {
                let n = (1.0 / cell).round();
                ((coordinate / cell).floor().clamp(0.0, n - 1.0) + 0.5) * cell
            }
            Kind::Grid { cell: None } => {
                let internal = self.value(coordinate.clamp(0.0, 1.0));
                self.coordinate_of(internal).unwrap_or(ABSENT_NUMBER)
            }
        }
    }

    /// The coordinate at a share of the axis.
    pub(super) fn at_share(&self, share: f64) -> f64 {
        match self.kind {
            Kind::Choices(n) => (share * n as f64).floor(),
            _ => share,
        }
    }

    /// A coordinate at random.
    pub(super) fn draw(&self, rng: &mut Rng) -> f64 {
        self.at_share(rng.uniform())
    }
}

impl Presence {
    fn holds(&self, parent: &Axis, coordinate: f64) -> bool {
        if parent.is_choice() {
            return self.with.contains(&coordinate);
        }
        let nearest = |values: &[f64]| {
            let distances = values.iter().map(|value| (value - coordinate).abs());
            distances.fold(f64::INFINITY, f64::min)
        };
        nearest(&self.with) <= nearest(&self.without)
    }
}

/// A condition in coordinates; `None` if the other parameter has one value only.
fn presence(axes: &[Axis], condition: &Condition) -> Option<Presence> {
    let by_name = |axis: &Axis| axis.name.cmp(&condition.parent);
    let parent = axes.binary_search_by(by_name).ok()?;
    let coordinates = |values: &[f64]| {
        let all = values.iter();
        all.filter_map(|value| axes[parent].coordinate_of(*value))
            .collect()
    };
    Some(Presence {
        parent,
        with: coordinates(&condition.with),
        without: coordinates(&condition.without),
    })
}

/// The axes with a condition, each after its parent. One that would be its own ancestor
/// loses its condition.
fn parents_first(axes: &mut [Axis]) -> Vec<usize> {
    let depth = |axes: &[Axis], at: usize| {
        let (mut at, mut depth) = (at, 0);
        while let Some(condition) = &axes[at].condition {
            at = condition.parent;
            depth += 1;
            if depth > axes.len() {
                return None;
            }
        }
        Some(depth)
    };
    for at in 0..axes.len() {
        if depth(axes, at).is_none() {
            axes[at].condition = None;
        }
    }
    let mut conditional: Vec<usize> = (0..axes.len())
        .filter(|at| axes[*at].condition.is_some())
        .collect();
    conditional.sort_by_key(|at| depth(axes, *at));
    conditional
}
