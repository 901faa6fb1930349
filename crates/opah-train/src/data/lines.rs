//! A stream cut into blocks of whole lines, for several threads to work on.
//!
//! Lines end as in Python's text mode: with `\n`, `\r\n` or `\r`. U+0085 and U+2028 end no
//! line. Blank lines are left out but counted.

use std::io::{self, Read};

/// The least size of a block but the last, in bytes.
const BLOCK: usize = 1 << 20;

/// Whole lines.
pub(super) struct Block {
    /// From 0, in the order of the file.
    pub(super) index: u32,
    /// The number of the first line, from 1.
    first_line: u64,
    bytes: Vec<u8>,
}

impl Block {
    /// The lines that are not blank, without their ends, and their numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let numbered = (self.first_line..).zip(Lines(&self.bytes));
        numbered.filter(|(_, line)| !is_blank(line))
    }
}

/// Cuts a stream into blocks.
pub(super) struct Blocks {
    source: Box<dyn Read + Send>,
    /// The beginning of a line whose end was not yet read.
    rest: Vec<u8>,
    next_line: u64,
    next_index: u32,
    /// How many more lines are wanted, blank ones not counted.
    left: usize,
}

impl Blocks {
    /// At most `most` lines, blank ones not counted.
    pub(super) fn new(source: Box<dyn Read + Send>, most: Option<usize>) -> Self {
        Self {
            source,
            rest: Vec::new(),
            next_line: 1,
            next_index: 0,
            left: most.unwrap_or(usize::MAX),
        }
    }

    /// No more blocks.
    pub(super) fn stop(&mut self) {
        self.left = 0;
    }

    /// The next block; after an error there are no more.
    pub(super) fn next(&mut self) -> io::Result<Option<Block>> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.rest);
        if let Err(error) = self.fill(&mut bytes) {
            self.stop();
            return Err(error);
        }
        if self.next_index == 0 && bytes.starts_with("\u{feff}".as_bytes()) {
            bytes.drain(..3);
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let first_line = self.next_line;
        let wanted = self.count(&bytes);
        bytes.truncate(wanted);
        self.next_index += 1;
        Ok(Some(Block {
            index: self.next_index - 1,
            first_line,
            bytes,
        }))
    }

    /// Reads until there is a whole line, and puts aside what is behind the last one.
    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let before = bytes.len();
            let n = (&mut self.source).take(BLOCK as u64).read_to_end(bytes)?;
            if n == 0 {
                return Ok(());
            }
            if let Some(at) = bytes[before..].iter().rposition(|byte| *byte == b'\n') {
                self.rest = bytes.split_off(before + at + 1);
                return Ok(());
            }
        }
    }

    /// Counts lines, and says how many bytes of them are wanted.
    fn count(&mut self, bytes: &[u8]) -> usize {
        let mut lines = Lines(bytes);
        for line in lines.by_ref() {
            self.next_line += 1;
            if !is_blank(line) {
                self.left -= 1;
                if self.left == 0 {
                    break;
                }
            }
        }
        bytes.len() - lines.0.len()
    }
}

/// Lines without their ends.
struct Lines<'b>(&'b [u8]);

impl<'b> Iterator for Lines<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let is_end = |byte: &u8| *byte == b'\n' || *byte == b'\r';
        let Some(at) = self.0.iter().position(is_end) else {
            return Some(std::mem::take(&mut self.0));
        };
        let (line, rest) = self.0.split_at(at);
        let width = if rest.starts_with(b"\r\n") { 2 } else { 1 };
        self.0 = &rest[width..];
        Some(line)
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, most: Option<usize>) -> Vec<(u64, String)> {
        let mut blocks = Blocks::new(Box::new(io::Cursor::new(text.to_owned())), most);
        let mut found = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            let text = |line: &[u8]| String::from_utf8(line.to_vec()).unwrap();
            found.extend(block.lines().map(|(number, line)| (number, text(line))));
        }
        found
    }

    fn numbered(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
        let owned = |(number, line): &(u64, &str)| (*number, (*line).to_owned());
        expected.iter().map(owned).collect()
    }

    #[test]
    fn lines_end_as_in_python_and_blank_ones_are_only_counted() {
        let found = lines("\u{feff}a\n\n  \r\nb\r\nc\rd\u{85}\u{2028}e", None);
        let expected = [(1, "a"), (4, "b"), (5, "c"), (6, "d\u{85}\u{2028}e")];
        assert_eq!(found, numbered(&expected));
        assert_eq!(lines("", None), []);
        assert_eq!(lines("\n\n", None), []);
    }

    #[test]
    fn only_so_many_lines_are_read() {
        assert_eq!(
            lines("a\n\nb\nc\n", Some(2)),
            numbered(&[(1, "a"), (3, "b")])
        );
        assert_eq!(lines("a\nb\n", Some(0)), []);
    }

    #[test]
    fn a_line_may_be_longer_than_a_block_and_numbers_go_on() {
        let long = "x".repeat(BLOCK * 2 + 5);
        let many: String = (0..BLOCK / 4).map(|_| "abcdefg\n").collect();
        let found = lines(&format!("{long}\n{many}end"), None);
        assert_eq!(found.len(), BLOCK / 4 + 2);
        assert_eq!(found[0].1.len(), long.len());
        assert_eq!(
            found.last().unwrap(),
            &(BLOCK as u64 / 4 + 2, "end".to_owned())
        );
    }
}
