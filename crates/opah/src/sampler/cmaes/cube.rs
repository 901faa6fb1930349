//! The numeric parameters of a space as the coordinates of a cube whose sides are 1 long.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::margin::Grid;
use crate::distribution::Distribution;
use crate::frozen_trial::FrozenTrial;
use crate::search_space::SearchSpace;
use crate::transform;

/// A search space without choices and single values.
#[derive(Debug)]
pub(super) struct Cube(Vec<Side>);

#[derive(Debug)]
struct Side {
    name: Arc<str>,
    distribution: Arc<Distribution>,
    /// The coordinate of [`transform`] that is 0 here.
    low: f64,
    /// How much of it is 1 here.
    width: f64,
    /// What values there are, if the margin is to know.
    grid: Option<Grid>,
}

impl Cube {
    /// The sides of `space`. With a margin, the first and the last value of a grid are at 0
    /// and 1; otherwise each owns half a step beyond.
    pub(super) fn new(space: &SearchSpace, with_margin: bool) -> Self {
        let sides = space.iter().map(|(name, distribution)| {
            let grid = grid(distribution).filter(|_| with_margin);
            let (low, high) = match (grid, highest(distribution)) {
                (Some(_), Some(highest)) => (
                    transform::to_coordinate(distribution, distribution.lowest()),
                    transform::to_coordinate(distribution, highest),
                ),
                _ => transform::interval(distribution),
            };
            Side {
                name: name.clone(),
                distribution: distribution.clone(),
                low,
                width: high - low,
                grid,
            }
        });
        Self(sides.collect())
    }

    /// `n`.
    pub(super) fn n_dims(&self) -> usize {
        self.0.len()
    }

    /// The dimensions with a grid that the margin is to know.
    pub(super) fn grids(&self) -> impl Iterator<Item = (usize, Grid)> {
        let sides = self.0.iter().enumerate();
        sides.filter_map(|(at, side)| Some((at, side.grid?)))
    }

    /// The internal values at a point, each in its domain if the coordinate is a number.
    pub(super) fn values(&self, point: &[f64]) -> Vec<f64> {
        let sides = self.0.iter().zip(point);
        sides
            .map(|(side, unit)| {
                transform::from_coordinate(&side.distribution, side.low + unit * side.width)
            })
            .collect()
    }

    /// The point of internal values; the coordinate of one outside its domain is outside
    /// the cube, or not a number.
    pub(super) fn point(&self, values: &[f64]) -> Vec<f64> {
        let sides = self.0.iter().zip(values);
        sides.map(|(side, value)| side.unit(*value)).collect()
    }

    /// The internal values that `trial` has of all parameters; `None` if one is missing or
    /// has no coordinate.
    pub(super) fn values_of(&self, trial: &FrozenTrial) -> Option<Vec<f64>> {
        let value = |side: &Side| {
            let param = trial.params.get(&side.name)?;
            let is_usable = param.distribution.is_compatible(&side.distribution)
                && side.unit(param.value).is_finite();
            is_usable.then_some(param.value)
        };
        self.0.iter().map(value).collect()
    }

    /// The point of numbers by name, moved into the cube; the middle where there is none.
    pub(super) fn point_of(&self, numbers: &BTreeMap<String, f64>) -> Vec<f64> {
        let unit = |side: &Side| {
            let unit = side.unit(*numbers.get(side.name.as_ref())?);
            unit.is_finite().then_some(unit.clamp(0.0, 1.0))
        };
        let sides = self.0.iter();
        sides.map(|side| unit(side).unwrap_or(0.5)).collect()
    }

    /// Whether a point may be tried. What is beyond a grid's ends is, as its end.
    pub(super) fn is_inside(&self, point: &[f64]) -> bool {
        let mut sides = self.0.iter().zip(point);
        sides.all(|(side, unit)| side.grid.is_some() || (0.0..=1.0).contains(unit))
    }

    /// Moves a point to the nearest one that may be tried.
    pub(super) fn clip(&self, point: &mut [f64]) {
        for (side, unit) in self.0.iter().zip(point) {
            if side.grid.is_none() {
                *unit = unit.clamp(0.0, 1.0);
            }
        }
    }
}

impl Side {
    fn unit(&self, value: f64) -> f64 {
        (transform::to_coordinate(&self.distribution, value) - self.low) / self.width
    }
}

/// The values of a distribution, if they are on a grid of two or more.
fn grid(distribution: &Distribution) -> Option<Grid> {
    let n_values = match distribution {
        Distribution::Int(d) if d.is_log() => {
            return Some(Grid::Logarithms {
                first: d.low() as f64,
                n_values: (d.high() - d.low()) as f64 + 1.0,
            });
        }
        Distribution::Int(d) => ((d.high() - d.low()) / d.step()) as f64,
        Distribution::Float(d) => ((d.high() - d.low()) / d.step()?).round(),
        Distribution::Categorical(_) => return None,
    } + 1.0;
    (n_values >= 2.0).then_some(Grid::Even { n_values })
}

/// The greatest internal value of a numeric distribution.
fn highest(distribution: &Distribution) -> Option<f64> {
    match distribution {
        Distribution::Float(d) => Some(d.high()),
        Distribution::Int(d) => Some(d.high() as f64),
        Distribution::Categorical(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::{FloatDistribution, IntDistribution};

    fn space() -> SearchSpace {
        let lr = FloatDistribution::new(1e-4, 1.0, true, None).unwrap();
        let half = FloatDistribution::new(0.0, 3.0, false, Some(0.5)).unwrap();
        let width = IntDistribution::new(1, 100, true, 1).unwrap();
        SearchSpace::from_iter([
            ("lr".into(), Arc::new(Distribution::Float(lr))),
            ("half".into(), Arc::new(Distribution::Float(half))),
            ("width".into(), Arc::new(Distribution::Int(width))),
        ])
    }

    #[test]
    fn values_come_back_with_and_without_margin() {
        for with_margin in [false, true] {
            let cube = Cube::new(&space(), with_margin);
            // By name: half, lr, width.
            assert_eq!(cube.n_dims(), 3);
            for unit in [0.0, 0.1, 0.5, 0.99, 1.0] {
                let values = cube.values(&[unit; 3]);
                let point = cube.point(&values);
                let again = cube.values(&point);
                assert_eq!((again[0], again[2]), (values[0], values[2]));
                assert!((again[1] - values[1]).abs() < 1e-12);
                assert!(cube.is_inside(&point), "{point:?}");
            }
            let ends = cube.point(&[3.0, 1.0, 100.0]);
            assert_eq!((ends[0] == 1.0, ends[2] == 1.0), (with_margin, with_margin));
            assert_eq!(cube.grids().count(), if with_margin { 2 } else { 0 });
        }
    }

    #[test]
    fn points_outside_are_moved_inside() {
        let cube = Cube::new(&space(), true);
        let given = [("lr".to_owned(), 7.0), ("half".to_owned(), -1.0)];
        assert_eq!(cube.point_of(&given.into()), [0.0, 1.0, 0.5]);
        let mut point = [-0.5, 1.5, 0.5];
        assert!(!cube.is_inside(&point));
        cube.clip(&mut point);
        assert_eq!(point, [-0.5, 1.0, 0.5]);
        assert!(cube.is_inside(&point));
        assert_eq!(cube.values(&point), [0.0, 1.0, 10.0]);
    }
}
