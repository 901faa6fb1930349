//! The trials' directories: `trial_0`, `trial_1`, … in the serialization directory.
//!
//! Configs and metrics of all trials stay; weights only of the best. `study.json` says whose
//! trials they are, so that no search overwrites another's.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use opah::{Direction, FrozenTrial, TrialState};
use serde_json::{Value, json};

use crate::error::{Error, Result};

/// Says whose trials a directory holds.
const MARKER: &str = "study.json";

/// Whose weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepWeights {
    /// Of so many of the best trials.
    Best(usize),
    /// Of all COMPLETE trials.
    All,
}

/// The directories of one study's trials.
#[derive(Debug)]
pub(crate) struct Directories {
    root: PathBuf,
    keep: KeepWeights,
    direction: Direction,
    /// Trials without weights; they never have any again.
    swept: Mutex<BTreeSet<u64>>,
}

impl Directories {
    /// Makes the serialization directory, and makes sure that it can be written to.
    pub(crate) fn make(root: &Path) -> Result<()> {
        fs::create_dir_all(root).map_err(Error::io("make", root))?;
        let probe = root.join(".writable");
        fs::write(&probe, "opah").map_err(Error::io("write into", root))?;
        match fs::remove_file(&probe) {
            // Another command that begins here was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(Error::io("write into", root)),
        }
    }

    /// Claims a directory for the study of this token.
    pub(crate) fn claim(
        root: &Path,
        study: &str,
        token: &str,
        keep: KeepWeights,
        direction: Direction,
    ) -> Result<Self> {
        let path = root.join(MARKER);
        // A marker that is cut off was left by a kill before the first trial.
        let marker = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str::<Value>(&text).ok(),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let taken = |owner: String| Error::DirectoryTaken {
            directory: root.to_owned(),
            owner,
        };
        match marker {
            Some(marker) if marker["token"] == token => {}
            Some(marker) => {
                let name = marker["study"].as_str().unwrap_or("?").to_owned();
                return Err(taken(if name == study {
                    format!("an earlier study `{name}`, which is not the one in the storage")
                } else {
                    format!("study `{name}`")
                }));
            }
            None if has_trials(root)? => return Err(taken("a study that is not known".to_owned())),
            None => {
                let text = format!("{:#}\n", json!({"study": study, "token": token}));
                fs::write(&path, text).map_err(Error::io("write", &path))?;
            }
        }
        Ok(Self {
            root: root.to_owned(),
            keep,
            direction,
            swept: Mutex::default(),
        })
    }

    /// The directory of a trial.
    pub(crate) fn trial(&self, number: u64) -> PathBuf {
        of_trial(&self.root, number)
    }

    /// Removes the weights of finished trials that are not to be kept.
    pub(crate) fn sweep<'t>(
        &self,
        trials: impl IntoIterator<Item = &'t FrozenTrial>,
    ) -> Result<()> {
        let mut complete = Vec::new();
        let mut others = Vec::new();
        for trial in trials {
            match (trial.state, trial.value()) {
                (TrialState::Complete, Some(value)) => {
                    complete.push((self.direction.to_loss(value), trial.number));
                }
                (state, _) if state.is_finished() => others.push(trial.number),
                _ => {}
            }
        }
        complete.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let kept = match self.keep {
            KeepWeights::All => complete.len(),
            KeepWeights::Best(kept) => kept.min(complete.len()),
        };
        others.extend(complete[kept..].iter().map(|(_, number)| *number));
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        for number in others {
            if !swept.contains(&number) {
                remove_weights(&self.trial(number))?;
                swept.insert(number);
            }
        }
        Ok(())
    }
}

/// The directory of a trial in that of a search.
pub(crate) fn of_trial(root: &Path, number: u64) -> PathBuf {
    root.join(format!("trial_{number}"))
}

/// Removes what is only needed to use or continue the model: weights, states, archive and
/// vocabulary.
fn remove_weights(directory: &Path) -> Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        // A trial of another program.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", directory)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("read", directory))?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let removed = if name == "vocabulary" && path.is_dir() {
            fs::remove_dir_all(&path)
        } else if name.ends_with(".safetensors") || name == "model.tar.gz" {
            fs::remove_file(&path)
        } else {
            continue;
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn has_trials(root: &Path) -> Result<bool> {
    for entry in fs::read_dir(root).map_err(Error::io("read", root))? {
        let name = entry.map_err(Error::io("read", root))?.file_name();
        if name.to_string_lossy().starts_with("trial_") {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use opah::Study;

    use super::*;

    fn claim(root: &Path, token: &str, keep: KeepWeights) -> Result<Directories> {
        Directories::claim(root, "s", token, keep, Direction::Maximize)
    }

    #[test]
    fn weights_of_the_best_stay() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::in_memory("s", &[Direction::Maximize]).unwrap();
        let all = claim(folder.path(), "t", KeepWeights::All).unwrap();
        for value in [0.5, 0.7, f64::NAN, 0.6] {
            let mut trial = study.ask().unwrap();
            let directory = all.trial(trial.number());
            fs::create_dir_all(directory.join("vocabulary")).unwrap();
            for name in ["best.safetensors", "metrics.json"] {
                fs::write(directory.join(name), "").unwrap();
            }
            study.tell(&mut trial, &[value]).unwrap();
        }
        let trials = study.trials().unwrap();
        let with_weights = || -> Vec<u64> {
            let kept = |number: &u64| all.trial(*number).join("best.safetensors").exists();
            (0..4).filter(kept).collect()
        };
        let sweep = |keep| {
            let directories = claim(folder.path(), "t", keep).unwrap();
            directories
                .sweep(trials.iter().map(|trial| &**trial))
                .unwrap();
        };
        sweep(KeepWeights::All);
        assert_eq!(with_weights(), [0, 1, 3]);
        sweep(KeepWeights::Best(2));
        assert_eq!(with_weights(), [1, 3]);
        sweep(KeepWeights::Best(1));
        assert_eq!(with_weights(), [1]);
        assert!(all.trial(0).join("metrics.json").exists());
        assert!(!all.trial(0).join("vocabulary").exists());
    }

    #[test]
    fn the_directory_of_another_study_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let keep = KeepWeights::Best(1);
        claim(folder.path(), "one", keep).unwrap();
        claim(folder.path(), "one", keep).unwrap();
        let error = claim(folder.path(), "two", keep).unwrap_err().to_string();
        assert!(error.contains("an earlier study `s`"), "{error}");
        let other = tempfile::tempdir().unwrap();
        fs::create_dir(other.path().join("trial_0")).unwrap();
        let error = claim(other.path(), "one", keep).unwrap_err().to_string();
        assert!(error.contains("a study that is not known"), "{error}");
        let unreadable = tempfile::tempdir().unwrap();
        fs::create_dir(unreadable.path().join(MARKER)).unwrap();
        let error = claim(unreadable.path(), "one", keep).unwrap_err();
        assert!(error.to_string().starts_with("can't read "), "{error}");
    }
}
