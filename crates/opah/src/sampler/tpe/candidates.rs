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
    let promise = |(at, score): (usize, &f64)| (at, score - densities.lower_bound(at));
    let mut promises: Vec<(usize, f64)> = scores.iter().enumerate().map(promise).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::random::Rng;
    use crate::sampler::tpe::parzen::{Observation, Weighting};
    use crate::sampler::tpe::tests::{mixed_space, uniform_point};
    use crate::search_space::SearchSpace;

    /// A space of each parameter alone, and one of all.
    fn spaces() -> Vec<SearchSpace> {
        let all = mixed_space();
        let alone = all.iter().map(|(name, distribution)| {
            SearchSpace::from_iter([(name.clone(), distribution.clone())])
        });
        alone.chain([all.clone()]).collect()
    }

    /// A point that shares some values with `best`.
    fn near(best: &[f64], space: &SearchSpace, rng: &mut Rng) -> Vec<f64> {
        let point = uniform_point(space, rng);
        let values = point.into_iter().zip(best);
        values
            .map(|(value, best)| if rng.below(2) > 0 { *best } else { value })
            .collect()
    }

    fn check_choice(good: &Parzen, bad: &Parzen, step: u64, n_params: usize) {
        let mut streams: Vec<Rng> = (0..n_params as u64)
            .map(|at| Rng::keyed(at, step, "values"))
            .collect();
        let candidates = good.draw(24, &mut Rng::keyed(9, step, "kernels"), &mut streams);
        let scores = good.log_density(&candidates);
        let densities = bad.log_density(&candidates);
        let mut bounds = Densities::new(bad, &candidates);
        let mut expected = (0, f64::NEG_INFINITY);
        for (at, density) in densities.iter().enumerate() {
            let slack = 1e-12 * density.abs().max(1.0);
            assert!(bounds.lower_bound(at) <= density + slack, "step {step}");
            if scores[at] - density > expected.1 {
                expected = (at, scores[at] - density);
            }
        }
        let best = best_candidate(&scores, bad, &candidates);
        assert_eq!(best, expected.0, "step {step}");
    }

    /// Trials come and go, in no order; the later ones are close together, as those of a
    /// sampler that finds something.
    #[test]
    fn the_best_is_the_one_of_all_densities() {
        for (space, weighting) in spaces().iter().flat_map(|space| {
            [Weighting::OlderLighter, Weighting::Equal].map(|weighting| (space, weighting))
        }) {
            let mut rng = Rng::keyed(3, 0, "candidates");
            let mut good = Parzen::new(space, weighting);
            let mut bad = Parzen::new(space, weighting);
            let best = uniform_point(space, &mut rng);
            let mut kept: Vec<u64> = Vec::new();
            for step in 0..700 {
                let values = match step {
                    0..400 => uniform_point(space, &mut rng),
                    _ => near(&best, space, &mut rng),
                };
                let leaving = match rng.below(4) {
                    0 if kept.len() > 1 => vec![kept.swap_remove(rng.below(kept.len()))],
                    _ => Vec::new(),
                };
                let number = step * 379 % 701;
                kept.push(number);
                let joining = [Observation { number, values }];
                bad.change(&leaving, &joining);
                if step % 28 == 0 {
                    good.change(&[], &joining);
                }
                if step % 10 == 0 {
                    check_choice(&good, &bad, step, space.len());
                }
            }
        }
    }
}
