//! Four and more objectives: slices of one dimension less.
//!
//! While, Bradstreet and Barone, "A Fast Way of Calculating Exact Hypervolumes", IEEE
//! Transactions on Evolutionary Computation 16 (2012). Points are taken in the order of
//! their last loss. From there up to the reference, each adds to the slices what it alone
//! dominates among the points so far, in one dimension less: in three dimensions by a
//! sweep, in more by the volume of the points limited to its box (the paper's section III).

use super::super::rows::{Rows, covers};
use super::sweep::Union;
use super::{front, volume as volume_of};

/// The volume that a front of at least four objectives dominates.
pub(super) fn volume(points: &Rows, reference: &[f64]) -> f64 {
    let last = reference.len() - 1;
    let (end, inner) = (reference[last], &reference[..last]);
    let mut union = Union::default();
    let mut before = Rows::new(last);
    let mut volume = 0.0;
    for at in points.order_from(last) {
        let (point, depth) = (&points.row(at)[..last], end - points.row(at)[last]);
        let slice = if let ([x, y, z], [x_end, y_end, z_end]) = (point, inner) {
            union.grow([*x, *y, *z], [*x_end, *y_end, *z_end])
        } else {
            let slice = exclusive(point, before.iter(), inner);
            before.retain(|known| !covers(point, known));
            before.push(point.iter().copied());
            slice
        };
        volume += depth * slice;
    }
    volume
}

/// The volume that `point` dominates and none of `others`; infinite if numbers are and
/// there is such a part. All points are better than the reference.
pub(super) fn exclusive<'a>(
    point: &[f64],
    others: impl Iterator<Item = &'a [f64]>,
    reference: &[f64],
) -> f64 {
    let mut limited = Rows::new(point.len());
    for other in others {
        if covers(other, point) {
            return 0.0;
        }
        limited.push(
            other
                .iter()
                .zip(point)
                .map(|(other, loss)| other.max(*loss)),
        );
    }
    let edges = reference.iter().zip(point).map(|(end, loss)| end - loss);
    if edges.clone().any(f64::is_infinite) {
        return f64::INFINITY;
    }
    let whole: f64 = edges.product();
    if limited.is_empty() {
        return whole;
    }
    (whole - volume_of(&front(&limited), reference)).max(0.0)
}
