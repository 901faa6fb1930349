//! NumPy's old random stream, for orders that must be those of Optuna.
//!
//! Matsumoto and Nishimura, "Mersenne Twister: A 623-Dimensionally Equidistributed Uniform
//! Pseudo-Random Number Generator", ACM TOMACS 8(1), 1998, seeded as in Knuth's "The Art
//! of Computer Programming", volume 2, third edition. All other draws are those of
//! [`random`](super::random).

/// Words of state.
const N: usize = 624;

/// The stream of NumPy's `RandomState` of a whole number.
#[derive(Debug, Clone)]
pub struct MersenneTwister {
    state: [u32; N],
    next: usize,
}

impl MersenneTwister {
    /// The stream of this seed.
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; N];
        for at in 1..N {
            let before = state[at - 1];
            state[at] = 1_812_433_253_u32
                .wrapping_mul(before ^ (before >> 30))
                .wrapping_add(at as u32);
        }
        Self { state, next: N }
    }

    /// Puts `items` into the order into which NumPy's `shuffle` puts a list of as many.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.up_to(last as u32) as usize;
            items.swap(last, other);
        }
    }

    /// A whole number uniform in `[0, greatest]`: the first that is small enough of those
    /// that have no more bits.
    fn up_to(&mut self, greatest: u32) -> u32 {
        let mask = u32::MAX.checked_shr(greatest.leading_zeros()).unwrap_or(0);
        loop {
            let number = self.word() & mask;
            if number <= greatest {
                return number;
            }
        }
    }

    /// 32 random bits.
    fn word(&mut self) -> u32 {
        if self.next == N {
            self.twist();
            self.next = 0;
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    fn twist(&mut self) {
        for at in 0..N {
            let joined = (self.state[at] & 0x8000_0000) | (self.state[(at + 1) % N] & 0x7fff_ffff);
            let odd = if joined & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[at] = self.state[(at + 397) % N] ^ (joined >> 1) ^ odd;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From NumPy 2: `RandomState(seed)`, `shuffle(list(range(n)))`.
    #[test]
    fn lists_are_shuffled_as_by_numpy() {
        let shuffled = |seed, n: u32| {
            let mut items: Vec<u32> = (0..n).collect();
            MersenneTwister::new(seed).shuffle(&mut items);
            items
        };
        assert_eq!(shuffled(0, 10), [2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
        let of_seven = [
            1, 5, 11, 13, 2, 21, 9, 16, 12, 0, 22, 6, 20, 17, 23, 10, 18, 8, 14, 7, 19, 3, 4, 15,
        ];
        assert_eq!(shuffled(7, 24), of_seven);
        assert_eq!(shuffled(7, 1), [0]);
        assert!(shuffled(7, 0).is_empty());
    }

    /// The ten-thousandth number of C++'s `std::mt19937`, which the standard names.
    #[test]
    fn the_stream_is_the_one_of_the_paper() {
        let mut stream = MersenneTwister::new(5489);
        let last = (0..10_000).map(|_| stream.word()).last();
        assert_eq!(last, Some(4_123_659_995));
    }
}
