//! What a front does not dominate, as boxes.
//!
//! Lacour, Klamroth and Fonseca, "A box decomposition algorithm to compute the hypervolume
//! indicator", Computers & Operations Research 79 (2017), is the idea; here the objectives
//! are swept one after the other, and with three a strip lives as long as it is not cut.

/// `[low, high)` by objective; `low` may be minus infinity.
pub(super) type Edges = Vec<(f64, f64)>;

/// Boxes that do not overlap and cover all points below `reference` that no point of
/// `front` dominates. The front's points are below the reference, none dominates another,
/// and all have as many objectives as the reference.
pub(super) fn not_dominated(front: &[Vec<f64>], reference: &[f64]) -> Vec<Edges> {
    match reference.len() {
        0 => Vec::new(),
        1 => {
            let least = front
                .iter()
                .map(|point| point[0])
                .fold(reference[0], f64::min);
            vec![vec![(f64::NEG_INFINITY, least)]]
        }
        2 => strips(front, reference)
            .into_iter()
            .map(|strip| strip.to_vec())
            .collect(),
        3 => columns(front, reference),
        _ => slabs(front, reference),
    }
}

type Strip = [(f64, f64); 2];

/// Of two objectives, ascending in the first.
fn strips(front: &[Vec<f64>], reference: &[f64]) -> Vec<Strip> {
    let mut corners: Vec<[f64; 2]> = front.iter().map(|point| [point[0], point[1]]).collect();
    corners.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let mut strips = Vec::with_capacity(corners.len() + 1);
    let (mut left, mut height) = (f64::NEG_INFINITY, reference[1]);
    for [x, y] in corners {
        if y < height {
            if left < x {
                strips.push([(left, x), (f64::NEG_INFINITY, height)]);
            }
            (left, height) = (x, y);
        }
    }
    strips.push([(left, reference[0]), (f64::NEG_INFINITY, height)]);
    strips
}

/// Of three: the strips below each third coordinate, those that stay as they are in one.
fn columns(front: &[Vec<f64>], reference: &[f64]) -> Vec<Edges> {
    let mut order: Vec<&Vec<f64>> = front.iter().collect();
    order.sort_by(|a, b| a[2].total_cmp(&b[2]));
    let mut boxes = Vec::new();
    let mut below: Vec<Vec<f64>> = Vec::new();
    let mut living: Vec<(Strip, f64)> = strips(&below, reference)
        .into_iter()
        .map(|strip| (strip, f64::NEG_INFINITY))
        .collect();
    for point in order {
        below.push(point.clone());
        let now = strips(&below, reference);
        let mut next = Vec::with_capacity(now.len());
        for strip in now {
            let before = living.iter().position(|(known, _)| *known == strip);
            next.push((
                strip,
                before.map_or(point[2], |at| living.swap_remove(at).1),
            ));
        }
        for ([x, y], since) in living {
            if since < point[2] {
                boxes.push(vec![x, y, (since, point[2])]);
            }
        }
        living = next;
    }
    for ([x, y], since) in living {
        boxes.push(vec![x, y, (since, reference[2])]);
    }
    boxes
}

/// Of more: slabs of the last objective.
fn slabs(front: &[Vec<f64>], reference: &[f64]) -> Vec<Edges> {
    let last = reference.len() - 1;
    let mut order: Vec<&Vec<f64>> = front.iter().collect();
    order.sort_by(|a, b| a[last].total_cmp(&b[last]));
    let mut boxes = Vec::new();
    let mut below: Vec<Vec<f64>> = Vec::new();
    let mut since = f64::NEG_INFINITY;
    let ends = order
        .iter()
        .map(|point| point[last])
        .chain([reference[last]]);
    for (at, end) in ends.enumerate() {
        if since < end {
            for mut edges in not_dominated(&below, &reference[..last]) {
                edges.push((since, end));
                boxes.push(edges);
            }
        }
        if let Some(point) = order.get(at) {
            below.push(point[..last].to_vec());
        }
        since = end;
    }
    boxes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Rng;
    use crate::multi_objective::{hypervolume, pareto_front};

    #[test]
    fn boxes_and_what_is_dominated_fill_the_space() {
        for n_objectives in 2..=5 {
            let mut rng = Rng::keyed(9, n_objectives as u64, "front");
            let points: Vec<Vec<f64>> = (0..20)
                .map(|_| (0..n_objectives).map(|_| rng.uniform()).collect())
                .collect();
            let front: Vec<Vec<f64>> = pareto_front(&points)
                .into_iter()
                .map(|at| points[at].clone())
                .collect();
            let reference = vec![1.1; n_objectives];
            let volume = |edges: &Edges| -> f64 {
                edges
                    .iter()
                    .map(|(low, high)| high - low.max(0.0))
                    .product()
            };
            let boxes = not_dominated(&front, &reference);
            let free: f64 = boxes.iter().map(volume).sum();
            let dominated = hypervolume(&front, &reference);
            let all = 1.1_f64.powi(n_objectives as i32);
            assert!(
                (free + dominated - all).abs() < 1e-9,
                "{free} + {dominated}"
            );
            if n_objectives == 3 {
                assert!(boxes.len() <= 3 * front.len() + 1, "{}", boxes.len());
            }
        }
    }
}
