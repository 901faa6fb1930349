//! The niches of NSGA-III: lines from the ideal point through reference points, and who is
//! nearest to them.
//!
//! Deb and Jain, "An Evolutionary Many-Objective Optimization Algorithm Using
//! Reference-Point-Based Nondominated Sorting Approach, Part I", IEEE Transactions on
//! Evolutionary Computation 18 (2014), section IV. As in Optuna 5.0, infinite losses are
//! brought near to the finite ones first.

use crate::math::random::Rng;

/// An infinite loss is moved so many ranges beyond the finite ones.
const N_RANGES: f64 = 3.0;

/// The weight of all axes but one when the extreme point of that one is looked for.
const OFF_AXIS: f64 = 1e6;

/// As many reference points are made at most.
pub(super) const MOST_POINTS: usize = 100_000;

/// Where an individual stands: its niche, and how far from the niche's line it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub niche: usize,
    pub distance: f64,
}

/// Whether there are at most [`MOST_POINTS`] points, `(m + p - 1)! / (p! (m - 1)!)` for `m`
/// objectives and `p` divisions.
pub(super) fn has_reference_points(n_objectives: usize, n_divisions: usize) -> bool {
    let mut n_points = 1.0;
    n_divisions <= MOST_POINTS
        && (1..=n_divisions).all(|division| {
            n_points *= (n_objectives + division) as f64 - 1.0;
            n_points /= division as f64;
            n_points <= MOST_POINTS as f64
        })
}

/// The points of a simplex that divides each edge into `n_divisions` (Das and Dennis 1998),
/// scaled by it: all combinations of whole numbers, one per objective, with that sum.
/// None if [there are too many](has_reference_points).
pub(super) fn reference_points(n_objectives: usize, n_divisions: usize) -> Vec<Vec<f64>> {
    if n_objectives == 0 || !has_reference_points(n_objectives, n_divisions) {
        return Vec::new();
    }
    let mut axes = vec![0; n_divisions];
    let mut points = Vec::new();
    loop {
        let mut point = vec![0.0; n_objectives];
        for axis in &axes {
            point[*axis] += 1.0;
        }
        points.push(point);
        let Some(last) = axes.iter().rposition(|axis| axis + 1 < n_objectives) else {
            return points;
        };
        let next = axes[last] + 1;
        axes[last..].fill(next);
    }
}

/// The place of each point; `losses` is `n_points × n_objectives`, without NaN.
pub(super) fn places(losses: &[&[f64]], reference_points: &[Vec<f64>]) -> Vec<Place> {
    let mut points = finite(losses);
    normalize(&mut points);
    let directions: Vec<Vec<f64>> = reference_points.iter().map(|point| scaled(point)).collect();
    points
        .iter()
        .map(|point| place(point, &directions))
        .collect()
}

/// The numbers of each objective.
fn column(points: &[Vec<f64>], objective: usize) -> impl Iterator<Item = f64> {
    points.iter().map(move |point| point[objective])
}

/// The losses, the infinite ones moved near to the finite ones of their objective.
fn finite(losses: &[&[f64]]) -> Vec<Vec<f64>> {
    let mut points: Vec<Vec<f64>> = losses.iter().map(|point| point.to_vec()).collect();
    let n_objectives = points.first().map_or(0, Vec::len);
    for objective in 0..n_objectives {
        let known = || column(&points, objective).filter(|loss| loss.is_finite());
        let (least, greatest) = (known().reduce(f64::min), known().reduce(f64::max));
        // Nothing is finite: the good ones are at 0, the bad ones at 1.
        let (low, high) = match (least, greatest) {
            (Some(least), Some(greatest)) => {
                let margin = N_RANGES * (greatest - least);
                (least - margin, greatest + margin)
            }
            _ => (0.0, 1.0),
        };
        for point in &mut points {
            point[objective] = point[objective].max(low).min(high);
        }
    }
    points
}

/// Moves the ideal point to the origin, and scales the axes so that the plane through the
/// extreme points meets each of them at 1 (section IV-C); if there is no such plane, so that
/// the greatest loss is 1.
fn normalize(points: &mut [Vec<f64>]) {
    let n_objectives = points.first().map_or(0, Vec::len);
    for objective in 0..n_objectives {
        let ideal = column(points, objective).fold(f64::INFINITY, f64::min);
        for point in &mut *points {
            point[objective] -= ideal;
        }
    }
    let extremes: Option<Vec<Vec<f64>>> = (0..n_objectives)
        .map(|axis| extreme(points, axis).cloned())
        .collect();
    let planes = extremes.and_then(plane);
    let is_usable = |scales: &Vec<f64>| scales.iter().all(|s| s.is_finite() && *s > 0.0);
    let scales = planes.filter(is_usable).unwrap_or_else(|| {
        let greatest = (0..n_objectives).map(|axis| column(points, axis).fold(0.0, f64::max));
        greatest
            .map(|loss| if loss > 0.0 { 1.0 / loss } else { 1.0 })
            .collect()
    });
    for point in points {
        for (loss, scale) in point.iter_mut().zip(&scales) {
            *loss *= scale;
        }
    }
}

