//! `opah should-prune`: the pruner's word on what was reported so far.

use std::process::ExitCode;

use anyhow::Result;
use opah::{Study, Trial};
use serde_json::{Map, Value};

use crate::args::FormatName;
use crate::{algorithms, args, output};

/// The exit code that says that the trial should stop.
const PRUNE: u8 = 3;

/// The flags of `opah should-prune`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 go on, 3 prune; 1 something went wrong, 2 wrong flags.\n\n\
Example:\n  opah should-prune --storage sqlite:///trial.db --trial-number 3 --pruner hyperband"
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The trial's number
    #[arg(long, value_name = "N", env = "OPAH_TRIAL_NUMBER")]
    trial_number: u64,
    #[command(flatten)]
    pruner: algorithms::Pruner,
    #[command(flatten)]
    format: args::Format,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let study = args.pruner.for_study(super::find(&args.study)?)?;
    let mut trial = study.trial(args.trial_number)?;
    decide(&study, &mut trial, args.format.format)
}

/// Prints whether the trial should stop, which the code says too.
pub(super) fn decide(study: &Study, trial: &mut Trial, format: FormatName) -> Result<ExitCode> {
    let prune = trial.should_prune()?;
    super::warn(study);
    for warning in trial.warnings() {
        output::warn(warning);
    }
    if format == FormatName::Table {
        output::print(if prune { "prune\n" } else { "go on\n" })?;
    } else {
        let step = trial.frozen().last_step();
        let record: Map<String, Value> = Map::from_iter([
            ("number".to_owned(), trial.number().into()),
            ("step".to_owned(), step.into()),
            ("prune".to_owned(), prune.into()),
        ]);
        output::print_record(&record, format)?;
    }
    Ok(if prune {
        ExitCode::from(PRUNE)
    } else {
        ExitCode::SUCCESS
    })
}
