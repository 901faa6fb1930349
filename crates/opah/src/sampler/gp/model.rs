//! A process for each objective, and what they propose.

use super::allowed::Allowed;
use super::belief::{Belief, Believed};
use super::covariance::Columns;
use super::cube::{Axis, Cube};
use super::data::Data;
use super::fitted;
use super::hypervolume_improvement::LogHypervolumeImprovement;
use super::improvement::LogExpectedImprovement;
use super::likelihood::Noise;
use super::moves::Moves;
use super::process::Process;
use super::proposal::{self, Counts};
use crate::context::Context;
use crate::multi_objective::pareto_front;
use crate::rules::Duplicates;

/// The most points in the model.
const MOST_POINTS: usize = 300;
/// Noise with a smaller variance is none: the best loss may be one that was seen.
const NOISY: f64 = 1e-3;
/// Good points around and between which candidates are looked for.
const N_GOOD: usize = 10;

/// What is known, and what is expected elsewhere.
#[derive(Debug)]
pub(super) struct Model<'a> {
    cube: &'a Cube,
    pub points: Vec<Vec<f64>>,
    /// By point, then by objective: its losses, infinite for trials that can't be used.
    pub told: Vec<Vec<f64>>,
    /// All points that were tried, also those that the model left out.
    tried: Vec<Vec<f64>>,
    /// By point, then by objective: what counts as its losses.
    pub losses: Vec<Vec<f64>>,
    /// By objective.
    pub processes: Vec<Process>,
    /// By objective: the logarithms of the covariance's parameters.
    pub theta: Vec<Vec<f64>>,
    /// By objective.
    targets: Vec<Vec<f64>>,
    belief: Option<Belief<'a>>,
}

impl<'a> Model<'a> {
    /// The model of the data; `None` if all losses are equal, or in the rare case that no
    /// covariance explains them.
    pub(super) fn new(
        context: &Context,
        cube: &'a Cube,
        mut data: Data,
        noise: Noise,
    ) -> Option<Self> {
        let n_objectives = context.directions.len();
        let n = data.len();
        let tried = data.points.clone();
        if n > MOST_POINTS {
            let places = most_telling(&data);
            data.keep(&places);
        }
        let targets: Vec<Vec<f64>> = (0..n_objectives).map(|at| data.targets(at)).collect();
        let differs = |targets: &Vec<f64>| targets.iter().any(|target| *target != 0.0);
        if !targets.iter().any(differs) {
            return None;
        }
        let columns = columns(cube, &data.points);
        let theta = fitted::parameters(context, cube, &columns, &targets, n, noise)?;
        let both = targets.iter().zip(&theta);
        let processes: Vec<Process> = both
            .map(|(targets, theta)| Process::new(columns.clone(), targets, theta))
            .collect::<Option<_>>()?;
        let counted = processes.iter().zip(&targets).map(|(process, targets)| {
            match process.covariance.noise {
                noise if noise < NOISY => targets.clone(),
                _ => process.means(&data.points),
            }
        });
        let counted: Vec<Vec<f64>> = counted.collect();
        let by_point = |at: usize| counted.iter().map(|losses| losses[at]).collect();
        Some(Self {
            cube,
            losses: (0..data.len()).map(by_point).collect(),
            points: data.points,
            told: data.losses,
            tried,
            processes,
            theta,
            targets,
            belief: Belief::of(context, cube),
        })
    }