/// The point that is nearest to an axis: the least of the greatest weighted losses (eq. 4).
fn extreme(points: &[Vec<f64>], axis: usize) -> Option<&Vec<f64>> {
    let score = |point: &Vec<f64>| {
        let weighted = point.iter().enumerate();
        let weighted = weighted.map(|(at, loss)| if at == axis { *loss } else { OFF_AXIS * loss });
        weighted.fold(f64::NEG_INFINITY, f64::max)
    };
    points.iter().min_by(|a, b| score(a).total_cmp(&score(b)))
}

/// The inverse intercepts of the plane through `n` points of `n` coordinates: the solution
/// of `rows · x = 1` by elimination. `None` if the points are dependent.
fn plane(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    let greatest = rows
        .iter()
        .flatten()
        .fold(0.0, |greatest: f64, x| greatest.max(x.abs()));
    let least_pivot = greatest * n as f64 * f64::EPSILON;
    let mut right = vec![1.0; n];
    for step in 0..n {
        let pivot =
            (step..n).max_by(|a, b| rows[*a][step].abs().total_cmp(&rows[*b][step].abs()))?;
        rows.swap(step, pivot);
        right.swap(step, pivot);
        // It may be NaN.
        let is_usable = rows[step][step].abs() > least_pivot;
        if !is_usable {
            return None;
        }
        for below in step + 1..n {
            let factor = rows[below][step] / rows[step][step];
            let (done, rest) = rows.split_at_mut(below);
            for (number, pivot) in rest[0][step..].iter_mut().zip(&done[step][step..]) {
                *number -= factor * pivot;
            }
            right[below] -= factor * right[step];
        }
    }
    for step in (0..n).rev() {
        let known: f64 = (step + 1..n).map(|at| rows[step][at] * right[at]).sum();
        right[step] = (right[step] - known) / rows[step][step];
    }
    Some(right)
}

/// The point at distance 1 in the same direction.
fn scaled(point: &[f64]) -> Vec<f64> {
    let length = point.iter().map(|x| x * x).sum::<f64>().sqrt();
    point.iter().map(|x| x / length).collect()
}

/// The nearest line, and its distance; of equally near ones, the first.
fn place(point: &[f64], directions: &[Vec<f64>]) -> Place {
    let mut nearest = Place {
        niche: 0,
        distance: f64::INFINITY,
    };
    for (niche, direction) in directions.iter().enumerate() {
        let along: f64 = point.iter().zip(direction).map(|(x, unit)| x * unit).sum();
        let rest = point
            .iter()
            .zip(direction)
            .map(|(x, unit)| x - along * unit);
        let distance = rest.map(|x| x * x).sum::<f64>().sqrt();
        if distance < nearest.distance {
            nearest = Place { niche, distance };
        }
    }
    nearest
}

