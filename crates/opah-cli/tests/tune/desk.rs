//! What the sessions work on: a folder with a configuration, a space and a data set of a few
//! lines, and the commands that are typed there.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{self, Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use opah::{FrozenTrial, Storage, Study};

/// The tutorial's tuned configuration, with the number of epochs and the data left open.
pub(crate) const CONFIG: &str = "
local batch_size = 4;
local cuda_device = -1;
local num_epochs = 3;
local seed = 42;

local embedding_dim = std.parseInt(std.extVar('embedding_dim'));
local dropout = std.parseJson(std.extVar('dropout'));
local lr = std.parseJson(std.extVar('lr'));
local max_filter_size = std.parseInt(std.extVar('max_filter_size'));
local ngram_filter_sizes = std.range(2, max_filter_size);

{
  numpy_seed: seed,
  pytorch_seed: seed,
  random_seed: seed,
  dataset_reader: {
    type: 'text_classification_json',
    tokenizer: { type: 'whitespace' },
    token_indexers: { tokens: { type: 'single_id' } },
  },
  datasets_for_vocab_creation: ['train'],
  train_data_path: 'train.jsonl',
  validation_data_path: 'dev.jsonl',
  model: {
    type: 'basic_classifier',
    text_field_embedder: { token_embedders: { tokens: { embedding_dim: embedding_dim } } },
    seq2vec_encoder: {
      type: 'cnn',
      embedding_dim: embedding_dim,
      ngram_filter_sizes: ngram_filter_sizes,
      num_filters: 4,
      output_dim: 4,
    },
    dropout: dropout,
  },
  data_loader: { batch_size: batch_size },
  trainer: {
    cuda_device: cuda_device,
    num_epochs: num_epochs,
    optimizer: { lr: lr, type: 'sgd' },
    validation_metric: '+accuracy',
  },
}
";

pub(crate) const SPACE: &str = r#"[
  {"type": "int", "attributes": {"name": "embedding_dim", "low": 4, "high": 16}},
  {"type": "int", "attributes": {"name": "max_filter_size", "low": 2, "high": 4}},
  {"type": "float", "attributes": {"name": "dropout", "low": 0.0, "high": 0.8}},
  {"type": "float", "attributes": {"name": "lr", "low": 5e-3, "high": 5e-1, "log": true}}
]
"#;

const WORDS: [&str; 8] = ["a", "good", "film", "bad", "dull", "fine", "plot", "cast"];

/// A folder with the config, the space and two data files.
pub(crate) struct Desk(tempfile::TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(desk.path("config")).unwrap();
        desk.write("config/imdb_optuna.jsonnet", CONFIG);
        desk.write("config/hparams.json", SPACE);
        desk.write("train.jsonl", &documents(24));
        desk.write("dev.jsonl", &documents(11));
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn opah(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("opah").unwrap();
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// The tutorial's command, then these arguments.
    pub(crate) fn tune(&self, more: &[&str]) -> Command {
        let mut command = self.opah(&["tune"]);
        command.args(CHAPTER).args(more);
        command
    }

    /// The same, running by itself.
    pub(crate) fn begin(&self, more: &[&str]) -> Child {
        process::Command::new(assert_cmd::cargo::cargo_bin("opah"))
            .arg("tune")
            .args(CHAPTER)
            .args(more)
            .current_dir(self.0.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    pub(crate) fn study(&self) -> Study {
        Study::load(self.storage(), NAME).unwrap()
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        let url = format!(
            "sqlite:///{}",
            self.path("result/optuna/trial.db").display()
        );
        opah::storage::open(&url).unwrap()
    }

    pub(crate) fn wait_for(&self, name: &str) {
        let begun = Instant::now();
        while !self.path(name).exists() {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "{name} does not come"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// What the study came to, bit by bit.
    pub(crate) fn story(&self) -> Vec<String> {
        let trials = self.study().trials().unwrap();
        let line = |trial: &Arc<FrozenTrial>| {
            let mut line = format!("{} {}", trial.number, trial.state);
            for value in trial
                .values
                .iter()
                .chain(trial.intermediate_values.values())
            {
                write!(line, " {:016x}", value.to_bits()).unwrap();
            }
            for param in &trial.params {
                write!(line, " {}={:016x}", param.name, param.value.to_bits()).unwrap();
            }
            line
        };
        trials.iter().map(line).collect()
    }
}

/// The study's name in the tutorial.
pub(crate) const NAME: &str = "allennlp-optuna_demo";

/// The tutorial's arguments, as printed.
pub(crate) const CHAPTER: [&str; 10] = [
    "config/imdb_optuna.jsonnet",
    "config/hparams.json",
    "--serialization-dir",
    "result/optuna",
    "--study-name",
    NAME,
    "--timeout",
    "36000",
    "--direction",
    "maximize",
];

fn documents(n: usize) -> String {
    let document = |at: usize| {
        let words: Vec<&str> = (0..6)
            .map(|word| WORDS[(at * 5 + word * (at % 3 + 1)) % 8])
            .collect();
        let label = if words.contains(&"good") {
            "pos"
        } else {
            "neg"
        };
        format!(
            "{{\"text\": \"{}\", \"label\": \"{label}\"}}\n",
            words.join(" ")
        )
    };
    (0..n).map(document).collect()
}

pub(crate) fn success(command: &mut Command) -> String {
    let output = command.assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

pub(crate) fn failure(command: &mut Command) -> String {
    let output = command.assert().failure().get_output().stderr.clone();
    String::from_utf8(output).unwrap()
}

pub(crate) const STORAGE: &str = "sqlite:///result/optuna/trial.db";
