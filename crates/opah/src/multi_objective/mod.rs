//! Several objectives at once: which points are better than others, and how much of the
//! space of objectives they cover.
//!
//! But for [`dominates`] and [`losses`], everything here takes *losses*: values turned so
//! that smaller is better. A list of points is `n_points × n_objectives`, a row per point.
//! NaN counts as an infinite loss, the worst there is; so does a loss that a shorter row
//! lacks. Infinite losses are compared as numbers are. No input panics.
//!
//! - [`ranks()`], [`constrained_ranks`], [`pareto_front`]: who is dominated by whom
//! - [`crowding_distances`], [`by_crowding`]: who stands alone
//! - [`hypervolume()`], [`contributions`]: how much is dominated
//! - [`hypervolume_subset`]: a few points that dominate much

mod crowding;
mod fronts;
mod hypervolume;
mod ranks;
mod rows;
mod staircase;

pub use self::crowding::{by_crowding, crowding_distances};
pub(crate) use self::fronts::Fronts;
pub use self::hypervolume::{contributions, hypervolume, hypervolume_subset};
pub use self::ranks::{constrained_ranks, pareto_front, ranks};

use crate::frozen_trial::Direction;

/// `values` (one per objective) turned so that smaller is better; infinite where they are
/// NaN.
pub fn losses(values: &[f64], directions: &[Direction]) -> Vec<f64> {
    let turned = values.iter().zip(directions);
    turned
        .map(|(value, direction)| loss(*value, *direction))
        .collect()
}

fn loss(value: f64, direction: Direction) -> f64 {
    let loss = direction.to_loss(value);
    if loss.is_nan() { f64::INFINITY } else { loss }
}

/// Whether the values `a` are in no objective worse than `b`, and in one of them better.
///
/// ```
/// use opah::Direction::{Maximize, Minimize};
/// use opah::multi_objective::dominates;
///
/// assert!(dominates(&[1.0, 5.0], &[1.0, 4.0], &[Minimize, Maximize]));
/// assert!(!dominates(&[1.0, 5.0], &[0.5, 4.0], &[Minimize, Maximize]));
/// ```
pub fn dominates(a: &[f64], b: &[f64], directions: &[Direction]) -> bool {
    let mut is_better = false;
    for ((a, b), direction) in a.iter().zip(b).zip(directions) {
        let (a, b) = (loss(*a, *direction), loss(*b, *direction));
        if a > b {
            return false;
        }
        is_better |= a < b;
    }
    is_better
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction::{Maximize, Minimize};

    #[test]
    fn nan_is_dominated_by_whatever_is_a_number() {
        let directions = [Minimize, Maximize];
        let is_better = |a: [f64; 2], b: [f64; 2]| dominates(&a, &b, &directions);
        assert!(is_better([0.0, 0.0], [f64::NAN, 0.0]));
        assert!(is_better([0.0, 0.0], [0.0, f64::NAN]));
        assert!(!is_better([f64::NAN, 0.0], [f64::INFINITY, 0.0]));
        assert!(!is_better([f64::INFINITY, 0.0], [f64::NAN, 0.0]));
        assert!(is_better([f64::NEG_INFINITY, 0.0], [0.0, 0.0]));
        assert!(is_better([0.0, f64::INFINITY], [0.0, 0.0]));
        assert!(!is_better([0.0, 0.0], [0.0, 0.0]));
        assert_eq!(losses(&[1.0, f64::NAN], &directions), [1.0, f64::INFINITY]);
    }
}
