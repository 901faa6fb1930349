//! `opah train`: AllenNLP's `train`, on the CPU.

use std::path::{Path, PathBuf};

use anyhow::Result;
use opah_train::config::{self, Document, ExtVars};
use opah_train::data::CorpusCache;
use opah_train::metrics::Metrics;
use opah_train::serialization::IfExists;
use opah_train::trainer::{self, Ended, Keep, Plan, TrainOptions};
use serde_json::Value;

use crate::output::{self, Rows};
use crate::run_view::RunView;
use crate::{args, interrupt};

/// The flags of `opah train`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  opah train classifier.jsonnet -s result\n  \
lr=0.1 dropout=0.2 opah train classifier.jsonnet -s result   (values for std.extVar)\n  \
opah train classifier.jsonnet -s result --set trainer.num_epochs=3 -f\n  \
opah train classifier.jsonnet -s result --recover             (go on after an interruption)"
)]
pub(crate) struct Args {
    /// The configuration: Jsonnet or JSON; `std.extVar` reads environment variables
    #[arg(value_name = "PARAM_PATH")]
    config: PathBuf,
    /// Where the model, its metrics and its log are left
    #[arg(short, long, value_name = "DIR")]
    serialization_dir: PathBuf,
    /// Go on with the run in the directory, whose configuration must be the same
    #[arg(short, long, conflicts_with = "force")]
    recover: bool,
    /// Remove what the directory holds
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    changes: args::ConfigChanges,
    /// Read the data, make the vocabulary and the model, say how large they are, and stop
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    threads: args::Threads,
    /// Say nothing while training
    #[arg(short, long)]
    quiet: bool,
    /// Accepted for AllenNLP's sake: output that is no terminal is plain lines anyway
    #[arg(long, hide = true)]
    file_friendly_logging: bool,
    /// Accepted for AllenNLP's sake: there are no Python packages to import
    #[arg(long, value_name = "NAME", hide = true)]
    include_package: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if !args.include_package.is_empty() {
        output::warn("--include-package is ignored: opah imports no Python packages");
    }
    let document = document(&args.config, &args.changes)?;
    let corpora = CorpusCache::new(super::downloads());
    if args.dry_run {
        let plan = trainer::plan(&document, &corpora, args.threads.count())?;
        return show_plan(&plan);
    }
    let options = TrainOptions {
        serialization_dir: args.serialization_dir.clone(),
        if_exists: match (args.recover, args.force) {
            (true, _) => IfExists::Recover,
            (_, true) => IfExists::Replace,
            _ => IfExists::Refuse,
        },
        threads: args.threads.count(),
        keep: Keep::Everything,
        stop: interrupt::stop_flag()?,
    };
    let mut view = RunView::new(args.quiet);
    let trained = trainer::train(&document, &corpora, &options, &mut view);
    view.end();
    let trained = trained?;
    if trained.ended == Ended::Interrupted {
        output::warn(&format!(
            "interrupted; the same command with --recover goes on from the last completed epoch in {}",
            args.serialization_dir.display()
        ));
        interrupt::exit();
    }
    show_metrics(&trained.metrics)
}

/// The configuration in a file, with the environment's variables and the changes of the
/// command line.
fn document(config: &Path, changes: &args::ConfigChanges) -> Result<Document> {
    let ext_vars = ExtVars::from_environment();
    let mut document = config::evaluate(config, &ext_vars)?;
    for change in changes.listed() {
        change.apply(&mut document, &ext_vars)?;
    }
    Ok(document)
}

fn show_plan(plan: &Plan) -> Result<()> {
    let [train, validation, test] = plan.n_documents;
    let rows: Vec<(&str, Value)> = vec![
        ("training documents", train.into()),
        ("validation documents", validation.into()),
        ("test documents", test.into()),
        ("training tokens", plan.n_tokens.into()),
        ("training batches per epoch", plan.n_batches.into()),
        ("vocabulary", plan.vocabulary_size.into()),
        ("labels", plan.labels.join(", ").into()),
        ("parameters", plan.n_parameters.into()),
    ];
    Rows {
        headings: vec!["dry run".to_owned(), String::new()],
        rows: rows
            .into_iter()
            .map(|(name, value)| vec![name.into(), value])
            .collect(),
    }
    .print(args::FormatName::Table)
}

/// The record as JSON, as AllenNLP prints it at the end.
fn show_metrics(metrics: &Metrics) -> Result<()> {
    output::print(&(metrics.to_text() + "\n"))
}
