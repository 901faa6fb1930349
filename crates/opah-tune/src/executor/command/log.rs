//! What a program prints: in a file of bounded size, and its end in memory.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// As much of the end is kept, in bytes.
const KEPT: usize = 64 * 1024;

/// No more characters of a line are shown.
const MAX_LINE: usize = 400;

/// The end of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        // Not at every push, so that a byte is moved once only.
        if self.0.len() > 2 * KEPT {
            self.0.drain(..self.0.len() - KEPT);
        }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// The last lines that are not empty, each cut off if it is long.
    pub(super) fn last_lines(&self, n: usize) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().rev().filter(|line| !line.trim().is_empty());
        let mut lines: Vec<String> = lines.take(n).map(shortened).collect();
        lines.reverse();
        lines
    }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.trim_end().to_owned(),
    }
}

/// The file.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// Bytes that may still be written.
    left: u64,
    limit: u64,
    is_cut: bool,
    tail: Tail,
    /// Why something could not be written.
    error: Option<io::Error>,
}

impl Log {
    /// Makes the file, or empties it; at most `limit` bytes of output are written into it.
    pub(super) fn create(path: &Path, limit: u64) -> io::Result<Self> {
        Ok(Self {
            file: File::create(path)?,
            left: limit,
            limit,
            is_cut: false,
            tail: Tail::default(),
            error: None,
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.tail.push(bytes);
        let n = bytes
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if n > 0 {
            self.left -= n as u64;
            self.append(&bytes[..n]);
        }
        if n < bytes.len() && !self.is_cut {
            let note = format!(
                "\n[the log ends here: --log-limit is {} bytes]\n",
                self.limit
            );
            self.append(note.as_bytes());
            self.is_cut = true;
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        if self.error.is_none() {
            self.error = self.file.write_all(bytes).err();
        }
    }

    pub(super) fn last_lines(&self, n: usize) -> Vec<String> {
        self.tail.last_lines(n)
    }

    /// Why the log is not whole, if it is not.
    pub(super) fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_bounded_and_the_end_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.txt");
        let mut log = Log::create(&path, 10).unwrap();
        log.write(b"12345\n");
        log.write(b"6789 and more\n\nthe end");
        log.write(b", really\n");
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            written,
            "12345\n6789\n[the log ends here: --log-limit is 10 bytes]\n"
        );
        assert_eq!(log.last_lines(2), ["6789 and more", "the end, really"]);
        let block = vec![b'x'; KEPT];
        for _ in 0..9 {
            log.write(&block);
        }
        assert!(log.tail.0.len() <= 2 * KEPT);
        assert_eq!(log.last_lines(3).len(), 1);
        assert_eq!(log.last_lines(3)[0].chars().count(), MAX_LINE + 1);
    }
}
