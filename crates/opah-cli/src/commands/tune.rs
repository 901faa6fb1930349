//! `opah tune`: search for the best values of a config's external variables, or of a command's
//! parameters.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use opah_train::config::ExtVars;
use opah_train::data::CorpusCache;
use opah_tune::KeepWeights;
use opah_tune::algorithm::{self, Algorithms};
use opah_tune::hparams::Source;
use opah_tune::retrain::BestTrial;
use opah_tune::session::{Options, Plan};
use opah_tune::target::{Sample, Target};
use opah_tune::worker::End;

use crate::args::DirectionName;
use crate::search::summary::Tuned;
use crate::{algorithms, args, credentials, interrupt, output, priors, program, rules, search};

use super::best_params::line;

/// Where the trials of a command are, if nobody says it.
const DIRECTORY: &str = "opah-trials";

/// The flags of `opah tune`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  opah tune classifier.jsonnet hparams.json -s result/optuna\n  \
opah tune classifier.jsonnet hparams.json -s result/optuna --n-trials 30 --jobs 2 --seed 24\n  \
opah tune classifier.jsonnet hparams.json -s result/optuna --pruner hyperband\n  \
opah tune classifier.jsonnet hparams.json -s result/second --warm-start first@sqlite:///result/optuna/trial.db\n  \
opah tune classifier.jsonnet hparams.json -s result/optuna --priors '{\"lr\": {\"normal\": {\"mean\": 0.001, \"sd\": 3}}}'\n  \
opah tune --param 'lr=float(1e-5, 0.1, log)' --param 'opt=cat(adam, sgd)' -- python train.py --lr {lr} --opt {opt}\n  \
opah tune --space hparams.json --metric-glob 'metrics_epoch_*.json:validation_accuracy' -- allennlp train classifier.jsonnet -s {dir}\n\n\
After `--` stands any command; docs/tune-anything.md tells what it finds in its environment.\n\
The same command goes on where an interrupted search ended. The pruner is asked if the\n\
configuration has the callback `optuna_pruner`."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Args {
    /// The configuration: Jsonnet whose `std.extVar` values are searched for
    #[arg(
        value_name = "PARAM_PATH",
        required_unless_present = "words",
        conflicts_with = "words"
    )]
    config: Option<PathBuf>,
    /// The search space: an array of `{type, attributes}`, as JSON or Jsonnet
    #[arg(
        value_name = "HPARAM_PATH",
        required_unless_present = "words",
        conflicts_with = "words"
    )]
    space: Option<PathBuf>,
    /// Where each trial leaves its `trial_N` directory [default of commands: opah-trials]
    #[arg(short, long, value_name = "DIR", required_unless_present = "words")]
    serialization_dir: Option<PathBuf>,
    /// The storage's URL [default: trial.db in the serialization directory]
    #[arg(long, value_name = "URL", env = "OPAH_STORAGE", hide_env_values = true)]
    storage: Option<String>,
    /// The study's name [default: the file name of the configuration or the program, without
    /// its ending]
    #[arg(long, value_name = "NAME")]
    study_name: Option<String>,
    /// What is searched for, e.g. `best_validation_accuracy` [default: by the
    /// configuration's `trainer.validation_metric`]; of a command, what it is called
    #[arg(long, value_name = "KEY")]
    metrics: Option<String>,
    /// Whether the metric is to be small or large; one that contradicts it is refused
    /// [default: accuracy is to be large, loss small, and any other value of a command too]
    #[arg(long, value_enum)]
    direction: Option<DirectionName>,
    /// Trials of the study when the search ends, failed and pruned ones included
    #[arg(long, value_name = "N", default_value_t = 50)]
    n_trials: usize,
    /// Begin no trial after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = program::seconds)]
    timeout: Option<Duration>,
    /// Trials side by side; the cores are shared out among them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,
    #[command(flatten)]
    sampler: algorithms::Sampler,
    #[command(flatten)]
    pruner: algorithms::Pruner,
    #[command(flatten)]
    rules: rules::Rules,
    /// A file that chooses both: `{"sampler": {"type", "attributes"}, "pruner": …}`
    #[arg(long, value_name = "FILE")]
    optuna_param_path: Option<PathBuf>,
    /// The seed of all draws [default: the study's; a fresh one for a new study]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    priors: priors::Priors,
    /// An earlier study and its storage: its best points are tried first, and where its good
    /// ones were are the priors; may be given several times
    #[arg(long, value_name = "NAME@URL")]
    warm_start: Vec<String>,
    /// Stop when so many trials in a row have failed
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    max_failures: u32,
    /// Go on however many trials fail
    #[arg(long, conflicts_with = "max_failures")]
    skip_exception: bool,
    /// Keep the weights of so many of the best trials
    #[arg(long, value_name = "K", default_value_t = 1)]
    keep_best: usize,
    /// Keep the weights of all complete trials
    #[arg(long, conflicts_with = "keep_best")]
    keep_all: bool,
    /// Continue a study that another program made
    #[arg(long)]
    skip_if_exists: bool,
    /// Continue the study although the space, configuration, sampler, pruner, seed, priors or
    /// warm start is another
    #[arg(long)]
    allow_change: bool,
    /// Run again what other programs or machines are said to be running
    #[arg(long)]
    take_over: bool,
    /// Show other workers every so many seconds that this one is alive, and look for dead
    /// ones; three times as long without a sign, and their trials are run again
    #[arg(long, value_name = "SECONDS", value_parser = crate::program::seconds, default_value = "60")]
    heartbeat: Duration,
    #[command(flatten)]
    changes: args::ConfigChanges,
    /// Check the configuration against the space, print the configuration of a first trial,
    /// and stop
    #[arg(long)]
    dry_run: bool,
    /// Show nothing while searching
    #[arg(short, long)]
    quiet: bool,
    /// How the search is shown
    #[arg(long, value_enum, default_value = "text")]
    format: search::Format,
    /// Accepted for AllenNLP's sake: there are no Python packages to import
    #[arg(long, value_name = "NAME", hide = true)]
    include_package: Vec<String>,
    #[command(flatten, next_help_heading = "Tuning a command")]
    program: program::Program,
}