    /// The point that is most worth trying while the `pending` ones are tried.
    pub(super) fn propose(
        mut self,
        context: &Context,
        mut moves: Moves<'_>,
        pending: &[Vec<f64>],
    ) -> Option<Vec<f64>> {
        let known: Vec<Vec<f64>> = match context.rules.duplicates {
            Duplicates::Allow => Vec::new(),
            _ => self.tried.iter().chain(pending).cloned().collect(),
        };
        if let [process] = &self.processes[..] {
            let means = process.means(&self.points);
            let counted = self.losses.iter().map(|losses| losses[0]);
            let best = counted
                .chain(means.iter().copied())
                .fold(f64::INFINITY, f64::min);
            let good = self.take(ascending(&means));
            self.believe(pending)?;
            let acquisition = LogExpectedImprovement {
                process: &self.processes[0],
                best,
            };
            let believed = Believed {
                acquisition: &acquisition,
                belief: self.belief.as_ref(),
            };
            let allowed = Allowed::new(context, self.cube, &believed);
            return proposal::propose(&allowed, &mut moves, Counts::OF_ONE, &good, &known);
        }
        let places = pareto_front(&self.losses);
        let front: Vec<Vec<f64>> = places.iter().map(|at| self.losses[*at].clone()).collect();
        let mut shuffled = places.clone();
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, moves.rng.below(at + 1));
        }
        let good = self.take(shuffled);
        let reference = reference(&front, &self.losses);
        self.believe(pending)?;
        let front = thinned(front, &reference);
        let acquisition = LogHypervolumeImprovement::new(&self.processes, &front, &reference);
        let believed = Believed {
            acquisition: &acquisition,
            belief: self.belief.as_ref(),
        };
        let allowed = Allowed::new(context, self.cube, &believed);
        proposal::propose(&allowed, &mut moves, Counts::OF_SEVERAL, &good, &known)
    }

    fn take(&self, places: Vec<usize>) -> Vec<Vec<f64>> {
        let first = places.into_iter().take(N_GOOD);
        first.map(|at| self.points[at].clone()).collect()
    }

    /// Adds points as if they had the losses that are expected of them.
    pub(super) fn believe(&mut self, pending: &[Vec<f64>]) -> Option<()> {
        if pending.is_empty() {
            return Some(());
        }
        let points: Vec<Vec<f64>> = self.points.iter().chain(pending).cloned().collect();
        let columns = columns(self.cube, &points);
        for (at, process) in self.processes.iter_mut().enumerate() {
            let mut targets = self.targets[at].clone();
            targets.extend(process.means(pending));
            *process = Process::new(columns.clone(), &targets, &self.theta[at])?;
        }
        Some(())
    }
}

fn columns(cube: &Cube, points: &[Vec<f64>]) -> Columns {
    let is_choice = cube.axes.iter().map(Axis::is_choice).collect();
    Columns::new(points, is_choice)
}

/// Places by value.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    order
}

/// The places of the trials that the model keeps: the best half and the newest half; of
/// several objectives, the best by the sum of the targets.
fn most_telling(data: &Data) -> Vec<usize> {
    let n_objectives = data.losses.first().map_or(0, Vec::len);
    let mut sums = vec![0.0; data.len()];
    for objective in 0..n_objectives {
        for (sum, target) in sums.iter_mut().zip(data.targets(objective)) {
            *sum += target;
        }
    }
    let mut places = ascending(&sums);
    places.truncate(MOST_POINTS / 2);
    places.extend(data.len() - MOST_POINTS / 2..data.len());
    places.sort_unstable();
    places.dedup();
    places
}

/// Where the volume ends: a tenth of the front's extent beyond its worst losses; of all
/// losses', where the front has no extent.
pub(super) fn reference(front: &[Vec<f64>], all: &[Vec<f64>]) -> Vec<f64> {
    let extent = |points: &[Vec<f64>], objective: usize| {
        let losses = points.iter().map(|losses| losses[objective]);
        losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), loss| {
            (low.min(loss), high.max(loss))
        })
    };
    let n_objectives = front.first().map_or(0, Vec::len);
    (0..n_objectives)
        .map(|objective| match extent(front, objective) {
            (low, high) if high > low => high + 0.1 * (high - low),
            _ => {
                let (low, high) = extent(all, objective);
                high + 0.1 * (high - low).max(1e-9)
            }
        })
        .collect()
}

/// A front of so few points that its boxes can be counted: evenly taken along the first
/// objective.
pub(super) fn thinned(mut front: Vec<Vec<f64>>, reference: &[f64]) -> Vec<Vec<f64>> {
    let most = match reference.len() {
        0..=3 => 100,
        4 => 16,
        5 => 10,
        _ => 5,
    };
    if front.len() > most {
        front.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let step = (front.len() - 1) as f64 / (most - 1) as f64;
        front = (0..most)
            .map(|at| front[(at as f64 * step).round() as usize].clone())
            .collect();
    }
    front
}
