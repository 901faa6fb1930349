//! What a search tunes: a config of the trainer, or a program. All that the search has to know
//! of it stands here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use opah::{Direction, ParamValue};
use opah_train::config::ExtVars;

use crate::check::{self, Checked};
use crate::error::Result;
use crate::executor::command::{self, Program, Template};
use crate::experiment::{Change, Experiment};
use crate::hparams::Space;
use crate::objective::{self, Objective};
use crate::record::{Command, Tuned};

/// What a search tunes.
#[derive(Debug, Clone)]
pub enum Target {
    /// A config of the trainer, whose external variables are the parameters.
    Config {
        /// Its file.
        file: PathBuf,
        /// Changes of the evaluated config.
        changes: Vec<Change>,
    },
    /// A program.
    Program(Program),
}

/// What would be run with some values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sample {
    /// A training: the text of its `config.json`.
    Config(String),
    /// A command: its words.
    Command(Vec<String>),
}

/// The words of a command without the passwords of URLs in them, as they are kept and shown.
fn masked(words: &[String]) -> Vec<String> {
    let words = words.iter();
    words.map(|word| opah::storage::masked_in(word)).collect()
}

/// A target that fits its search space.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) objective: Objective,
    /// What was accepted with a doubt.
    pub(crate) warnings: Vec<String>,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Config(Box<Training>),
    Program(Box<Filled>),
}

/// A config, and what it comes to.
#[derive(Debug)]
pub(crate) struct Training {
    pub(crate) experiment: Experiment,
    pub(crate) checked: Checked,
}

/// A program, and the words that are filled in.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) program: Program,
    pub(crate) template: Template,
}

impl Target {
    /// The study's name if nobody gives one: the name of the file, without its ending.
    pub(crate) fn name(&self) -> Option<String> {
        let file = match self {
            Self::Config { file, .. } => file.as_path(),
            Self::Program(program) => Path::new(program.words.first()?),
        };
        Some(file.file_stem()?.to_string_lossy().into_owned())
    }

    /// Checks that it fits the space, and finds out what is searched for.
    pub(crate) fn check(
        &self,
        space: &Space,
        ext_vars: &ExtVars,
        metric: Option<&str>,
        direction: Option<Direction>,
    ) -> Result<Subject> {
        match self {
            Self::Config { file, changes } => {
                let experiment = Experiment::open(file, ext_vars.clone(), changes.clone())?;
                let checked = check::check(&experiment, space)?;
                Ok(Subject {
                    objective: objective::resolve(&checked.config, metric, direction)?,
                    warnings: checked.warnings.clone(),
                    kind: Kind::Config(Box::new(Training {
                        experiment,
                        checked,
                    })),
                })
            }
            Self::Program(program) => {
                let template = program.check(space)?;
                let metric = metric.or(program.metric.name()).unwrap_or("value");
                Ok(Subject {
                    objective: objective::of_program(metric, direction)?,
                    warnings: command::warnings(&template, space),
                    kind: Kind::Program(Box::new(Filled {
                        program: program.clone(),
                        template,
                    })),
                })
            }
        }
    }
}

impl Subject {
    /// Why a pruner would never be asked, and what to do about it; `None` if it is asked.
    pub(crate) fn silence(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Config(training) => {
                let has_callback = training.checked.config.trainer.pruner_callback;
                (!has_callback).then_some(
                    "a pruner is chosen, but the config has no callback that would ask it; \
                     add `callbacks: ['optuna_pruner']` to `trainer`",
                )
            }
            Kind::Program(filled) => (!filled.program.metric.is_curve()).then_some(
                "a pruner is chosen, but nothing is known of a trial while it runs; \
                 --metric-regex, --metric-glob, or --metric-file with rows, tell its values as they come",
            ),
        }
    }

    /// What is kept with the study.
    pub(crate) fn tuned(&self) -> Tuned {
        match &self.kind {
            Kind::Config(training) => Tuned::Config {
                text: training.experiment.text().to_owned(),
                fingerprint: training.checked.config_json.clone(),
                changes: training.experiment.changes().to_vec(),
            },
            Kind::Program(filled) => Tuned::Program(Command {
                words: masked(&filled.template.typed()),
                value: filled.program.metric.describe(),
            }),
        }
    }

    /// What is run with these values in this directory.
    pub(crate) fn sample(
        &self,
        number: u64,
        values: &[(Arc<str>, ParamValue)],
        directory: &Path,
    ) -> Result<Sample> {
        match &self.kind {
            Kind::Config(training) => {
                let values = values.iter().map(|(name, value)| (&**name, value));
                let document = training.experiment.document(values)?;
                document.read()?;
                Ok(Sample::Config(document.to_config_json()))
            }
            Kind::Program(filled) => {
                let words = command::words(&filled.template, number, values, directory);
                Ok(Sample::Command(words))
            }
        }
    }
}
