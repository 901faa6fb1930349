//! `opah delete-trial`

use anyhow::Result;

use crate::{args, output};

/// The flags of `opah delete-trial`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The trial stays in the storage, with the reason, and no sampler, plot or table \
of opah looks at it; `opah trials --withdrawn` does. Workers that are running learn of it when \
they are started again, Optuna does not.\n\nExamples:\n  \
opah delete-trial --storage sqlite:///trial.db --trial-number 3 --reason 'wrong data'\n  \
opah delete-trial --storage sqlite:///trial.db --trial-number 3 --undo"
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The trial's number; it must have finished
    #[arg(long, value_name = "N")]
    trial_number: u64,
    /// Why, to be kept with it
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    reason: String,
    /// Lets the trial count again
    #[arg(long, conflicts_with = "reason")]
    undo: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let study = super::find(&args.study)?;
    let (number, name) = (args.trial_number, study.name());
    let done = if args.undo {
        study.restore(number)?;
        format!("trial {number} of study `{name}` counts again\n")
    } else {
        study.withdraw(number, &args.reason)?;
        format!("trial {number} of study `{name}` counts no more; --undo takes that back\n")
    };
    super::warn(&study);
    output::print(&done)
}
