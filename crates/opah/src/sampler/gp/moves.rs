//! Candidates: points at random, near good ones, and between good ones.

use super::cube::{Cube, Kind};
use crate::math::normal;
use crate::math::random::Rng;

/// Makes candidates of a space.
#[derive(Debug)]
pub(super) struct Moves<'a> {
    pub cube: &'a Cube,
    pub rng: Rng,
}

impl Moves<'_> {
    /// Points anywhere.
    pub(super) fn anywhere(&mut self, count: usize) -> Vec<Vec<f64>> {
        (0..count)
            .map(|_| {
                let axes = self.cube.axes.iter();
                let mut point: Vec<f64> = axes.map(|axis| axis.draw(&mut self.rng)).collect();
                self.cube.snap(&mut point);
                point
            })
            .collect()
    }

    /// `count` points around each centre, one centre after the other. Some coordinates
    /// (four, on average) are moved: numbers by a normal step of this deviation, choices, half
    /// of the time, to any. What was not there gets a fresh coordinate, should it come to be.
    pub(super) fn around(
        &mut self,
        centres: &[Vec<f64>],
        count: usize,
        deviation: f64,
    ) -> Vec<Vec<f64>> {
        let mut all = Vec::with_capacity(centres.len() * count);
        for centre in centres {
            let absent: Vec<usize> = self.cube.conditional().to_vec();
            let absent: Vec<usize> = absent
                .into_iter()
                .filter(|at| !self.cube.is_there(*at, centre))
                .collect();
            for _ in 0..count {
                let mut point = self.moved(centre, deviation);
                for at in &absent {
                    point[*at] = self.cube.axes[*at].draw(&mut self.rng);
                }
                self.cube.snap(&mut point);
                all.push(point);
            }
        }
        all
    }

    /// Points of which each coordinate is that of one of the parents.
    pub(super) fn between(&mut self, parents: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
        (0..count)
            .map(|_| {
                let axes = 0..self.cube.n_axes();
                let mut point: Vec<f64> = axes
                    .map(|axis| parents[self.rng.below(parents.len())][axis])
                    .collect();
                self.cube.snap(&mut point);
                point
            })
            .collect()
    }

    fn moved(&mut self, centre: &[f64], deviation: f64) -> Vec<f64> {
        let d = centre.len();
        let share = (4.0 / d as f64).min(1.0);
        let always = self.rng.below(d);
        // Half of the points stop at the border, half bounce off it.
        let bounces = self.rng.uniform() < 0.5;
        let mut point = centre.to_vec();
        for (at, coordinate) in point.iter_mut().enumerate() {
            if self.rng.uniform() >= share && at != always {
                continue;
            }
            *coordinate = match self.cube.axes[at].kind {
                Kind::Choices(n) => {
                    if self.rng.uniform() < 0.5 {
                        self.rng.below(n) as f64
                    } else {
                        *coordinate
                    }
                }
                Kind::Grid { cell: Some(cell) } if deviation < 0.5 * cell => {
                    // To a neighbour, sometimes.
                    match self.rng.uniform() {
                        part if part < 0.15 => *coordinate - cell,
                        part if part < 0.3 => *coordinate + cell,
                        _ => *coordinate,
                    }
                }
                _ => self.stepped(*coordinate, deviation, bounces),
            };
        }
        point
    }

    fn stepped(&mut self, coordinate: f64, deviation: f64, bounces: bool) -> f64 {
        // A border is worth a look of its own.
        if self.rng.uniform() < 0.02 {
            return if self.rng.uniform() < 0.5 { 0.0 } else { 1.0 };
        }
        let moved = coordinate + deviation * normal::inverse_cdf(self.rng.uniform());
        if bounces {
            let mirrored = moved.abs();
            1.0 - (1.0 - mirrored).abs()
        } else {
            moved
        }
        .clamp(0.0, 1.0)
    }
}
