//! Up to three objectives: a line that sweeps over sorted points.
//!
//! Fonseca, Paquete and López-Ibáñez, "An Improved Dimension-Sweep Algorithm for the
//! Hypervolume Indicator", IEEE Congress on Evolutionary Computation (2006).

use super::super::rows::{Rows, covers};
use super::super::staircase::Staircase;

/// The length that a front of one objective dominates.
pub(super) fn length(front: &Rows, end: f64) -> f64 {
    front.iter().next().map_or(0.0, |least| end - least[0])
}

/// The area that a front of two objectives dominates; it comes in the order of the first.
pub(super) fn area(front: &Rows, end: [f64; 2]) -> f64 {
    let mut top = end[1];
    let mut area = 0.0;
    for point in front.iter() {
        area += (end[0] - point[0]) * (top - point[1]);
        top = point[1];
    }
    area
}

/// The volume that a front of three objectives dominates.
pub(super) fn volume(front: &Rows, end: [f64; 3]) -> f64 {
    let order = front.order_from(2);
    let mut staircase = Staircase::default();
    let (mut area, mut volume) = (0.0, 0.0);
    for (place, at) in order.iter().enumerate() {
        let point = front.row(*at);
        area += staircase.grow([point[0], point[1]], [end[0], end[1]]);
        let next = order
            .get(place + 1)
            .map_or(end[2], |next| front.row(*next)[2]);
        volume += area * (next - point[2]);
    }
    volume
}

/// Boxes from points of three losses up to one end, united.
#[derive(Debug, Default)]
pub(super) struct Union {
    /// The points that are not dominated, by their third loss.
    points: Vec<[f64; 3]>,
    /// Room for the border that a sweep meets.
    border: Staircase,
}

impl Union {
    /// Adds the box of a point, and tells by how much the volume grows.
    pub(super) fn grow(&mut self, point: [f64; 3], end: [f64; 3]) -> f64 {
        let Some(gained) = self.exclusive(point, end) else {
            return 0.0;
        };
        self.points.retain(|known| !covers(&point, known));
        let place = self.points.partition_point(|known| known[2] <= point[2]);
        self.points.insert(place, point);
        gained
    }

    /// The volume of the part of a point's box that is in no other; `None` if there is no
    /// such part.
    pub(super) fn exclusive(&mut self, point: [f64; 3], end: [f64; 3]) -> Option<f64> {
        self.border.clear();
        let mut free = (end[0] - point[0]) * (end[1] - point[1]);
        let (mut volume, mut height) = (0.0, point[2]);
        for known in &self.points {
            if known[2] > height {
                volume += free * (known[2] - height);
                height = known[2];
            }
            let clipped = [known[0].max(point[0]), known[1].max(point[1])];
            if clipped == [point[0], point[1]] {
                // From here on, all of the box is in this one.
                return (height > point[2]).then_some(volume);
            }
            free -= self.border.grow(clipped, [end[0], end[1]]);
        }
        Some(volume + free * (end[2] - height))
    }
}
