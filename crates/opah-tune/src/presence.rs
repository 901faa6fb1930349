//! Which process runs a trial, and whether it is still alive.
//!
//! A worker holds a lock on a file of its own in the serialization directory for as long
//! as it lives; the system lets go of the lock when the process ends, however it ends. Its
//! trials name the file. A RUNNING trial whose file nobody holds was left by a worker that
//! was killed: it waits again, to be run under its own number.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use opah::json::Json;
use opah::lease::{MOST_DEATHS, TakenBack, WORKER_ATTR};
use opah::{FrozenTrial, Study};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The lock of whoever begins a search.
const BEGINNING: &str = ".begin.lock";
/// How the names of workers' locks begin.
const PREFIX: &str = ".worker-";
/// A machine that does not say its name, and may be another than this one.
const UNKNOWN_HOST: &str = "an unknown machine";

/// This process, as other processes see it.
#[derive(Debug)]
pub(crate) struct Presence {
    worker: Worker,
    /// Held, not used.
    _lock: File,
}

/// What a trial says of its worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Worker {
    host: String,
    pid: u32,
    started: String,
    /// An absolute path.
    lock: PathBuf,
}

impl Presence {
    /// Takes a new lock in a directory that exists.
    pub(crate) fn take(directory: &Path) -> Result<Self> {
        let folder = directory
            .canonicalize()
            .map_err(Error::io("read", directory))?;
        loop {
            let started = Timestamp::now();
            let pid = std::process::id();
            let name = format!("{PREFIX}{pid}-{}.lock", started.as_nanosecond());
            let path = folder.join(name);
            let file = File::create_new(&path).map_err(Error::io("make", &path))?;
            match file.try_lock() {
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", &path)(error)),
                // Somebody who tidied up was faster, and removes it.
                Err(TryLockError::WouldBlock) => continue,
                Ok(()) if !path.exists() => continue,
                Ok(()) => {}
            }
            let worker = Worker {
                host: host(),
                pid,
                started: started.to_string(),
                lock: path,
            };
            return Ok(Self {
                worker,
                _lock: file,
            });
        }
    }

    /// What the worker's trials say of it.
    pub(crate) fn note(&self) -> (String, Json) {
        (WORKER_ATTR.to_owned(), Json::new(&self.worker))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // If it stays, the next worker removes it.
        let _ = std::fs::remove_file(&self.worker.lock);
    }
}

/// Waits until nobody else begins a search in a directory, which exists; until the result
/// is dropped, others wait.
pub(crate) fn begin_alone(directory: &Path) -> Result<File> {
    let path = directory.join(BEGINNING);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(Error::io("make", &path))?;
    file.lock().map_err(Error::io("lock", &path))?;
    Ok(file)
}

/// What became of the trials that dead workers left.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// By number: they wait to be run again, or killed too many workers.
    pub(crate) taken_back: Vec<(u64, TakenBack)>,
    /// They run on machines that can't be looked at: number and who runs them.
    pub(crate) elsewhere: Vec<(u64, String)>,
}

impl Recovered {
    /// The same in sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.taken_back.iter().copied().map(note_of).collect();
        for (number, who) in &self.elsewhere {
            notes.push(format!(
                "trial {number} is run by {who}; if that is gone, --take-over runs the trial again"
            ));
        }
        notes
    }
}

/// What became of a trial, in a sentence.
pub(crate) fn note_of((number, became): (u64, TakenBack)) -> String {
    match became {
        TakenBack::Waiting => {
            format!("trial {number} was left unfinished by a worker that is gone; it is run again")
        }
        TakenBack::GivenUp => {
            format!("trial {number} is given up: {MOST_DEATHS} workers died while running it")
        }
    }
}

