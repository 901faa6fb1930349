//! The serialization directory: the files that a training run leaves behind.
//!
//! Names are AllenNLP's, but for the weights, which are safetensors instead of pickles:
//! `config.json`, `meta.json`, `out.log`, `vocabulary/`, `metrics_epoch_N.json`,
//! `model_state_eE_b0.safetensors` and `training_state_eE_b0.safetensors` of the last
//! epochs, `best.safetensors`, `model.tar.gz` when a run has ended or was interrupted, and
//! `metrics.json` when it has ended. Of these, a file is there wholly or not at all, but
//! for `out.log`, which grows, and `vocabulary/`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::config::{Difference, differences};
use crate::metrics::Metrics;

/// What can go wrong with the directory.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The directory holds something already.
    #[error(
        "the serialization directory {} exists and is not empty; use --force to replace it or --recover to resume it", .path.display()
    )]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// There is nothing to recover.
    #[error("there is no run to recover in {}: {missing} is missing", .path.display())]
    NothingToRecover {
        /// The directory.
        path: PathBuf,
        /// The file that a run would have left.
        missing: String,
    },
    /// The configuration is not the one of the run that is to be recovered.
    #[error("the configuration differs from the one in {}:\n{}", .path.display(), .differences.join("\n"))]
    OtherConfig {
        /// The directory.
        path: PathBuf,
        /// One line per differing key.
        differences: Vec<String>,
    },
    /// A file that is not what it should be.
    #[error("{}: {problem}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The system refused.
    #[error("can't {action} {}: {source}", .path.display())]
    Io {
        /// "write", "read", "remove", …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// What a run leaves that failed before its first epoch, sorted.
const NOT_BEGUN: [&str; 3] = ["config.json", "meta.json", "out.log"];

/// What to do when the directory holds something already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfExists {
    /// Refuse to train, unless all that is there is what a run leaves that failed before its
    /// first epoch.
    Refuse,
    /// Remove it.
    Replace,
    /// Go on where its run was interrupted.
    Recover,
}

/// A serialization directory that may be written to.
#[derive(Debug, Clone)]
pub struct SerializationDir {
    path: PathBuf,
}

impl SerializationDir {
    /// Makes the directory, by the rule of `if_exists`.
    pub fn open(path: &Path, if_exists: IfExists) -> Result<Self, DirectoryError> {
        let is_empty = is_empty(path)?;
        match if_exists {
            IfExists::Refuse if !is_empty && !has_not_begun(path)? => {
                return Err(DirectoryError::NotEmpty {
                    path: path.to_owned(),
                });
            }
            IfExists::Recover if is_empty => {
                return Err(DirectoryError::NothingToRecover {
                    path: path.to_owned(),
                    missing: "config.json".to_owned(),
                });
            }
            IfExists::Replace if !is_empty => {
                fs::remove_dir_all(path).map_err(io("remove", path))?;
            }
            _ => {}
        }
        fs::create_dir_all(path).map_err(io("make", path))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file at once.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), DirectoryError> {
        self.make(name, |path| fs::write(path, bytes))
    }

