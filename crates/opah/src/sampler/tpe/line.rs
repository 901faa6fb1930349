//! The kernels of one numeric parameter in the order of their centres; of equal centres,
//! by position, which is by their trials' numbers.
//!
//! They come in runs, so that one more moves only few others. A run is cut in two when it
//! has grown too long, and vanishes when it is empty (Johnson and Shasha, "B-trees with
//! Inserts and Deletes: Why Free-at-empty Is Better Than Merge-at-half", Journal of Computer
//! and System Sciences 47, 1993).

use super::summary::Summary;

/// How long runs may be if each has a summary.
pub(super) const SHORT_RUN: usize = 64;
/// How long they may be otherwise, so that there are few.
pub(super) const LONG_RUN: usize = 512;

/// All kernels.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// None is empty.
    pub runs: Vec<Run>,
    longest_run: usize,
    len: usize,
}

/// Kernels that follow one another.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub centres: Vec<f64>,
    /// The kernels' positions in their estimate.
    pub positions: Vec<u32>,
    /// What is known of all of them; `None` after a change.
    pub summary: Option<Summary>,
}

/// Where a kernel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    run: usize,
    at: usize,
}

impl Line {
    /// No kernels.
    pub(super) fn new(longest_run: usize) -> Self {
        Self {
            runs: Vec::new(),
            longest_run,
            len: 0,
        }
    }

    /// Replaces all kernels by those with these centres, by position.
    pub(super) fn rebuild(&mut self, centres: &[f64]) {
        let mut order: Vec<usize> = (0..centres.len()).collect();
        order.sort_unstable_by(|a, b| centres[*a].total_cmp(&centres[*b]).then(a.cmp(b)));
        let run = |order: &[usize]| Run {
            centres: order.iter().map(|at| centres[*at]).collect(),
            positions: order.iter().map(|at| *at as u32).collect(),
            summary: None,
        };
        self.runs = order.chunks(self.longest_run / 2).map(run).collect();
        self.len = centres.len();
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a kernel; those from its position on get the next ones.
    pub(super) fn insert(&mut self, centre: f64, position: usize) -> Place {
        let position = position as u32;
        if (position as usize) < self.len {
            for run in &mut self.runs {
                for known in &mut run.positions {
                    *known += u32::from(*known >= position);
                }
            }
        }
        self.len += 1;
        let Place { run, at } = self.first_not_before(centre, position);
        if run == self.runs.len() && run == 0 {
            self.runs.push(Run::default());
        }
        // What comes after all others goes to the last run.
        let (run, at) = match self.runs.get(run) {
            Some(_) => (run, at),
            None => (run - 1, self.runs[run - 1].centres.len()),
        };
        let grown = &mut self.runs[run];
        grown.centres.insert(at, centre);
        grown.positions.insert(at, position);
        grown.summary = None;
        if grown.centres.len() <= self.longest_run {
            return Place { run, at };
        }
        let half = self.longest_run / 2;
        let rest = Run {
            centres: grown.centres.split_off(half),
            positions: grown.positions.split_off(half),
            summary: None,
        };
        self.runs.insert(run + 1, rest);
        match at.checked_sub(half) {
            Some(at) => Place { run: run + 1, at },
            None => Place { run, at },
        }
    }

    /// Takes a kernel away; those after it get the positions before theirs. The kernels that
    /// it was between.
    pub(super) fn remove(&mut self, centre: f64, position: usize) -> [Option<Place>; 2] {
        let position = position as u32;
        let Place { run, at } = self.first_not_before(centre, position);
        let shrunk = &mut self.runs[run];
        shrunk.centres.remove(at);
        shrunk.positions.remove(at);
        shrunk.summary = None;
        if shrunk.centres.is_empty() {
            self.runs.remove(run);
        }
        self.len -= 1;
        if (position as usize) < self.len {
            self.close_gap(position);
        }
        let after = self.first_not_before(centre, position);
        let exists = after.run < self.runs.len();
        [self.before(after), exists.then_some(after)]
    }

    /// Moves the positions after `removed`.
    fn close_gap(&mut self, removed: u32) {
        for run in &mut self.runs {
            let mut n_moved = 0;
            for known in &mut run.positions {
                let is_moved = u32::from(*known > removed);
                *known -= is_moved;
                n_moved += is_moved;
            }
            if n_moved > 0 {
                // They weigh less now.
                run.summary = None;
            }
        }
    }

    /// The first kernel that is not before another one; behind the last run if all are.
    fn first_not_before(&self, centre: f64, position: u32) -> Place {
        let is_before = |known: f64, at: u32| {
            let by_centre = known.total_cmp(&centre);
            by_centre.then(at.cmp(&position)).is_lt()
        };
        let run = self.runs.partition_point(|run| {
            let last = run.centres.last().zip(run.positions.last());
            last.is_some_and(|(known, at)| is_before(*known, *at))
        });
        let at = self.runs.get(run).map_or(0, |run| {
            let first = run.centres.partition_point(|known| *known < centre);
            let rest = run.centres[first..].iter().zip(&run.positions[first..]);
            first
                + rest
                    .take_while(|(known, at)| is_before(**known, **at))
                    .count()
        });
        Place { run, at }
    }

    pub(super) fn position(&self, place: Place) -> usize {
        self.runs[place.run].positions[place.at] as usize
    }

    pub(super) fn centre(&self, place: Place) -> f64 {
        self.runs[place.run].centres[place.at]
    }

    pub(super) fn before(&self, place: Place) -> Option<Place> {
        if let Some(at) = place.at.checked_sub(1) {
            return Some(Place { at, ..place });
        }
        let run = place.run.checked_sub(1)?;
        let at = self.runs[run].centres.len() - 1;
        Some(Place { run, at })
    }

    pub(super) fn after(&self, place: Place) -> Option<Place> {
        let next = Place {
            at: place.at + 1,
            ..place
        };
        if next.at < self.runs[place.run].centres.len() {
            return Some(next);
        }
        let run = place.run + 1;
        (run < self.runs.len()).then_some(Place { run, at: 0 })
    }

    /// All kernels, in their order.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        let lengths = self.runs.iter().map(|run| run.centres.len()).enumerate();
        lengths.flat_map(|(run, len)| (0..len).map(move |at| Place { run, at }))
    }