/// Takes the RUNNING trials of dead workers back; `all` means those of every worker that
/// can't be seen to be alive.
pub(crate) fn recover(study: &Study, all: bool) -> Result<Recovered> {
    let mut recovered = Recovered::default();
    let running: Vec<_> = study.history()?.running().cloned().collect();
    for trial in running {
        let note = trial.system_attrs.get(WORKER_ATTR);
        match note
            .and_then(Json::parse::<Worker>)
            .map(|worker| (life(&worker), worker))
        {
            Some((Life::Alive, _)) => {}
            Some((Life::Dead, _)) => take_back(study, &trial, &mut recovered)?,
            _ if all => take_back(study, &trial, &mut recovered)?,
            Some((Life::Unknown, worker)) => {
                let who = format!("process {} on {}", worker.pid, worker.host);
                recovered.elsewhere.push((trial.number, who));
            }
            None => {
                let who = "a program other than opah".to_owned();
                recovered.elsewhere.push((trial.number, who));
            }
        }
    }
    Ok(recovered)
}

fn take_back(study: &Study, trial: &FrozenTrial, recovered: &mut Recovered) -> Result<()> {
    // If it was nothing, another worker has just taken it back.
    let became = study.take_back(trial)?;
    let numbered = became.map(|became| (trial.number, became));
    recovered.taken_back.extend(numbered);
    Ok(())
}

/// Removes the locks that dead workers left in a directory.
pub(crate) fn tidy(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Held until the file is gone: a worker that has just made it sees that it is late,
        // instead of going on with a lock that nobody finds.
        if let Some(_held) = free(&entry.path()) {
            // Whoever can't remove it leaves it to the next.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Life {
    Alive,
    Dead,
    Unknown,
}

fn life(worker: &Worker) -> Life {
    if worker.lock.exists() {
        return match free(&worker.lock) {
            Some(_) => Life::Dead,
            None => Life::Alive,
        };
    }
    let folder_is_seen = worker.lock.parent().is_some_and(Path::exists);
    let is_here = worker.host != UNKNOWN_HOST && worker.host == host();
    if folder_is_seen || is_here {
        Life::Dead
    } else {
        Life::Unknown
    }
}

/// The lock, held, if nobody else holds it. One that can't be looked at counts as held.
fn free(lock: &Path) -> Option<File> {
    let file = File::options().read(true).write(true).open(lock).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

fn host() -> String {
    let read = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::fs::read_to_string("/etc/hostname"));
    read.map_or_else(|_| UNKNOWN_HOST.to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use opah::study::FAILURE_ATTR;
    use opah::{Direction, TrialState};

    use super::*;

    #[test]
    fn only_the_trials_of_the_dead_are_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        let alive = Presence::take(folder.path()).unwrap();
        let dead = Presence::take(folder.path()).unwrap();
        let _running = study.ask_as(&[alive.note()]).unwrap();
        let mut left = study.ask_as(&[dead.note()]).unwrap();
        let x = left.suggest_float("x", 0.0..=1.0).unwrap();
        left.report(0, x).unwrap();
        let _foreign = study.ask().unwrap();
        assert!(recover(&study, false).unwrap().taken_back.is_empty());
        drop(dead);
        let recovered = recover(&study, false).unwrap();
        assert_eq!(recovered.taken_back, [(1, TakenBack::Waiting)]);
        assert_eq!(
            recovered.elsewhere,
            [(2, "a program other than opah".to_owned())]
        );
        let mut again = study.ask().unwrap();
        assert_eq!(again.number(), 1);
        assert_eq!(again.suggest_float("x", 0.0..=1.0).unwrap(), x);
        let all = recover(&study, true).unwrap().taken_back;
        assert_eq!(all, [1, 2].map(|number| (number, TakenBack::Waiting)));
    }

    #[test]
    fn a_trial_that_kills_its_workers_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        for _ in 0..MOST_DEATHS {
            let worker = Presence::take(folder.path()).unwrap();
            assert_eq!(study.ask_as(&[worker.note()]).unwrap().number(), 0);
            drop(worker);
            recover(&study, false).unwrap();
        }
        let trial = &study.trials().unwrap()[0];
        assert_eq!(trial.state, TrialState::Fail);
        assert!(
            trial.system_attrs[FAILURE_ATTR]
                .as_str()
                .contains("workers died")
        );
    }

    #[test]
    fn locks_of_the_living_stay() {
        let folder = tempfile::tempdir().unwrap();
        let alive = Presence::take(folder.path()).unwrap();
        std::fs::write(folder.path().join(".worker-1-2.lock"), "").unwrap();
        tidy(folder.path());
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
        assert!(alive.worker.lock.exists());
    }
}
