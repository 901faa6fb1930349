//! From trials to generations.
//!
//! Trials are taken in the order of their numbers: the first ones are for the start, then
//! every `λ` are a generation. So a search is a function of the trials' numbers, values and
//! results alone; nothing has to be stored, no result is wasted when many trials run at a
//! time, and a search that was interrupted goes on where it was.

use std::collections::VecDeque;
use std::sync::Arc;

use super::CmaEsSampler;
use super::cube::Cube;
use super::search::{Search, Solution};
use super::warm_start::Start;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::math::random::Rng;
use crate::search_space::SearchSpace;

/// The search in one space, brought up to date with the trials that ended.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) space: SearchSpace,
    cube: Cube,
    /// How many finished trials were looked at.
    n_seen: usize,
    /// By number.
    solutions: Vec<Solution>,
    /// The search after the last generations, the newest last. A trial with a low number
    /// that ends late changes them from its place on.
    checkpoints: VecDeque<Checkpoint>,
}

#[derive(Debug)]
struct Checkpoint {
    /// How many solutions it is made of.
    n_told: usize,
    search: Search,
}

impl Replay {
    pub(super) fn new(options: &CmaEsSampler, space: &SearchSpace) -> Self {
        Self {
            space: space.clone(),
            cube: Cube::new(space, options.with_margin),
            n_seen: 0,
            solutions: Vec::new(),
            checkpoints: VecDeque::new(),
        }
    }

    /// Internal values for a trial, drawn from its stream of points, by the order of names in
    /// the space. `None` as long as there are too few trials to begin.
    pub(super) fn values(&self, stream: Rng) -> Option<Vec<f64>> {
        let last = self.checkpoints.back()?;
        Some(last.search.values(&self.cube, stream))
    }

    /// Takes in the trials of `finished`, a list that only grows, that were not seen yet.
    pub(super) fn update(
        &mut self,
        options: &CmaEsSampler,
        finished: &[Arc<FrozenTrial>],
        direction: Direction,
    ) {
        for trial in &finished[self.n_seen..] {
            if let Some(solution) = self.solution(options, trial, direction) {
                self.insert(solution);
            }
        }
        self.n_seen = finished.len();
        self.advance(options, direction);
    }

    fn solution(
        &self,
        options: &CmaEsSampler,
        trial: &FrozenTrial,
        direction: Direction,
    ) -> Option<Solution> {
        let value = match trial.state {
            TrialState::Complete => trial.value()?,
            TrialState::Pruned if options.consider_pruned_trials => trial.last_report()?,
            _ => return None,
        };
        Some(Solution {
            number: trial.number,
            values: self.cube.values_of(trial)?,
            violation: trial.violation(),
            // Adding 0.0 makes -0.0 equal to 0.0.
            loss: direction.to_loss(value) + 0.0,
        })
        .filter(|solution| !solution.loss.is_nan())
    }

    fn insert(&mut self, solution: Solution) {
        let place = self
            .solutions
            .partition_point(|known| known.number < solution.number);
        self.solutions.insert(place, solution);
        while self
            .checkpoints
            .back()
            .is_some_and(|last| last.n_told > place)
        {
            self.checkpoints.pop_back();
        }
    }

    /// Makes generations of the solutions that are in none yet.
    fn advance(&mut self, options: &CmaEsSampler, direction: Direction) {
        let n_startup = options.n_startup_trials;
        if self.checkpoints.is_empty() {
            let Some(startup) = self.solutions.get(..n_startup) else {
                return;
            };
            let start = self.start(options, startup, direction);
            self.checkpoints.push_back(Checkpoint {
                n_told: n_startup,
                search: Search::new(options, &self.cube, start),
            });
        }
        while let Some(last) = self.checkpoints.back() {
            let end = last.n_told + last.search.popsize();
            let Some(generation) = self.solutions.get(last.n_told..end) else {
                return;
            };
            let mut search = last.search.clone();
            search.tell(options, &self.cube, generation);
            self.checkpoints.push_back(Checkpoint {
                n_told: end,
                search,
            });
            if self.checkpoints.len() > self.most_checkpoints() {
                self.checkpoints.pop_front();
            }
        }
    }

    /// Fewer where each is large.
    fn most_checkpoints(&self) -> usize {
        (400_000 / self.cube.n_dims().pow(2)).clamp(2, 16)
    }

    fn start(&self, options: &CmaEsSampler, startup: &[Solution], direction: Direction) -> Start {
        let mut sources: Vec<Solution> = if options.warm_start {
            startup.to_vec()
        } else {
            options.sources(&self.space, direction).collect()
        };
        sources.sort_by(Solution::compare);
        let points = sources.iter().map(|solution| {
            let mut point = self.cube.point(&solution.values);
            self.cube.clip(&mut point);
            point
        });
        let points: Vec<Vec<f64>> = points
            .filter(|point| point.iter().copied().all(f64::is_finite))
            .collect();
        Start::from_best(&points).unwrap_or_else(|| Start {
            mean: match &options.x0 {
                Some(x0) => self.cube.point_of(x0),
                None => vec![0.5; self.cube.n_dims()],
            },
            sigma: options.first_sigma(),
            covariance: None,
        })
    }
}
