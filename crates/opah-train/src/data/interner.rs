//! Texts numbered in the order in which they come, stored once, end to end.
//!
//! A hash table with linear probing beside one long string: no allocation per text, and a
//! probe looks at the string only if 32 bits of the hash agree. The hash is fixed and the
//! table is never iterated, so nothing depends on it.

/// A numbered set of texts.
#[derive(Debug, Clone, Default)]
pub(super) struct Interner {
    /// All texts, end to end.
    text: String,
    /// Where each text ends.
    ends: Vec<usize>,
    /// 0 if free; else the hash's upper half and the text's number plus one.
    slots: Vec<u64>,
}

impl Interner {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text numbered `id`.
    pub(super) fn get(&self, id: u32) -> Option<&str> {
        let at = id as usize;
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start..end])
    }

    /// All texts, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.text[start..*end])
    }

    /// The number of a text, if it has one.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.probe(text, hash(text.as_bytes())).ok()
    }

    /// The number of a text, which gets the next one if it is new.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        if self.slots.len() * 5 <= self.ends.len() * 8 {
            self.grow();
        }
        let hash = hash(text.as_bytes());
        match self.probe(text, hash) {
            Ok(id) => id,
            Err(free) => {
                self.text.push_str(text);
                self.ends.push(self.text.len());
                let id = u32::try_from(self.ends.len()).expect("fewer than 2³² distinct texts");
                self.slots[free] = slot(hash, id);
                id - 1
            }
        }
    }

    /// The number of the text, or the slot where it would be.
    fn probe(&self, text: &str, hash: u64) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let found = self.slots[at];
            if found == 0 {
                return Err(at);
            }
            let id = found as u32 - 1;
            if found >> 32 == hash >> 32 && self.get(id) == Some(text) {
                return Ok(id);
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        let mut slots = vec![0; size];
        for (id, text) in (1..).zip(self.iter()) {
            let hash = hash(text.as_bytes());
            let mut at = hash as usize & (size - 1);
            while slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = slot(hash, id);
        }
        self.slots = slots;
    }
}

fn slot(hash: u64, id_plus_one: u32) -> u64 {
    hash >> 32 << 32 | u64::from(id_plus_one)
}

/// Eight bytes at a time, mixed by multiplying to 128 bits and folding.
fn hash(bytes: &[u8]) -> u64 {
    const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
    const SECOND: u64 = 0xd6e8_feb8_6659_fd93;
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    let mut state = FIRST ^ bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state = fold(state ^ u64::from_le_bytes(*word), SECOND);
    }
    let tail = rest
        .iter()
        .fold(0, |tail, byte| tail << 8 | u64::from(*byte));
    fold(fold(state ^ tail, SECOND) ^ FIRST, SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn numbers_are_those_of_a_map(texts in prop::collection::vec("[a-c]{0,3}|\\PC{0,20}", 0..200)) {
            let (mut interner, mut expected) = (Interner::default(), BTreeMap::new());
            for text in &texts {
                let next = expected.len() as u32;
                prop_assert_eq!(interner.find(text), expected.get(text).copied());
                let id = *expected.entry(text.clone()).or_insert(next);
                prop_assert_eq!(interner.intern(text), id);
            }
            prop_assert_eq!(interner.len(), expected.len());
            for (id, text) in interner.iter().enumerate() {
                prop_assert_eq!(expected[text], id as u32);
                prop_assert_eq!(interner.get(id as u32), Some(text));
            }
            prop_assert_eq!(interner.get(expected.len() as u32), None);
        }
    }
}
