//! Random streams keyed by what they are for.
//!
//! A stream is a function of its key alone: the seed, the purpose, and two numbers such
//! as the epoch and the batch. So results don't depend on threads, nor on what was drawn
//! before, and an interrupted training goes on as if it had not been. The generator is
//! ChaCha8; conversions are ours, so that a seed outlives updates of dependencies.

use std::hash::{BuildHasher, RandomState};

use rand::{Rng as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::fnv;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream for `purpose` and two numbers under `seed`.
    pub(crate) fn keyed(seed: u64, purpose: &str, first: u64, second: u64) -> Self {
        let mut key = [0; 32];
        let parts = [seed, fnv::hash(purpose), first, second];
        for (at, part) in parts.into_iter().enumerate() {
            key[at * 8..at * 8 + 8].copy_from_slice(&part.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number uniform in `[0, 1)`, with 53 random bits.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number uniform in `[0, 1)`, with 24 random bits: half the work, for the many
    /// numbers of weights and masks.
    pub(crate) fn coarse_uniform(&mut self) -> f64 {
        f64::from(self.0.next_u32() >> 8) * (1.0 / f64::from(1 << 24))
    }

    /// Goes to the `index`-th number of those that [`coarse_uniform`](Self::coarse_uniform)
    /// draws from the beginning.
    pub(crate) fn seek_coarse(&mut self, index: usize) {
        self.0.set_word_pos(index as u128);
    }

    /// A whole number uniform in `[0, n)`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Puts the items in a random order, each order equally likely (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last + 1);
            items.swap(last, other);
        }
    }
}

/// A seed that differs from run to run, for a seed that is null.
pub(crate) fn fresh_seed() -> u64 {
    // 52 bits, which a JSON reader that has only doubles keeps.
    RandomState::new().hash_one(std::process::id()) >> 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_a_function_of_its_key() {
        let first = |seed, purpose, a, b| Rng::keyed(seed, purpose, a, b).uniform();
        let reference = first(1, "order", 2, 3);
        assert_eq!(first(1, "order", 2, 3), reference);
        let others = [
            first(2, "order", 2, 3),
            first(1, "dropout", 2, 3),
            first(1, "order", 3, 3),
            first(1, "order", 2, 2),
        ];
        assert!(others.iter().all(|other| *other != reference));
    }

    #[test]
    fn a_shuffle_is_an_order_of_the_same_items() {
        let mut items: Vec<u32> = (0..1000).collect();
        Rng::keyed(7, "order", 0, 0).shuffle(&mut items);
        assert_ne!(items[..4], [0, 1, 2, 3]);
        items.sort_unstable();
        assert_eq!(items, (0..1000).collect::<Vec<u32>>());
    }

    #[test]
    fn seeds_outlive_updates() {
        let mut rng = Rng::keyed(42, "order", 1, 2);
        let drawn: Vec<String> = (0..3).map(|_| format!("{:.6}", rng.uniform())).collect();
        assert_eq!(drawn, ["0.207083", "0.216364", "0.299952"]);
        let mut rng = Rng::keyed(42, "order", 1, 2);
        let drawn: Vec<String> = (0..3)
            .map(|_| format!("{:.6}", rng.coarse_uniform()))
            .collect();
        assert_eq!(drawn, ["0.277972", "0.207083", "0.649667"]);
    }
}
