//! Trials that run a command: any program, in any language.
//!
//! - `template`: the words of the command · `program`: whether it can be started
//! - `environment`: what it finds there · `metric`, `rows`: where its value comes from
//! - `group`: the process and its children · `leftover`: one that outlived its search
//! - `output`, `log`: what it prints
//! - `attempt`: one run, from its beginning to its value
//!
//! A trial's directory holds `params.json`, `log.txt` and the folder `run`, which is the
//! program's own. It is empty when the trial begins, so that programs that refuse other
//! folders take it; what the trial's last attempt left there is removed, unless the program is
//! one that goes on from it. Programs run in the current directory, as they do when a person
//! starts them.

mod attempt;
mod environment;
mod group;
mod leftover;
mod log;
mod metric;
mod output;
mod program;
mod rows;
mod template;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use opah::ParamValue;

use self::attempt::Attempt;
pub(crate) use self::environment::Common;
use self::environment::Place;
use self::group::Group;
use self::log::Log;
pub use self::metric::{Metric, MetricFile, Numbered, Pattern};
pub(crate) use self::template::Template;
use super::{Ended, Executor, Failure, Job, Watcher};
use crate::error::{Error, Result};
use crate::hparams::Space;
use crate::problem::Problem;

/// A program to be tuned, and how its trials are run.
#[derive(Debug, Clone)]
pub struct Program {
    /// The command's words, with placeholders such as `{lr}`; the first is the program.
    pub words: Vec<String>,
    /// Where a trial's value comes from.
    pub metric: Metric,
    /// A trial that takes longer is stopped, and has failed.
    pub trial_timeout: Option<Duration>,
    /// A program that is stopped has so much time to end by itself before it is killed.
    pub grace: Duration,
    /// Bytes of a trial's output that are kept.
    pub log_limit: u64,
    /// Whether a trial that was interrupted finds the files of its last attempt.
    pub continues: bool,
}

impl Program {
    /// Refuses placeholders that are wrong, and a program that can't be started; one that
    /// depends on the trial is not looked at.
    pub(crate) fn check(&self, space: &Space) -> Result<Template> {
        let template = Template::new(&self.words, space)?;
        let Some(program) = template.program() else {
            return Ok(template);
        };
        let checked = program::check(program).map_err(|message| {
            Error::Command(vec![Problem {
                place: format!("the program `{program}`"),
                message,
            }])
        });
        checked.map(|()| template)
    }
}

/// What a person may have meant otherwise.
pub(crate) fn warnings(template: &Template, space: &Space) -> Vec<String> {
    let names: Vec<Arc<str>> = space.names().cloned().collect();
    let mut warnings = template.warnings(space);
    warnings.extend(environment::warnings(&names));
    warnings
}

/// The words of a trial's command, with its values.
pub(crate) fn words(
    template: &Template,
    number: u64,
    values: &[(Arc<str>, ParamValue)],
    directory: &Path,
) -> Vec<String> {
    let place = Place::of(directory);
    template.fill(&|name| match name {
        template::DIRECTORY => Some(place.own.display().to_string()),
        template::PARAMS => Some(place.params.display().to_string()),
        template::NUMBER => Some(number.to_string()),
        name => {
            let found = values.iter().find(|(known, _)| **known == *name);
            found.map(|(_, value)| value.to_string())
        }
    })
}

/// Runs the command once a trial.
#[derive(Debug)]
pub(crate) struct CommandExecutor {
    pub(crate) program: Program,
    pub(crate) template: Template,
    pub(crate) common: Common,
    /// Ends the running trials when it is set.
    pub(crate) stop: Arc<AtomicBool>,
}

impl Executor for CommandExecutor {
    fn prepare(&self) -> std::result::Result<(), Failure> {
        Ok(())
    }

    fn run(&self, job: &Job, watcher: &mut dyn Watcher) -> std::result::Result<Ended, Failure> {
        let place = Place::of(&job.directory);
        leftover::end(&place.process);
        let log = self.make(job, &place).map_err(|error| {
            let directory = job.directory.display();
            Failure::Surroundings(format!("{directory} can't be written: {error}"))
        })?;
        let words = words(&self.template, job.number, &job.values, &job.directory);
        let Some((program, arguments)) = words.split_first() else {
            return Err(Failure::Trial("the command is empty".to_owned()));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in environment::variables(&self.common, job.number, &job.values, &place) {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut group = Group::start(&mut command).map_err(|error| {
            let reason = format!("`{program}` can't be started: {error}");
            if self.template.program().is_none() || is_of_the_trial(&error) {
                Failure::Trial(reason)
            } else {
                Failure::Surroundings(reason)
            }
        })?;
        let listened = leftover::note(&place.process, group.child().id())
            .and_then(|()| output::listen(group.child()));
        let heard = listened.map_err(|error| {
            Failure::Surroundings(format!("`{program}` can't be listened to: {error}"))
        })?;
        let attempt = Attempt::new(&self.program, &place.own, log, watcher);
        let ended = attempt.run(&mut group, &heard, &self.stop);
        // If it stays, it names a process that is gone.
        let _ = leftover::forget(&place.process);
        ended
    }
}

impl CommandExecutor {
    /// Makes the trial's folder and files.
    fn make(&self, job: &Job, place: &Place) -> io::Result<Log> {
        if !self.program.continues {
            unless_missing(fs::remove_dir_all(&place.own))?;
        }
        fs::create_dir_all(&place.own)?;
        if let Metric::File(file) = &self.program.metric
            && !(self.program.continues && file.has_rows())
        {
            // The value of an earlier attempt says nothing of this one.
            unless_missing(fs::remove_file(file.path(&place.own)))?;
        }
        fs::write(&place.params, environment::params(&job.values))?;
        Log::create(&place.log, self.program.log_limit)
    }
}

fn unless_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Values that no program can be given: a text with a NUL, or one that is too long.
fn is_of_the_trial(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidInput | ErrorKind::ArgumentListTooLong
    )
}
