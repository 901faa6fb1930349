//! One file per command.

pub(crate) mod best_params;
pub(crate) mod best_trial;
pub(crate) mod evaluate;
pub(crate) mod evaluators;
pub(crate) mod export_config;
pub(crate) mod importance;
pub(crate) mod plot;
pub(crate) mod predict;
pub(crate) mod prepare_imdb;
pub(crate) mod pruners;
pub(crate) mod retrain;
pub(crate) mod serve;
pub(crate) mod samplers;
pub(crate) mod studies;
pub(crate) mod train;
pub(crate) mod trials;
pub(crate) mod tune;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use opah_train::data::Downloads;

use crate::args::{self, Command};
use crate::output;

/// Runs a command.
pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::Train(args) => train::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Tune(args) => tune::run(&args),
        Command::Retrain(args) => retrain::run(&args),
        Command::ExportConfig(args) => export_config::run(&args),
        Command::Studies(args) => studies::run(&args),
        Command::Trials(args) => trials::run(&args),
        Command::BestTrial(args) => best_trial::run(&args),
        Command::BestParams(args) => best_params::run(&args),
        Command::PrepareImdb(args) => prepare_imdb::run(&args),
        Command::Importance(args) => importance::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Samplers(args) => samplers::run(&args),
        Command::Pruners(args) => pruners::run(&args),
        Command::Evaluators(args) => evaluators::run(&args),
    }
}

/// Opens a storage that must exist already, so that a misspelt path makes no file.
fn open(storage: &args::Storage) -> Result<Arc<dyn opah::Storage>> {
    if let Some(path) = storage.storage.strip_prefix("sqlite:///")
        && !Path::new(path).exists()
    {
        bail!("there is no file {path}; check --storage");
    }
    Ok(opah::storage::open(&storage.storage)?)
}

/// The study that is named, or the only one. Rows of it that can't be read are warned of.
fn load(study: &args::Study) -> Result<opah::Study> {
    let storage = open(&study.storage)?;
    let name = match &study.study_name {
        Some(name) => name.clone(),
        None => only_study(storage.as_ref())?,
    };
    let study = opah::Study::load(storage, &name)?;
    study.history()?;
    for warning in study.storage().warnings() {
        output::warn(&warning);
    }
    Ok(study)
}

fn only_study(storage: &dyn opah::Storage) -> Result<String> {
    let studies = storage.studies()?;
    let names: Vec<&str> = studies.iter().map(|study| study.name.as_str()).collect();
    match names[..] {
        [only] => Ok(only.to_owned()),
        [] => bail!("{} holds no study", storage.describe()),
        _ => bail!(
            "{} holds several studies; choose one with --study-name: {}",
            storage.describe(),
            names.join(", ")
        ),
    }
}

/// Where downloads are kept: `$OPAH_CACHE`, or `opah` in the user's cache folder.
fn downloads() -> Downloads {
    let folder = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    let cache = folder("OPAH_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("opah")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache/opah")));
    cache.map_or_else(Downloads::default, Downloads::new)
}
