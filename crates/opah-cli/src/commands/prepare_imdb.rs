//! `opah prepare-imdb`

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use opah_train::data::imdb::{self, N_OFFICIAL};

use crate::output;

/// The flags of `opah prepare-imdb`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The archive is aclImdb_v1.tar.gz of \
https://ai.stanford.edu/~amaas/data/sentiment/ (84 MB).\n\nExample:\n  \
opah prepare-imdb aclImdb_v1.tar.gz data/imdb")]
pub(crate) struct Args {
    /// The archive `aclImdb_v1.tar.gz`, or the folder it was unpacked into
    #[arg(value_name = "ARCHIVE")]
    archive: PathBuf,
    /// Where train.jsonl and dev.jsonl are written
    #[arg(value_name = "OUT_DIR")]
    folder: PathBuf,
    /// Decides which reviews are in dev.jsonl, and the order
    #[arg(long, value_name = "N", default_value_t = 20_110_619)]
    seed: u64,
}

pub(super) fn run(args: &Args) -> Result<()> {
    // Shown on a terminal only.
    let bar = ProgressBar::new(N_OFFICIAL as u64);
    let style =
        ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} reviews {elapsed}");
    bar.set_style(style?);
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut observe = |n: usize| bar.set_position(n as u64);
    let prepared = imdb::prepare_imdb(&args.archive, &args.folder, args.seed, &mut observe);
    bar.finish_and_clear();
    let prepared = prepared?;
    let (train, dev) = (prepared.train.display(), prepared.dev.display());
    let n_reviews = prepared.n_train + prepared.n_dev;
    let mut lines = vec![
        format!("{train}: {} reviews", prepared.n_train),
        format!("{dev}: {} reviews", prepared.n_dev),
    ];
    if n_reviews != N_OFFICIAL {
        lines.push(format!(
            "note: the official training part has {N_OFFICIAL} labelled reviews; this has {n_reviews}"
        ));
    }
    lines.push(format!(
        "To train on them: opah train CONFIG -s DIR --set train_data_path={train} \
         --set validation_data_path={dev}\n"
    ));
    output::print(&lines.join("\n"))
}
