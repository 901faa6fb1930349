//! The kernels of one numeric parameter in the order of their centres; of equal centres,
//! by position, which is by their trials' numbers.
//!
//! They come in runs, so that one more moves only few others. A run is cut in two when it
//! has grown too long, and vanishes when it is empty (Johnson and Shasha, "B-trees with
//! Inserts and Deletes: Why Free-at-empty Is Better Than Merge-at-half", Journal of Computer
//! and System Sciences 47, 1993).

use super::summary::Summary;

const LONGEST_RUN: usize = 64;

/// All kernels.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// None is empty.
    pub runs: Vec<Run>,
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
    /// The kernels with these centres, by position.
    pub(super) fn new(centres: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..centres.len()).collect();
        order.sort_unstable_by(|a, b| centres[*a].total_cmp(&centres[*b]).then(a.cmp(b)));
        let run = |order: &[usize]| Run {
            centres: order.iter().map(|at| centres[*at]).collect(),
            positions: order.iter().map(|at| *at as u32).collect(),
            summary: None,
        };
        Self {
            runs: order.chunks(LONGEST_RUN / 2).map(run).collect(),
            len: centres.len(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Puts a kernel before the one that has its position until now.
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
        if grown.centres.len() <= LONGEST_RUN {
            return Place { run, at };
        }
        let half = LONGEST_RUN / 2;
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

    /// Takes a kernel away; those after its position move up. The kernels that it was
    /// between.
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
            self.move_up(position);
        }
        let after = self.first_not_before(centre, position);
        let exists = after.run < self.runs.len();
        [self.before(after), exists.then_some(after)]
    }

    /// After the kernel at `removed` has gone.
    fn move_up(&mut self, removed: u32) {
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
