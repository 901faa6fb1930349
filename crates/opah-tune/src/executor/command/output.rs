//! Listening to a program while it runs.

use std::io::{self, ErrorKind, Read};
use std::process::Child;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes that are read at once.
const BLOCK: usize = 64 * 1024;

/// Blocks that may wait to be looked at; then the program waits.
const WAITING: usize = 16;

/// No longer beginning of a line is looked at, in bytes.
const MAX_LINE: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

/// What the program prints, in the order of its coming. It is disconnected when nobody can
/// print any more.
pub(super) type Heard = Receiver<(Stream, Vec<u8>)>;

/// Listens to both streams, each in a thread that ends with the stream.
pub(super) fn listen(child: &mut Child) -> io::Result<Heard> {
    let (sender, heard) = sync_channel(WAITING);
    if let Some(stdout) = child.stdout.take() {
        follow(Stream::Out, stdout, sender.clone())?;
    }
    if let Some(stderr) = child.stderr.take() {
        follow(Stream::Err, stderr, sender)?;
    }
    Ok(heard)
}

fn follow(
    stream: Stream,
    mut pipe: impl Read + Send + 'static,
    sender: SyncSender<(Stream, Vec<u8>)>,
) -> io::Result<()> {
    let follow = move || {
        let mut block = vec![0; BLOCK];
        loop {
            match pipe.read(&mut block) {
                Ok(0) => return,
                Ok(n) => {
                    // Nobody listens any more.
                    if sender.send((stream, block[..n].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    };
    thread::Builder::new().spawn(follow).map(drop)
}

/// Parts a stream into lines.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    /// The lines that end in these bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        // Progress bars write over their line.
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        while let Some(end) = rest.iter().position(is_end) {
            self.extend(&rest[..end]);
            lines.extend(self.last());
            rest = &rest[end + 1..];
        }
        self.extend(rest);
        lines
    }

    /// What stands after the last end of a line, if something does.
    pub(super) fn last(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.0);
        (!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned())
    }

    fn extend(&mut self, bytes: &[u8]) {
        let n = bytes.len().min(MAX_LINE - self.0.len());
        self.0.extend_from_slice(&bytes[..n]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_and_bounded() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"a\n\nb"), ["a"]);
        assert_eq!(lines.push(b"c\nd"), ["bc"]);
        assert_eq!(lines.last(), Some("d".to_owned()));
        assert_eq!(lines.last(), None);
        let long = vec![b'x'; MAX_LINE];
        assert!(lines.push(&long).is_empty());
        assert_eq!(lines.push(b"yz\nnext\n")[1], "next");
    }
}
