//! Non-dominated sorting: who is dominated by nobody, who only by those, and so on.
//!
//! Points are taken in lexicographic order, so that none is dominated by a later one, and
//! each goes to the first front that does not dominate it, found by binary search (Zhang,
//! Tian, Cheng and Jin, "An Efficient Approach to Nondominated Sorting for Evolutionary
//! Multiobjective Optimization", IEEE Transactions on Evolutionary Computation 19, 2015).
//! A front of two or three objectives answers in at most `O(log n)`, which makes
//! `O(n log n)` and `O(n log² n)`; with more objectives it is `O(n²)` at worst.

use super::rows::{Rows, covers};
use super::staircase::Staircase;

/// The rank of each point: 0 for those that none dominates, 1 for those that only points of
/// rank 0 dominate, and so on. Equal points have the same rank.
///
/// ```
/// use opah::multi_objective::ranks;
///
/// assert_eq!(ranks(&[[2.0, 2.0], [1.0, 3.0], [2.0, 4.0], [3.0, 3.0]]), [0, 0, 1, 1]);
/// ```
pub fn ranks<P: AsRef<[f64]>>(losses: &[P]) -> Vec<usize> {
    let rows = Rows::of(losses);
    match rows.width() {
        1 | 2 => sorted::<Least>(&rows),
        3 => sorted::<Staircase>(&rows),
        _ => sorted::<Members>(&rows),
    }
}

/// As [`ranks`], with a constraint violation for each point, 0 if it is feasible: infeasible
/// ones follow after all feasible ones, those of lesser violation first, NaN last (Deb,
/// Pratap, Agarwal and Meyarivan, "A Fast and Elitist Multiobjective Genetic Algorithm:
/// NSGA-II", IEEE Transactions on Evolutionary Computation 6, 2002, section VI).
///
/// A violation that is missing is 0.
pub fn constrained_ranks<P: AsRef<[f64]>>(losses: &[P], violations: &[f64]) -> Vec<usize> {
    let violation = |at: &usize| violations.get(*at).copied().unwrap_or(0.0);
    let (feasible, infeasible): (Vec<usize>, Vec<usize>) =
        (0..losses.len()).partition(|at| violation(at) <= 0.0);
    let of_feasible: Vec<&[f64]> = feasible.iter().map(|at| losses[*at].as_ref()).collect();
    let of_infeasible: Vec<[f64; 1]> = infeasible.iter().map(|at| [violation(at)]).collect();
    let mut all = vec![0; losses.len()];
    let mut n_ranks = 0;
    for (at, rank) in feasible.iter().zip(ranks(&of_feasible)) {
        all[*at] = rank;
        n_ranks = n_ranks.max(rank + 1);
    }
    for (at, rank) in infeasible.iter().zip(ranks(&of_infeasible)) {
        all[*at] = n_ranks + rank;
    }
    all
}

/// The indices of the points that none dominates, ascending; all of equal ones.
pub fn pareto_front<P: AsRef<[f64]>>(losses: &[P]) -> Vec<usize> {
    let mut front = front_of(&Rows::of(losses), true);
    front.sort_unstable();
    front
}

/// The indices of the rows that none dominates, in the order of the rows; of equal ones
/// the first, or all `with_equal`.
pub(super) fn front_of(rows: &Rows, with_equal: bool) -> Vec<usize> {
    match rows.width() {
        1 | 2 => first::<Least>(rows, with_equal),
        3 => first::<Staircase>(rows, with_equal),
        _ => first::<Members>(rows, with_equal),
    }
}

/// Points of one rank. As they come in lexicographic order, the first loss is known to be
/// no greater than that of the next point, and only the others, the `tail`, are compared.
trait Front: Default {
    /// Whether a member dominates a later point, which equals none of them.
    fn dominates(&self, tail: &[f64]) -> bool;
    /// Adds a member.
    fn add(&mut self, tail: &[f64]);
}

fn sorted<F: Front>(rows: &Rows) -> Vec<usize> {
    let mut ranks = vec![0; rows.len()];
    let mut fronts: Vec<F> = Vec::new();
    let mut before = None;
    for at in rows.order_from(0) {
        if let Some(before) = before.replace(at)
            && rows.row(before) == rows.row(at)
        {
            ranks[at] = ranks[before];
            continue;
        }
        let tail = &rows.row(at)[1..];
        // Whom a front dominates, those before it dominate too.
        let rank = fronts.partition_point(|front| front.dominates(tail));
        if rank == fronts.len() {
            fronts.push(F::default());
        }
        fronts[rank].add(tail);
        ranks[at] = rank;
    }
    ranks
}

fn first<F: Front>(rows: &Rows, with_equal: bool) -> Vec<usize> {
    let mut members: Vec<usize> = Vec::new();
    let mut front = F::default();
    for at in rows.order_from(0) {
        let row = rows.row(at);
        if let Some(last) = members.last()
            && rows.row(*last) == row
        {
            if with_equal {
                members.push(at);
            }
        } else if members.is_empty() || !front.dominates(&row[1..]) {
            members.push(at);
            front.add(&row[1..]);
        }
    }
    members
}

/// A front of one or two objectives: its least second loss.
struct Least(f64);

impl Default for Least {
    fn default() -> Self {
        Self(f64::INFINITY)
    }
}

impl Front for Least {
    fn dominates(&self, tail: &[f64]) -> bool {
        self.0 <= tail.first().copied().unwrap_or(0.0)
    }

