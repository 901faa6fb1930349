//! The best trials of several objectives.
//!
//! Whole fronts are the best, as long as they fit; of the next one, those that together
//! dominate the most (Ozaki, Tanigaki, Watanabe and Onishi, "Multiobjective Tree-Structured
//! Parzen Estimator for Computationally Expensive Optimization Problems", GECCO 2020). The
//! reference point and ties are Optuna 5.0's.

use super::split::Place;
use crate::frozen_trial::Direction;
use crate::multi_objective::{Fronts, hypervolume_subset, losses};

/// The feasible complete trials.
#[derive(Debug)]
pub(super) struct FrontRanking {
    directions: Vec<Direction>,
    fronts: Fronts,
    /// By point of the fronts.
    places: Vec<Place>,
    cut: Cut,
}

impl FrontRanking {
    pub(super) fn new(directions: &[Direction]) -> Self {
        Self {
            directions: directions.to_vec(),
            fronts: Fronts::new(directions.len()),
            places: Vec::new(),
            cut: Cut::default(),
        }
    }

    /// Takes up trials with their values.
    pub(super) fn extend<'a>(&mut self, trials: impl Iterator<Item = (Place, &'a [f64])>) {
        let (places, values): (Vec<Place>, Vec<&[f64]>) = trials.unzip();
        let directions = &self.directions;
        self.places.extend(places);
        self.fronts
            .extend(values.iter().map(|values| losses(values, directions)));
    }

    /// How many trials there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The best `count` of them, or all if there are no more; in no order.
    pub(super) fn best(&mut self, count: usize) -> Vec<Place> {
        let mut best: Vec<Place> = Vec::new();
        for front in self.fronts.iter() {
            let n_free = count - best.len();
            if n_free == 0 {
                break;
            }
            if front.len() <= n_free {
                best.extend(front.iter().map(|at| self.places[*at]));
                continue;
            }
            let mut front = front.clone();
            front.sort_unstable_by_key(|at| self.places[*at]);
            let chosen = self.cut.chosen(front, n_free, &self.fronts);
            best.extend(chosen.iter().map(|at| self.places[*at]));
            break;
        }
        best
    }
}

/// The front of which a part is good, and that part. Most new trials change neither.
#[derive(Debug, Default)]
struct Cut {
    front: Vec<usize>,
    chosen: Vec<usize>,
}

impl Cut {
    /// So many of a front, which comes by number.
    fn chosen(&mut self, front: Vec<usize>, count: usize, fronts: &Fronts) -> &[usize] {
        if self.front != front || self.chosen.len() != count {
            let losses: Vec<&[f64]> = front.iter().map(|at| fronts.losses(*at)).collect();
            let subset = hypervolume_subset(&losses, count, &reference_point(&losses));
            self.chosen = subset.into_iter().map(|at| front[at]).collect();
            self.front = front;
        }
        &self.chosen
    }
}

/// A tenth beyond the worst loss of each objective; where that is 0, a little more.
fn reference_point(losses: &[&[f64]]) -> Vec<f64> {
    let n_objectives = losses.first().map_or(0, |losses| losses.len());
    let beyond_worst = |objective: usize| {
        let of_objective = losses.iter().map(|losses| losses[objective]);
        let worst = of_objective.fold(f64::NEG_INFINITY, f64::max);
        let beyond = (1.1 * worst).max(0.9 * worst);
        if beyond == 0.0 { 1e-12 } else { beyond }
    };
    (0..n_objectives).map(beyond_worst).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `optuna.samplers._tpe.sampler._get_reference_point`, Optuna 5.0.0.
    #[test]
    fn reference_points_are_optunas() {
        let losses: [&[f64]; 2] = [&[1.0, -2.0, 0.0], &[0.5, -4.0, -1.0]];
        assert_eq!(reference_point(&losses), [1.1, -1.8, 1e-12]);
        let infinite: [&[f64]; 1] = [&[f64::INFINITY, f64::NEG_INFINITY]];
        assert_eq!(
            reference_point(&infinite),
            [f64::INFINITY, f64::NEG_INFINITY]
        );
    }

    /// `optuna.samplers._tpe.sampler._split_trials`, Optuna 5.0.0, on the points
    /// `(i·(7919 + 104729·j) mod 10007) / 10007` of minimized objectives `j`, `i` from 1.
    #[test]
    fn the_best_are_optunas() {
        for (width, count, expected) in GOLDEN {
            let mut ranking = FrontRanking::new(&vec![Direction::Minimize; *width]);
            let values = |i: u64| -> Vec<f64> {
                let value = |j: u64| (i * (7_919 + 104_729 * j) % 10_007) as f64 / 10_007.0;
                (0..*width as u64).map(value).collect()
            };
            let points: Vec<Vec<f64>> = (1..=200).map(values).collect();
            // At once and one by one.
            for at in 0..=100 {
                let new = if at == 0 { 0..100 } else { 99 + at..100 + at };
                let new = points[new.clone()].iter().zip(new);
                ranking.extend(new.map(|(values, at)| ((at as u64, at), values.as_slice())));
                // What was kept of earlier choices changes nothing.
                assert_eq!(ranking.best(10).len(), 10);
            }
            let mut best: Vec<u64> = ranking.best(*count).iter().map(|place| place.0).collect();
            best.sort_unstable();
            assert_eq!(best, *expected, "{width} objectives");
        }
    }

    /// Objectives, how many are chosen, and the numbers of the chosen ones.
    const GOLDEN: &[(usize, usize, &[u64])] = &[
        (
            2,
            20,
            &[
                3, 18, 42, 46, 66, 73, 85, 90, 108, 109, 112, 114, 128, 133, 147, 151, 157, 176,
                181, 190,
            ],
        ),
        (
            3,
            20,
            &[
                3, 17, 35, 38, 42, 66, 73, 77, 85, 89, 90, 108, 112, 114, 116, 147, 161, 179, 182,
                186,
            ],
        ),
        (
            4,
            25,
            &[
                3, 17, 35, 38, 42, 53, 66, 71, 73, 77, 89, 90, 107, 108, 112, 114, 116, 125, 132,
                143, 161, 180, 181, 182, 186,
            ],
        ),
    ];
}
