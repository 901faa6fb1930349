//! `opah export-config`: Optuna's `dump_best_config`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use opah_tune::retrain::BestTrial;

use super::retrain;
use crate::{args, output};

/// The flags of `opah export-config`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  opah export-config classifier.jsonnet best_config.json --storage sqlite:///result/optuna/trial.db\n  \
opah train best_config.json -s result/best"
)]
pub(crate) struct Args {
    /// The configuration that was tuned
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Where the configuration with the best values is written; `-` for standard output
    #[arg(value_name = "OUTPUT")]
    output: PathBuf,
    #[command(flatten)]
    study: args::Study,
    #[command(flatten)]
    changes: args::ConfigChanges,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let best = BestTrial::of(&super::load(&args.study)?)?;
    let experiment = retrain::experiment(&args.input, &best, &args.changes)?;
    let text = best.document(&experiment)?.to_exported_json();
    if args.output.as_os_str() == "-" {
        return output::print(&text);
    }
    std::fs::write(&args.output, text)
        .with_context(|| format!("can't write {}", args.output.display()))?;
    output::print(&format!(
        "{}: trial {} ({})\n",
        args.output.display(),
        best.number,
        best.value
    ))
}
