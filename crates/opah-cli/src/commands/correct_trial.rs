//! `opah correct-trial`

use anyhow::Result;

use crate::{args, output};

/// The flags of `opah correct-trial`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A new trial gets the values, with everything else that the old one has, and the \
old one counts no more, as after `opah delete-trial`. Both stay in the storage.\n\nExamples:\n  \
opah correct-trial --storage sqlite:///trial.db --trial-number 3 --values 0.25\n  \
opah correct-trial --storage sqlite:///trial.db --trial-number 3 --values -1 7 --reason 'the sign'"
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The trial's number; it must have finished
    #[arg(long, value_name = "N")]
    trial_number: u64,
    /// The right value for each objective, separated by spaces
    #[arg(
        long,
        value_name = "VALUE",
        num_args = 1..,
        allow_negative_numbers = true,
        required = true
    )]
    values: Vec<f64>,
    /// Why, to be kept with the old trial
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    reason: String,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let study = super::find(&args.study)?;
    let corrected = study.correct(args.trial_number, &args.values, &args.reason)?;
    super::warn(&study);
    output::print(&format!(
        "trial {} of study `{}` is corrected by trial {}\n",
        args.trial_number,
        study.name(),
        corrected.number
    ))
}
