//! A search from its files to its end: everything that `opah tune` does but the showing.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use opah::expression::Expression;
use opah::lease::Keeper;
use opah::math::random::fresh_seed;
use opah::prior::Priors;
use opah::rules::Duplicates;
use opah::sampler::DEFAULT_SAMPLER;
use opah::{Direction, ParamValue, Study, TrialState};
use opah_train::config::ExtVars;
use opah_train::data::CorpusCache;
use opah_train::trainer::Keep;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::declared::Declared;
use crate::directories::{self, Directories, KeepWeights};
use crate::error::{Error, Result};
use crate::event::{Beginning, Event, Observer, Once};
use crate::executor::command::{CommandExecutor, Common};
use crate::executor::{Executor, Failure, TrainerExecutor};
use crate::hparams::{self, Source, Space};
use crate::objective::Objective;
use crate::presence::{self, Presence};
use crate::record::{Record, Stored};
use crate::seed;
use crate::target::{Kind, Sample, Subject, Target};
use crate::warm_start;
use crate::worker::{self, End, Search, State};

/// The pruner when the config has the callback and none is chosen: Optuna's default.
const DEFAULT_PRUNER: &str = "median";

/// The folder in the serialization directory for results that could not be told.
const SPOOL: &str = "spool";

/// What a search is asked to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is tuned.
    pub target: Target,
    /// The search space.
    pub space: Source,
    /// What the config and the file of the space see besides a trial's values.
    pub ext_vars: ExtVars,
    /// Where the trials' directories are made.
    pub serialization_dir: PathBuf,
    /// The storage; `trial.db` in the serialization directory if `None`.
    pub storage: Option<String>,
    /// The study; named for the config's or the program's file if `None`.
    pub study_name: Option<String>,
    /// What is searched for; the config's `trainer.validation_metric`, or the key in the
    /// program's file, if `None`.
    pub metric: Option<String>,
    /// Must not contradict the metric.
    pub direction: Option<Direction>,
    /// The sampler; the study's, or [`DEFAULT_SAMPLER`], if `None`.
    pub sampler: Option<Algorithm>,
    /// The pruner; the study's, or the median, if `None`.
    pub pruner: Option<Algorithm>,
    /// What must hold of parameters; the study's, if there are none.
    pub constraints: Vec<Expression>,
    /// Whether points are tried again; the study's, or that they are avoided, if `None`.
    pub duplicates: Option<Duplicates>,
    /// The seed of all draws; the study's, or a fresh one, if `None`.
    pub seed: Option<u64>,
    /// Where good values are believed to be; the study's, or nowhere, if `None`.
    pub priors: Option<Priors>,
    /// Earlier studies to begin with, as `NAME@URL`; the study's, or none, if empty.
    pub warm_start: Vec<String>,
    /// Finished trials of the study when the search ends, failed and pruned ones included.
    pub n_trials: usize,
    /// No trial begins after so much time.
    pub timeout: Option<Duration>,
    /// Trials side by side.
    pub jobs: usize,
    /// So many failures in a row end the search.
    pub max_failures: Option<usize>,
    /// Whose weights are kept.
    pub keep: KeepWeights,
    /// Whether a study that `opah tune` did not make may be continued.
    pub skip_if_exists: bool,
    /// Whether the space, config, sampler, pruner, seed, priors or warm start may differ from
    /// the study's.
    pub allow_change: bool,
    /// Whether running trials of workers that can't be seen are run again.
    pub take_over: bool,
    /// How often other workers are shown that this one is alive, and looked at.
    pub heartbeat_interval: Duration,
    /// The command line, kept with the study.
    pub command: Vec<String>,
}

/// A search whose files were read and checked.
#[derive(Debug)]
pub struct Plan {
    options: Options,
    space: Space,
    subject: Subject,
    /// What is searched for.
    pub objective: Objective,
}

/// What a search came to.
#[derive(Debug)]
pub struct Outcome {
    /// The study.
    pub study: Study,
    /// What was searched for.
    pub objective: Objective,
    /// Why the search ended.
    pub end: End,
    /// The storage's URL, without a password.
    pub storage: String,
}

impl Plan {
    /// Reads the files and checks that they fit together; writes nothing.
    pub fn new(options: Options) -> Result<Self> {
        let space = options.space.read(&options.ext_vars)?;
        if let Some(priors) = &options.priors {
            let fit = priors.check_space(&space.search_space());
            fit.map_err(|error| Error::Flag {
                given: "--priors".to_owned(),
                problem: error.to_string(),
            })?;
        }
        let metric = options.metric.as_deref();
        let (target, ext_vars) = (&options.target, &options.ext_vars);
        let subject = target.check(&space, ext_vars, metric, options.direction)?;
        Ok(Self {
            objective: subject.objective.clone(),
            options,
            space,
            subject,
        })
    }

