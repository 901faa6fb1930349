//! `opah serve`: other programs search by lines of JSON.

use std::io;

use anyhow::{Result, bail};

use crate::serve;

/// The flags of `opah serve`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "opah serve --stdio",
    after_help = "A request is a line, and so is its reply:\n  \
> {\"op\":\"create\",\"study\":\"s\",\"seed\":7,\"directions\":[\"minimize\"],\"budget\":100,\n     \
\"space\":[{\"name\":\"x\",\"type\":\"float\",\"low\":0,\"high\":1}]}          (one line)\n  \
< {\"ok\":true}\n  \
> {\"op\":\"ask\",\"study\":\"s\"}\n  \
< {\"ok\":true,\"trial\":0,\"params\":{\"x\":0.5}}\n  \
> {\"op\":\"tell\",\"study\":\"s\",\"trial\":0,\"values\":[0.25]}\n  \
< {\"ok\":true}\n  \
> {\"op\":\"tell\",\"study\":\"s\",\"trial\":0,\"values\":[0.25]}\n  \
< {\"ok\":false,\"error\":\"trial 0 is COMPLETE; only a running trial can be run\"}\n  \
> {\"op\":\"bye\"}\n  \
< {\"ok\":true}\n\n\
All requests: docs/serve.md. Clients in Python and in shell: examples/stdio."
)]
pub(crate) struct Args {
    /// Read requests from standard input and write replies to standard output
    #[arg(long)]
    stdio: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if !args.stdio {
        bail!("so far, opah serves standard input and output only: say `opah serve --stdio`");
    }
    serve::converse(io::stdin().lock(), io::stdout().lock())
}