pub(super) fn run(args: &Args) -> Result<()> {
    if !args.include_package.is_empty() {
        output::warn("--include-package is ignored: opah imports no Python packages");
    }
    let plan = Plan::new(options(args)?)?;
    if args.dry_run {
        let shown = match plan.sample()? {
            Sample::Config(config) => config,
            Sample::Command(words) => line(&words),
        };
        return output::print(&(shown + "\n"));
    }
    let stop = interrupt::stop_flag()?;
    let view = search::view(args.format, args.quiet);
    let corpora = CorpusCache::new(super::downloads());
    let outcome = plan.run(corpora, &stop, view.as_ref());
    drop(view);
    let outcome = outcome?;
    let best = BestTrial::find(&outcome.study)?;
    let (config, directory) = (args.config.as_deref(), args.directory());
    let kept = best
        .as_ref()
        .map(|best| search::keepsakes::write(&outcome.study, best, config, directory))
        .transpose();
    match args.format {
        search::Format::Json => {
            output::print(&(search::summary::json(&outcome, best.as_ref()) + "\n"))?;
        }
        search::Format::Text => output::print(&search::summary::text(
            &outcome,
            best.as_ref(),
            &match config {
                Some(path) => Tuned::Config {
                    path,
                    has_weights: args.keep_all || args.keep_best > 0,
                },
                None => Tuned::Command(best_command(&plan, best.as_ref())?),
            },
            directory,
            kept.as_ref().ok().and_then(Option::as_ref),
        )?)?,
    }
    if outcome.end == End::Interrupted {
        if let Err(error) = &kept {
            output::complain(error);
        }
        // Closed in order, a database is one file again.
        drop(outcome);
        interrupt::exit();
    }
    // Told last: the search itself came to its end, and its summary stands.
    kept.map(drop)
}

impl Args {
    fn directory(&self) -> &Path {
        let given = self.serialization_dir.as_deref();
        given.unwrap_or(Path::new(DIRECTORY))
    }
}

/// The line that runs the best trial of a command again.
fn best_command(plan: &Plan, best: Option<&BestTrial>) -> Result<Option<String>> {
    let Some(best) = best else {
        return Ok(None);
    };
    let values = best.values.iter();
    let values: Vec<_> = values
        .map(|(name, value)| (Arc::<str>::from(name.as_str()), value.clone()))
        .collect();
    Ok(match plan.run_of(best.number, &values)? {
        Sample::Command(words) => Some(line(&words)),
        Sample::Config(_) => None,
    })
}

fn options(args: &Args) -> Result<Options> {
    let chosen = algorithms(args)?;
    let changes = args.changes.listed();
    if let Some(flag) = args.program.misplaced() {
        bail!("{flag} is about a COMMAND, but none is given; it follows `--`");
    }
    if args.config.is_none() && !changes.is_empty() {
        bail!("--overrides and --set change a configuration, and a command has none");
    }
    Ok(Options {
        target: match &args.config {
            Some(file) => Target::Config {
                file: file.clone(),
                changes,
            },
            None => Target::Program(args.program.program()),
        },
        space: match &args.space {
            Some(file) => Source::File(file.clone()),
            None => args.program.space(),
        },
        ext_vars: ExtVars::from_environment(),
        serialization_dir: args.directory().to_owned(),
        storage: args.storage.as_deref().map(credentials::complete),
        study_name: args.study_name.clone(),
        metric: args.metrics.clone(),
        direction: args.direction.map(Into::into),
        sampler: chosen.sampler,
        pruner: chosen.pruner,
        constraints: args.rules.constraints()?,
        duplicates: args.rules.duplicates(),
        seed: args.seed,
        priors: args.priors.read()?,
        warm_start: args.warm_start.clone(),
        n_trials: args.n_trials,
        timeout: args.timeout,
        jobs: usize::from(args.jobs),
        max_failures: (!args.skip_exception).then_some(args.max_failures as usize),
        keep: if args.keep_all {
            KeepWeights::All
        } else {
            KeepWeights::Best(args.keep_best)
        },
        skip_if_exists: args.skip_if_exists,
        allow_change: args.allow_change,
        take_over: args.take_over,
        heartbeat_interval: args.heartbeat,
        command: std::env::args_os()
            .map(|argument| opah::storage::masked_in(&argument.to_string_lossy()))
            .collect(),
    })
}

/// What the flags and the file choose; each may choose once.
fn algorithms(args: &Args) -> Result<Algorithms> {
    let mut chosen = match &args.optuna_param_path {
        Some(file) => algorithm::read(file)?,
        None => Algorithms::default(),
    };
    let both = |kind: &str| format!("both --{kind} and --optuna-param-path choose a {kind}");
    if let Some(given) = args.sampler.algorithm()? {
        if chosen.sampler.is_some() {
            bail!(both("sampler"));
        }
        chosen.sampler = Some(given);
    }
    if let Some(given) = args.pruner.algorithm()? {
        if chosen.pruner.is_some() {
            bail!(both("pruner"));
        }
        chosen.pruner = Some(given);
    }
    Ok(chosen)
}
