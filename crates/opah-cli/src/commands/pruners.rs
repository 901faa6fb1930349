//! `opah pruners`

use anyhow::Result;
use opah::pruner::PRUNERS;

use crate::catalogue::{self, Shown};

/// The flags of `opah pruners`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  opah pruners\n  opah pruners hyperband --format json")]
pub(crate) struct Args {
    #[command(flatten)]
    shown: Shown,
}

pub(super) fn run(args: &Args) -> Result<()> {
    catalogue::print("pruner", PRUNERS, &args.shown)
}
