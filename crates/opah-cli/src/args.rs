//! The whole command line, as types.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args as Group, Parser, Subcommand, ValueEnum};

use opah::Direction;
use opah_tune::experiment::Change;

use crate::commands;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Hyperparameter optimization: search for the best settings, keep every trial, see
/// what was learnt.
#[derive(Debug, Parser)]
#[command(name = "opah", version, styles = STYLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What opah can do; each command's flags stand in its file.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a model from a configuration
    Train(commands::train::Args),
    /// Evaluate a trained model on labelled data
    Evaluate(commands::evaluate::Args),
    /// Predict the labels of texts
    Predict(commands::predict::Args),
    /// Search for the best values of a configuration's external variables, or of any command's
    /// parameters
    Tune(Box<commands::tune::Args>),
    /// Train the best trial of a study again
    Retrain(commands::retrain::Args),
    /// Write the configuration with the best trial's values filled in
    ExportConfig(commands::export_config::Args),
    /// Make a study and print its name
    CreateStudy(commands::create_study::Args),
    /// Delete a study and all its trials
    DeleteStudy(commands::delete_study::Args),
    /// Let a finished trial count no more
    DeleteTrial(commands::delete_trial::Args),
    /// Give a finished trial other values, by a new trial
    CorrectTrial(commands::correct_trial::Args),
    /// Begin a trial: print its number and the values to try
    Ask(commands::ask::Args),
    /// End a trial with its values, or as pruned or failed
    Tell(commands::tell::Args),
    /// Keep an intermediate value of a running trial, and say whether it should stop
    Report(commands::report::Args),
    /// Say whether a running trial should stop, by what it reported so far
    ShouldPrune(commands::should_prune::Args),
    /// Let a trial with given values wait for the next ask
    Enqueue(commands::enqueue::Args),
    /// Note something with a study or a trial
    #[command(alias = "set-user-attr")]
    SetAttr(commands::set_attr::Args),
    /// Look after a storage: what it is, copies and dumps of its studies, checks and repairs
    #[command(subcommand)]
    Storage(commands::storage::Command),
    /// List the studies of a storage
    Studies(commands::studies::Args),
    /// List the trials of a study, with the columns of Optuna's `trials_dataframe`
    Trials(commands::trials::Args),
    /// Show the best trial of a study
    BestTrial(commands::best_trial::Args),
    /// Print the best parameters as a line of environment variables
    BestParams(commands::best_params::Args),
    /// Turn the Large Movie Review Dataset's archive into the files of the IMDb example
    PrepareImdb(commands::prepare_imdb::Args),
    /// Show how much each parameter matters
    Importance(commands::importance::Args),
    /// Tell why a trial was suggested, and what was to be expected of it
    Explain(commands::explain::Args),
    /// Draw a study: its history, importances, learning curves, slices
    Plot(Box<commands::plot::Args>),
    /// Let other programs search, in any language, by lines of JSON
    Serve(commands::serve::Args),
    /// List the samplers, or the options of one
    Samplers(commands::samplers::Args),
    /// List the pruners, or the options of one
    Pruners(commands::pruners::Args),
    /// List the evaluators of importances, or the options of one
    Evaluators(commands::evaluators::Args),
}

/// Where studies are kept.
#[derive(Debug, Group)]
pub(crate) struct Storage {
    /// The storage's URL, e.g. `sqlite:///trial.db` (four slashes for an absolute path)
    #[arg(long, value_name = "URL", env = "OPAH_STORAGE", hide_env_values = true)]
    pub(crate) storage: String,
}

/// Which study is meant.
#[derive(Debug, Group)]
pub(crate) struct Study {
    #[command(flatten)]
    pub(crate) storage: Storage,
    /// The study's name; not needed if the storage holds just one
    #[arg(long, value_name = "NAME", env = "OPAH_STUDY")]
    pub(crate) study_name: Option<String>,
}

/// How a table is printed.
#[derive(Debug, Group)]
pub(crate) struct Format {
    /// A table for people, or CSV, JSON or YAML for programs
    #[arg(short, long, value_enum, default_value = "table")]
    pub(crate) format: FormatName,
}

/// Changes to a configuration before it is used.
#[derive(Debug, Default, Group)]
pub(crate) struct ConfigChanges {
    /// A Jsonnet object whose (dotted) keys replace those of the configuration, e.g.
    /// `{"trainer.num_epochs": 3}`; `{"trainer": {…}}` replaces the whole trainer
    #[arg(short, long, value_name = "SNIPPET")]
    overrides: Option<String>,
    /// Sets one value, e.g. `trainer.num_epochs=3`; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl ConfigChanges {
    /// The same as a list, in the order in which they are made: first `--overrides`, then each
    /// `--set`.
    pub(crate) fn listed(&self) -> Vec<Change> {
        let overrides = self.overrides.iter().cloned().map(Change::Overrides);
        let set = self.set.iter().cloned().map(Change::Set);
        overrides.chain(set).collect()
    }
}

/// How many threads compute.
#[derive(Debug, Group)]
pub(crate) struct Threads {
    /// Threads that compute; all cores if not given. The results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

impl Threads {
    /// The number of threads.
    pub(crate) fn count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }
}

/// The formats of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Table,
    Csv,
    Json,
    Yaml,
}

/// The directions by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DirectionName {
    Minimize,
    Maximize,
}

impl From<DirectionName> for Direction {
    fn from(name: DirectionName) -> Self {
        match name {
            DirectionName::Minimize => Self::Minimize,
            DirectionName::Maximize => Self::Maximize,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Args::command().debug_assert();
    }
}
