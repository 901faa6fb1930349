//! How lonely points are in the space of objectives.
//!
//! The crowding distance of Deb, Pratap, Agarwal and Meyarivan, "A Fast and Elitist
//! Multiobjective Genetic Algorithm: NSGA-II", IEEE Transactions on Evolutionary
//! Computation 6 (2002), section III-B, with Optuna's rules for infinite losses.

use super::rows::Rows;

/// The crowding distance of each point: for each objective, the gap between its two
/// neighbours, in units of the range of the finite losses, summed over the objectives.
///
/// The first and the last point of an objective have an infinite distance. An objective in
/// which all points are equal counts nothing; neither does a gap between equal infinities.
/// Where the finite losses have no range, the unit is 1.
///
/// ```
/// use opah::multi_objective::crowding_distances;
///
/// let distances = crowding_distances(&[[0.0, 3.0], [1.0, 1.0], [3.0, 0.0]]);
/// assert_eq!(distances, [f64::INFINITY, 2.0, f64::INFINITY]);
/// ```
pub fn crowding_distances<P: AsRef<[f64]>>(losses: &[P]) -> Vec<f64> {
    distances(losses).1
}

/// Indices of the points, the loneliest first. Of equally lonely ones, those come first
/// that have the greater last loss.
pub fn by_crowding<P: AsRef<[f64]>>(losses: &[P]) -> Vec<usize> {
    let (mut order, distances) = distances(losses);
    order.reverse();
    order.sort_by(|a, b| distances[*b].total_cmp(&distances[*a]));
    order
}

/// Indices in the order of the last loss, ties in that of the loss before, and so on; and
/// the crowding distances.
fn distances<P: AsRef<[f64]>>(losses: &[P]) -> (Vec<usize>, Vec<f64>) {
    let rows = Rows::of(losses);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let mut distances = vec![0.0; rows.len()];
    for objective in 0..rows.width() {
        let loss = |at: usize| rows.row(at)[objective];
        order.sort_by(|a, b| loss(*a).total_cmp(&loss(*b)));
        let sorted: Vec<f64> = order.iter().map(|at| loss(*at)).collect();
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
            break;
        };
        if first == last {
            continue;
        }
        let unit = range(&sorted);
        for (place, at) in order.iter().enumerate() {
            let below = place.checked_sub(1).map(|below| sorted[below]);
            let below = below.unwrap_or(f64::NEG_INFINITY);
            let above = sorted.get(place + 1).copied().unwrap_or(f64::INFINITY);
            if below != above {
                distances[*at] += (above - below) / unit;
            }
        }
    }
    (order, distances)
}

/// The distance of the greatest finite loss from the least; 1 where it is not positive.
fn range(sorted: &[f64]) -> f64 {
    let mut finite = sorted.iter().filter(|loss| loss.is_finite());
    let least = finite.next();
    let greatest = finite.next_back();
    match (least, greatest) {
        (Some(least), Some(greatest)) if greatest > least => greatest - least,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFINITE: f64 = f64::INFINITY;

    /// `optuna.samplers.nsgaii._elite_population_selection_strategy`, Optuna 5.0.0:
    /// `_calc_crowding_distance` and `_crowding_distance_sort` of minimized objectives.
    #[test]
    fn distances_and_order_are_optunas() {
        check(
            &[[0.0, 5.0], [1.0, 3.0], [2.0, 2.5], [4.0, 1.0], [5.0, 0.0]],
            &[INFINITE, 0.9, 1.0, 1.1, INFINITE],
            &[0, 4, 3, 2, 1],
        );
        check(
            &[[1.0, 1.0], [1.0, 1.0], [2.0, 0.0], [0.0, 2.0], [1.0, 1.0]],
            &[1.0, 0.0, INFINITE, INFINITE, 1.0],
            &[3, 2, 4, 0, 1],
        );
        check(
            &[
                [0.0, INFINITE],
                [1.0, 3.0],
                [-INFINITE, 7.0],
                [2.0, 2.0],
                [INFINITE, 0.0],
                [INFINITE, -1.0],
            ],
            &[INFINITE, 1.625, INFINITE, INFINITE, INFINITE, INFINITE],
            &[0, 2, 3, 4, 5, 1],
        );
        check(
            &[[3.0, 1.0], [3.0, 2.0], [3.0, 0.0], [3.0, 5.0]],
            &[0.4, 0.8, INFINITE, INFINITE],
            &[3, 2, 1, 0],
        );
        check(
            &[
                [-INFINITE, INFINITE],
                [INFINITE, -INFINITE],
                [-INFINITE, INFINITE],
            ],
            &[INFINITE, INFINITE, INFINITE],
            &[2, 0, 1],
        );
        check(
            &[
                [0.5, 0.25],
                [0.5, 0.125],
                [0.75, 0.0],
                [0.0, 1.0],
                [0.25, 0.5],
                [0.25, 0.5],
            ],
            &[
                0.708_333_333_333_333_3,
                0.583_333_333_333_333_3,
                INFINITE,
                INFINITE,
                0.583_333_333_333_333_3,
                0.833_333_333_333_333_3,
            ],
            &[3, 2, 5, 0, 4, 1],
        );
    }

    #[track_caller]
    fn check(points: &[[f64; 2]], expected: &[f64], order: &[usize]) {
        let got = crowding_distances(points);
        let is_equal = |(a, b): (&f64, &f64)| a == b || (a - b).abs() < 1e-12;
        assert!(
            got.iter().zip(expected).all(is_equal),
            "{got:?} is not {expected:?}"
        );
        assert_eq!(by_crowding(points), order);
    }

    #[test]
    fn no_points_and_one() {
        assert!(crowding_distances(&[] as &[[f64; 2]]).is_empty());
        assert_eq!(crowding_distances(&[[1.0, 2.0]]), [0.0]);
        assert_eq!(
            crowding_distances(&[[f64::NAN], [1.0], [2.0]]),
            [INFINITE, INFINITE, INFINITE]
        );
    }
}
