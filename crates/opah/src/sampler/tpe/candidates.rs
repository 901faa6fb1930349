//! Which of some candidates is the best, without the whole density of each.

use super::density::Densities;
use super::parzen::Parzen;

/// The rounding errors of bounds, and more.
const SLACK: f64 = 1e-9;

/// Where `scores - ln g` is greatest; of equals, the first. `candidates` are internal values
/// by parameter, then by candidate; `scores` come by candidate.
///
/// A lower bound of `g` is an upper bound of the difference: those are tried first that
/// promise most, until no other one promises as much as there is.
pub(super) fn best_candidate(scores: &[f64], g: &Parzen, candidates: &[Vec<f64>]) -> usize {
    let mut densities = Densities::new(g, candidates);
    let bound = |(at, score): (usize, &f64)| (at, score - densities.lower_bound(at));
    let mut promises: Vec<(usize, f64)> = scores.iter().enumerate().map(bound).collect();
    promises.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut best = (0, f64::NEG_INFINITY);
    for (at, promise) in promises {
        if promise + SLACK * (1.0 + promise.abs()) < best.1 {
            break;
        }
        let difference = scores[at] - densities.log_density(at);
        if difference > best.1 || difference == best.1 && at < best.0 {
            best = (at, difference);
        }
    }
    best.0
}
