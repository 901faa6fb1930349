//! Who may append to a journal: the one who made the file `<journal>.lock`.
//!
//! It is Optuna's protocol. Its locks are symbolic links, or files; here they are files,
//! and each keeps out the other. A lock is released by renaming and then removing it, so
//! that of two who release it one is told. One that stands for longer than a grace period
//! is taken to be left over, and released by whoever waits for it.
//!
//! Locks made here need no grace period where their holder died: each names the running
//! kernel and is under an advisory lock, which the kernel frees with the process. A
//! process under the same kernel that gets the advisory lock knows that the holder is gone.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::unique;

/// After how long a lock is taken to be left over; Optuna's default.
pub(super) const GRACE: Duration = Duration::from_secs(30);

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(32);

/// The right to append; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    /// Open as long as the right lasts: with it goes the advisory lock.
    file: File,
}

impl Lock {
    /// Waits for the right to append to `journal`.
    pub(super) fn acquire(journal: &Path, grace: Duration) -> io::Result<Self> {
        let path = with_suffix(journal, ".lock");
        let mut pause = FIRST_PAUSE;
        let mut seen: Option<(SystemTime, Instant)> = None;
        loop {
            match make(&path) {
                Ok(file) => return Ok(Self { path, file }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            if released_of_the_dead(&path) {
                continue;
            }
            // Without a time it was released a moment ago.
            if let Some(changed) = changed(&path) {
                match seen {
                    Some((known, since)) if known == changed => {
                        if since.elapsed() > grace {
                            // If it fails, somebody else was faster.
                            let _ = release(&path);
                            seen = None;
                            pause = FIRST_PAUSE;
                            continue;
                        }
                    }
                    _ => seen = Some((changed, Instant::now())),
                }
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // After the grace period it may be another's.
        if is_at(&self.file, &self.path) {
            let _ = release(&self.path);
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn release(lock: &Path) -> io::Result<()> {
    let away = with_suffix(lock, &format!("{}.rename", unique()));
    fs::rename(lock, &away)?;
    fs::remove_file(away)
}

/// When the lock was made. Optuna's symbolic link has the time of the journal it points
/// to, if it finds it.
fn changed(lock: &Path) -> Option<SystemTime> {
    let metadata = fs::metadata(lock).or_else(|_| fs::symlink_metadata(lock));
    metadata.and_then(|found| found.modified()).ok()
}

/// Makes the lock, with all that tells others whether its holder is gone. It is signed under
/// another name first: a lock that is not, because its maker was killed at that moment, would
/// hold others up for the grace period.
fn make(path: &Path) -> io::Result<File> {
    let new = |path: &Path| {
        let mut options = File::options();
        options.read(true).write(true).create_new(true).open(path)
    };
    if path.exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let unsigned = with_suffix(path, &format!("{}.new", unique()));
    let file = new(&unsigned)?;
    if !sign(&file) {
        fs::remove_file(&unsigned)?;
        return new(path);
    }
    let linked = fs::hard_link(&unsigned, path);
    fs::remove_file(&unsigned)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            // A file system without hard links.
            drop(file);
            let file = new(path)?;
            sign(&file);
            Ok(file)
        }
        linked => linked.map(|()| file),
    }
}

/// Notes in a new lock how others know that its holder is gone. Where that can't be
/// noted, they wait for the grace period.
fn sign(mut lock: &File) -> bool {
    let Some(signature) = signature() else {
        return false;
    };
    lock.try_lock().is_ok() && lock.write_all(signature.as_bytes()).is_ok()
}

/// Releases a lock whose holder is known to be gone, and says whether it did.
fn released_of_the_dead(path: &Path) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let (true, Some(ours)) = (is_file, signature()) else {
        return false;
    };
    let Ok(file) = File::options().read(true).write(true).open(path) else {
        return false;
    };
    let mut signature = String::new();
    let read = (&file).take(200).read_to_string(&mut signature);
    // Who gets the advisory lock of the dead is alone until `file` is dropped, and has to
    // look whether somebody else was there before.
    read.is_ok()
        && signature == ours
        && file.try_lock().is_ok()
        && is_at(&file, path)
        && release(path).is_ok()
}

/// The name of the running kernel; another machine's, and the same one's after a restart,
/// are others.
fn signature() -> Option<&'static str> {
    static SIGNATURE: OnceLock<Option<String>> = OnceLock::new();
    let signature = SIGNATURE.get_or_init(|| {
        let kernel = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(format!("opah {}\n", kernel.trim()))
    });
    signature.as_deref()
}

/// Whether `file` is still the one at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(found)) => identity(&open) == identity(&found),
        _ => false,
    }
}

/// What no other file has as long as this one is open.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// What hardly another lock has.
#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Option<SystemTime> {
    metadata.created().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    fn waited(journal: &Path, grace: Duration) -> Duration {
        let begin = Instant::now();
        drop(Lock::acquire(journal, grace).unwrap());
        begin.elapsed()
    }

    #[test]
    fn one_holds_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("j.log");
        let counter = folder.path().join("counter");
        fs::write(&counter, "0").unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        let _lock = Lock::acquire(&journal, GRACE).unwrap();
                        let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
                        fs::write(&counter, (count + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&counter).unwrap(), "100");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_lock_of_unknown_origin_is_broken_after_the_grace_period() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("j.log");
        fs::write(with_suffix(&journal, ".lock"), "").unwrap();
        let waited = waited(&journal, SHORT);
        assert!((SHORT..SHORT * 20).contains(&waited), "{waited:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn optunas_symbolic_links_are_locks() {
        let folder = tempfile::tempdir().unwrap();
        // The link that Optuna makes for a relative path leads nowhere.
        for target in ["j.log", "some/where/j.log"] {
            let journal = folder.path().join("j.log");
            fs::write(&journal, "").unwrap();
            std::os::unix::fs::symlink(target, with_suffix(&journal, ".lock")).unwrap();
            let waited = waited(&journal, SHORT);
            assert!((SHORT..SHORT * 20).contains(&waited), "{waited:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_dead_holders_lock_is_released_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("j.log");
        // What a process that was killed leaves: its signature, and no advisory lock.
        fs::write(with_suffix(&journal, ".lock"), signature().unwrap()).unwrap();
        assert!(waited(&journal, GRACE) < Duration::from_secs(5));
    }

    #[test]
    fn the_living_keep_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("j.log");
        let held = Lock::acquire(&journal, GRACE).unwrap();
        assert!(!released_of_the_dead(&held.path));
        // After the grace period it is another's, whom the first must not disturb.
        let taken = Lock::acquire(&journal, SHORT).unwrap();
        drop(held);
        assert!(taken.path.exists());
        drop(taken);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
