//! Every combination of some lists of values, in an order that a seed shuffles.

use crate::math::mersenne_twister::MersenneTwister;

/// The points of a grid. A point's id is its place in the shuffled order; it takes from
/// each list the value at one place.
#[derive(Debug)]
pub(super) struct Points {
    /// The lengths of the lists.
    lengths: Vec<usize>,
    /// By id: the place in the order that counts like an odometer, the last list fastest.
    shuffled: Vec<u32>,
    /// The inverse: the id by place.
    ids: Vec<u32>,
}

impl Points {
    /// The points of lists with these lengths, shuffled as Optuna 5 does with this seed
    /// (if it is less than 2³²; greater ones, which Optuna refuses, are folded).
    pub(super) fn new(lengths: Vec<usize>, seed: u64) -> Self {
        let n_points = lengths.iter().product::<usize>() as u32;
        let mut shuffled: Vec<u32> = (0..n_points).collect();
        MersenneTwister::new((seed ^ (seed >> 32)) as u32).shuffle(&mut shuffled);
        let mut ids = vec![0; shuffled.len()];
        for (id, place) in (0..).zip(&shuffled) {
            ids[*place as usize] = id;
        }
        Self {
            lengths,
            shuffled,
            ids,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.shuffled.len()
    }

    /// Where in each list the values of a point are.
    pub(super) fn places(&self, id: usize) -> Vec<usize> {
        let mut rest = self.shuffled[id] as usize;
        let mut places: Vec<usize> = self
            .lengths
            .iter()
            .rev()
            .map(|length| {
                let place = rest % length;
                rest /= length;
                place
            })
            .collect();
        places.reverse();
        places
    }

    /// The id of the point with the values at these places.
    pub(super) fn id(&self, places: &[usize]) -> usize {
        let each = self.lengths.iter().zip(places);
        let place = each.fold(0, |place, (length, digit)| place * length + digit);
        self.ids[place] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_has_one_id() {
        let points = Points::new(vec![3, 1, 4, 2], 9);
        assert_eq!(points.len(), 24);
        let mut all: Vec<Vec<usize>> = (0..24).map(|id| points.places(id)).collect();
        for (id, places) in all.iter().enumerate() {
            assert_eq!(points.id(places), id);
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 24);
    }

    /// `GridSampler({"b": [1, 2, 3], "a": ["x", "y"]}, seed)._all_grids` of Optuna 5.0.
    #[test]
    fn the_order_is_optunas() {
        let (a, b) = (["x", "y"], [1, 2, 3]);
        let order = |seed| -> Vec<(&str, i32)> {
            let points = Points::new(vec![2, 3], seed);
            let places = (0..6).map(|id| points.places(id));
            places.map(|place| (a[place[0]], b[place[1]])).collect()
        };
        let of_zero = [("y", 3), ("x", 3), ("x", 2), ("y", 1), ("x", 1), ("y", 2)];
        assert_eq!(order(0), of_zero);
        let of_seven = [("y", 1), ("y", 3), ("x", 1), ("x", 3), ("x", 2), ("y", 2)];
        assert_eq!(order(7), of_seven);
    }
}
