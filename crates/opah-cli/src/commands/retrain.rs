//! `opah retrain`: the best trial of a study, trained again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use opah_train::config::{Document, ExtVars};
use opah_train::data::CorpusCache;
use opah_train::serialization::IfExists;
use opah_train::trainer::{self, Ended, Keep, TrainOptions};
use opah_tune::experiment::Experiment;
use opah_tune::objective;
use opah_tune::retrain::{BestTrial, mean_and_deviation, with_seed};

use crate::run_view::RunView;
use crate::{args, interrupt, output};

/// The flags of `opah retrain`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  opah retrain classifier.jsonnet --storage sqlite:///result/optuna/trial.db -s result/best\n  \
opah retrain classifier.jsonnet --storage sqlite:///result/optuna/trial.db -s result/seeds --seeds 5"
)]
pub(crate) struct Args {
    /// The configuration that was tuned
    #[arg(value_name = "PARAM_PATH")]
    config: PathBuf,
    /// Where the model is left; with `--seeds`, in a directory per seed
    #[arg(short, long, value_name = "DIR")]
    serialization_dir: PathBuf,
    #[command(flatten)]
    study: args::Study,
    /// Train with so many seeds: the configuration's own, and each one more than the last
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..))]
    seeds: Option<u16>,
    /// Go on with the run in the directory
    #[arg(short, long, conflicts_with = "force")]
    recover: bool,
    /// Remove what the directory holds
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    changes: args::ConfigChanges,
    #[command(flatten)]
    threads: args::Threads,
    /// Say nothing while training
    #[arg(short, long)]
    quiet: bool,
    /// Accepted for AllenNLP's sake: there are no Python packages to import
    #[arg(long, value_name = "NAME", hide = true)]
    include_package: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let best = BestTrial::of(&super::load(&args.study)?)?;
    let experiment = experiment(&args.config, &best, &args.changes)?;
    let document = best.document(&experiment)?;
    let metric = match &best.metric {
        Some(metric) => metric.clone(),
        None => objective::resolve(&document.read()?, None, None)?.metric,
    };
    let training = Training {
        args,
        corpora: CorpusCache::new(super::downloads()),
        stop: interrupt::stop_flag()?,
        metric,
    };
    match args.seeds {
        None => {
            let value = training.run(&document, &args.serialization_dir)?;
            output::print(&compared(&best, &training.metric, value))
        }
        Some(seeds) => training.run_seeds(&document, u64::from(seeds)),
    }
}

/// The config of the best trial, with the study's changes and then the given ones.
pub(crate) fn experiment(
    config: &Path,
    best: &BestTrial,
    changes: &args::ConfigChanges,
) -> Result<Experiment> {
    let mut all = best.changes.clone();
    all.extend(changes.listed());
    let experiment = Experiment::open(config, ExtVars::from_environment(), all)?;
    if best
        .config
        .as_ref()
        .is_some_and(|text| text != experiment.text())
    {
        output::warn(&format!(
            "{} is not as it was when the study was made, so its values may differ",
            config.display()
        ));
    }
    Ok(experiment)
}

/// The sentence that says whether the trial's value came out again.
fn compared(best: &BestTrial, metric: &str, value: f64) -> String {
    let number = best.number;
    if value.to_bits() == best.value.to_bits() {
        return format!("{metric} {value}: trial {number}'s value, bit for bit\n");
    }
    format!(
        "{metric} {value}: differs from trial {number}'s {} by {:+e}\n",
        best.value,
        value - best.value
    )
}

/// What all trainings of the command share.
struct Training<'a> {
    args: &'a Args,
    corpora: CorpusCache,
    stop: Arc<AtomicBool>,
    metric: String,
}

impl Training<'_> {
    /// Trains into a directory; the metric's value.
    fn run(&self, document: &Document, directory: &Path) -> Result<f64> {
        let options = TrainOptions {
            serialization_dir: directory.to_owned(),
            if_exists: match (self.args.recover, self.args.force) {
                (true, _) if directory.exists() => IfExists::Recover,
                (_, true) => IfExists::Replace,
                _ => IfExists::Refuse,
            },
            threads: self.args.threads.count(),
            keep: Keep::Everything,
            stop: self.stop.clone(),
        };
        let mut view = RunView::new(self.args.quiet);
        let trained = trainer::train(document, &self.corpora, &options, &mut view);
        view.end();
        let trained = trained?;
        if trained.ended == Ended::Interrupted {
            output::warn("interrupted; the same command with --recover goes on");
            interrupt::exit();
        }
        let value = trained.metrics.number(&self.metric);
        value.with_context(|| format!("the training gave no metric `{}`", self.metric))
    }

    fn run_seeds(&self, document: &Document, seeds: u64) -> Result<()> {
        let metric = &self.metric;
        let mut values = Vec::new();
        for offset in 0..seeds {
            let (document, seed) = with_seed(document, offset)?;
            let directory = self.args.serialization_dir.join(format!("seed_{seed}"));
            let value = self.run(&document, &directory)?;
            output::print(&format!("seed {seed}: {metric} {value}\n"))?;
            values.push(value);
        }
        let (mean, deviation) = mean_and_deviation(&values);
        output::print(&format!(
            "{metric}: mean {mean:.4} ± {deviation:.4} (standard deviation of {seeds} seeds)\n"
        ))
    }
}
