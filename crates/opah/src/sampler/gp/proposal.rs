//! The point of a space that is most worth trying.

use super::cube::{Cube, Kind};
use super::moves::Moves;
use crate::math::lbfgs::{self, Stop};

/// What says how much a point is worth trying.
pub(super) trait Acquisition {
    /// By point: greater is better.
    fn scores(&self, points: &[Vec<f64>]) -> Vec<f64>;

    /// The score of one point, and its gradient; of choices, anything.
    fn score_with_gradient(&self, point: &[f64], gradient: &mut [f64]) -> f64;
}

/// How many points are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// Points anywhere.
    anywhere: usize,
    /// Points between the best.
    between: usize,
    /// Points around each of the best five, at each distance.
    around: usize,
    /// Candidates that are refined.
    refined: usize,
    /// Moves of each of them, at each distance.
    moves: usize,
}

impl Counts {
    /// With one objective.
    pub(super) const OF_ONE: Self = Self {
        anywhere: 384,
        between: 128,
        around: 50,
        refined: 6,
        moves: 40,
    };
    /// With several, where a point costs more and half as many find as much.
    pub(super) const OF_SEVERAL: Self = Self {
        anywhere: 192,
        between: 64,
        around: 25,
        refined: 4,
        moves: 24,
    };
}

/// Points closer than this in all coordinates are the same.
const SAME: f64 = 1e-7;
/// Below this score nothing is expected anywhere, and slopes lead nowhere.
const HOPELESS: f64 = -60.0;

/// The best point that is not among `known`, looked for anywhere and near the `best` points,
/// the best first. `None` if all that were found are known.
pub(super) fn propose(
    acquisition: &dyn Acquisition,
    moves: &mut Moves<'_>,
    counts: Counts,
    best: &[Vec<f64>],
    known: &[Vec<f64>],
) -> Option<Vec<f64>> {
    let nearest = &best[..best.len().min(5)];
    let parents = &best[..best.len().min(10)];
    let mut candidates = moves.anywhere(counts.anywhere);
    if !best.is_empty() {
        for deviation in [0.2, 0.05] {
            candidates.extend(moves.around(nearest, counts.around, deviation));
        }
        candidates.extend(moves.around(&best[..1], counts.around, 0.01));
        candidates.extend(moves.between(parents, counts.between));
    }
    let scores = acquisition.scores(&candidates);
    let mut scored: Vec<(f64, Vec<f64>)> = scores.into_iter().zip(candidates).collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.truncate(counts.refined);
    for deviation in [0.1, 0.05, 0.02, 0.008, 0.003, 0.001] {
        refine(acquisition, moves, &mut scored, counts.moves, deviation);
    }
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    if let Some((score, point)) = scored.first()
        && *score > HOPELESS
        && let Some(better) = climb(acquisition, moves.cube, point, *score)
    {
        scored.insert(0, better);
    }
    let is_new = |point: &[f64]| known.iter().all(|known| !is_same(known, point));
    let position = scored.iter().position(|(_, point)| is_new(point));
    if let Some(position) = position {
        return Some(scored.swap_remove(position).1);
    }
    let first = scored.first().map(|(_, point)| point.clone())?;
    let mut others = moves.around(&[first], 100, 0.1);
    others.extend(moves.anywhere(100));
    others.retain(|point| is_new(point));
    let scores = acquisition.scores(&others);
    let best = scores
        .into_iter()
        .zip(others)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.map(|(_, point)| point)
}

fn is_same(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME)
}

/// Replaces each candidate by the best of its moves, if that is better.
fn refine(
    acquisition: &dyn Acquisition,
    moves: &mut Moves<'_>,
    scored: &mut [(f64, Vec<f64>)],
    n_moves: usize,
    deviation: f64,
) {
    let centres: Vec<Vec<f64>> = scored.iter().map(|(_, point)| point.clone()).collect();
    let moved = moves.around(&centres, n_moves, deviation);
    let scores = acquisition.scores(&moved);
    for (at, (score, point)) in scores.into_iter().zip(moved).enumerate() {
        let candidate = &mut scored[at / n_moves];
        if score > candidate.0 {
            *candidate = (score, point);
        }
    }
}

/// A better point along the slopes of the real-valued coordinates that are there.
fn climb(
    acquisition: &dyn Acquisition,
    cube: &Cube,
    point: &[f64],
    score: f64,
) -> Option<(f64, Vec<f64>)> {
    let is_free = |at: &usize| cube.axes[*at].kind == Kind::Real && cube.is_there(*at, point);
    let free: Vec<usize> = (0..cube.n_axes()).filter(is_free).collect();
    if free.is_empty() {
        return None;
    }
    let mut there = point.to_vec();
    let mut slopes = vec![0.0; point.len()];
    let mut x: Vec<f64> = free.iter().map(|at| point[*at]).collect();
    let bounds = vec![(0.0, 1.0); free.len()];
    let stop = Stop {
        n_steps: 20,
        gradient: 1e-4,
        decrease: 1e-9,
    };
    let value = lbfgs::minimize(&mut x, &bounds, stop, |x, gradient| {
        for (at, value) in free.iter().zip(x) {
            there[*at] = *value;
        }
        let score = acquisition.score_with_gradient(&there, &mut slopes);
        for (at, slope) in free.iter().zip(gradient) {
            *slope = -slopes[*at];
        }
        Some(-score)
    });
    if -value <= score {
        return None;
    }
    let mut better = point.to_vec();
    for (at, value) in free.iter().zip(&x) {
        better[*at] = *value;
    }
    Some((-value, better))
}
