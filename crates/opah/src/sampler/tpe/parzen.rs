//! The Parzen estimator: a mixture of one product of kernels per observation, and of
//! a prior that covers the whole space.
//!
//! All parameters of an observation share one kernel, which is what makes the
//! estimate multivariate. Its value is a function of the observations alone, to the
//! last bit, whether they came one by one or at once.

use super::column::{Column, N_KERNELS_OF_LEAST_BANDWIDTH};
use crate::math::random::Rng;
use crate::search_space::SearchSpace;

pub use super::weights::Weighting;
use super::weights::Weights;

/// One observation: internal values in the order of the space's names.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The trial's number.
    pub number: u64,
    /// One internal value per parameter; finite.
    pub values: Vec<f64>,
}

/// The density estimate of a set of observations, which may grow and shrink.
#[derive(Debug, Clone)]
pub struct Parzen {
    /// By parameter.
    pub(super) columns: Vec<Column>,
    /// By kernel, ascending: its trial's number.
    numbers: Vec<u64>,
    /// By kernel: its log density's part that is the same at every point.
    pub(super) constants: Vec<f64>,
    weighting: Weighting,
    /// Of kernels; the prior's is 1.
    pub(super) weights: Weights,
}

impl Parzen {
    /// The prior alone. The distributions must have more than one value each.
    pub fn new(space: &SearchSpace, weighting: Weighting) -> Self {
        Self {
            columns: space
                .iter()
                .map(|(_, distribution)| Column::new(distribution.clone(), space.len() == 1))
                .collect(),
            numbers: Vec::new(),
            constants: Vec::new(),
            weighting,
            weights: Weights::new(weighting, 0),
        }
    }

    /// The number of observations.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there is only the prior.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Whether the trial is observed.
    pub fn contains(&self, number: u64) -> bool {
        self.numbers.binary_search(&number).is_ok()
    }

    /// Forgets the trials in `leaving` (those that are not observed are none) and
    /// takes up `joining`, of which none may be observed already.
    pub fn change(&mut self, leaving: &[u64], joining: &[Observation]) {
        let leaving: Vec<u64> = leaving
            .iter()
            .copied()
            .filter(|number| self.contains(*number))
            .collect();
        let n_changes = leaving.len() + joining.len();
        if n_changes == 0 {
            return;
        }
        let fewest = self.len() - leaving.len();
        if fewest <= N_KERNELS_OF_LEAST_BANDWIDTH || n_changes > fewest / 8 {
            self.rebuild(&leaving, joining);
        } else {
            for number in leaving {
                self.remove(number);
            }
            for observation in joining {
                self.insert(observation);
            }
        }
        self.weights = Weights::new(self.weighting, self.len());
        if let [only] = self.columns.as_mut_slice() {
            only.summarize();
        }
    }

    fn rebuild(&mut self, leaving: &[u64], joining: &[Observation]) {
        let kept = (0..self.len()).filter(|at| !leaving.contains(&self.numbers[*at]));
        let kept = kept.map(|at| {
            let centres = self.columns.iter().map(|column| column.centres[at]);
            (self.numbers[at], centres.collect::<Vec<_>>())
        });
        let joining = joining
            .iter()
            .map(|observation| (observation.number, self.coordinates(observation)));
        let mut rows: Vec<_> = kept.chain(joining).collect();
        rows.sort_unstable_by_key(|(number, _)| *number);
        self.numbers = rows.iter().map(|(number, _)| *number).collect();
        for (at, column) in self.columns.iter_mut().enumerate() {
            let centres = rows.iter().map(|(_, centres)| centres[at]).collect();
            column.rebuild(centres);
        }
        self.constants = (0..self.len()).map(|at| self.constant(at)).collect();
    }

    fn coordinates(&self, observation: &Observation) -> Vec<f64> {
        let values = self.columns.iter().zip(&observation.values);
        values
            .map(|(column, value)| column.dimension.coordinate(*value))
            .collect()
    }

    fn insert(&mut self, observation: &Observation) {
        let number = observation.number;
        let position = self.numbers.partition_point(|known| *known < number);
        self.numbers.insert(position, number);
        self.constants.insert(position, f64::NAN);
        let mut changed = vec![position];
        for (column, value) in self.columns.iter_mut().zip(&observation.values) {
            let centre = column.dimension.coordinate(*value);
            column.insert(position, centre, &mut changed);
        }
        self.update_constants(changed);
    }

    fn remove(&mut self, number: u64) {
        let position = self.numbers.partition_point(|known| *known < number);
        self.numbers.remove(position);
        self.constants.remove(position);
        let mut changed = Vec::new();
        for column in &mut self.columns {
            column.remove(position, &mut changed);
        }
        self.update_constants(changed);
    }

    fn update_constants(&mut self, mut changed: Vec<usize>) {
        changed.sort_unstable();
        changed.dedup();
        for at in changed {
            self.constants[at] = self.constant(at);
        }
    }

    fn constant(&self, at: usize) -> f64 {
        let norms = self
            .columns
            .iter()
            .filter_map(|column| column.log_norms.get(at));
        norms.sum()
    }

    /// Draws `count` points; by parameter, then by point, as internal values.
    /// `kernels` chooses each point's kernel, `values[d]` the value of parameter `d`.
    pub fn draw(&self, count: usize, kernels: &mut Rng, values: &mut [Rng]) -> Vec<Vec<f64>> {
        let weights = (0..self.len()).map(|at| self.weights.at(at)).chain([1.0]);
        let cumulative: Vec<f64> = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let total = cumulative.last().copied().unwrap_or(1.0);
        let chosen: Vec<Option<usize>> = (0..count)
            .map(|_| {
                let share = kernels.uniform() * total;
                let at = cumulative.partition_point(|sum| *sum <= share);
                (at < self.len()).then_some(at)
            })
            .collect();
        let columns = self.columns.iter().zip(values);
        columns
            .map(|(column, rng)| {
                let kernels = chosen.iter();
                kernels
                    .map(|kernel| column.draw(rng.uniform(), *kernel))
                    .collect()
            })
            .collect()
    }
}
