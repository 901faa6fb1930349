//! `opah storage`: looking after what is kept, a file per command.

mod check;
mod copy;
mod export;
mod guard;
mod import;
mod info;
mod merge;
mod progress;
mod upgrade;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Subcommand;

use crate::{args, credentials};

/// What can be done with storages; each command's flags stand in its file.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell what a storage is, how large, and what is in it
    Info(info::Args),
    /// Copy studies to another storage, with all they have
    Copy(copy::Args),
    /// Add the trials of a study to the one of the same name in another storage
    Merge(merge::Args),
    /// Write studies to standard output, as lines of JSON that other programs can read
    Export(export::Args),
    /// Make the studies that `opah storage export` wrote
    Import(import::Args),
    /// Find what Optuna would not have written and may not read, and mend it
    Check(check::Args),
    /// Bring an SQLite file of an older Optuna version up to Optuna 5's schema
    Upgrade(upgrade::Args),
    /// Keep Optuna's workers from beginning a waiting trial twice, in an SQLite file
    Guard(guard::Args),
    /// Let a trial count no more; the same as `opah delete-trial`
    DeleteTrial(super::delete_trial::Args),
    /// Give a trial other values; the same as `opah correct-trial`
    CorrectTrial(super::correct_trial::Args),
}

pub(super) fn run(command: &Command) -> Result<ExitCode> {
    let done = match command {
        Command::Check(args) => return check::run(args),
        Command::Upgrade(args) => upgrade::run(args),
        Command::Guard(args) => guard::run(args),
        Command::Info(args) => info::run(args),
        Command::Copy(args) => copy::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::DeleteTrial(args) => super::delete_trial::run(args),
        Command::CorrectTrial(args) => super::correct_trial::run(args),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Which storage is meant.
#[derive(Debug, clap::Args)]
struct Url {
    /// The storage's URL, e.g. `sqlite:///trial.db` (four slashes for an absolute path)
    #[arg(value_name = "URL", env = "OPAH_STORAGE", hide_env_values = true)]
    url: String,
}

impl Url {
    /// Opens the storage, which must exist.
    fn open(&self) -> Result<Arc<dyn opah::Storage>> {
        open(&self.url)
    }

    /// The path of the SQLite file; for commands for which only these are right.
    fn sqlite_path(&self, why: &str) -> Result<&Path> {
        let path = opah::storage::SqliteStorage::path_of(&self.url);
        path.with_context(|| format!("only SQLite files (`sqlite:///path`) {why}"))
    }
}

/// Opens a storage that must exist already.
fn open(url: &str) -> Result<Arc<dyn opah::Storage>> {
    super::open(&args::Storage {
        storage: url.to_owned(),
    })
}

/// Opens a storage; a file that is missing is made.
fn open_or_make(url: &str) -> Result<Arc<dyn opah::Storage>> {
    Ok(opah::storage::open(&credentials::complete(url))?)
}

/// The studies that are named, each once, or all.
fn chosen(storage: &Arc<dyn opah::Storage>, names: &[String]) -> Result<Vec<String>> {
    if names.is_empty() {
        let studies = storage.studies()?;
        return Ok(studies.into_iter().map(|study| study.name).collect());
    }
    let mut chosen: Vec<String> = Vec::new();
    for name in names {
        super::named(storage.clone(), name)?;
        if !chosen.contains(name) {
            chosen.push(name.clone());
        }
    }
    Ok(chosen)
}

/// The names of the studies in a storage.
fn names_in(storage: &dyn opah::Storage) -> Result<BTreeSet<String>> {
    let studies = storage.studies()?;
    Ok(studies.into_iter().map(|study| study.name).collect())
}

/// Warns of what a storage could not read so far.
fn warn(storage: &dyn opah::Storage) {
    for warning in storage.warnings() {
        crate::output::warn(&warning);
    }
}
