//! Where weights begin: a function of the seed and the parameter's name alone, so that a
//! new parameter changes no other's.

use rayon::prelude::*;

use super::Real;
use crate::random::Rng;

/// How many numbers a work item draws.
const CHUNK: usize = 1 << 16;

/// Fills `weights` with numbers uniform in `[-bound, bound)`, a function of `seed` and
/// `name` alone.
pub(crate) fn fill_uniform<T: Real>(weights: &mut [T], bound: f64, seed: u64, name: &str) {
    let rng = Rng::keyed(seed, name, 0, 0);
    weights
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(index, chunk)| {
            let mut rng = rng.clone();
            rng.seek_coarse(index * CHUNK);
            for weight in chunk {
                *weight = T::from_f64(bound * (2.0 * rng.coarse_uniform() - 1.0));
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_a_function_of_seed_and_name() {
        let draw = |seed, name| {
            let mut weights = vec![0.0_f64; 100_000];
            fill_uniform(&mut weights, 0.5, seed, name);
            weights
        };
        let weights = draw(1, "a");
        assert_eq!(weights, draw(1, "a"));
        assert_ne!(weights, draw(2, "a"));
        assert_ne!(weights, draw(1, "b"));
        let mut in_one_go = Rng::keyed(1, "a", 0, 0);
        assert!(
            weights
                .iter()
                .all(|w| *w == 0.5 * (2.0 * in_one_go.coarse_uniform() - 1.0))
        );
    }

    #[test]
    fn weights_are_uniform() {
        let n = 200_000;
        let mut weights = vec![0.0_f64; n];
        fill_uniform(&mut weights, 0.5, 7, "weight");
        assert!(weights.iter().all(|weight| (-0.5..0.5).contains(weight)));
        let mean = weights.iter().sum::<f64>() / n as f64;
        let variance = weights.iter().map(|w| w * w).sum::<f64>() / n as f64;
        // Standard errors: 0.29 / sqrt(n) = 0.00065 and 0.0745 / sqrt(n) = 0.00017.
        assert!(mean.abs() < 0.003, "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 0.001, "{variance}");
    }
}
