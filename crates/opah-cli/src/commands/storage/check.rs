//! `opah storage check`: what is wrong with a storage, and its repair.

use std::process::ExitCode;

use anyhow::Result;
use opah::storage::Finding;

use super::Url;
use crate::args::{Format, FormatName};
use crate::output::{self, Rows};

/// The flags of `opah storage check`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing is wrong, or not any more; 1 something is wrong; 2 wrong flags.\n\n\
--repair copies the storage first, to FILE.before-repair-TIME beside it, and then mends all that is \
`repairable` at once. Stop the workers before.\n\n\
Examples:\n  opah storage check sqlite:///trial.db\n  opah storage check sqlite:///trial.db --repair"
)]
pub(crate) struct Args {
    #[command(flatten)]
    url: Url,
    /// Mend what can be mended
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let storage = args.url.open()?;
    let check = storage.check(args.repair)?;
    if let Some(backup) = &check.backup {
        output::note(&format!("what was there before is in {}", backup.display()));
    }
    if check.findings.is_empty() && args.format.format == FormatName::Table {
        output::print(&format!("nothing is wrong with {}\n", storage.describe()))?;
    } else {
        rows(&check.findings).print(args.format.format)?;
    }
    Ok(if check.is_fine() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn rows(findings: &[Finding]) -> Rows {
    let headings = ["place", "problem", "remedy", "status"];
    let row = |finding: &Finding| {
        let Finding {
            place,
            problem,
            remedy,
            status,
        } = finding;
        vec![
            place.as_str().into(),
            problem.as_str().into(),
            remedy.as_str().into(),
            status.name().into(),
        ]
    };
    Rows {
        headings: headings.map(str::to_owned).to_vec(),
        rows: findings.iter().map(row).collect(),
    }
}