/// Which `n_wanted` of the `candidates` join the `members`: one after the other, each from a
/// niche with the fewest members, the nearest to its line if there is none yet, any other
/// one else (section IV-E).
pub(super) fn joining(
    n_wanted: usize,
    members: &[Place],
    candidates: &[Place],
    rng: &mut Rng,
) -> Vec<usize> {
    let n_niches = members
        .iter()
        .chain(candidates)
        .map(|place| place.niche + 1)
        .max();
    let n_niches = n_niches.unwrap_or(0);
    let mut counts = vec![0_usize; n_niches];
    for place in members {
        counts[place.niche] += 1;
    }
    let mut waiting = vec![Vec::new(); n_niches];
    for (at, place) in candidates.iter().enumerate() {
        waiting[place.niche].push(at);
    }
    let mut joining = Vec::new();
    while joining.len() < n_wanted {
        let open = || (0..n_niches).filter(|niche| !waiting[*niche].is_empty());
        let Some(fewest) = open().map(|niche| counts[niche]).min() else {
            break;
        };
        let emptiest: Vec<usize> = open().filter(|niche| counts[*niche] == fewest).collect();
        let niche = emptiest[rng.below(emptiest.len())];
        let place = if fewest == 0 {
            let distance = |place: &usize| candidates[waiting[niche][*place]].distance;
            let all = 0..waiting[niche].len();
            all.min_by(|a, b| distance(a).total_cmp(&distance(b)))
                .unwrap_or(0)
        } else {
            rng.below(waiting[niche].len())
        };
        joining.push(waiting[niche].remove(place));
        counts[niche] += 1;
    }
    joining
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_points_are_all_sums() {
        let points = reference_points(3, 2);
        let expected = [
            [2.0, 0.0, 0.0],
            [1.0, 1.0, 0.0],
            [1.0, 0.0, 1.0],
            [0.0, 2.0, 0.0],
            [0.0, 1.0, 1.0],
            [0.0, 0.0, 2.0],
        ];
        assert_eq!(points, expected);
        assert_eq!(reference_points(1, 3), [[3.0]]);
        assert_eq!(reference_points(8, 3).len(), 120);
        assert!(reference_points(30, 30).is_empty());
        assert!(reference_points(1, usize::MAX).is_empty());
        assert!(reference_points(0, 3).is_empty());
    }

    /// `_filter_inf`, `_normalize_objective_values` and
    /// `_associate_individuals_with_reference_points` of Optuna 5.0.0 with three divisions.
    #[test]
    fn places_are_optunas() {
        for (losses, expected) in [
            (
                vec![
                    [0.0, 1.0, 2.0],
                    [1.0, 0.5, 1.0],
                    [2.0, 2.0, 0.0],
                    [0.3, 0.9, 1.5],
                    [0.7, 0.6, 0.8],
                    [1.5, 0.1, 1.9],
                ],
                vec![
                    (8, 0.023_537_557_657_892_547),
                    (4, 0.236_354_273_426_447_02),
                    (1, 0.447_213_595_499_957_87),
                    (8, 0.155_552_807_432_964_73),
                    (4, 0.097_923_972_242_739_76),
                    (5, 0.245_967_477_524_976_89),
                ],
            ),
            (
                vec![
                    [1.0, 0.0, 0.0],
                    [0.0, 1.0, 0.0],
                    [0.0, 0.0, 1.0],
                    [0.4, 0.3, 0.3],
                    [0.1, 0.2, 0.7],
                ],
                vec![
                    (0, 0.0),
                    (6, 0.0),
                    (9, 0.0),
                    (4, 0.081_649_658_092_772_64),
                    (8, 0.167_332_005_306_815_08),
                ],
            ),
            (
                vec![
                    [1.0, f64::INFINITY, 3.0],
                    [2.0, 5.0, 4.0],
                    [f64::NEG_INFINITY, 7.0, 1.0],
                    [3.0, 6.0, 0.0],
                    [2.5, 4.0, 2.0],
                ],
                vec![
                    (4, 0.204_124_145_231_931_5),
                    (5, 0.345_607_355_888_795_4),
                    (7, 0.111_803_398_874_989_48),
                    (0, 0.166_666_666_666_666_66),
                    (2, 0.027_950_849_718_747_37),
                ],
            ),
            (
                vec![[1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [1.0, 1.0, 4.0]],
                vec![(7, 0.223_606_797_749_978_96), (6, 0.0), (9, 0.0)],
            ),
        ] {
            let rows: Vec<&[f64]> = losses.iter().map(<[f64; 3]>::as_slice).collect();
            let got = places(&rows, &reference_points(3, 3));
            for (got, (niche, distance)) in got.iter().zip(expected) {
                assert_eq!(got.niche, niche, "{losses:?}");
                assert!(
                    (got.distance - distance).abs() < 1e-9,
                    "{got:?} is not {distance}"
                );
            }
        }
    }

    #[test]
    fn the_emptiest_niches_are_filled_first() {
        let place = |niche, distance| Place { niche, distance };
        let members = [place(0, 0.1), place(0, 0.2), place(2, 0.0)];
        let candidates = [
            place(0, 0.0),
            place(1, 0.3),
            place(2, 0.5),
            place(1, 0.1),
            place(3, 0.9),
        ];
        for seed in 0..20 {
            let joined = |n| joining(n, &members, &candidates, &mut Rng::keyed(seed, 0, "n"));
            let mut first = joined(2);
            first.sort_unstable();
            assert_eq!(first, [3, 4]);
            let mut next = joined(4);
            next.sort_unstable();
            assert_eq!(next, [1, 2, 3, 4]);
            assert_eq!(joined(9).len(), 5);
        }
        assert!(joining(3, &[], &[], &mut Rng::keyed(0, 0, "n")).is_empty());
    }

    #[test]
    fn degenerate_points_have_places() {
        let points = reference_points(2, 3);
        let infinite = f64::INFINITY;
        for losses in [
            vec![[1.0, 1.0]],
            vec![[infinite, 1.0], [infinite, 2.0]],
            vec![[-infinite, infinite], [infinite, -infinite]],
            vec![[1e300, -1e300], [-1e300, 1e300]],
        ] {
            let rows: Vec<&[f64]> = losses.iter().map(<[f64; 2]>::as_slice).collect();
            for place in places(&rows, &points) {
                assert!(place.niche < points.len(), "{losses:?}");
            }
        }
    }
}
