//! What can go wrong with a search as a whole; a failing trial is no error.

use std::io;
use std::path::{Path, PathBuf};

use opah::Direction;
use opah_train::config::ConfigError;

use crate::problem::{Problem, listed};

/// The result of what can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a search can't begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("can't read the {what} {}: {reason}", .file.display())]
    Unreadable {
        /// "config", "search space", …
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The search space is wrong.
    #[error("{}", listed(.0))]
    HParams(Vec<Problem>),
    /// The choice of sampler and pruner is wrong.
    #[error("{}", listed(.0))]
    Algorithms(Vec<Problem>),
    /// The command that is to be tuned is wrong.
    #[error("{}", listed(.0))]
    Command(Vec<Problem>),
    /// A choice on the command line is wrong.
    #[error("in `{given}`: {problem}")]
    Flag {
        /// As it was given.
        given: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The config and the space do not fit together.
    #[error("the config {} does not fit the search space {}:{}", .config.display(), .space.display(), mismatch(.problems))]
    Mismatch {
        /// The config.
        config: PathBuf,
        /// The space.
        space: PathBuf,
        /// What is wrong, each with its place.
        problems: Vec<String>,
    },
    /// The metric or the direction is wrong.
    #[error(transparent)]
    Objective(#[from] ObjectiveError),
    /// The config can't be evaluated.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The library or the storage refused.
    #[error(transparent)]
    Library(#[from] opah::Error),
    /// The study exists and was not made by the same command.
    #[error(
        "study `{study}` exists and holds {n_trials} trial(s), but was not made by `opah tune`; to continue it, pass --skip-if-exists; otherwise choose another --study-name"
    )]
    Foreign {
        /// The study.
        study: String,
        /// Its trials.
        n_trials: usize,
    },
    /// What was asked for is not what the study was begun with.
    #[error(
        "study `{study}` was begun otherwise:\n{difference}\nto continue it all the same, pass --allow-change; otherwise choose another --study-name"
    )]
    Changed {
        /// The study.
        study: String,
        /// A difference in the manner of `diff -u`: `-` as begun, `+` as asked for.
        difference: String,
    },
    /// A study has one metric and one direction for ever.
    #[error("study `{study}` {before}, so it can't {now}; choose another --study-name")]
    OtherObjective {
        /// The study.
        study: String,
        /// "maximizes `a`".
        before: String,
        /// "minimize `b`".
        now: String,
    },
    /// The directory holds the trials of another study.
    #[error(
        "{} holds the trials of {owner}; choose another --serialization-dir, or remove it", .directory.display()
    )]
    DirectoryTaken {
        /// The directory.
        directory: PathBuf,
        /// Whose they are.
        owner: String,
    },
    /// A file or folder of the search can't be used.
    #[error("can't {action} {}: {reason}{}", .path.display(), advice(.reason))]
    Io {
        /// "make", "read", "write", …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The machine, not the trial, is at fault; the trial waits to be run again.
    #[error(
        "trial {number} could not be run: {reason}; it will be run again when the search goes on"
    )]
    Surroundings {
        /// The trial.
        number: u64,
        /// Why.
        reason: String,
    },
    /// Trial after trial failed.
    #[error(
        "the last {} trials failed, so the search stops; the reasons:{}\nraise --max-failures, or pass --skip-exception to go on whatever happens", .reasons.len(), failures(.reasons)
    )]
    TooManyFailures {
        /// Number and reason.
        reasons: Vec<(u64, String)>,
    },
    /// What was asked for needs something that is not there: the data, or a best trial.
    #[error("{0}")]
    NotAvailable(String),
}

impl Error {
    /// Makes the system's reason an error that names the file that can't be read.
    pub(crate) fn unreadable(what: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::Unreadable {
            what,
            file: file.to_owned(),
            reason,
        }
    }

    /// Makes the system's reason an error that names what was to be done with which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self::Io {
            action,
            path: path.to_owned(),
            reason,
        }
    }
}

/// What can be wrong with the metric or the direction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectiveError {
    /// The direction would look for the worst.
    #[error(
        "`{metric}` would be {}d, which looks for the worst {}: leave --direction out, or pass --direction {natural}{hint}", direction, kind(.metric)
    )]
    Contradiction {
        /// The metric.
        metric: String,
        /// The direction that was given.
        direction: Direction,
        /// The one that makes sense.
        natural: Direction,
        /// Where the metric comes from, if nobody gave it.
        hint: String,
    },
    /// The config's metric has the wrong sign.
    #[error(
        "`trainer.validation_metric` is `{metric}`, which takes the worst epoch for the best; write `{natural}`"
    )]
    WrongSign {
        /// As it is.
        metric: String,
        /// As it should be.
        natural: String,
    },
    /// A metric of which neither more nor less is better.
    #[error("nobody can say whether `{metric}` should be small or large; pass --direction")]
    NoDirection {
        /// The metric.
        metric: String,
    },
}

fn kind(metric: &str) -> &str {
    metric.rsplit('_').next().unwrap_or(metric)
}

fn mismatch(problems: &[String]) -> String {
    let mut text = String::new();
    for problem in problems {
        text.push_str("\n  ");
        text.push_str(&problem.replace('\n', "\n  "));
    }
    text
}

fn failures(reasons: &[(u64, String)]) -> String {
    let line = |(number, reason): &(u64, String)| format!("\n  trial {number}: {reason}");
    reasons.iter().map(line).collect()
}

fn advice(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a --serialization-dir that you may write to"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space and run the same command again"
        }
        _ => "",
    }
}