    /// Makes a file at once: `make` makes it under another name, then it is renamed. After
    /// an error what was there before is there still.
    pub fn make(
        &self,
        name: &str,
        make: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> Result<(), DirectoryError> {
        let (path, unfinished) = (self.file(name), self.file(&format!(".{name}.unfinished")));
        let tidy = || {
            if unfinished.exists() {
                fs::remove_file(&unfinished)
            } else {
                Ok(())
            }
        };
        // A process that was killed may have left something.
        let made = tidy()
            .and_then(|()| make(&unfinished))
            .and_then(|()| fs::rename(&unfinished, &path));
        // An error leaves litter; renaming a file to another of its own names does nothing.
        let tidied = tidy();
        made.and(tidied).map_err(io("write", &path))
    }

    /// Writes the metrics of an epoch.
    pub fn write_epoch(&self, metrics: &Metrics) -> Result<(), DirectoryError> {
        let name = format!("metrics_epoch_{}.json", metrics.epoch());
        self.write(&name, metrics.to_text().as_bytes())
    }

    /// Removes a file if it is there.
    pub fn remove(&self, name: &str) -> Result<(), DirectoryError> {
        let path = self.file(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Refuses when `config.json` is not `config`, key by key.
    pub fn check_config(&self, config: &Value) -> Result<(), DirectoryError> {
        let path = self.file("config.json");
        if !path.exists() {
            return Err(DirectoryError::NothingToRecover {
                path: self.path.clone(),
                missing: "config.json".to_owned(),
            });
        }
        let text = fs::read_to_string(&path).map_err(io("read", &path))?;
        let stored: Value =
            serde_json::from_str(&text).map_err(|error| DirectoryError::Damaged {
                path,
                problem: error.to_string(),
            })?;
        let differences: Vec<String> = differences(&stored, config)
            .into_iter()
            .map(|Difference { path, before, now }| {
                let (before, now) = (before.unwrap_or_default(), now.unwrap_or_default());
                (path, before, now)
            })
            // A key that is not there is as good as null.
            .filter(|(_, before, now)| before != now)
            .map(|(path, before, now)| format!("  {path}: {before} before, {now} now"))
            .collect();
        if differences.is_empty() {
            return Ok(());
        }
        Err(DirectoryError::OtherConfig {
            path: self.path.clone(),
            differences,
        })
    }
}

/// The log of the directory's runs, `out.log`: one line per event, in UTC.
#[derive(Debug)]
pub struct Log(File);

impl Log {
    /// Opens `out.log`, going on at its end.
    pub fn open(directory: &SerializationDir) -> Result<Self, DirectoryError> {
        let path = directory.file("out.log");
        let file = File::options().create(true).append(true).open(&path);
        Ok(Self(file.map_err(io("write", &path))?))
    }

    /// Adds a line. A log that can't be written to is no reason to lose a run.
    pub fn line(&mut self, level: &str, text: &str) {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S");
        let _ = writeln!(self.0, "{now} - {level} - opah.train - {text}");
    }
}

fn is_empty(path: &Path) -> Result<bool, DirectoryError> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(io("read", path)(error)),
    }
}

/// Whether a run began there that has trained nothing.
fn has_not_begun(path: &Path) -> Result<bool, DirectoryError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(io("read", path))? {
        names.push(entry.map_err(io("read", path))?.file_name());
    }
    names.sort();
    Ok(names == NOT_BEGUN)
}

pub(crate) fn io(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> DirectoryError {
    move |source| DirectoryError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_directory_with_something_in_it_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let directory = SerializationDir::open(&path, IfExists::Refuse).unwrap();
        directory.write("config.json", b"{}").unwrap();
        let error = SerializationDir::open(&path, IfExists::Refuse).unwrap_err();
        assert!(error.to_string().contains("--force"), "{error}");
        SerializationDir::open(&path, IfExists::Replace).unwrap();
        let error = SerializationDir::open(&path, IfExists::Recover).unwrap_err();
        assert!(error.to_string().contains("config.json"), "{error}");
    }

    #[test]
    fn a_run_that_has_trained_nothing_is_not_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let directory = SerializationDir::open(folder.path(), IfExists::Refuse).unwrap();
        for name in NOT_BEGUN {
            directory.write(name, b"{}").unwrap();
        }
        assert!(SerializationDir::open(folder.path(), IfExists::Refuse).is_ok());
        directory.write("metrics_epoch_0.json", b"{}").unwrap();
        assert!(SerializationDir::open(folder.path(), IfExists::Refuse).is_err());
    }

    #[test]
    fn an_error_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let directory = SerializationDir::open(folder.path(), IfExists::Refuse).unwrap();
        directory.write("file", b"old").unwrap();
        let failed = directory.make("file", |path| {
            fs::write(path, "new")?;
            Err(std::io::Error::other("no more"))
        });
        let message = failed.unwrap_err().to_string();
        assert!(message.ends_with("file: no more"), "{message}");
        assert_eq!(fs::read(directory.file("file")).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_configuration_is_shown_key_by_key() {
        let folder = tempfile::tempdir().unwrap();
        let directory = SerializationDir::open(folder.path(), IfExists::Refuse).unwrap();
        let stored = json!({"trainer": {"num_epochs": 2, "patience": 1}, "n": 1.0});
        directory
            .write("config.json", stored.to_string().as_bytes())
            .unwrap();
        let now = json!({"trainer": {"num_epochs": 3}, "n": 1});
        let error = directory.check_config(&now).unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "  trainer.num_epochs: 2 before, 3 now",
                "  trainer.patience: 1 before, null now"
            ]
        );
        assert!(directory.check_config(&stored).is_ok());
    }
}
