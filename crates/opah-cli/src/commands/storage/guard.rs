//! `opah storage guard`: waiting trials that Optuna's workers begin once, on SQLite too.

use anyhow::Result;
use opah::storage::SqliteStorage;

use super::Url;
use crate::output;

/// The flags of `opah storage guard`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The guard is two triggers in the file, which all programs that use it obey. opah's workers need none.\n\n\
Examples:\n  opah storage guard sqlite:///trial.db\n  opah storage guard sqlite:///trial.db --remove"
)]
pub(crate) struct Args {
    #[command(flatten)]
    url: Url,
    /// Take the guard away
    #[arg(long)]
    remove: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let why = "need a guard; in all others a waiting trial is begun by one worker anyway";
    let path = args.url.sqlite_path(why)?;
    // Not made here if it is missing.
    args.url.open()?;
    SqliteStorage::open(path)?.guard(!args.remove)?;
    output::print(if args.remove {
        "the guard is removed\n"
    } else {
        "guarded: a waiting trial is begun by one worker, and a finished one stays as it is\n"
    })
}
