//! The border of what points in the plane dominate.

use std::ops::Range;

/// Points of two losses that do not dominate one another: the first loss rises, the second
/// falls. Searching takes `O(log n)`.
#[derive(Debug, Clone, Default)]
pub(super) struct Staircase(Vec<[f64; 2]>);

impl Staircase {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether a corner is in no loss greater than `point`.
    pub(super) fn covers(&self, point: [f64; 2]) -> bool {
        self.covers_before(self.after(point), point)
    }

    /// How many corners have no greater first loss.
    fn after(&self, point: [f64; 2]) -> usize {
        self.0.partition_point(|corner| corner[0] <= point[0])
    }

    fn covers_before(&self, after: usize, point: [f64; 2]) -> bool {
        after > 0 && self.0[after - 1][1] <= point[1]
    }

    /// Adds a point, and tells how much larger the dominated area is now, up to `end`,
    /// which is beyond all points in both losses. The area is NaN or infinite where numbers
    /// are infinite.
    pub(super) fn grow(&mut self, point: [f64; 2], end: [f64; 2]) -> f64 {
        let Some((area, dominated)) = self.exclusive(point, end) else {
            return 0.0;
        };
        self.0.splice(dominated, [point]);
        area
    }

    /// How much [`grow`](Self::grow) would make of a point.
    pub(super) fn gain(&self, point: [f64; 2], end: [f64; 2]) -> f64 {
        self.exclusive(point, end).map_or(0.0, |(area, _)| area)
    }

    /// The area that only `point` dominates, and the corners that it dominates; `None` if a
    /// corner is nowhere greater.
    fn exclusive(&self, point: [f64; 2], end: [f64; 2]) -> Option<(f64, Range<usize>)> {
        let after = self.after(point);
        if self.covers_before(after, point) {
            return None;
        }
        let has_twin = after > 0 && self.0[after - 1][0] == point[0];
        let first = after - usize::from(has_twin);
        let dominated = self.0[first..].iter();
        let n_dominated = dominated.take_while(|corner| corner[1] >= point[1]).count();
        let (mut left, mut top) = (point[0], end[1]);
        if first > 0 {
            top = self.0[first - 1][1];
        }
        let mut area = 0.0;
        for corner in &self.0[first..first + n_dominated] {
            area += (corner[0] - left) * (top - point[1]);
            [left, top] = *corner;
        }
        let right = self
            .0
            .get(first + n_dominated)
            .map_or(end[0], |next| next[0]);
        area += (right - left) * (top - point[1]);
        Some((area, first..first + n_dominated))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_grows_by_what_was_not_covered() {
        let mut staircase = Staircase::default();
        let end = [10.0, 10.0];
        for (point, gained) in [
            ([4.0, 6.0], 24.0),
            ([2.0, 8.0], 4.0),
            ([5.0, 7.0], 0.0),
            ([4.0, 6.0], 0.0),
            ([7.0, 1.0], 15.0),
            ([4.0, 5.0], 3.0),
            ([1.0, 0.0], 44.0),
            ([1.0, 0.0], 0.0),
        ] {
            assert_eq!(staircase.gain(point, end), gained, "{point:?}");
            assert_eq!(staircase.grow(point, end), gained, "{point:?}");
            assert!(staircase.covers(point));
        }
        assert_eq!(staircase.0, [[1.0, 0.0]]);
        assert!(!staircase.covers([0.5, 3.0]));
    }
}
