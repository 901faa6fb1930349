//! Sobol points: each half, quarter, eighth … of every coordinate gets its share of them.
//!
//! Sobol, "On the distribution of points in a cube and the approximate evaluation of
//! integrals", USSR Computational Mathematics and Mathematical Physics 7(4), 1967; in the
//! order of Antonov and Saleev, 1979. The direction numbers are those of Joe and Kuo,
//! "Constructing Sobol sequences with better two-dimensional projections", SIAM Journal on
//! Scientific Computing 30(5), 2008: the first 1,111 coordinates of `new-joe-kuo-6`, which
//! are the polynomials of degree 13 and less (`joe_kuo.txt`, its licence beside it).
//!
//! Points are those of `scipy.stats.qmc.Sobol` with 30 bits, bit for bit, and scrambling is
//! what SciPy does, with other random numbers.

use std::sync::OnceLock;

use super::random::Rng;

/// Coordinates that there are direction numbers for.
pub const N_COORDINATES: usize = 1111;

/// Bits of a coordinate; the points repeat after 2³⁰.
const N_BITS: usize = 30;

/// A coordinate's unit: 2³⁰ of them are 1.
const ONE: f64 = (1_u32 << N_BITS) as f64;

/// By degree, from 1: how many coordinates have a primitive polynomial of it. The first
/// coordinate has none.
const N_OF_DEGREE: [usize; 13] = [1, 1, 2, 2, 6, 6, 18, 16, 48, 60, 176, 144, 630];

/// In base 64, bits in a row; by coordinate from the second: the coefficients of the
/// polynomial `xˢ + a₁xˢ⁻¹ + … + 1` as `s - 1` bits, and of each initial number `m₂ … mₛ`,
/// which are odd, `mᵢ / 2` as `i - 1` bits (`m₁` is 1).
const JOE_KUO: &[u8] = include_bytes!("joe_kuo.txt");

/// One coordinate of all points.
#[derive(Debug, Clone, PartialEq)]
pub struct Sobol {
    /// Direction numbers as multiples of 2⁻³⁰.
    directions: [u32; N_BITS],
    /// The digital shift: the coordinate of point 0, as a multiple of 2⁻³⁰.
    shift: u32,
}

impl Sobol {
    /// The coordinate of this index; `None` from [`N_COORDINATES`] on.
    pub fn new(coordinate: usize) -> Option<Self> {
        static DIRECTIONS: OnceLock<Vec<[u32; N_BITS]>> = OnceLock::new();
        let directions = *DIRECTIONS.get_or_init(all_directions).get(coordinate)?;
        let shift = 0;
        Some(Self { directions, shift })
    }

    /// The coordinate with its points permuted at random, in a way that keeps how evenly
    /// they lie: a linear scramble of the digits and a digital shift (Matoušek, "On the
    /// L₂-discrepancy for anchored boxes", Journal of Complexity 14, 1998).
    #[must_use]
    pub fn scrambled(&self, rng: &mut Rng) -> Self {
        let mut bits = || (rng.uniform() * ONE) as u32;
        // A lower triangular matrix with ones on its diagonal, by rows.
        let rows = std::array::from_fn(|digit| {
            let diagonal = digit_mask(digit);
            let before = !(2 * diagonal - 1);
            (bits() & before) | diagonal
        });
        self.transformed(&rows, bits())
    }

    /// With each direction number multiplied by a matrix over GF(2), whose rows have the
    /// factor of the first digit at bit 29, and with a shift.
    fn transformed(&self, rows: &[u32; N_BITS], shift: u32) -> Self {
        let directions = self.directions.map(|direction| {
            let digits = rows.iter().enumerate();
            let ones = digits.filter(|(_, row)| (*row & direction).count_ones() % 2 == 1);
            ones.fold(0, |number, (digit, _)| number | digit_mask(digit))
        });
        Self { directions, shift }
    }

    /// The coordinate of a point, in `[0, 1)`.
    pub fn at(&self, index: u64) -> f64 {
        let gray = index ^ (index >> 1);
        let chosen = self.directions.iter().enumerate();
        let chosen = chosen.filter(|(bit, _)| (gray >> bit) & 1 == 1);
        let number = chosen.fold(self.shift, |number, (_, direction)| number ^ direction);
        f64::from(number) / ONE
    }
}

/// The binary digit of a coordinate at this place behind the point, from 0.
fn digit_mask(digit: usize) -> u32 {
    1 << (N_BITS - 1 - digit)
}

/// The direction numbers of all coordinates, which takes about a millisecond.
fn all_directions() -> Vec<[u32; N_BITS]> {
    let mut all = vec![std::array::from_fn(digit_mask)];
    let mut bits = Bits::of(JOE_KUO);
    for (degree, n_coordinates) in (1..).zip(N_OF_DEGREE) {
        for _ in 0..n_coordinates {
            let polynomial = bits.number(degree - 1);
            let initial: Vec<u32> = (0..degree).map(|i| 2 * bits.number(i) + 1).collect();
            all.push(directions(polynomial, &initial));
        }
    }
    all
}

