//! Results that could not be told because the storage was gone, kept until it is back.
//!
//! A result may be worth hours, so it outlives the storage: with [`Study::with_spool`] it is
//! written to a file of its own, which is on the disk before the error is returned. It is told
//! with the next result that can be, or by [`Study::deliver_spooled`], as often as it takes:
//! what has been told already is not told again.
//!
//! A file has two lines of JSON: the study's name, and the trial as in a
//! [dump](crate::storage::dump).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::frozen_trial::{FrozenTrial, Param, TrialState};
use crate::json::Json;
use crate::storage::{Outcome, TrialStart, dump};
use crate::study::Study;

/// How the names of files end that are to be delivered.
const KEPT: &str = "json";
/// The same of those that can't be.
const REFUSED: &str = "refused";

/// A folder of results.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// Whether this process knows of something that is to be delivered.
    has_kept: AtomicBool,
}

/// A result that was kept, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its file, which is gone if it was told.
    pub file: PathBuf,
    /// The trial's number; `None` if the file can't be read.
    pub number: Option<u64>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a result that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is told now.
    Told,
    /// It had been told after all, with the same state and values.
    ToldBefore,
    /// It stays for the next time, and why.
    Kept(String),
    /// It can't be told any more, and why. Its file stays under another name.
    Refused(String),
}

impl std::fmt::Display for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.number {
            Some(number) => write!(f, "the kept result of trial {number}")?,
            None => write!(f, "a kept result")?,
        }
        let file = self.file.display();
        match &self.fate {
            Fate::Told => write!(f, " is told now"),
            Fate::ToldBefore => write!(f, " had been told already"),
            Fate::Kept(reason) => write!(f, " stays in `{file}`: {reason}"),
            Fate::Refused(reason) => write!(f, " can't be told, and is left in `{file}`: {reason}"),
        }
    }
}

impl Study {
    /// The same study with a folder for results that can't be told, which is made when there
    /// is one. The error of the [tell](Self::tell) says that the result is kept.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?.with_spool("results/spool");
    /// assert!(study.deliver_spooled()?.is_empty());
    /// # Ok::<(), opah::Error>(())
    /// ```
    #[must_use]
    pub fn with_spool(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spool = Some(Arc::new(Spool {
            folder: folder.into(),
            has_kept: AtomicBool::new(false),
        }));
        self
    }

    /// Tells the results of this study that are kept in its spool, in the order of their
    /// trials; none without a spool.
    ///
    /// # Errors
    /// When the folder can't be read. What can't be told is no error, but a [`Fate`].
    pub fn deliver_spooled(&self) -> Result<Vec<Delivery>> {
        let Some(spool) = &self.spool else {
            return Ok(Vec::new());
        };
        spool.has_kept.store(false, Ordering::Relaxed);
        let mut deliveries = Vec::new();
        for file in spool.files()? {
            let unread = |fate| Delivery {
                file: file.clone(),
                number: None,
                fate,
            };
            let delivery = match fs::read_to_string(&file) {
                // Somebody else has told it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => unread(Fate::Kept(error.to_string())),
                Ok(text) => match parse(&text) {
                    Ok((study, _)) if study != self.name() => continue,
                    Ok((_, trial)) => self.deliver(file, &trial),
                    Err(problem) => unread(Fate::Refused(problem)),
                },
            };
            deliveries.push(delivery.settled());
        }
        deliveries.sort_by_key(|delivery| delivery.number);
        let stays = |delivery: &Delivery| matches!(delivery.fate, Fate::Kept(_));
        if deliveries.iter().any(stays) {
            spool.has_kept.store(true, Ordering::Relaxed);
        }
        Ok(deliveries)
    }

    fn deliver(&self, file: PathBuf, trial: &FrozenTrial) -> Delivery {
        let fate = match self.tell_kept(trial) {
            Ok(fate) => fate,
            Err(Error::UnknownTrial { .. }) => Fate::Refused("there is no such trial".to_owned()),
            Err(error) => Fate::Kept(error.to_string()),
        };
        Delivery {
            file,
            number: Some(trial.number),
            fate,
        }
    }

