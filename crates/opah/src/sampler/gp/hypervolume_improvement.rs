//! By how much a point is expected to enlarge what the front dominates, as a logarithm.
//!
//! Emmerich, Giannakoglou and Naujoks, "Single- and multiobjective evolutionary optimization
//! assisted by Gaussian random field metamodels", IEEE Trans. Evol. Comput. 10 (2006),
//! section IV. With independent objectives, the expectation in a box is a product of
//! differences of one-dimensional expected improvements. That of Ament et al., NeurIPS 2023,
//! section 3.3, is its logarithm.

use super::boxes::{self, Edges};
use super::improvement::log_h;
use super::process::{Expected, Process};
use super::proposal::Acquisition;
use crate::math::exp::exp;
use crate::math::normal;

/// A reference of which the mean is so many deviations away, or less, is near.
const NEAR: f64 = -4.0;

/// The logarithm of the expected hypervolume improvement.
#[derive(Debug)]
pub(super) struct LogHypervolumeImprovement<'a> {
    processes: &'a [Process],
    /// By objective: the ends of boxes, ascending, the last one the reference.
    ends: Vec<Vec<f64>>,
    /// By box, then by objective: the places of its ends among those; none is minus
    /// infinity.
    boxes: Vec<Vec<(Option<usize>, usize)>>,
}

impl<'a> LogHypervolumeImprovement<'a> {
    /// What would enlarge the volume between a front and a reference. The front's points
    /// are below it, and none dominates another.
    pub(super) fn new(processes: &'a [Process], front: &[Vec<f64>], reference: &[f64]) -> Self {
        let edges = boxes::not_dominated(front, reference);
        let ends: Vec<Vec<f64>> = (0..reference.len())
            .map(|objective| ends(&edges, objective))
            .collect();
        let place = |objective: usize, end: f64| {
            let ends: &Vec<f64> = &ends[objective];
            ends.binary_search_by(|known| known.total_cmp(&end)).ok()
        };
        let boxes = edges.iter().filter_map(|edges| {
            let places = edges.iter().enumerate();
            places
                .map(|(objective, (low, high))| {
                    Some((place(objective, *low), place(objective, *high)?))
                })
                .collect()
        });
        let boxes = boxes.collect();
        Self {
            processes,
            ends,
            boxes,
        }
    }

    /// By objective and end: the expected improvement on it, as a share of that on the
    /// reference; and the sum of the logarithms of those.
    fn shares(&self, expected: &[Expected]) -> (Vec<Vec<f64>>, f64) {
        let mut total = 0.0;
        let shares = self.ends.iter().zip(expected).map(|(ends, expected)| {
            let z = |end: &f64| (end - expected.mean) / expected.deviation;
            let last = ends.last().map_or(0.0, z);
            let whole = log_h(last);
            total += whole + expected.deviation.ln();
            if last < NEAR {
                return ends
                    .iter()
                    .map(|end| (log_h(z(end)) - whole).exp())
                    .collect();
            }
            let scale = (-whole).exp();
            ends.iter().map(|end| scale * h(z(end))).collect()
        });
        let shares = shares.collect();
        (shares, total)
    }

    fn sum(&self, shares: &[Vec<f64>]) -> f64 {
        let volume = |places: &Vec<(Option<usize>, usize)>| -> f64 {
            let sides = places.iter().zip(shares);
            sides.map(|(place, shares)| side(*place, shares)).product()
        };
        self.boxes.iter().map(volume).sum()
    }
}

/// `φ(z) + z·Φ(z)`, to which a difference of two logarithms would add no digit when the
/// reference is near.
fn h(z: f64) -> f64 {
    let density = exp(-0.5 * z * z - normal::LN_SQRT_TAU);
    (density + z * normal::cdf(z)).max(0.0)
}

/// The difference of what belongs to the ends of one side of a box.
fn side((low, high): (Option<usize>, usize), by_end: &[f64]) -> f64 {
    by_end[high] - low.map_or(0.0, |low| by_end[low])
}

/// The finite ends of boxes in one objective, ascending.
fn ends(edges: &[Edges], objective: usize) -> Vec<f64> {
    let both = edges.iter().flat_map(|edges| {
        let (low, high) = edges[objective];
        [low, high]
    });
    let mut ends: Vec<f64> = both.filter(|end| end.is_finite()).collect();
    ends.sort_unstable_by(f64::total_cmp);
    // As they are looked up: -0.0 and 0.0 are two.
    ends.dedup_by(|a, b| a.total_cmp(b).is_eq());
    ends
}