    fn add(&mut self, tail: &[f64]) {
        self.0 = self.0.min(tail.first().copied().unwrap_or(0.0));
    }
}

/// A front of three objectives.
impl Front for Staircase {
    fn dominates(&self, tail: &[f64]) -> bool {
        self.covers([tail[0], tail[1]])
    }

    fn add(&mut self, tail: &[f64]) {
        self.grow([tail[0], tail[1]], [f64::INFINITY; 2]);
    }
}

/// A front of more objectives: the tails of all members, one after the other.
#[derive(Default)]
struct Members(Vec<f64>);

impl Front for Members {
    fn dominates(&self, tail: &[f64]) -> bool {
        // The last members are the nearest.
        let members = self.0.chunks_exact(tail.len());
        members.rev().any(|member| covers(member, tail))
    }

    fn add(&mut self, tail: &[f64]) {
        self.0.extend_from_slice(tail);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frozen_trial::Direction;
    use crate::multi_objective::{dominates, losses};

    /// By the definition, front after front.
    fn naive(points: &[Vec<f64>]) -> Vec<usize> {
        let width = points.first().map_or(0, Vec::len);
        let directions = vec![Direction::Minimize; width];
        let mut ranks = vec![usize::MAX; points.len()];
        for rank in 0..points.len() {
            let left: Vec<usize> = (0..points.len()).filter(|at| ranks[*at] >= rank).collect();
            for at in &left {
                let mut others = left.iter();
                if !others.any(|other| dominates(&points[*other], &points[*at], &directions)) {
                    ranks[*at] = rank;
                }
            }
        }
        ranks
    }

    fn loss() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => (0..6_i8).prop_map(f64::from),
            4 => 0.0..6.0,
            1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]),
        ]
    }

    fn points() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (1..6_usize).prop_flat_map(|width| {
            prop::collection::vec(prop::collection::vec(loss(), width), 0..40)
        })
    }

    proptest! {
        #[test]
        fn ranks_are_those_of_the_definition(points in points()) {
            let got = ranks(&points);
            prop_assert_eq!(&got, &naive(&points));
            let front: Vec<usize> = (0..points.len()).filter(|at| got[*at] == 0).collect();
            prop_assert_eq!(pareto_front(&points), front);
        }
    }

    /// `optuna.study._multi_objective._fast_non_domination_rank` of Optuna 5.0.0 on the
    /// points `(i·(7919 + 104729·j) mod 10007) mod 17` of objectives `j`.
    #[test]
    fn ranks_are_optunas() {
        let points = |width: u64| -> Vec<Vec<f64>> {
            (0..24_u64)
                .map(|i| {
                    (0..width)
                        .map(|j| ((i * (7_919 + 104_729 * j) % 10_007) % 17) as f64)
                        .collect()
                })
                .collect()
        };
        for (width, expected) in GOLDEN_RANKS {
            assert_eq!(ranks(&points(*width)), *expected);
        }
        let violations: Vec<f64> = (0..24).map(|i| f64::from(i % 5) - 2.0).collect();
        let violations: Vec<f64> = violations.iter().map(|value| value.max(0.0)).collect();
        assert_eq!(
            constrained_ranks(&points(2), &violations),
            GOLDEN_CONSTRAINED
        );
    }

    #[test]
    fn infeasible_points_follow_by_their_violation() {
        let points = [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [0.0, 0.0], [0.0, 0.0]];
        let violations = [3.0, 0.0, 0.0, f64::NAN];
        assert_eq!(constrained_ranks(&points, &violations), [3, 1, 2, 4, 0]);
        assert!(constrained_ranks(&[] as &[[f64; 2]], &[]).is_empty());
    }

    #[test]
    fn rows_may_be_ragged_or_empty() {
        assert_eq!(ranks(&[vec![1.0], vec![1.0, 2.0], vec![]]), [1, 0, 2]);
        assert_eq!(ranks(&[[0.0; 0], []]), [0, 0]);
        assert_eq!(losses(&[1.0, 2.0], &[Direction::Maximize]), [-1.0]);
    }

    const GOLDEN_RANKS: &[(u64, [usize; 24])] = &[
        (
            1,
            [
                0, 12, 0, 3, 6, 3, 6, 8, 10, 13, 10, 13, 1, 4, 7, 4, 7, 9, 11, 14, 11, 14, 2, 5,
            ],
        ),
        (
            2,
            [
                0, 4, 1, 3, 3, 2, 4, 1, 6, 8, 2, 5, 2, 1, 4, 3, 3, 5, 7, 9, 6, 8, 3, 2,
            ],
        ),
        (
            3,
            [
                0, 2, 1, 2, 3, 1, 2, 1, 2, 5, 1, 4, 1, 1, 4, 2, 3, 2, 6, 3, 5, 3, 2, 2,
            ],
        ),
        (
            4,
            [
                0, 1, 1, 1, 2, 1, 1, 1, 1, 3, 1, 2, 1, 1, 2, 1, 1, 1, 3, 2, 2, 2, 2, 1,
            ],
        ),
        (
            5,
            [
                0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 2, 1,
            ],
        ),
    ];
    const GOLDEN_CONSTRAINED: [usize; 24] = [
        0, 3, 1, 6, 7, 2, 4, 1, 6, 7, 2, 4, 2, 6, 7, 3, 1, 2, 6, 7, 3, 5, 3, 6,
    ];
}
