//! Hypervolume subset selection: a few points that together dominate much.
//!
//! The greedy algorithm, whose volume is at least `1 − 1/e` of the greatest possible: each
//! time the point that adds the most (Guerreiro, Fonseca and Paquete, "Greedy Hypervolume
//! Subset Selection in Low Dimensions", Evolutionary Computation 24, 2016). What a point
//! adds only falls while others are chosen, so an old gain that is no longer the greatest
//! need not be computed anew (Minoux, "Accelerated Greedy Algorithms for Maximizing
//! Submodular Set Functions", Optimization Techniques, 1978).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::super::rows::Rows;
use super::super::staircase::Staircase;
use super::sweep::Union;
use super::{is_counted, slices};

/// The indices of `count` points (of all, if there are fewer) of `losses`, `n_points ×
/// n_objectives`, in the order in which they are chosen: each time the one that adds the
/// most to the [`hypervolume`](super::hypervolume()) of those before, up to `reference`, a
/// loss per objective. Of equal gains, the point that is lexicographically less comes first.
///
/// Equal points are chosen only when all others are; then the order is the lexicographic
/// one, and the equal ones come last. Points that are not better than the reference in every
/// objective add nothing. As infinite volumes can't be compared, the points are taken in
/// lexicographic order if a number of the reference is infinite or NaN; and after the first
/// of infinite volume, if there are more than two objectives. These are the rules of Optuna
/// 5.0.
///
/// ```
/// use opah::multi_objective::hypervolume_subset;
///
/// let losses = [[1.0, 3.0], [1.5, 2.5], [3.0, 0.0]];
/// assert_eq!(hypervolume_subset(&losses, 2, &[4.0, 4.0]), [2, 1]);
/// ```
pub fn hypervolume_subset<P: AsRef<[f64]>>(
    losses: &[P],
    count: usize,
    reference: &[f64],
) -> Vec<usize> {
    let mut rows = Rows::new(reference.len());
    for point in losses {
        let missing = std::iter::repeat(&f64::INFINITY);
        rows.push(point.as_ref().iter().chain(missing).copied());
    }
    let (mut unique, mut repeated): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for at in rows.order_from(0) {
        match unique.last() {
            Some(last) if rows.row(*last) == rows.row(at) => repeated.push(at),
            _ => unique.push(at),
        }
    }
    if unique.len() <= count {
        repeated.sort_unstable();
        repeated.truncate(count - unique.len());
        unique.extend(repeated);
        return unique;
    }
    if reference.iter().any(|end| !end.is_finite()) {
        unique.truncate(count);
        return unique;
    }
    greedy(&rows, unique, count, reference)
}

/// Chooses `count` of the points `unique`, which come in lexicographic order.
fn greedy(rows: &Rows, mut unique: Vec<usize>, count: usize, reference: &[f64]) -> Vec<usize> {
    let wholes: Vec<f64> = unique
        .iter()
        .map(|at| whole(rows.row(*at), reference))
        .collect();
    let infinite = wholes.iter().position(|volume| volume.is_infinite());
    if let Some(first) = infinite
        && reference.len() > 2
    {
        unique[..=first].rotate_right(1);
        unique.truncate(count);
        return unique;
    }
    let mut candidates: BinaryHeap<Candidate> = wholes
        .into_iter()
        .enumerate()
        .map(|(place, gain)| Candidate {
            gain,
            place,
            n_chosen: 0,
        })
        .collect();
    let mut region = Region::new(reference.len());
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count
        && let Some(candidate) = candidates.pop()
    {
        let at = unique[candidate.place];
        if candidate.n_chosen == chosen.len() {
            region.add(rows.row(at), reference);
            chosen.push(at);
        } else {
            candidates.push(Candidate {
                gain: region.gain(rows.row(at), reference),
                place: candidate.place,
                n_chosen: chosen.len(),
            });
        }
    }
    chosen
}

/// The volume that a point dominates.
fn whole(point: &[f64], reference: &[f64]) -> f64 {
    if !is_counted(point, reference) {
        return 0.0;
    }
    let edges = reference.iter().zip(point).map(|(end, loss)| end - loss);
    edges.product()
}

/// A point that may be chosen next: the greater, the more it adds.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// What it added when so many were chosen; now it may be less.
    gain: f64,
    /// Its place in lexicographic order.
    place: usize,
    n_chosen: usize,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_gain = self.gain.total_cmp(&other.gain);
        by_gain.then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

/// What the chosen points dominate.
enum Region {
    Plane(Staircase),
    Space(Union),
    /// The points, of one loss or of more than three.
    More(Rows),
}

