//! `opah storage import`

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use anyhow::{Context, Result, bail};

use super::copy::{self, Running};
use super::progress::Progress;

/// The flags of `opah storage import`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is written if a line is wrong, or if a study is there already. A study \
that can't be written to its end is not there at all; those before it are.\n\nExamples:\n  \
opah storage import dump.jsonl sqlite:///trial.db\n  \
zcat demo.jsonl.gz | opah storage import - sqlite:///trial.db --skip-existing"
)]
pub(crate) struct Args {
    /// What `opah storage export` wrote; `-` for standard input
    #[arg(value_name = "DUMP")]
    dump: String,
    /// The storage that gets the studies; a file is made if it is missing
    #[arg(value_name = "URL")]
    url: String,
    /// A study to make, may be given several times [default: all]
    #[arg(long = "study", value_name = "NAME")]
    studies: Vec<String>,
    /// What is there by the same name stays as it is
    #[arg(long)]
    skip_existing: bool,
    /// What becomes of trials that were running
    #[arg(long, value_enum, default_value = "keep")]
    running: Running,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let input: Box<dyn BufRead> = if args.dump == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&args.dump).with_context(|| format!("can't read {}", args.dump))?;
        Box::new(BufReader::new(file))
    };
    let snapshots = opah::storage::dump::read(input).with_context(|| args.dump.clone())?;
    let mut names: Vec<String> = snapshots
        .iter()
        .map(|snapshot| snapshot.study().name.clone())
        .collect();
    for name in &args.studies {
        if !names.contains(name) {
            bail!(
                "{} has no study `{name}`; it has {}",
                args.dump,
                names.join(", ")
            );
        }
    }
    if !args.studies.is_empty() {
        names.retain(|name| args.studies.contains(name));
    }
    if names.is_empty() {
        bail!("{} has no study", args.dump);
    }
    let to = super::open_or_make(&args.url)?;
    let names = copy::wanted(names, to.as_ref(), args.skip_existing)?;
    let mut progress = Progress::new()?;
    for snapshot in &snapshots {
        if names.contains(&snapshot.study().name) {
            copy::write(snapshot, &to, args.running, &mut progress)?;
        }
    }
    Ok(())
}
