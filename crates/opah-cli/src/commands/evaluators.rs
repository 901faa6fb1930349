//! `opah evaluators`

use anyhow::Result;
use opah::importance::EVALUATORS;

use crate::catalogue::{self, Shown};

/// The flags of `opah evaluators`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  opah evaluators\n  opah evaluators fanova --format json")]
pub(crate) struct Args {
    #[command(flatten)]
    shown: Shown,
}

pub(super) fn run(args: &Args) -> Result<()> {
    catalogue::print("evaluator", EVALUATORS, &args.shown)
}