impl Region {
    fn new(n_objectives: usize) -> Self {
        match n_objectives {
            2 => Self::Plane(Staircase::default()),
            3 => Self::Space(Union::default()),
            width => Self::More(Rows::new(width)),
        }
    }

    /// How much of what `point` dominates is new.
    fn gain(&mut self, point: &[f64], reference: &[f64]) -> f64 {
        if !is_counted(point, reference) {
            return 0.0;
        }
        match (self, point, reference) {
            (Self::Plane(border), [x, y], [x_end, y_end]) => {
                border.gain([*x, *y], [*x_end, *y_end])
            }
            (Self::Space(union), [x, y, z], [x_end, y_end, z_end]) => union
                .exclusive([*x, *y, *z], [*x_end, *y_end, *z_end])
                .unwrap_or(0.0),
            (Self::More(points), _, _) => slices::exclusive(point, points.iter(), reference),
            _ => 0.0,
        }
    }

    fn add(&mut self, point: &[f64], reference: &[f64]) {
        if !is_counted(point, reference) {
            return;
        }
        match (self, point, reference) {
            (Self::Plane(border), [x, y], [x_end, y_end]) => {
                border.grow([*x, *y], [*x_end, *y_end]);
            }
            (Self::Space(union), [x, y, z], [x_end, y_end, z_end]) => {
                union.grow([*x, *y, *z], [*x_end, *y_end, *z_end]);
            }
            (Self::More(points), _, _) => points.push(point.iter().copied()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::multi_objective::hypervolume;

    /// By the definition. Of gains that are equal but for their last digits, either may be
    /// chosen.
    #[track_caller]
    fn check_greedy(points: &[Vec<f64>], chosen: &[usize], reference: &[f64]) {
        let mut before: Vec<&[f64]> = Vec::new();
        for at in chosen {
            let volume = |next: &Vec<f64>| {
                let all: Vec<&[f64]> = before.iter().copied().chain([next.as_slice()]).collect();
                hypervolume(&all, reference)
            };
            let most = points.iter().map(volume).fold(0.0, f64::max);
            let got = volume(&points[*at]);
            assert!((most - got).abs() <= 1e-12 * most, "{got} of {most}");
            before.push(&points[*at]);
        }
    }

    proptest! {
        #[test]
        fn each_time_the_point_that_adds_the_most_is_chosen(
            points in (1..6_usize).prop_flat_map(|width| {
                let loss = prop_oneof![(0..5_i8).prop_map(f64::from), 0.0..5.0];
                prop::collection::vec(prop::collection::vec(loss, width), 1..14)
            }),
            count in 0..14_usize,
        ) {
            let reference = vec![4.0; points[0].len()];
            let mut chosen = hypervolume_subset(&points, count, &reference);
            let mut distinct = points.clone();
            distinct.sort_by(|a, b| a.partial_cmp(b).unwrap());
            distinct.dedup();
            if count < distinct.len() {
                check_greedy(&points, &chosen, &reference);
            }
            prop_assert_eq!(chosen.len(), count.min(points.len()));
            chosen.sort_unstable();
            chosen.dedup();
            prop_assert_eq!(chosen.len(), count.min(points.len()));
        }
    }

    #[test]
    fn repeated_points_and_infinite_volumes() {
        let infinite = f64::INFINITY;
        let twice = [[2.0, 1.0], [2.0, 1.0], [1.0, 2.0], [2.0, 1.0]];
        assert_eq!(hypervolume_subset(&twice, 3, &[3.0, 3.0]), [2, 0, 1]);
        assert_eq!(hypervolume_subset(&twice, 9, &[3.0, 3.0]), [2, 0, 1, 3]);
        assert_eq!(hypervolume_subset(&twice, 1, &[3.0, infinite]), [2]);
        assert_eq!(hypervolume_subset(&twice, 1, &[f64::NAN, 3.0]), [2]);
        let plane = [[2.0, 2.0], [-infinite, 2.5], [1.0, 2.2], [2.9, -infinite]];
        assert_eq!(hypervolume_subset(&plane, 3, &[3.0, 3.0]), [1, 3, 2]);
        let space = [
            [2.0, 2.0, 2.0],
            [1.0, 1.0, 2.5],
            [2.5, 0.0, -infinite],
            [2.2, 2.2, 1.0],
        ];
        assert_eq!(hypervolume_subset(&space, 3, &[3.0; 3]), [2, 1, 0]);
        assert_eq!(hypervolume_subset(&[[0.0; 0], []], 1, &[]), [0]);
        assert_eq!(hypervolume_subset(&[vec![], vec![1.0]], 1, &[2.0]), [1]);
        assert!(hypervolume_subset(&[] as &[[f64; 2]], 2, &[1.0; 2]).is_empty());
    }
}
