//! `opah storage copy`

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use opah::ask_tell::IfFinished;
use opah::storage::Snapshot;
use opah::{Stop, Study, TrialState};

use super::progress::Progress;
use crate::output;

/// The flags of `opah storage copy`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Trials keep their numbers, states, times and the bits of their values. A study \
whose copy fails or is stopped is not there at all.\n\nExamples:\n  \
opah storage copy sqlite:///trial.db journal:////shared/trial.log\n  \
opah storage copy trial.log sqlite:///trial.db --study demo --running wait"
)]
pub(crate) struct Args {
    /// The storage that has the studies, e.g. `sqlite:///trial.db`
    #[arg(value_name = "FROM")]
    from: String,
    /// The storage that gets them; a file is made if it is missing
    #[arg(value_name = "TO")]
    to: String,
    /// A study to copy, may be given several times [default: all]
    #[arg(long = "study", value_name = "NAME")]
    studies: Vec<String>,
    /// What is there by the same name stays as it is
    #[arg(long)]
    skip_existing: bool,
    /// What becomes of trials that are running
    #[arg(long, value_enum, default_value = "keep")]
    running: Running,
}

/// What becomes of the copies of running trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Running {
    /// They run, for whoever will tell them there
    Keep,
    /// They wait, with their parameters and without reports, to be run again
    Wait,
    /// They have failed
    Fail,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let from = super::open(&args.from)?;
    let names = super::chosen(&from, &args.studies)?;
    if names.is_empty() {
        bail!("{} holds no study", from.describe());
    }
    let to = super::open_or_make(&args.to)?;
    let names = wanted(names, to.as_ref(), args.skip_existing)?;
    let mut progress = Progress::new()?;
    for name in &names {
        let snapshot = Snapshot::read(from.as_ref(), name)?;
        write(&snapshot, &to, args.running, &mut progress)?;
    }
    super::warn(from.as_ref());
    Ok(())
}

/// The names that are not taken in the other storage.
pub(super) fn wanted(
    names: Vec<String>,
    to: &dyn opah::Storage,
    skip_existing: bool,
) -> Result<Vec<String>> {
    let there = super::names_in(to)?;
    let (taken, wanted): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| there.contains(name));
    let store = to.describe();
    if let (Some(name), false) = (taken.first(), skip_existing) {
        bail!(
            "{store} has a study `{name}` already; choose others with --study, leave out what is \
there with --skip-existing, or add trials to it with `opah storage merge`"
        );
    }
    for name in taken {
        output::note(&format!(
            "study `{name}` is in {store} already, and skipped"
        ));
    }
    Ok(wanted)
}

/// Writes a study and says so.
pub(super) fn write(
    snapshot: &Snapshot,
    to: &Arc<dyn opah::Storage>,
    running: Running,
    progress: &mut Progress,
) -> Result<()> {
    let name = &snapshot.study().name;
    let trials = snapshot.trials();
    progress.begin(name, trials.len())?;
    let written = snapshot.write_to(to.as_ref(), &mut || progress.step());
    progress.end();
    written?;
    let numbers: Vec<u64> = trials
        .iter()
        .filter(|trial| trial.state == TrialState::Running)
        .map(|trial| trial.number)
        .collect();
    settle(&numbers, to, name, running)
        .with_context(|| format!("study `{name}` is copied, but not its running trials ended"))?;
    output::print(&format!(
        "study `{name}`: {} trial(s) are in {}\n",
        trials.len(),
        to.describe()
    ))?;
    if snapshot.n_unreadable() > 0 {
        output::warn(&format!(
            "{} trial(s) of study `{name}` could not be read; failed ones have their numbers",
            snapshot.n_unreadable()
        ));
    }
    if running == Running::Keep && !numbers.is_empty() {
        output::warn(&format!(
            "{} trial(s) of study `{name}` are running in the copy too; if nobody tells them \
there, `--running wait` or `--running fail` is better",
            numbers.len()
        ));
    }
    Ok(())
}

/// Lets running trials of the copy wait or fail.
fn settle(
    numbers: &[u64],
    to: &Arc<dyn opah::Storage>,
    name: &str,
    running: Running,
) -> Result<()> {
    if running == Running::Keep || numbers.is_empty() {
        return Ok(());
    }
    let study = Study::load(to.clone(), name)?;
    for number in numbers {
        if running == Running::Wait {
            study.release(&study.frozen_trial(*number)?, &[])?;
        } else {
            let reason = Stop::failed("it was running when its study was copied");
            study.tell_number(*number, Err(reason), IfFinished::Skip)?;
        }
    }
    Ok(())
}
