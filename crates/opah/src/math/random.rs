//! Random streams keyed by what they are for.
//!
//! A stream is a function of its key alone, so a draw depends on the seed, the
//! trial's number and the parameter's name, and never on threads or on what was
//! drawn before. The generator is ChaCha8; the conversions to floats are ours, so
//! that a seed outlives updates of dependencies.

use rand::{Rng as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// The stream of `name` in trial `number` under `seed`.
    pub fn keyed(seed: u64, number: u64, name: &str) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&number.to_le_bytes());
        // Two independent 64-bit FNV-1a hashes of the name.
        for (at, basis) in [(16, 0xcbf2_9ce4_8422_2325_u64), (24, 0x8422_2325_cbf2_9ce4)] {
            let hash = name.bytes().fold(basis, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
            key[at..at + 8].copy_from_slice(&hash.to_le_bytes());
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number uniform in `[0, 1)`, with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A whole number uniform in `[0, n)`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n.saturating_sub(1))
    }
}

/// A seed that differs from process to process, for those who give none.
pub fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_a_function_of_its_key() {
        let first = |seed, number, name| Rng::keyed(seed, number, name).uniform();
        assert_eq!(first(1, 2, "lr"), first(1, 2, "lr"));
        let others = [first(2, 2, "lr"), first(1, 3, "lr"), first(1, 2, "rl")];
        assert!(others.iter().all(|other| *other != first(1, 2, "lr")));
    }

    #[test]
    fn seeds_outlive_updates() {
        let mut rng = Rng::keyed(42, 0, "x");
        let drawn: Vec<String> = (0..3).map(|_| format!("{:.6}", rng.uniform())).collect();
        insta::assert_debug_snapshot!(drawn);
    }
}
