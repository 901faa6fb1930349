//! `opah storage upgrade`: an older Optuna's SQLite file becomes one of Optuna 5.

use anyhow::Result;

use super::Url;
use crate::output;

/// The flags of `opah storage upgrade`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The file is copied first, to FILE.before-upgrade-TIME.db beside it. Stop all programs that use it \
before; those of older Optuna versions can't use it after.\n\nExample:\n  opah storage upgrade sqlite:///trial.db"
)]
pub(crate) struct Args {
    #[command(flatten)]
    url: Url,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let path = args
        .url
        .sqlite_path("have older versions that can be upgraded")?;
    match opah::storage::SqliteStorage::upgrade(path)? {
        None => output::print("the file has the schema of Optuna 5 already\n"),
        Some(done) => {
            output::note(&format!(
                "what was there before is in {}",
                done.backup.display()
            ));
            output::print(&format!(
                "the file had the schema {}, and has that of Optuna 5\n",
                done.from
            ))
        }
    }
}
