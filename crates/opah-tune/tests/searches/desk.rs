//! What the searches work on: a folder, and trials that compute a formula.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use opah::{FrozenTrial, Study};
use opah_train::config::ExtVars;
use opah_tune::KeepWeights;
use opah_tune::algorithm::Algorithm;
use opah_tune::event::Event;
use opah_tune::executor::{Ended, Executor, Failure, Job, Watcher};
use opah_tune::hparams::Source;
use opah_tune::session::{Options, Outcome, Plan};
use opah_tune::target::Target;

pub(crate) const CONFIG: &str = "
local lr = std.parseJson(std.extVar('lr'));
local dim = std.parseInt(std.extVar('dim'));
{
  dataset_reader: { type: 'text_classification_json', tokenizer: { type: 'whitespace' } },
  train_data_path: 'train.jsonl',
  validation_data_path: 'dev.jsonl',
  model: {
    type: 'basic_classifier',
    text_field_embedder: { token_embedders: { tokens: { embedding_dim: dim } } },
    seq2vec_encoder: { type: 'boe', embedding_dim: dim },
  },
  data_loader: { batch_size: 2 },
  trainer: {
    num_epochs: 3,
    callbacks: ['optuna_pruner'],
    optimizer: { type: 'sgd', lr: lr },
    validation_metric: '+accuracy',
  },
}";

pub(crate) const SPACE: &str = r#"[
  {"type": "float", "attributes": {"name": "lr", "low": 1e-4, "high": 1.0, "log": true}},
  {"type": "int", "attributes": {"name": "dim", "low": 2, "high": 9}}
]"#;

const N_EPOCHS: usize = 3;

/// A folder with a config and a space.
pub(crate) struct Desk(tempfile::TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("tuned.jsonnet", CONFIG);
        desk.write("space.json", SPACE);
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            target: Target::Config {
                file: self.path("tuned.jsonnet"),
                changes: Vec::new(),
            },
            space: Source::File(self.path("space.json")),
            ext_vars: ExtVars::new(),
            serialization_dir: self.path("result"),
            storage: None,
            study_name: None,
            metric: None,
            direction: None,
            sampler: Some(Algorithm::named("random")),
            pruner: Some(Algorithm::pruner(r#"median:{"n_startup_trials": 1}"#).unwrap()),
            constraints: Vec::new(),
            duplicates: None,
            seed: Some(24),
            priors: None,
            warm_start: Vec::new(),
            n_trials: 8,
            timeout: None,
            jobs: 1,
            max_failures: Some(3),
            keep: KeepWeights::Best(1),
            skip_if_exists: false,
            allow_change: false,
            take_over: false,
            heartbeat_interval: opah::lease::HEARTBEAT_INTERVAL,
            command: Vec::new(),
        }
    }

    pub(crate) fn run(options: Options, executor: &Formula) -> opah_tune::Result<Outcome> {
        Plan::new(options)?.run_with(executor, &executor.stop, &|_: &Event| {})
    }

    pub(crate) fn study(&self) -> Study {
        let url = format!("sqlite:///{}", self.path("result/trial.db").display());
        Study::load(opah::storage::open(&url).unwrap(), "tuned").unwrap()
    }
}

/// What a trial does.
#[derive(Default)]
pub(crate) struct Formula {
    pub(crate) stop: AtomicBool,
    /// The trial and epoch at which somebody presses Ctrl-C.
    pub(crate) stop_at: Option<(u64, usize)>,
    pub(crate) n_run: AtomicU64,
    pub(crate) behave: Option<Behaviour>,
}

pub(crate) type Behaviour = fn(&Job) -> Result<f64, Failure>;

fn number(job: &Job, name: &str) -> f64 {
    let found = job.values.iter().find(|(known, _)| &**known == name);
    found.unwrap().1.as_f64().unwrap()
}

pub(crate) fn value(job: &Job) -> f64 {
    1.0 - (number(job, "lr").ln() + 2.0).abs() / 20.0 + number(job, "dim") / 100.0
}

impl Executor for Formula {
    fn prepare(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn run(&self, job: &Job, watcher: &mut dyn Watcher) -> Result<Ended, Failure> {
        self.n_run.fetch_add(1, Ordering::SeqCst);
        let last = self
            .behave
            .map_or_else(|| Ok(value(job)), |behave| behave(job))?;
        watcher.begin(N_EPOCHS, 1);
        for epoch in 0..N_EPOCHS {
            if self.stop_at == Some((job.number, epoch)) {
                self.stop.store(true, Ordering::SeqCst);
            }
            if self.stop.load(Ordering::SeqCst) {
                return Ok(Ended::Interrupted);
            }
            watcher.batch(1);
            if !watcher.epoch(epoch, Some(last - (N_EPOCHS - 1 - epoch) as f64 / 10.0)) {
                return Ok(Ended::Pruned);
            }
        }
        Ok(Ended::Finished(last))
    }
}

/// What a search came to: all that must not depend on interruptions.
pub(crate) fn story(study: &Study) -> Vec<String> {
    let trials = study.trials().unwrap();
    let line = |trial: &Arc<FrozenTrial>| {
        let params: Vec<String> = trial
            .params
            .iter()
            .map(|param| format!("{}={:016x}", param.name, param.value.to_bits()))
            .collect();
        format!(
            "{} {} {:?} {:?} {}",
            trial.number,
            trial.state,
            trial.values,
            trial.intermediate_values,
            params.join(" ")
        )
    };
    trials.iter().map(line).collect()
}
