//! `opah tell`: the end of a trial.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::ValueEnum;
use opah::ask_tell::IfFinished;
use opah::spool::Fate;
use opah::{Stop, TrialState};

use crate::{args, output};

/// The flags of `opah tell`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  opah tell --storage sqlite:///trial.db --trial-number 3 --values 0.25\n  \
opah tell --storage sqlite:///trial.db --trial-number 4 --state pruned\n  \
opah tell --storage sqlite:///trial.db --trial-number 5 --state fail --reason 'out of memory'\n  \
opah tell --storage sqlite:///trial.db --spooled result/optuna/spool"
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The trial's number
    #[arg(long, value_name = "N", required_unless_present = "spooled")]
    trial_number: Option<u64>,
    /// A value for each objective, separated by spaces; `nan` is a failure, and minus
    /// infinity is written `--values=-inf`
    #[arg(
        long,
        value_name = "VALUE",
        num_args = 1..,
        allow_negative_numbers = true,
        required_unless_present_any = ["state", "spooled"]
    )]
    values: Vec<f64>,
    /// How the trial ended [default: complete]; a pruned one has its last report as value
    #[arg(long, value_enum)]
    state: Option<StateName>,
    /// Why it failed, to be kept with it
    #[arg(long, value_name = "TEXT", requires = "state")]
    reason: Option<String>,
    /// A trial that has finished stays as it is, which is no error
    #[arg(long)]
    skip_if_finished: bool,
    /// Tell what could not be told when the storage was gone: the results in the folder
    /// `spool` of a serialization directory
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["trial_number", "values", "state", "skip_if_finished"]
    )]
    spooled: Option<PathBuf>,
}

/// The states in which a trial can end, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StateName {
    Complete,
    Pruned,
    Fail,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let number = match (args.trial_number, &args.spooled) {
        (Some(number), _) => number,
        (None, Some(folder)) => return deliver(args, folder),
        (None, None) => bail!("--trial-number says which trial is told"),
    };
    let result = result(args)?;
    let if_finished = if args.skip_if_finished {
        IfFinished::Skip
    } else {
        IfFinished::Refuse
    };
    let study = super::find(&args.study)?;
    let told = study.tell_number(number, result, if_finished);
    super::warn(&study);
    let is_nan = args.values.iter().any(|value| value.is_nan());
    if told?.state == TrialState::Fail && is_nan {
        output::warn("a value is not a number (NaN), so the trial has failed");
    }
    Ok(())
}

fn deliver(args: &Args, folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        bail!("there is no folder `{}`", folder.display());
    }
    let study = super::find(&args.study)?.with_spool(folder);
    for delivery in study.deliver_spooled()? {
        match delivery.fate {
            Fate::Told | Fate::ToldBefore => output::note(&delivery.to_string()),
            Fate::Kept(_) | Fate::Refused(_) => output::warn(&delivery.to_string()),
        }
    }
    super::warn(&study);
    Ok(())
}

/// What the flags say of the trial's end.
fn result(args: &Args) -> Result<std::result::Result<Vec<f64>, Stop>> {
    let state = args.state.unwrap_or(StateName::Complete);
    if args.reason.is_some() && state != StateName::Fail {
        bail!("--reason is for --state fail");
    }
    if (state == StateName::Complete) == args.values.is_empty() {
        bail!("a trial has --values if it is complete, and none if it was pruned or has failed");
    }
    Ok(match state {
        StateName::Complete => Ok(args.values.clone()),
        StateName::Pruned => Err(Stop::Pruned),
        StateName::Fail => Err(Stop::failed(
            args.reason
                .as_deref()
                .unwrap_or("it was told that it failed"),
        )),
    })
}