impl Acquisition for LogHypervolumeImprovement<'_> {
    fn scores(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let by_objective: Vec<Vec<Expected>> = self
            .processes
            .iter()
            .map(|process| process.expected(points))
            .collect();
        let score = |at: usize| {
            let expected: Vec<Expected> = by_objective.iter().map(|all| all[at]).collect();
            let (shares, total) = self.shares(&expected);
            total + self.sum(&shares).max(1e-300).ln()
        };
        (0..points.len()).map(score).collect()
    }

    fn score_with_gradient(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let all: Vec<(Expected, [Vec<f64>; 2])> = self
            .processes
            .iter()
            .map(|process| process.expected_with_gradient(point))
            .collect();
        let expected: Vec<Expected> = all.iter().map(|(expected, _)| *expected).collect();
        let (shares, total) = self.shares(&expected);
        let sum = self.sum(&shares);
        gradient.fill(0.0);
        if sum <= 1e-300 {
            return total + 1e-300_f64.ln();
        }
        for (objective, (expected, [by_mean, by_deviation])) in all.iter().enumerate() {
            // The improvement on an end changes by -Φ(z) with the mean, by φ(z) with the
            // deviation; all as shares of the improvement on the reference.
            let ends = &self.ends[objective];
            let z = |end: &f64| (end - expected.mean) / expected.deviation;
            let whole = ends.last().map_or(0.0, |end| log_h(z(end))) + expected.deviation.ln();
            let mean: Vec<f64> = ends
                .iter()
                .map(|end| -(normal::log_cdf(z(end)) - whole).exp())
                .collect();
            let deviation: Vec<f64> = ends
                .iter()
                .map(|end| (-0.5 * z(end).powi(2) - normal::LN_SQRT_TAU - whole).exp())
                .collect();
            let (mut of_mean, mut of_deviation) = (0.0, 0.0);
            for places in &self.boxes {
                let others: f64 = (0..places.len())
                    .filter(|other| *other != objective)
                    .map(|other| side(places[other], &shares[other]))
                    .product();
                of_mean += others * side(places[objective], &mean);
                of_deviation += others * side(places[objective], &deviation);
            }
            for (axis, target) in gradient.iter_mut().enumerate() {
                *target += (of_mean * by_mean[axis] + of_deviation * by_deviation[axis]) / sum;
            }
        }
        total + sum.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Rng;
    use crate::multi_objective::hypervolume;
    use crate::sampler::gp::covariance::Columns;

    fn processes(n_objectives: usize) -> Vec<Process> {
        let points: Vec<Vec<f64>> = (0..6)
            .map(|at| vec![f64::from(at) / 5.0, f64::from(at * 2 % 5) / 4.0])
            .collect();
        let process = |objective: usize| {
            let targets: Vec<f64> = points
                .iter()
                .map(|point| (point[0] * 3.0 + objective as f64).sin() + point[1])
                .collect();
            let theta = [-0.3, 0.4, -0.9, -0.2, -0.5, -1.0, -8.0];
            let columns = Columns::new(&points, vec![false, false]);
            Process::new(columns, &targets, &theta).unwrap()
        };
        (0..n_objectives).map(process).collect()
    }

    /// The mean improvement of many draws from the processes.
    #[test]
    fn is_the_mean_of_draws() {
        for n_objectives in [2, 3] {
            let processes = processes(n_objectives);
            let front = match n_objectives {
                2 => vec![vec![0.9, 1.3], vec![1.3, 0.7]],
                _ => vec![
                    vec![0.9, 1.3, 0.3],
                    vec![1.3, 0.7, 0.6],
                    vec![1.5, 1.0, -0.3],
                ],
            };
            let reference = vec![2.0; n_objectives];
            let own = LogHypervolumeImprovement::new(&processes, &front, &reference);
            let point = vec![0.45, 0.15];
            let score = own.scores(std::slice::from_ref(&point))[0];
            let before = hypervolume(&front, &reference);
            let expected: Vec<Expected> = processes
                .iter()
                .map(|process| process.expected(std::slice::from_ref(&point))[0])
                .collect();
            let mut rng = Rng::keyed(3, 0, "draws");
            let n = 40_000;
            let mut sum = 0.0;
            for _ in 0..n {
                let draw: Vec<f64> = expected
                    .iter()
                    .map(|e| e.mean + e.deviation * normal::inverse_cdf(rng.uniform()))
                    .collect();
                let mut all = front.clone();
                all.push(draw);
                sum += hypervolume(&all, &reference) - before;
            }
            let mean = sum / f64::from(n);
            assert!(
                (score.exp() / mean - 1.0).abs() < 0.03,
                "{} {mean}",
                score.exp()
            );
        }
    }

    #[test]
    fn gradients_are_those_of_differences() {
        let processes = processes(3);
        let front = vec![vec![0.9, 1.3, 0.3], vec![1.3, 0.7, 0.6]];
        let own = LogHypervolumeImprovement::new(&processes, &front, &[2.0; 3]);
        let point = vec![0.45, 0.15];
        let mut gradient = vec![0.0; 2];
        own.score_with_gradient(&point, &mut gradient);
        for axis in 0..2 {
            let at = |step: f64| {
                let mut moved = point.clone();
                moved[axis] += step;
                own.scores(&[moved])[0]
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            let error = (difference - gradient[axis]).abs();
            assert!(
                error < 1e-3 * difference.abs().max(0.1),
                "{difference} {gradient:?}"
            );
        }
    }
}
