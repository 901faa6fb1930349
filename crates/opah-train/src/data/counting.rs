//! Counting texts and remembering where each was first, so that counts made by several
//! threads can be put together to what one thread would have counted.

use super::interner::Interner;

/// A place in the data: the block's number in the upper half, the place in it below.
pub(super) type Place = u64;

/// Distinct texts with how often and where they first occur.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    texts: Interner,
    counts: Vec<u64>,
    first: Vec<Place>,
}

impl Tally {
    /// Counts a text once and gives its number. Places must not decrease.
    pub(super) fn count(&mut self, text: &str, place: Place) -> u32 {
        let id = self.texts.intern(text);
        if let Some(count) = self.counts.get_mut(id as usize) {
            *count += 1;
        } else {
            self.counts.push(1);
            self.first.push(place);
        }
        id
    }

    /// Adds what another thread has counted, or counted elsewhere.
    pub(super) fn add(&mut self, other: &Tally) {
        let rows = other.counts.iter().zip(&other.first);
        for (text, (count, first)) in other.texts.iter().zip(rows) {
            let at = self.texts.intern(text) as usize;
            if let Some(counted) = self.counts.get_mut(at) {
                *counted += count;
                self.first[at] = self.first[at].min(*first);
            } else {
                self.counts.push(*count);
                self.first.push(*first);
            }
        }
    }

    /// The texts in the order of their numbers.
    pub(super) fn texts(&self) -> &Interner {
        &self.texts
    }

    /// The commonest first; of equally common ones the one that occurs first.
    pub(super) fn ranked(&self) -> Vec<(&str, u64)> {
        let mut order: Vec<usize> = (0..self.counts.len()).collect();
        order.sort_unstable_by_key(|at| (u64::MAX - self.counts[*at], self.first[*at]));
        let row = |at: usize| {
            (
                self.texts.get(at as u32).unwrap_or_default(),
                self.counts[at],
            )
        };
        order.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_whole_whoever_counted_them() {
        let words = ["b", "a", "c", "a", "c", "d"];
        let count = |places: &[u64]| {
            let mut tally = Tally::default();
            for place in places {
                tally.count(words[*place as usize], *place);
            }
            tally
        };
        let whole = count(&[0, 1, 2, 3, 4, 5]);
        assert_eq!(whole.ranked(), [("a", 2), ("c", 2), ("b", 1), ("d", 1)]);
        let (even, odd) = (count(&[0, 2, 4]), count(&[1, 3, 5]));
        for shares in [[&even, &odd], [&odd, &even]] {
            let mut sum = Tally::default();
            for share in shares {
                sum.add(share);
            }
            assert_eq!(sum.ranked(), whole.ranked());
        }
    }
}
