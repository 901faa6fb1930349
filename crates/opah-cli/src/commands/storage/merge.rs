//! `opah storage merge`

use anyhow::Result;
use opah::storage::Snapshot;

use super::progress::Progress;
use crate::output;

/// The flags of `opah storage merge`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Finished trials are added, with new numbers. A trial with the same state, \
parameters, values and times as one that is there is not added, so the command can be run again \
as the study goes on. Directions, and the kinds of parameters, must be the same in both.\n\n\
Example:\n  opah storage merge sqlite:///laptop.db sqlite:///trial.db --study demo"
)]
pub(crate) struct Args {
    /// The storage that has the trials, e.g. `sqlite:///laptop.db`
    #[arg(value_name = "FROM")]
    from: String,
    /// The storage that gets them
    #[arg(value_name = "TO")]
    to: String,
    /// The study's name, in both
    #[arg(long, value_name = "NAME")]
    study: String,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let (from, to) = (super::open(&args.from)?, super::open(&args.to)?);
    super::super::named(from.clone(), &args.study)?;
    super::super::named(to.clone(), &args.study)?;
    let snapshot = Snapshot::read(from.as_ref(), &args.study)?;
    let mut progress = Progress::new()?;
    progress.begin(&args.study, snapshot.trials().len())?;
    let merged = snapshot.merge_into(to.as_ref(), &mut || progress.step());
    progress.end();
    super::warn(from.as_ref());
    super::warn(to.as_ref());
    let merged = merged?;
    let left_out = [
        (merged.n_known, "were there already"),
        (merged.n_unfinished, "have not finished"),
        (merged.n_withdrawn, "are deleted or corrected"),
    ];
    let left_out = left_out.iter().filter(|(n_trials, _)| *n_trials > 0);
    let left_out = left_out.map(|(n_trials, why)| format!("; {n_trials} {why}"));
    output::print(&format!(
        "study `{}`: {} trial(s) were added to {}{}\n",
        args.study,
        merged.n_added,
        to.describe(),
        left_out.collect::<String>()
    ))
}
