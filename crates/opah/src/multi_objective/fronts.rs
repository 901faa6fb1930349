//! Fronts of equal rank that follow while points are added.
//!
//! A new point goes to the first front that does not dominate it. What it dominates there
//! sinks to the next front, where it may let others sink (Li, Deb, Zhang and Zhang,
//! "Efficient Nondomination Level Update Method for Steady-State Evolutionary
//! Multiobjective Optimization", IEEE Transactions on Cybernetics 47, 2017). Only the fronts
//! that change are looked at in full.

use super::ranks::ranks;
use super::rows::{Rows, covers};

/// Of more new points than this, all ranks are computed anew.
const MOST_ONE_BY_ONE: usize = 8;

/// Points and their [`ranks`], which are a function of the set of points.
#[derive(Debug)]
pub(crate) struct Fronts {
    points: Rows,
    /// By rank: indices of points, in no order.
    fronts: Vec<Vec<usize>>,
}

impl Fronts {
    /// No points, of so many objectives.
    pub(crate) fn new(n_objectives: usize) -> Self {
        Self {
            points: Rows::new(n_objectives),
            fronts: Vec::new(),
        }
    }

    /// How many points there are.
    pub(crate) fn len(&self) -> usize {
        self.points.len()
    }

    /// The losses of a point.
    pub(crate) fn losses(&self, at: usize) -> &[f64] {
        self.points.row(at)
    }

    /// The front of rank 0, that of rank 1, and so on: indices of points, in no order.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Vec<usize>> {
        self.fronts.iter()
    }

    /// Adds points; losses that one lacks are infinite.
    pub(crate) fn extend(&mut self, points: impl IntoIterator<Item = Vec<f64>>) {
        let n_known = self.len();
        for losses in points {
            let missing = std::iter::repeat(f64::INFINITY);
            self.points.push(losses.into_iter().chain(missing));
        }
        if self.len() - n_known > MOST_ONE_BY_ONE {
            self.rank_all();
        } else {
            for at in n_known..self.len() {
                self.insert(at);
            }
        }
    }

    fn rank_all(&mut self) {
        let points: Vec<&[f64]> = self.points.iter().collect();
        let ranks = ranks(&points);
        let n_fronts = ranks.iter().max().map_or(0, |last| last + 1);
        self.fronts = vec![Vec::new(); n_fronts];
        for (at, rank) in ranks.into_iter().enumerate() {
            self.fronts[rank].push(at);
        }
    }

    fn insert(&mut self, at: usize) {
        let points = &self.points;
        let dominates = |a: usize, b: usize| {
            let (a, b) = (points.row(a), points.row(b));
            covers(a, b) && a != b
        };
        // Whom a front dominates, those before it dominate too.
        let mut rank = self
            .fronts
            .partition_point(|front| front.iter().any(|known| dominates(*known, at)));
        let mut rising = vec![at];
        while let Some(front) = self.fronts.get_mut(rank) {
            let is_sinking = |known: &usize| rising.iter().any(|better| dominates(*better, *known));
            let (sinking, staying): (Vec<usize>, Vec<usize>) =
                front.iter().copied().partition(is_sinking);
            if staying.is_empty() {
                // All of it sinks, and so does every front after it.
                break;
            }
            *front = staying;
            front.append(&mut rising);
            if sinking.is_empty() {
                return;
            }
            rising = sinking;
            rank += 1;
        }
        self.fronts.insert(rank, rising);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranks_in(fronts: &Fronts) -> Vec<usize> {
        let mut ranks = vec![usize::MAX; fronts.len()];
        for (rank, front) in fronts.iter().enumerate() {
            for at in front {
                ranks[*at] = rank;
            }
        }
        ranks
    }

    proptest! {
        #[test]
        fn one_by_one_or_at_once_ranks_are_the_same(
            points in (1..5_usize).prop_flat_map(|width| {
                let loss = prop_oneof![
                    4 => (0..6_i8).prop_map(f64::from),
                    4 => 0.0..6.0,
                    1 => prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, -0.0]),
                ];
                prop::collection::vec(prop::collection::vec(loss, width), 1..40)
            }),
            n_at_once in 0..20_usize,
        ) {
            let mut fronts = Fronts::new(points[0].len());
            let n_at_once = n_at_once.min(points.len());
            fronts.extend(points[..n_at_once].iter().cloned());
            for point in &points[n_at_once..] {
                fronts.extend([point.clone()]);
            }
            prop_assert_eq!(ranks_in(&fronts), ranks(&points));
        }
    }

    #[test]
    fn a_point_better_than_all_lets_every_front_sink() {
        let mut fronts = Fronts::new(2);
        fronts.extend([
            vec![1.0, 2.0],
            vec![2.0, 1.0],
            vec![3.0, 3.0],
            vec![f64::NAN],
        ]);
        assert_eq!(ranks_in(&fronts), [0, 0, 1, 2]);
        fronts.extend([vec![0.0, 0.0]]);
        assert_eq!(ranks_in(&fronts), [1, 1, 2, 3, 0]);
    }
}
