//! A log in a file: a record a line, as Optuna's `JournalFileBackend` keeps it.
//!
//! A line counts when its end is there. A writer that dies may leave the beginning of a
//! line; the next writer removes it, as nobody was told that it was written. Optuna's
//! writers append to it instead, which makes one unreadable line of two, and Optuna reads
//! no further. Here such a line is read as the record that it ends with. The next writer
//! overwrites with spaces what is before it, which keeps every line where it is and lets
//! Optuna read on; empty lines, and pages of zeros that a power cut leaves, are treated
//! alike. Any other line that is no JSON is passed over and left alone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::lock::{GRACE, Lock};
use super::log::{Durability, Log};
use super::raw_json::is_json;
use crate::error::{Error, Result};
use crate::storage::Details;
use crate::storage::check::{Check, Finding, Status};

/// How records begin.
const BEGINNING: &[u8] = br#"{"op_code""#;

/// How many records that may be the end of a damaged line are looked at.
const MOST_TRIES: usize = 8;

/// How long a writer may need for a record.
const WRITING: Duration = Duration::from_millis(200);

/// A journal of so many bytes takes a second to read.
const LARGE: u64 = 100_000_000;

/// A line that is no JSON: where it begins and how long it is, in bytes.
type Damage = (u64, usize);

/// A journal in a file.
#[derive(Debug)]
pub(super) struct FileLog {
    path: PathBuf,
    grace: Duration,
    /// What the next writer repairs.
    damaged: Vec<Damage>,
    /// The last line, if it is no JSON. It may become a record yet.
    held: Option<Damage>,
    /// What only a repair that is asked for touches.
    left: BTreeSet<Damage>,
}

