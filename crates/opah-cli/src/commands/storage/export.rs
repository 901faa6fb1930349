//! `opah storage export`

use std::io::{self, BufWriter, Write};

use anyhow::{Context, Result};
use opah::storage::{Snapshot, dump};

/// The flags of `opah storage export`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "docs/dump.md tells what the lines are. No attribute is left out, and none is \
hidden: look through what you publish.\n\nExamples:\n  \
opah storage export sqlite:///trial.db > dump.jsonl\n  \
opah storage export sqlite:///trial.db --study demo | gzip > demo.jsonl.gz"
)]
pub(crate) struct Args {
    /// The storage, e.g. `sqlite:///trial.db`
    #[arg(value_name = "URL")]
    url: String,
    /// A study to write, may be given several times [default: all]
    #[arg(long = "study", value_name = "NAME")]
    studies: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let storage = super::open(&args.url)?;
    let names = super::chosen(&storage, &args.studies)?;
    let mut out = BufWriter::new(io::stdout().lock());
    // What is cut off at its end is no dump, so a reader that has gone away is an error here.
    let failed = "can't write the dump to its end";
    dump::write_header(&mut out).context(failed)?;
    for name in &names {
        let snapshot = Snapshot::read(storage.as_ref(), name)?;
        dump::write_study(&mut out, &snapshot).context(failed)?;
    }
    out.flush().context(failed)?;
    super::warn(storage.as_ref());
    Ok(())
}