/// The recurrence of Joe and Kuo's eq. 2, for `vₖ = mₖ / 2ᵏ`.
fn directions(polynomial: u32, initial: &[u32]) -> [u32; N_BITS] {
    let degree = initial.len();
    let mut v = [0; N_BITS];
    for (k, m) in initial.iter().enumerate() {
        v[k] = m * digit_mask(k);
    }
    for k in degree..N_BITS {
        v[k] = v[k - degree] ^ (v[k - degree] >> degree);
        for i in 1..degree {
            if (polynomial >> (degree - 1 - i)) & 1 == 1 {
                v[k] ^= v[k - i];
            }
        }
    }
    v
}

/// Numbers of a few bits each, out of a text in base 64.
#[derive(Debug)]
struct Bits<'a> {
    text: std::slice::Iter<'a, u8>,
    held: u32,
    n_held: usize,
}

impl<'a> Bits<'a> {
    fn of(text: &'a [u8]) -> Self {
        Self {
            text: text.iter(),
            held: 0,
            n_held: 0,
        }
    }

    /// The next `n` bits, at most 25; zeros behind the end.
    fn number(&mut self, n: usize) -> u32 {
        while self.n_held < n {
            let digit = match self.text.next().copied() {
                Some(letter @ b'A'..=b'Z') => letter - b'A',
                Some(letter @ b'a'..=b'z') => letter - b'a' + 26,
                Some(digit @ b'0'..=b'9') => digit - b'0' + 52,
                Some(b'+') => 62,
                Some(b'/') => 63,
                // The end of a line.
                Some(_) => continue,
                None => 0,
            };
            self.held = (self.held << 6) | u32::from(digit);
            self.n_held += 6;
        }
        self.n_held -= n;
        (self.held >> self.n_held) & ((1 << n) - 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::math::random::Rng;

    fn number(sobol: &Sobol, index: u64) -> u32 {
        (sobol.at(index) * ONE) as u32
    }

    /// From SciPy 1.17: `Sobol(1111, scramble=False)`, the point of an index; the sum of
    /// coordinates times 2³⁰, each weighted with its place from 1.
    #[test]
    fn points_are_scipys() {
        let all: Vec<Sobol> = (0..).map_while(Sobol::new).collect();
        assert_eq!(all.len(), N_COORDINATES);
        for (index, expected) in [
            (0, 0),
            (1, 331_633_752_276_992),
            (2, 332_920_631_853_056),
            (1000, 332_048_000_614_400),
            (123_456, 324_491_360_370_688),
        ] {
            let weighted = (1..)
                .zip(&all)
                .map(|(place, coordinate)| place * u64::from(number(coordinate, index)));
            assert_eq!(weighted.sum::<u64>(), expected, "point {index}");
        }
        let some = [0, 1, 2, 9, 99, 1110].map(|at: usize| number(&all[at], 1000));
        let expected = [
            235_929_600,
            103_809_024,
            556_793_856,
            74_448_896,
            200_278_016,
            397_410_304,
        ];
        assert_eq!(some, expected);
    }

    /// From SciPy 1.17: `Sobol(3, scramble=True, seed=7)`, the last coordinate with the
    /// matrix and shift that SciPy draws for it.
    #[test]
    fn scrambling_is_scipys_but_for_the_random_numbers() {
        let rows = [
            0x2000_0000,
            0x1000_0000,
            0x3800_0000,
            0x1400_0000,
            0x1a00_0000,
            0x3300_0000,
            0x1280_0000,
            0x0540_0000,
            0x2ee0_0000,
            0x3150_0000,
            0x3248_0000,
            0x0cf4_0000,
            0x3462_0000,
            0x1da1_0000,
            0x076c_8000,
            0x2470_4000,
            0x32bb_6000,
            0x24dc_9000,
            0x1fa6_b800,
            0x0a43_5c00,
            0x1fa6_ee00,
            0x1a71_0700,
            0x0a22_2d80,
            0x1be7_56c0,
            0x2b51_9d20,
            0x1077_1310,
            0x3593_1888,
            0x3864_0094,
            0x3905_a55e,
            0x32d8_9315,
        ];
        let sobol = Sobol::new(2).unwrap().transformed(&rows, 0x3ed7_1710);
        for (index, expected) in [
            (0, 1_054_283_536),
            (1, 401_434_431),
            (2, 558_644_303),
            (7, 728_314_793),
            (999, 1_003_675_039),
        ] {
            assert_eq!(number(&sobol, index), expected, "point {index}");
        }
    }

    proptest! {
        /// What makes them Sobol points, and what scrambling must keep.
        #[test]
        fn each_interval_gets_its_share(
            coordinate in 0..N_COORDINATES,
            seed in 0..1000_u64,
            power in 0..9_u32,
        ) {
            let plain = Sobol::new(coordinate).unwrap();
            let scrambled = plain.scrambled(&mut Rng::keyed(seed, 0, "x"));
            for sobol in [plain, scrambled] {
                let n = 1_u64 << power;
                let cells = (0..n).map(|index| (sobol.at(index) * n as f64) as u64);
                let mut cells: Vec<u64> = cells.collect();
                cells.sort_unstable();
                prop_assert_eq!(cells, (0..n).collect::<Vec<_>>());
            }
        }

        #[test]
        fn every_index_has_a_point(
            coordinate in 0..N_COORDINATES,
            index in any::<u64>(),
        ) {
            prop_assert!((0.0..1.0).contains(&Sobol::new(coordinate).unwrap().at(index)));
        }
    }
}