impl FileLog {
    /// Makes the file if it is missing; its folder must exist.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let log = Self {
            path: path.to_owned(),
            grace: GRACE,
            damaged: Vec::new(),
            held: None,
            left: BTreeSet::new(),
        };
        match File::options().append(true).create_new(true).open(path) {
            Ok(file) => {
                let folder = path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new("."));
                file.sync_all().map_err(|error| log.failed(error))?;
                // Not every system can flush folders.
                let _ = File::open(folder).and_then(|folder| folder.sync_all());
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(log.failed(error)),
        }
        Ok(log)
    }

    /// Whether a file without a single record may become a journal: it is empty, or has
    /// the beginning of the first record.
    pub(super) fn is_new(&self) -> Result<bool> {
        let read = || -> io::Result<Vec<u8>> {
            let mut begin = Vec::new();
            File::open(&self.path)?.take(4096).read_to_end(&mut begin)?;
            Ok(begin)
        };
        let begin = read().map_err(|error| self.failed(error))?;
        let at = begin.iter().position(|byte| !is_blank(*byte));
        let begin = &begin[at.unwrap_or(begin.len())..];
        Ok(begin.starts_with(&BEGINNING[..5]) || BEGINNING.starts_with(begin))
    }

    fn read_lines(&mut self, position: &mut u64, show: &mut dyn FnMut(&str)) -> io::Result<()> {
        let mut file = File::open(&self.path)?;
        let size = file.metadata()?.len();
        if size < *position {
            return Err(io::Error::other(
                "it became shorter; another program has replaced it",
            ));
        }
        file.seek(SeekFrom::Start(*position))?;
        let mut lines = BufReader::new(file.take(size - *position));
        let mut held: Option<Vec<u8>> = None;
        loop {
            let mut line = Vec::new();
            lines.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            if let Some(damaged) = held.take() {
                self.pass(*position, &damaged, show);
                *position += damaged.len() as u64;
            }
            if let Some(text) = record(&line) {
                show(text);
                *position += line.len() as u64;
            } else {
                held = Some(line);
            }
        }
        self.held = held.map(|damaged| (*position, damaged.len()));
        Ok(())
    }

    /// A line that is no JSON, and that others follow.
    fn pass(&mut self, start: u64, line: &[u8], show: &mut dyn FnMut(&str)) {
        if let Some(text) = last_record(line).and_then(|at| record(&line[at..])) {
            show(text);
        }
        if repaired(line).is_some() {
            self.damaged.push((start, line.len()));
        } else {
            self.left.insert((start, line.len()));
        }
    }

    /// What is wrong with the lines that were read, and with what follows them.
    fn damage(&self) -> io::Result<Vec<Finding>> {
        let finding = |place: String, problem: &str, remedy: &str| Finding {
            place,
            problem: problem.to_owned(),
            remedy: remedy.to_owned(),
            status: Status::Repairable,
        };
        let lines = self.damaged.iter().chain(&self.held).chain(&self.left);
        let mut findings: Vec<Finding> = lines
            .map(|(start, length)| {
                finding(
                    format!("the line that begins at byte {start}, of {length} bytes"),
                    "it is no JSON; Optuna reads no further than to it",
                    "spaces are written over what is no record",
                )
            })
            .collect();
        let torn = || -> io::Result<u64> {
            let mut file = File::open(&self.path)?;
            let end = end_of_lines(&mut file)?;
            Ok(file.metadata()?.len().saturating_sub(end))
        };
        let length = torn()?;
        if length > 0 {
            // A record that is being written has an end a moment later.
            thread::sleep(WRITING);
            if torn()? == length {
                findings.push(finding(
                    format!("the last {length} bytes"),
                    "they are the beginning of a record; what Optuna appends is lost to it",
                    "they are removed",
                ));
            }
        }
        Ok(findings)
    }

    /// Mends the lines, and gives the path of a copy with the file as it was.
    fn mend(&mut self) -> io::Result<PathBuf> {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%S%.3fZ");
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".before-repair-{time}.log"));
        let copy = PathBuf::from(name);
        fs::copy(&self.path, &copy)?;
        File::open(&copy)?.sync_all()?;
        let mut file = File::options().read(true).write(true).open(&self.path)?;
        remove_torn_end(&mut file)?;
        let held = self.held.take();
        let damaged = std::mem::take(&mut self.damaged);
        for (start, length) in damaged.into_iter().chain(held) {
            repair(&mut file, start, length)?;
        }
        let left = std::mem::take(&mut self.left);
        for (start, length) in left.into_iter().chain(held) {
            blank(&mut file, start, length)?;
        }
        // A last line that has become spaces has no end any more.
        remove_torn_end(&mut file)?;
        file.sync_all()?;
        Ok(copy)
    }

    fn append_locked(&mut self, text: &str, durability: Durability) -> io::Result<()> {
        let mut whole = File::options().read(true).write(true).open(&self.path)?;
        remove_torn_end(&mut whole)?;
        for (start, length) in std::mem::take(&mut self.damaged)
            .into_iter()
            .chain(self.held)
        {
            repair(&mut whole, start, length)?;
        }
        // Whoever has the lock, appended lines never overwrite others.
        let mut file = File::options().append(true).open(&self.path)?;
        let written = file.write_all(text.as_bytes());
        if written.is_err() {
            // A full disk leaves as little behind as it can.
            let _ = remove_torn_end(&mut whole);
            return written;
        }
        match durability {
            Durability::Flushed => file.sync_data(),
            Durability::Later => Ok(()),
        }
    }

    /// The error in words that say what to do.
    fn failed(&self, error: io::Error) -> Error {
        let problem = match error.kind() {
            ErrorKind::NotFound => {
                "the file can't be opened; check that its folder exists and can be written to"
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "the file or its folder can't be written to; check the permissions"
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                "the disk is full; free some space and run the command again"
            }
            ErrorKind::IsADirectory => "this is a folder; name a file",
            ErrorKind::Other => "the file can't be read on; open it again",
            _ => "reading or writing the file failed; check the disk",
        };
        Error::Storage {
            store: self.describe(),
            problem: problem.to_owned(),
            source: Some(Box::new(error)),
        }
    }
}

impl Log for FileLog {
    fn append(&mut self, records: &[String], durability: Durability) -> Result<()> {
        let text: String = records
            .iter()
            .flat_map(|record| [record.as_str(), "\n"])
            .collect();
        let lock = Lock::acquire(&self.path, self.grace);
        let lock = lock.map_err(|error| self.failed(error))?;
        // The file is closed before the lock is released, as network file systems want it.
        let appended = self.append_locked(&text, durability);
        drop(lock);
        appended.map_err(|error| self.failed(error))
    }

