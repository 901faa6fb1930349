//! `opah report`: an intermediate value, and what the pruner says to it.

use std::process::ExitCode;

use anyhow::Result;

use super::should_prune;
use crate::{algorithms, args};

/// The flags of `opah report`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 go on, 3 prune; 1 something went wrong, 2 wrong flags.\n\n\
Examples:\n  opah report --storage sqlite:///trial.db --trial-number 3 --step 0 --value 0.5 --pruner median\n  \
opah report --storage sqlite:///trial.db --trial-number 4 --step 1 --value 0.5 --value 70 --pruner dominance_halving"
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The trial's number
    #[arg(long, value_name = "N", env = "OPAH_TRIAL_NUMBER")]
    trial_number: u64,
    /// The step: 0, 1, 2, …
    #[arg(long, value_name = "STEP", allow_negative_numbers = true)]
    step: i64,
    /// The objective's value at the step, given once for each objective; `nan` and `inf` are
    /// values
    #[arg(
        long,
        value_name = "VALUE",
        allow_hyphen_values = true,
        required = true
    )]
    value: Vec<f64>,
    #[command(flatten)]
    pruner: algorithms::Pruner,
    #[command(flatten)]
    format: args::Format,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let study = args.pruner.for_study(super::find(&args.study)?)?;
    let mut trial = study.trial(args.trial_number)?;
    trial.report_values(args.step, &args.value)?;
    should_prune::decide(&study, &mut trial, args.format.format)
}
