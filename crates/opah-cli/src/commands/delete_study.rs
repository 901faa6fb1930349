//! `opah delete-study`

use anyhow::Result;

use crate::args::Storage;
use crate::output;

/// The flags of `opah delete-study`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is asked, and nothing can be taken back.\n\nExample:\n  opah delete-study --storage sqlite:///trial.db --study-name demo"
)]
pub(crate) struct Args {
    #[command(flatten)]
    storage: Storage,
    /// The study's name, exactly
    #[arg(long, value_name = "NAME")]
    study_name: String,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let study = super::named(super::open(&args.storage)?, &args.study_name)?;
    let n_trials = study.history()?.len();
    super::warn(&study);
    study.storage().delete_study(study.frozen()?.id)?;
    output::print(&format!(
        "study `{}` is deleted, and its {n_trials} trial(s)\n",
        study.name()
    ))
}