    fn read(&mut self, position: &mut u64, show: &mut dyn FnMut(&str)) -> Result<()> {
        let read = self.read_lines(position, show);
        read.map_err(|error| self.failed(error))
    }

    fn check(&mut self, repair: bool) -> Result<Check> {
        let found = self.damage();
        let mut findings = found.map_err(|error| self.failed(error))?;
        if findings.is_empty() || !repair {
            return Ok(Check {
                findings,
                backup: None,
            });
        }
        let lock = Lock::acquire(&self.path, self.grace);
        let lock = lock.map_err(|error| self.failed(error))?;
        let mended = self.mend();
        drop(lock);
        let backup = mended.map_err(|error| self.failed(error))?;
        for finding in &mut findings {
            finding.status = Status::Repaired;
        }
        Ok(Check {
            findings,
            backup: Some(backup),
        })
    }

    fn notes(&self) -> Vec<String> {
        let note = |(start, _): &Damage| {
            format!(
                "the line that begins at byte {start} of {} is no JSON and is skipped; Optuna reads no further than to it",
                self.path.display()
            )
        };
        self.left.iter().map(note).collect()
    }

    fn details(&mut self, details: &mut Details) -> Result<()> {
        let found = self.path.metadata().map_err(|error| self.failed(error))?;
        let n_bytes = found.len();
        details.fact("file_bytes", n_bytes);
        if n_bytes >= LARGE {
            details.advice.push(format!(
                "each program that opens it reads all of its {} MB, also what was deleted; `opah storage copy` to a new journal, or to a database, leaves that out",
                n_bytes / 1_000_000
            ));
        }
        Ok(())
    }

    fn describe(&self) -> String {
        format!("journal:///{}", self.path.display())
    }
}

fn is_blank(byte: u8) -> bool {
    byte == 0 || byte.is_ascii_whitespace()
}

/// The record of a line; `None` if the line is no JSON.
fn record(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?.trim_ascii();
    is_json(text).then_some(text)
}

/// Where the record begins that ends a damaged line.
fn last_record(line: &[u8]) -> Option<usize> {
    let windows = line.windows(BEGINNING.len()).enumerate().skip(1);
    let begins = windows.filter(|(_, bytes)| *bytes == BEGINNING);
    let mut last_first = begins.map(|(at, _)| at).rev().take(MOST_TRIES);
    last_first.find(|at| record(&line[*at..]).is_some())
}

/// A line with spaces in place of what is no record, line end included: what is left
/// belongs to the next line, and JSON may begin with spaces. `None` if it is best left alone.
fn repaired(line: &[u8]) -> Option<Vec<u8>> {
    if record(line).is_some() {
        return None;
    }
    let damage = if line.iter().all(|byte| is_blank(*byte)) {
        line.len()
    } else {
        last_record(line)?
    };
    let mut repaired = line.to_vec();
    repaired[..damage].fill(b' ');
    Some(repaired)
}

/// Repairs a line, if it still needs it.
fn repair(file: &mut File, start: u64, length: usize) -> io::Result<()> {
    let mut line = vec![0; length];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut line)?;
    if let Some(repaired) = repaired(&line) {
        file.seek(SeekFrom::Start(start))?;
        file.write_all(&repaired)?;
    }
    Ok(())
}

/// Overwrites a line that no record can be found in, its end included.
fn blank(file: &mut File, start: u64, length: usize) -> io::Result<()> {
    let mut line = vec![0; length];
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(&mut line)?;
    if record(&line).is_none() {
        file.seek(SeekFrom::Start(start))?;
        file.write_all(&vec![b' '; length])?;
    }
    Ok(())
}

/// Removes what follows the last whole line. No reader has got further than to it.
fn remove_torn_end(file: &mut File) -> io::Result<()> {
    let end = end_of_lines(file)?;
    if end < file.metadata()?.len() {
        file.set_len(end)
    } else {
        Ok(())
    }
}

/// Where the last whole line ends.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    const BLOCK: u64 = 4096;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::take(&*file, end - start).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
