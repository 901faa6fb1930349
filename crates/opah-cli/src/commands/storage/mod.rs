//! `opah storage`: looking after what is kept, a file per command.

mod copy;
mod export;
mod import;
mod info;
mod merge;
mod progress;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Subcommand;

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
    /// Let a trial count no more; the same as `opah delete-trial`
    DeleteTrial(super::delete_trial::Args),
    /// Give a trial other values; the same as `opah correct-trial`
    CorrectTrial(super::correct_trial::Args),
}

pub(super) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Info(args) => info::run(args),
        Command::Copy(args) => copy::run(args),
        Command::Merge(args) => merge::run(args),
        Command::Export(args) => export::run(args),
        Command::Import(args) => import::run(args),
        Command::DeleteTrial(args) => super::delete_trial::run(args),
        Command::CorrectTrial(args) => super::correct_trial::run(args),
    }
}

/// Opens a storage that must exist already, so that a misspelt path makes no file.
fn open(url: &str) -> Result<Arc<dyn opah::Storage>> {
    if let Some(path) = opah::storage::file_of(url)
        && !path.exists()
    {
        bail!("there is no file {}; check the URL", path.display());
    }
    Ok(opah::storage::open(url)?)
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