    /// What a trial 0 would run, drawn as the search would; writes nothing.
    pub fn sample(&self) -> Result<Sample> {
        let study = Study::in_memory(&self.study_name(), &[self.objective.direction])?;
        let record = self.record(&Stored::default())?;
        warm_start::enqueue_once(&study, &record.warm_start)?;
        let study = record.equip(study)?;
        let mut trial = study.ask()?;
        let parameters = &self.space.parameters;
        let values = trial.suggest_together(|trial| hparams::suggest(parameters, trial))?;
        self.run_of(trial.number(), &values)
    }

    /// What a trial of this number runs with these values.
    pub fn run_of(&self, number: u64, values: &[(Arc<str>, ParamValue)]) -> Result<Sample> {
        let root = &self.options.serialization_dir;
        let directory = directories::of_trial(root, number);
        self.subject.sample(number, values, &directory)
    }

    /// Runs the search until its budget is used up or `stop` is set; trainings share
    /// `corpora`.
    pub fn run(
        &self,
        corpora: CorpusCache,
        stop: &Arc<AtomicBool>,
        observer: &dyn Observer,
    ) -> Result<Outcome> {
        match &self.subject.kind {
            Kind::Config(training) => {
                let executor = TrainerExecutor {
                    experiment: training.experiment.clone(),
                    config: training.checked.config.clone(),
                    metric: self.objective.metric.clone(),
                    corpora: Arc::new(corpora),
                    threads: self.threads(),
                    keep: match self.options.keep {
                        KeepWeights::Best(0) => Keep::Nothing,
                        KeepWeights::Best(_) | KeepWeights::All => Keep::Best,
                    },
                    stop: stop.clone(),
                };
                self.run_with(&executor, stop, observer)
            }
            Kind::Program(filled) => {
                let executor = CommandExecutor {
                    program: filled.program.clone(),
                    template: filled.template.clone(),
                    common: Common::new(self.study_name(), &self.storage_url(), &self.space),
                    stop: stop.clone(),
                };
                self.run_with(&executor, stop, observer)
            }
        }
    }

    /// The same with trials of any kind.
    pub fn run_with(
        &self,
        executor: &dyn Executor,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Outcome> {
        let observer: &dyn Observer = &Once::new(observer);
        let options = &self.options;
        let root = &options.serialization_dir;
        let deadline = options
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        Directories::make(root)?;
        let url = self.storage_url();
        let storage = opah::storage::open(&url)?;
        let study =
            Study::load_or_create(storage, &self.study_name(), &[self.objective.direction])?;
        // Two commands that begin a study at once agree on its seed and its directory.
        let alone = presence::begin_alone(root)?;
        let record = self.begin(&study)?;
        let directories = Directories::claim(
            root,
            study.name(),
            &record.token,
            options.keep,
            self.objective.direction,
        )?;
        drop(alone);
        let study = record.equip(study)?.with_spool(root.join(SPOOL));
        let presence = Presence::take(root)?;
        self.tell_beginning(&study, &record, &url, observer)?;
        // What was computed is told before its trial could be run again.
        for delivery in study.deliver_spooled()? {
            let text = delivery.to_string();
            observer.observe(&Event::Note { text });
        }
        let recovered = presence::recover(&study, options.take_over)?;
        presence::tidy(root);
        let unreadable = study.storage().warnings();
        for text in unreadable.into_iter().chain(recovered.notes()) {
            observer.observe(&Event::Note { text });
        }
        directories.sweep(study.trials()?.iter().map(|trial| &**trial))?;
        if count_finished(&study)? < options.n_trials {
            executor.prepare().map_err(|failure| match failure {
                Failure::Trial(reason) | Failure::Surroundings(reason) => {
                    Error::NotAvailable(reason)
                }
            })?;
        }
        let keeper = Keeper::start(&study, Some(options.heartbeat_interval));
        let search = Search {
            study: &study,
            space: &self.space.parameters,
            executor,
            directories: &directories,
            reports: record.pruner.is_some(),
            n_trials: options.n_trials,
            deadline,
            max_failures: options.max_failures,
            worker: presence.note(),
            keeper: &keeper,
            stop,
            observer,
            state: std::sync::Mutex::new(State::default()),
        };
        let end = search.run(options.jobs)?;
        Ok(Outcome {
            end,
            objective: self.objective.clone(),
            storage: opah::storage::masked(&url),
            study,
        })
    }

    fn study_name(&self) -> String {
        let given = self.options.study_name.clone();
        let name = given.or_else(|| self.options.target.name());
        name.unwrap_or_else(|| "opah".to_owned())
    }

    fn storage_url(&self) -> String {
        let path = self.options.serialization_dir.join("trial.db");
        let given = self.options.storage.clone();
        given.unwrap_or_else(|| format!("sqlite:///{}", path.display()))
    }

    /// Each trial's threads: the cores are shared out among the jobs.
    fn threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        (cores / self.options.jobs.max(1)).max(1)
    }

