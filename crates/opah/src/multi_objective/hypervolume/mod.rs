//! How much of the space of objectives is dominated, exactly.
//!
//! - `sweep`: one, two and three objectives in `O(n log n)`; a union of boxes that grows
//! - `slices`: more objectives, by slices of one dimension less
//! - `subset`: a few points that dominate much

mod slices;
mod subset;
mod sweep;
#[cfg(test)]
mod tests;

pub use self::subset::hypervolume_subset;

use super::ranks::front_of;
use super::rows::Rows;

/// The volume of what `losses` (`n_points × n_objectives`) dominate, up to `reference` (a
/// loss per objective). It is never negative, and NaN only if a number of the reference is.
///
/// A point counts if it is better than the reference in every objective; others, those
/// with NaN and those with another number of objectives add nothing. The volume is infinite
/// if there is a point that counts, and a loss of such a point or the reference is infinite.
///
/// ```
/// use opah::multi_objective::hypervolume;
///
/// assert_eq!(hypervolume(&[[1.0, 3.0], [2.0, 1.0]], &[4.0, 4.0]), 7.0);
/// assert_eq!(hypervolume(&[[5.0, 0.0]], &[4.0, 4.0]), 0.0);
/// ```
pub fn hypervolume<P: AsRef<[f64]>>(losses: &[P], reference: &[f64]) -> f64 {
    if reference.iter().any(|loss| loss.is_nan()) {
        return f64::NAN;
    }
    let mut counted = Rows::new(reference.len());
    for point in losses
        .iter()
        .filter(|point| is_counted(point.as_ref(), reference))
    {
        counted.push(point.as_ref().iter().copied());
    }
    let mut numbers = counted.iter().flatten().chain(reference);
    if counted.is_empty() {
        0.0
    } else if numbers.any(|loss| loss.is_infinite()) {
        f64::INFINITY
    } else {
        let volume = volume(&front(&counted), reference);
        // More than the greatest number is infinite, or NaN as infinity minus infinity.
        if volume.is_finite() {
            volume.max(0.0)
        } else {
            f64::INFINITY
        }
    }
}

/// How much smaller the hypervolume would be without each of the points; 0 for those that
/// add nothing to it, such as dominated and repeated ones.
///
/// It is infinite for a point that no other one covers, if a loss of its or of the
/// reference is infinite; NaN for all if a number of the reference is.
///
/// ```
/// use opah::multi_objective::contributions;
///
/// assert_eq!(contributions(&[[1.0, 3.0], [2.0, 1.0]], &[4.0, 4.0]), [1.0, 4.0]);
/// ```
pub fn contributions<P: AsRef<[f64]>>(losses: &[P], reference: &[f64]) -> Vec<f64> {
    if reference.iter().any(|loss| loss.is_nan()) {
        return vec![f64::NAN; losses.len()];
    }
    let points: Vec<&[f64]> = losses.iter().map(AsRef::as_ref).collect();
    let counts: Vec<bool> = points
        .iter()
        .map(|point| is_counted(point, reference))
        .collect();
    let contribution = |at: usize| {
        if !counts[at] {
            return 0.0;
        }
        let others = points.iter().enumerate();
        let others = others.filter(|(other, _)| *other != at && counts[*other]);
        slices::exclusive(points[at], others.map(|(_, point)| *point), reference)
    };
    (0..points.len()).map(contribution).collect()
}

/// Whether a point is better than the reference in every objective.
fn is_counted(point: &[f64], reference: &[f64]) -> bool {
    let mut pairs = point.iter().zip(reference);
    !point.is_empty() && point.len() == reference.len() && pairs.all(|(loss, end)| loss < end)
}

/// The rows that are not dominated, each once, in lexicographic order.
fn front(rows: &Rows) -> Rows {
    let mut front = Rows::new(rows.width());
    for at in front_of(rows, false) {
        front.push(rows.row(at).iter().copied());
    }
    front
}

/// The volume that a [`front`] dominates; all numbers are finite, and all points better than
/// the reference.
fn volume(front: &Rows, reference: &[f64]) -> f64 {
    match *reference {
        [end] => sweep::length(front, end),
        [x, y] => sweep::area(front, [x, y]),
        [x, y, z] => sweep::volume(front, [x, y, z]),
        _ => slices::volume(front, reference),
    }
}
