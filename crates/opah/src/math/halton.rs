//! Halton points: the digits of the index, mirrored at the point, in one prime base for
//! each coordinate.
//!
//! Halton, "On the efficiency of certain quasi-random sequences of points in evaluating
//! multi-dimensional integrals", Numerische Mathematik 2, 1960. Scrambled as by Owen, "A
//! randomized Halton algorithm in R", arXiv:1706.02808, 2017. Points are those of
//! `scipy.stats.qmc.Halton`, bit for bit; scrambled ones have other random numbers.

use super::random::Rng;

/// The greatest number below 1: where scrambled digits that are all the greatest add up to
/// 1 by rounding.
const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;

/// One coordinate of all points.
#[derive(Debug, Clone)]
pub struct Halton {
    base: u32,
    /// By digit, the first behind the point first: what is put in the place of each; empty
    /// when nothing is scrambled.
    permutations: Vec<Vec<u32>>,
}

impl Halton {
    /// The coordinate with this base, at least 2.
    pub fn new(base: u32) -> Self {
        Self {
            base: base.max(2),
            permutations: Vec::new(),
        }
    }

    /// The coordinate with its digits permuted at random, each place by itself, down to
    /// the precision of a float (Owen 2017, section 3).
    #[must_use]
    pub fn scrambled(&self, rng: &mut Rng) -> Self {
        let n_digits = (54.0 / f64::from(self.base).log2()).ceil() as usize - 1;
        let permutations = (0..n_digits).map(|_| permutation(self.base, rng));
        Self {
            base: self.base,
            permutations: permutations.collect(),
        }
    }

    /// The coordinate of a point, in `[0, 1)`.
    pub fn at(&self, index: u64) -> f64 {
        let base = u64::from(self.base);
        let (mut rest, mut coordinate) = (index, 0.0);
        let mut worth = 1.0 / base as f64;
        let mut add = |digit: u64| {
            coordinate += digit as f64 * worth;
            worth /= base as f64;
        };
        if self.permutations.is_empty() {
            while rest > 0 {
                add(rest % base);
                rest /= base;
            }
        }
        for permutation in &self.permutations {
            add(u64::from(permutation[(rest % base) as usize]));
            rest /= base;
        }
        coordinate.min(BELOW_ONE)
    }
}

/// The numbers below `n` in random order.
fn permutation(n: u32, rng: &mut Rng) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..n).collect();
    for last in (1..numbers.len()).rev() {
        numbers.swap(last, rng.below(last + 1));
    }
    numbers
}

/// The first `n` prime numbers.
pub fn primes(n: usize) -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::with_capacity(n);
    let mut candidates = 2_u32..;
    while primes.len() < n {
        let Some(candidate) = candidates.next() else {
            break;
        };
        let mut small = primes
            .iter()
            .take_while(|prime| u64::from(**prime).pow(2) <= u64::from(candidate));
        if small.all(|prime| !candidate.is_multiple_of(*prime)) {
            primes.push(candidate);
        }
    }
    primes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From SciPy 1.17: `Halton(1000, scramble=False)`, the point of an index; the sum of
    /// the bits of its coordinates, each weighted with its place from 1, modulo 2⁶⁴.
    #[test]
    fn points_are_scipys() {
        let bases = primes(1000);
        assert_eq!((bases[0], bases[999]), (2, 7919));
        for (index, expected) in [
            (0, 0),
            (1, 14_170_520_258_546_503_206),
            (2, 17_710_349_565_659_713_062),
            (1000, 9_784_563_606_430_221_366),
            (123_456, 2_041_383_622_401_663_222),
        ] {
            let bits = (1..).zip(&bases).fold(0_u64, |sum, (place, base)| {
                let bits: u64 = Halton::new(*base).at(index).to_bits();
                sum.wrapping_add(bits.wrapping_mul(place))
            });
            assert_eq!(bits, expected, "point {index}");
        }
    }

    /// From SciPy 1.17: `Halton(4, scramble=True, seed=7)`, the third coordinate with the
    /// permutations that SciPy draws for it.
    #[test]
    fn scrambling_is_scipys_but_for_the_random_numbers() {
        let rows = "40132 24013 14023 30124 42031 43210 01423 21340 02431 21034 02413 23401 \
                    20314 13240 40231 23410 01432 32401 12034 32041 32410 01324 14032";
        let digits = |row: &str| -> Vec<u32> {
            row.chars().filter_map(|digit| digit.to_digit(10)).collect()
        };
        let halton = Halton {
            base: 5,
            permutations: rows.split_whitespace().map(digits).collect(),
        };
        for (index, expected) in [
            (0, 0x3fec_9e71_b820_ceea_u64),
            (1, 0x3fb8_26c0_f439_aa81),
            (37, 0x3fce_81f8_076c_b47c),
        ] {
            assert_eq!(halton.at(index).to_bits(), expected, "point {index}");
        }
        for (base, n_digits) in [(2, 53), (3, 34), (5, 23), (7919, 4)] {
            let scrambled = Halton::new(base).scrambled(&mut Rng::keyed(0, 0, "x"));
            assert_eq!(scrambled.permutations.len(), n_digits, "base {base}");
        }
    }

    #[test]
    fn each_interval_gets_its_share() {
        for base in primes(20) {
            let scrambled = Halton::new(base).scrambled(&mut Rng::keyed(1, 0, "x"));
            for halton in [Halton::new(base), scrambled] {
                let n = u64::from(base).pow(2);
                let cells = (0..n).map(|index| (halton.at(index) * n as f64 + 1e-9) as u64);
                let mut cells: Vec<u64> = cells.collect();
                cells.sort_unstable();
                assert_eq!(cells, (0..n).collect::<Vec<_>>(), "base {base}");
            }
        }
        let scrambled = Halton::new(3).scrambled(&mut Rng::keyed(1, 0, "x"));
        let inside = [u64::MAX, u64::MAX - 1].map(|index| scrambled.at(index));
        assert!(inside.iter().all(|at| (0.0..1.0).contains(at)));
    }
}
