//! `opah best-trial`

use anyhow::Result;

use crate::args::{Format, Study};

/// The flags of `opah best-trial`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  opah best-trial --storage sqlite:///trial.db --format json")]
pub(crate) struct Args {
    #[command(flatten)]
    study: Study,
    #[command(flatten)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let best = super::load(&args.study)?.best_trial()?;
    super::trials::table(&[best], 1).print(args.format.format)
}
