//! A disk that becomes full, and has room again.
//!
//! On a small file system in memory where that can be mounted, and everywhere with a limit for
//! the size of files: it stops writes in the same places, with another error.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::check_nothing_is_lost;
use crate::worker::{self, Worker};

/// Each with sizes in KiB. An empty SQLite file takes about 100, and its log as much.
const STORES: [(&str, &str, &str, [u64; 4]); 2] = [
    ("SQLite", "sqlite", "trial.db", [300, 400, 500, 700]),
    ("journal", "journal", "trial.log", [8, 20, 50, 100]),
];

/// A file system in memory, gone when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where nobody may mount one.
    fn new(folder: &Path, kibibytes: u64) -> Option<Self> {
        let size = format!("size={kibibytes}k");
        mount(&["-t", "tmpfs", "-o", &size, "opah-faults"], folder).then(|| Self(folder.to_owned()))
    }

    fn resize(&self, kibibytes: u64) {
        let size = format!("remount,size={kibibytes}k");
        assert!(mount(&["-o", &size], &self.0));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    let mut command = Command::new("mount");
    command.args(arguments).arg(folder).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Runs a worker until it fails, then one that has room, and looks for what both told.
fn check(url: &str, small: Command, make_room: impl FnOnce()) {
    let first = Worker::begin(small).said();
    let failure = first.failure.unwrap_or_default();
    let is_clear = ["the disk is full", "check the disk"]
        .iter()
        .any(|advice| failure.contains(advice));
    assert!(is_clear, "{failure:?} after {} trials", first.told.len());
    make_room();
    let second = Worker::begin(worker::with_trials(worker::command(url), 5)).said();
    assert_eq!(second.failure, None);
    let mut told = first.told;
    told.extend(second.told);
    check_nothing_is_lost(url, &told);
}

#[test]
fn a_full_disk_loses_nothing_that_was_told() {
    for (kind, scheme, name, sizes) in STORES {
        for kibibytes in sizes {
            let folder = tempfile::tempdir().unwrap();
            let Some(disk) = SmallDisk::new(folder.path(), kibibytes) else {
                eprintln!("SKIPPED: no tmpfs can be mounted here, so no disk becomes full");
                return;
            };
            let url = format!("{scheme}:///{}/{name}", folder.path().display());
            let command = worker::with_trials(worker::command(&url), 100_000);
            check(&url, command, || disk.resize(16 * 1024));
        }
        eprintln!(
            "RESULT | full disk (tmpfs) | {kind} | {} sizes | 0 lost, goes on when there is room |",
            sizes.len()
        );
    }
}

#[test]
fn a_limit_for_files_loses_nothing_that_was_told() {
    for (kind, scheme, name, sizes) in STORES {
        // The shell takes them for blocks of 512 or 1024 bytes.
        for blocks in sizes {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("{scheme}:///{}/{name}", folder.path().display());
            // Without the signal a write beyond the limit is an error.
            let limits = format!("trap '' XFSZ; ulimit -f {blocks}");
            let command = worker::with_trials(worker::limited(&url, &limits), 100_000);
            check(&url, command, || {});
        }
        eprintln!(
            "RESULT | limit for the size of files | {kind} | {} sizes | 0 lost, goes on without the limit |",
            sizes.len()
        );
    }
}