    /// Compares what is asked for with what the study was begun with, and keeps it.
    fn begin(&self, study: &Study) -> Result<Record> {
        let name = study.name().to_owned();
        let frozen = study.frozen()?;
        let stored = Stored::of(&frozen);
        let n_trials = study.history()?.len();
        if !stored.is_ours() && n_trials > 0 && !self.options.skip_if_exists {
            return Err(Error::Foreign {
                study: name,
                n_trials,
            });
        }
        let metric = &self.objective.metric;
        let now = format!("{} `{metric}`", self.objective.direction);
        if frozen.directions != [self.objective.direction] {
            let directions: Vec<String> =
                frozen.directions.iter().map(ToString::to_string).collect();
            return Err(Error::OtherObjective {
                study: name,
                before: format!("has the direction {}", directions.join(", ")),
                now,
            });
        }
        if let Some(before) = stored.metric.as_ref().filter(|before| *before != metric) {
            return Err(Error::OtherObjective {
                study: name,
                before: format!("{}s `{before}`", self.objective.direction),
                now,
            });
        }
        let record = self.record(&stored)?;
        if let Some(difference) = record.difference(&stored)
            && !self.options.allow_change
        {
            return Err(Error::Changed {
                study: name,
                difference,
            });
        }
        record.write(study, self.options.allow_change)?;
        warm_start::enqueue_once(study, &record.warm_start)?;
        Ok(record)
    }

    /// What is asked for; what is not given is as stored, or has its default.
    fn record(&self, stored: &Stored) -> Result<Record> {
        let options = &self.options;
        let sampler = options.sampler.clone().or_else(|| stored.sampler.clone());
        let mut sampler = sampler.unwrap_or_else(|| Algorithm::named(DEFAULT_SAMPLER));
        let in_options = sampler.options.shift_remove("seed");
        let in_options = in_options.as_ref().and_then(Value::as_u64);
        if let (Some(flag), Some(option)) = (options.seed, in_options)
            && flag != option
        {
            return Err(Error::Flag {
                given: format!("--seed {flag}"),
                problem: format!("the sampler's options say seed {option}; leave one of them out"),
            });
        }
        let pruner = options.pruner.clone();
        let pruner = pruner.or_else(|| stored.pruner.clone());
        let pruner = pruner.unwrap_or_else(|| Algorithm::named(DEFAULT_PRUNER));
        let seed = options.seed.or(in_options).or(stored.seed);
        let mut rules = stored.rules.clone().unwrap_or_default();
        if !options.constraints.is_empty() {
            rules.constraints.clone_from(&options.constraints);
        }
        rules.duplicates = options.duplicates.unwrap_or(rules.duplicates);
        rules.check(&self.space.search_space())?;
        let token = stored.token.clone();
        let priors = options.priors.clone().or_else(|| stored.priors.clone());
        let warm_start = warm_start::resolve(
            &options.warm_start,
            stored.warm_start.as_deref(),
            &self.space.search_space(),
        )?;
        Ok(Record {
            metric: self.objective.metric.clone(),
            sampler,
            pruner: self.subject.silence().is_none().then_some(pruner),
            rules,
            seed: seed.unwrap_or_else(seed::fresh),
            priors: priors.unwrap_or_default(),
            warm_start,
            space: Declared::all(&self.space),
            tuned: self.subject.tuned(),
            token: token.unwrap_or_else(|| format!("{:016x}", fresh_seed())),
            command: options.command.clone(),
        })
    }

    fn tell_beginning(
        &self,
        study: &Study,
        record: &Record,
        url: &str,
        observer: &dyn Observer,
    ) -> Result<()> {
        let pruner = record.pruner.as_ref();
        let beginning = Beginning {
            study: study.name().to_owned(),
            storage: opah::storage::masked(url),
            metric: record.metric.clone(),
            direction: self.objective.direction,
            sampler: record.sampler.to_json(),
            seed: record.seed,
            pruner: pruner.map_or(Value::Null, Algorithm::to_json),
            is_default_pruner: pruner.is_some_and(|pruner| {
                self.options.pruner.is_none() && *pruner == Algorithm::named(DEFAULT_PRUNER)
            }),
            n_finished: count_finished(study)?,
            n_pruned: study.count(&[TrialState::Pruned])?,
            n_failed: study.count(&[TrialState::Fail])?,
            n_trials: self.options.n_trials,
            jobs: self.options.jobs,
            threads: matches!(self.subject.kind, Kind::Config(_)).then(|| self.threads()),
            best: worker::best(study)?,
        };
        observer.observe(&Event::SearchStarted(Box::new(beginning)));
        let doubts = self.space.warnings.iter().chain(&self.subject.warnings);
        for text in doubts.cloned().chain(study.doubt_of_priors()) {
            observer.observe(&Event::Note { text });
        }
        for source in &record.warm_start {
            observer.observe(&source.event());
        }
        if let (Some(_), Some(text)) = (&self.options.pruner, self.subject.silence()) {
            let text = text.to_owned();
            observer.observe(&Event::Note { text });
        }
        Ok(())
    }
}

fn count_finished(study: &Study) -> Result<usize> {
    let mut states = TrialState::ALL.to_vec();
    states.retain(|state| state.is_finished());
    Ok(study.count(&states)?)
}