    /// Notes that a kernel is another one.
    pub(super) fn touch(&mut self, place: Place) {
        self.runs[place.run].summary = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(line: &Line) -> Vec<(f64, usize)> {
        let places = line.places();
        places
            .map(|place| (line.centre(place), line.position(place)))
            .collect()
    }

    proptest! {
        #[test]
        fn one_by_one_or_at_once_the_order_is_the_same(
            changes in prop::collection::vec((0..12_u8, 0..40_usize, any::<bool>()), 0..120),
        ) {
            let mut line = Line::new(4);
            let mut centres: Vec<f64> = Vec::new();
            for (centre, position, is_removed) in changes {
                let ([before, after], at) = if is_removed && position < centres.len() {
                    let centre = centres.remove(position);
                    (line.remove(centre, position), None)
                } else {
                    let (centre, position) = (f64::from(centre), position.min(centres.len()));
                    centres.insert(position, centre);
                    let place = line.insert(centre, position);
                    prop_assert_eq!(line.centre(place), centre);
                    prop_assert_eq!(line.position(place), position);
                    ([line.before(place), line.after(place)], Some(place))
                };
                let mut built = Line::new(64);
                built.rebuild(&centres);
                prop_assert_eq!(listed(&line), listed(&built));
                prop_assert_eq!(line.len(), centres.len());
                prop_assert!(line.runs.iter().all(|run| (1..=4).contains(&run.centres.len())));
                let following = before.map_or(line.places().next(), |before| line.after(before));
                prop_assert_eq!(following, at.or(after));
                if let (Some(at), Some(after)) = (at, after) {
                    prop_assert_eq!(line.before(after), Some(at));
                }
            }
        }
    }
}
