//! One file per command.

pub(crate) mod ask;
pub(crate) mod best_params;
pub(crate) mod best_trial;
pub(crate) mod correct_trial;
pub(crate) mod create_study;
pub(crate) mod delete_study;
pub(crate) mod delete_trial;
pub(crate) mod enqueue;
pub(crate) mod evaluate;
pub(crate) mod evaluators;
pub(crate) mod explain;
pub(crate) mod export_config;
pub(crate) mod importance;
pub(crate) mod plot;
pub(crate) mod predict;
pub(crate) mod prepare_imdb;
pub(crate) mod pruners;
pub(crate) mod report;
pub(crate) mod retrain;
pub(crate) mod samplers;
pub(crate) mod serve;
pub(crate) mod set_attr;
pub(crate) mod should_prune;
pub(crate) mod storage;
pub(crate) mod studies;
pub(crate) mod tell;
pub(crate) mod train;
pub(crate) mod trials;
pub(crate) mod tune;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use opah_train::data::Downloads;

use crate::args::{self, Command};
use crate::{credentials, output};

/// Runs a command. The code is that of success, unless the command says more by it.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    let done = match command {
        Command::Report(args) => return report::run(&args),
        Command::ShouldPrune(args) => return should_prune::run(&args),
        Command::Storage(command) => return storage::run(&command),
        Command::Train(args) => train::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Tune(args) => tune::run(&args),
        Command::Retrain(args) => retrain::run(&args),
        Command::ExportConfig(args) => export_config::run(&args),
        Command::CreateStudy(args) => create_study::run(&args),
        Command::DeleteStudy(args) => delete_study::run(&args),
        Command::DeleteTrial(args) => delete_trial::run(&args),
        Command::CorrectTrial(args) => correct_trial::run(&args),
        Command::Ask(args) => ask::run(&args),
        Command::Tell(args) => tell::run(&args),
        Command::Enqueue(args) => enqueue::run(&args),
        Command::SetAttr(args) => set_attr::run(&args),
        Command::Studies(args) => studies::run(&args),
        Command::Trials(args) => trials::run(&args),
        Command::BestTrial(args) => best_trial::run(&args),
        Command::BestParams(args) => best_params::run(&args),
        Command::PrepareImdb(args) => prepare_imdb::run(&args),
        Command::Importance(args) => importance::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Samplers(args) => samplers::run(&args),
        Command::Pruners(args) => pruners::run(&args),
        Command::Evaluators(args) => evaluators::run(&args),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Opens a storage that must exist already, so that a misspelt path makes no file.
fn open(storage: &args::Storage) -> Result<Arc<dyn opah::Storage>> {
    if let Some(path) = opah::storage::file_of(&storage.storage)
        && !path.exists()
    {
        bail!("there is no file {}; check the URL", path.display());
    }
    let url = credentials::complete(&storage.storage);
    Ok(opah::storage::open(&url)?)
}

/// The study that is named, or the only one. Rows of it that can't be read are warned of.
fn load(study: &args::Study) -> Result<opah::Study> {
    let study = find(study)?;
    study.history()?;
    warn(&study);
    Ok(study)
}

/// The same without a look at its trials.
fn find(study: &args::Study) -> Result<opah::Study> {
    let storage = open(&study.storage)?;
    let name = match &study.study_name {
        Some(name) => name.clone(),
        None => only_study(storage.as_ref())?,
    };
    named(storage, &name)
}

/// The study of this name; if there is none, the error has the name that was probably meant.
fn named(storage: Arc<dyn opah::Storage>, name: &str) -> Result<opah::Study> {
    opah::Study::load(storage, name).map_err(|error| {
        let meant = match &error {
            opah::Error::UnknownStudy { known, .. } => {
                opah::suggestion::nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
            }
            _ => None,
        };
        match meant {
            Some(meant) => anyhow!("{error}; did you mean `{meant}`?"),
            None => error.into(),
        }
    })
}

/// Warns of what could not be read so far.
fn warn(study: &opah::Study) {
    for warning in study.storage().warnings() {
        output::warn(&warning);
    }
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
