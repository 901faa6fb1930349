//! `opah samplers`

use anyhow::Result;
use opah::sampler::SAMPLERS;

use crate::catalogue::{self, Shown};

/// The flags of `opah samplers`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  opah samplers\n  opah samplers tpe --format json")]
pub(crate) struct Args {
    #[command(flatten)]
    shown: Shown,
}

pub(super) fn run(args: &Args) -> Result<()> {
    catalogue::print("sampler", SAMPLERS, &args.shown)
}