    fn tell_kept(&self, trial: &FrozenTrial) -> Result<Fate> {
        let Some(outcome) = outcome(trial) else {
            return Ok(Fate::Refused(format!("it is {}", trial.state)));
        };
        let stored = self.storage.trial(self.id(), trial.number)?;
        if has_ended_so(&stored, &outcome) {
            return Ok(Fate::ToldBefore);
        }
        let is_other = |param: &Param| {
            let kept = trial.params.get(&param.name);
            kept.is_some_and(|kept| kept.value.to_bits() != param.value.to_bits())
        };
        if stored.params.iter().any(is_other) {
            // A study of this name was made anew.
            let problem = "the trial of this number has other parameters";
            return Ok(Fate::Refused(problem.to_owned()));
        }
        match stored.state {
            TrialState::Running => {
                let update = TrialStart::from(trial).update;
                let end = trial.datetime_complete.unwrap_or_else(Timestamp::now);
                let told = self.storage.finish_trial(stored.id, &update, &outcome, end);
                told.map_err(|error| error.of_trial(trial.number))?;
                self.forget_drawn(trial.number);
                Ok(Fate::Told)
            }
            TrialState::Waiting => Ok(Fate::Kept("the trial waits to be run again".to_owned())),
            state => Ok(Fate::Refused(format!(
                "the trial is {state} with the values {:?}, and {:?} came too late",
                stored.values, trial.values
            ))),
        }
    }

    /// Tells what earlier failures of this process left, now that the storage is back, and gives
    /// what can't be told any more.
    pub(crate) fn deliver_own(&self) -> Vec<Delivery> {
        let has_kept = |spool: &Arc<Spool>| spool.has_kept.load(Ordering::Relaxed);
        if !self.spool.as_ref().is_some_and(has_kept) {
            return Vec::new();
        }
        // A folder that can't be read now may be the next time; the result just told stands.
        let mut delivered = self.deliver_spooled().unwrap_or_default();
        delivered.retain(|delivery| matches!(delivery.fate, Fate::Refused(_)));
        delivered
    }
}

impl Delivery {
    /// Removes the file that is of no use any more, or names it so that it is not tried again.
    fn settled(mut self) -> Self {
        match self.fate {
            Fate::Told | Fate::ToldBefore => {
                // If it stays, it will be found to be told.
                let _ = fs::remove_file(&self.file);
            }
            Fate::Refused(_) => {
                let refused = self.file.with_extension(REFUSED);
                if fs::rename(&self.file, &refused).is_ok() {
                    self.file = refused;
                }
            }
            Fate::Kept(_) => {}
        }
        self
    }
}

impl Spool {
    /// Writes a finished trial to a file, which is on the disk then.
    pub(crate) fn keep(&self, study: &str, trial: &FrozenTrial) -> Result<PathBuf> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let now = Timestamp::now().as_nanosecond();
        let name = format!("trial-{}-{now}-{}-{next}", trial.number, std::process::id());
        let file = self.folder.join(name).with_extension(KEPT);
        let text = format!(
            "{}\n{}\n",
            Json::new(study).as_str(),
            dump::trial_line(trial)
        );
        write(&self.folder, &file, &text).map_err(|error| self.failed("written", error))?;
        self.has_kept.store(true, Ordering::Relaxed);
        Ok(file)
    }

    /// The files with results, by name.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| self.failed("read", error))?,
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let is_kept = |path: &PathBuf| path.extension().is_some_and(|ending| ending == KEPT);
        let mut files: Vec<PathBuf> = paths.filter(is_kept).collect();
        files.sort();
        Ok(files)
    }

    fn failed(&self, done: &str, error: io::Error) -> Error {
        Error::Storage {
            store: self.folder.display().to_string(),
            problem: format!("the spool can't be {done}; check the permissions and the disk"),
            source: Some(Box::new(error)),
        }
    }
}

/// Writes a file that is there wholly or not at all.
fn write(folder: &Path, file: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let part = file.with_extension("part");
    let mut out = File::create(&part)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&part, file)?;
    // Not every system can do this with a folder; the file's content is on the disk anyway.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn parse(text: &str) -> std::result::Result<(String, FrozenTrial), String> {
    let (study, trial) = text.split_once('\n').ok_or("it has no second line")?;
    let study = serde_json::from_str(study).map_err(|error| error.to_string())?;
    Ok((study, dump::read_trial(trial.trim_end())?))
}

/// How a trial ended; `None` if it has not.
fn outcome(trial: &FrozenTrial) -> Option<Outcome> {
    match trial.state {
        TrialState::Complete => Some(Outcome::Complete(trial.values.clone())),
        TrialState::Pruned => Some(Outcome::Pruned(trial.values.first().copied())),
        TrialState::Fail => Some(Outcome::Failed),
        TrialState::Running | TrialState::Waiting => None,
    }
}

/// Whether a stored trial has ended in this way.
pub(crate) fn has_ended_so(stored: &FrozenTrial, outcome: &Outcome) -> bool {
    stored.state == outcome.state() && stored.values == outcome.values()
}

#[cfg(test)]
mod tests;
