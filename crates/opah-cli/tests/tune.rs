//! Sessions with `opah tune`, `retrain` and `export-config` on a data set of a few lines.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use opah::{Direction, Study, TrialState};

/// The tutorial's tuned configuration, with the number of epochs and the data left open.
const CONFIG: &str = "
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

const SPACE: &str = r#"[
  {"type": "int", "attributes": {"name": "embedding_dim", "low": 4, "high": 16}},
  {"type": "int", "attributes": {"name": "max_filter_size", "low": 2, "high": 4}},
  {"type": "float", "attributes": {"name": "dropout", "low": 0.0, "high": 0.8}},
  {"type": "float", "attributes": {"name": "lr", "low": 5e-3, "high": 5e-1, "log": true}}
]
"#;

const WORDS: [&str; 8] = ["a", "good", "film", "bad", "dull", "fine", "plot", "cast"];

/// A folder with the config, the space and two data files.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(desk.path("config")).unwrap();
        desk.write("config/imdb_optuna.jsonnet", CONFIG);
        desk.write("config/hparams.json", SPACE);
        desk.write("train.jsonl", &documents(24));
        desk.write("dev.jsonl", &documents(11));
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn opah(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("opah").unwrap();
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// The tutorial's command, then these arguments.
    fn tune(&self, more: &[&str]) -> Command {
        let mut command = self.opah(&["tune"]);
        command.args(CHAPTER).args(more);
        command
    }

    /// The same, running by itself.
    fn begin(&self, more: &[&str]) -> Child {
        std::process::Command::new(assert_cmd::cargo::cargo_bin("opah"))
            .arg("tune")
            .args(CHAPTER)
            .args(more)
            .current_dir(self.0.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn study(&self) -> Study {
        Study::load(self.storage(), NAME).unwrap()
    }

    fn storage(&self) -> std::sync::Arc<dyn opah::Storage> {
        let url = format!(
            "sqlite:///{}",
            self.path("result/optuna/trial.db").display()
        );
        opah::storage::open(&url).unwrap()
    }

    fn wait_for(&self, name: &str) {
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
    fn story(&self) -> Vec<String> {
        let trials = self.study().trials().unwrap();
        let line = |trial: &std::sync::Arc<opah::FrozenTrial>| {
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
const NAME: &str = "allennlp-optuna_demo";

/// The tutorial's arguments, as printed.
const CHAPTER: [&str; 10] = [
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

fn success(command: &mut Command) -> String {
    let output = command.assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

fn failure(command: &mut Command) -> String {
    let output = command.assert().failure().get_output().stderr.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn the_tutorials_command_works_as_printed() {
    let desk = Desk::new();
    let said = success(&mut desk.tune(&["--n-trials", "5", "--seed", "24"]));
    assert!(said.contains("trials: 5 complete\n"), "{said}");
    assert!(said.contains("best_validation_accuracy"), "{said}");
    let best = desk.study().best_trial().unwrap();
    for number in 0..5 {
        let directory = desk.path(&format!("result/optuna/trial_{number}"));
        for file in ["config.json", "metrics.json", "metrics_epoch_2.json"] {
            assert!(
                directory.join(file).exists(),
                "trial {number} has no {file}"
            );
        }
        let has_weights = directory.join("best.safetensors").exists();
        assert_eq!(has_weights, number == best.number);
    }
    let params = success(&mut desk.opah(&["best-params", "--storage", STORAGE]));
    let names: Vec<&str> = params
        .split_whitespace()
        .map(|assignment| assignment.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["embedding_dim", "max_filter_size", "dropout", "lr"]);
    assert!(said.contains(params.trim_end()), "{said}");
    // The same command has nothing left to do.
    let again = success(&mut desk.tune(&["--n-trials", "5"]));
    assert!(again.contains("trials: 5 complete\n"), "{again}");
}

const STORAGE: &str = "sqlite:///result/optuna/trial.db";

#[test]
fn the_best_trial_is_trained_again_bit_for_bit() {
    let desk = Desk::new();
    let callback = CONFIG.replace(
        "trainer: {",
        "trainer: {\n    callbacks: ['optuna_pruner'],",
    );
    desk.write("config/imdb_optuna.jsonnet", &callback);
    success(&mut desk.tune(&[
        "--n-trials",
        "6",
        "--jobs",
        "2",
        "--set",
        "trainer.num_epochs=4",
    ]));
    let config = "config/imdb_optuna.jsonnet";
    let retrain = ["retrain", config, "--storage", STORAGE, "-s"];
    let said = success(desk.opah(&retrain).arg("result/best"));
    assert!(said.ends_with("'s value, bit for bit\n"), "{said}");
    let taken = failure(desk.opah(&retrain).arg("result/best"));
    assert!(
        taken.contains("result/best exists and is not empty"),
        "{taken}"
    );

    let export = [
        "export-config",
        config,
        "best_config.json",
        "--storage",
        STORAGE,
    ];
    success(&mut desk.opah(&export));
    let exported = std::fs::read_to_string(desk.path("best_config.json")).unwrap();
    assert!(
        !exported.contains("optuna_pruner") && !exported.ends_with('\n'),
        "{exported}"
    );
    success(&mut desk.opah(&["train", "best_config.json", "-s", "result/exported"]));
    let metrics = std::fs::read_to_string(desk.path("result/exported/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    let best = desk.study().best_trial().unwrap().value();
    assert_eq!(metrics["best_validation_accuracy"].as_f64(), best);

    let said = success(desk.opah(&retrain).args(["result/seeds", "--seeds", "3"]));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(
        lines[0].starts_with("seed 42: best_validation_accuracy "),
        "{said}"
    );
    assert!(
        lines[3].contains(": mean ") && lines[3].contains(" ± "),
        "{said}"
    );
    assert!(desk.path("result/seeds/seed_44/metrics.json").exists());

    desk.write(
        config,
        &callback.replace("batch_size = 4", "batch_size = 8"),
    );
    let output = desk
        .opah(&retrain)
        .args(["result/other"])
        .assert()
        .success();
    let warned = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        warned.contains("not as it was when the study was made"),
        "{warned}"
    );
}

/// Trials of 60 epochs take long enough to be interrupted in the middle.
const SLOW: [&str; 6] = [
    "--n-trials",
    "6",
    "--set",
    "trainer.num_epochs=60",
    "--seed",
    "24",
];

#[test]
fn a_killed_search_goes_on_as_if_it_had_not_been() {
    let whole = Desk::new();
    success(&mut whole.tune(&SLOW));
    let desk = Desk::new();
    for directory in ["trial_1", "trial_4"] {
        let mut search = desk.begin(&SLOW);
        desk.wait_for(&format!("result/optuna/{directory}/metrics_epoch_2.json"));
        search.kill().unwrap();
        search.wait().unwrap();
    }
    let output = desk.tune(&SLOW).assert().success();
    let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(said.contains("trial 4 was left unfinished"), "{said}");
    assert_eq!(desk.story(), whole.story());
    for number in 0..6 {
        let metrics = format!("result/optuna/trial_{number}/metrics.json");
        assert!(desk.path(&metrics).exists(), "no {metrics}");
    }
}

#[test]
fn a_killed_search_of_several_jobs_loses_no_finished_trial() {
    let desk = Desk::new();
    let several: Vec<&str> = SLOW.into_iter().chain(["--jobs", "2"]).collect();
    let mut search = desk.begin(&several);
    desk.wait_for("result/optuna/trial_3/metrics_epoch_2.json");
    search.kill().unwrap();
    search.wait().unwrap();
    let is_finished = |line: &String| line.contains("COMPLETE");
    let before: Vec<String> = desk.story().into_iter().filter(is_finished).collect();
    assert!(before.len() >= 2, "{before:?}");
    success(&mut desk.tune(&several));
    let after = desk.story();
    assert_eq!(after.iter().filter(|line| is_finished(line)).count(), 6);
    assert!(before.iter().all(|line| after.contains(line)));
}

/// The exit code of a search after Ctrl-C.
#[cfg(unix)]
fn interrupted(mut search: Child) -> Option<i32> {
    let id = search.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(sent.unwrap().success());
    search.wait().unwrap().code()
}

#[cfg(unix)]
#[test]
fn a_search_that_still_waits_for_its_data_can_be_interrupted() {
    let desk = Desk::new();
    let data = desk.path("train.jsonl");
    std::fs::remove_file(&data).unwrap();
    // Whoever opens it waits until somebody writes into it.
    let made = std::process::Command::new("mkfifo").arg(&data).status();
    assert!(made.unwrap().success());
    let search = desk.begin(&[]);
    desk.wait_for("result/optuna/study.json");
    assert_eq!(interrupted(search), Some(130));
    assert!(desk.study().trials().unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn an_interrupted_search_ends_in_order_and_goes_on() {
    let whole = Desk::new();
    success(&mut whole.tune(&SLOW));
    let desk = Desk::new();
    let search = desk.begin(&SLOW);
    desk.wait_for("result/optuna/trial_2/metrics_epoch_2.json");
    assert_eq!(interrupted(search), Some(130));
    let study = desk.study();
    assert_eq!(study.count(&[TrialState::Running]).unwrap(), 0);
    assert_eq!(study.count(&[TrialState::Waiting]).unwrap(), 1);
    success(&mut desk.tune(&SLOW));
    assert_eq!(desk.story(), whole.story());
}

#[test]
fn programs_are_told_in_lines_of_json() {
    let desk = Desk::new();
    let said = success(&mut desk.tune(&["--n-trials", "2", "--format", "json"]));
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events: Vec<&str> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .filter(|event| *event != "note")
        .collect();
    let trial = [
        "trial_started",
        "trial_length",
        "epoch",
        "epoch",
        "epoch",
        "trial_finished",
    ];
    let mut expected = vec!["search_started"];
    expected.extend(trial.iter().chain(&trial));
    expected.push("search_ended");
    assert_eq!(events, expected);
    assert_eq!(lines.last().unwrap()["end"], "finished");
    let quiet = desk
        .tune(&["--n-trials", "3", "--quiet"])
        .assert()
        .success();
    assert_eq!(String::from_utf8_lossy(&quiet.get_output().stderr), "");
    let last = success(&mut desk.tune(&["--n-trials", "3", "--quiet", "--format", "json"]));
    assert_eq!(last.lines().count(), 1, "{last}");
}

#[test]
fn a_first_configuration_can_be_looked_at() {
    let desk = Desk::new();
    let shown = success(&mut desk.tune(&["--dry-run", "--seed", "1"]));
    let config: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert!(config["model"]["dropout"].is_number());
    assert!(!desk.path("result").exists());
}

/// A wrong input: what it is, what is written over which file, and the arguments.
type Wrong<'a> = (&'a str, Option<(&'a str, String)>, &'a [&'a str]);

#[test]
fn wrong_inputs_are_refused_before_the_first_trial() {
    let space = |from: &str, to: &str| SPACE.replace(from, to);
    let config = |from: &str, to: &str| CONFIG.replace(from, to);
    let (c, s) = ("config/imdb_optuna.jsonnet", "config/hparams.json");
    let optuna = |text: &str| ("optuna.json", text.to_owned());
    let by_file: &[&str] = &["--optuna-param-path", "optuna.json"];
    let cases: Vec<Wrong> = vec![
        (
            "low above high",
            Some((s, space("\"high\": 16", "\"high\": 2"))),
            &[],
        ),
        ("log of zero", Some((s, space("5e-3", "0"))), &[]),
        (
            "unknown attribute",
            Some((s, space("\"log\"", "\"logarithmic\""))),
            &[],
        ),
        (
            "twice the same",
            Some((s, space("max_filter_size", "embedding_dim"))),
            &[],
        ),
        (
            "unknown type",
            Some((s, space("\"float\"", "\"flaot\""))),
            &[],
        ),
        (
            "float for int",
            Some((s, space("\"low\": 4", "\"low\": 4.5"))),
            &[],
        ),
        (
            "misspelt in the space",
            Some((s, space("dropout", "drop_out"))),
            &[],
        ),
        (
            "parseInt of a float",
            Some((
                c,
                config(
                    "std.parseJson(std.extVar('lr'))",
                    "std.parseInt(std.extVar('lr'))",
                ),
            )),
            &[],
        ),
        (
            "no filter",
            Some((
                s,
                space("\"low\": 2, \"high\": 4", "\"low\": 1, \"high\": 4"),
            )),
            &[],
        ),
        (
            "unknown key",
            Some((c, config("num_filters", "num_filter"))),
            &[],
        ),
        (
            "syntax",
            Some((c, config("trainer: {", "trainer: {{"))),
            &[],
        ),
        ("minimize accuracy", None, &["--direction", "minimize"]),
        (
            "maximize loss",
            None,
            &["--metrics", "best_validation_loss"],
        ),
        ("unknown metric", None, &["--metrics", "f1"]),
        ("unknown sampler", None, &["--sampler", "tpf"]),
        (
            "unknown sampler option",
            None,
            &["--sampler", "random:{\"sede\": 1}"],
        ),
        (
            "unknown pruner in the file",
            Some(optuna("{\"pruner\": {\"type\": \"MedianPrunner\"}}")),
            by_file,
        ),
        (
            "wrong pruner option",
            Some(optuna(
                "{\"pruner\": {\"type\": \"MedianPruner\",\n \"attributes\": {\"n_startup_trials\": \"five\"}}}",
            )),
            by_file,
        ),
        ("no such file", None, by_file),
        (
            "chosen twice",
            Some(optuna("{\"sampler\": {\"type\": \"RandomSampler\"}}")),
            &["--optuna-param-path", "optuna.json", "--sampler", "random"],
        ),
        ("no space", None, &["--set", "trainer.nonsense.deep=1"]),
        ("an unknown storage", None, &["--storage", "oracle://db"]),
        (
            "a storage in no folder",
            None,
            &["--storage", "sqlite:///nowhere/trial.db"],
        ),
        (
            "no SQLite file",
            Some((
                "other.db",
                "no database, just a text that is long enough".repeat(50),
            )),
            &["--storage", "sqlite:///other.db"],
        ),
        (
            "a file where a folder should be",
            Some(("result", String::new())),
            &[],
        ),
    ];
    let mut told = String::new();
    for (what, file, arguments) in cases {
        let desk = Desk::new();
        if let Some((name, text)) = file {
            desk.write(name, &text);
        }
        // A direction given twice is a usage error, so these begin without the tutorial's.
        let mut command = desk.opah(&["tune"]);
        command.args(&CHAPTER[..8]).args(arguments);
        if what == "maximize loss" {
            command.args(["--direction", "maximize"]);
        }
        let said = failure(&mut command);
        // The lists grow with every new sampler and pruner.
        let said = [" the samplers are ", " the pruners are "]
            .iter()
            .fold(said, |said, list| match said.split_once(list) {
                Some((before, _)) => format!("{before}{list}…\n"),
                None => said,
            });
        write!(told, "## {what}\n{said}\n").unwrap();
        assert!(!desk.path("result/optuna/trial_0").exists(), "{what}");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_changed_search_is_refused_and_can_be_allowed() {
    let desk = Desk::new();
    success(&mut desk.tune(&["--n-trials", "2"]));
    desk.write("config/hparams.json", &SPACE.replace("5e-1", "0.25"));
    let refused = failure(&mut desk.tune(&["--n-trials", "3"]));
    let expected = "- lr: float(0.005, 0.5, log)\n+ lr: float(0.005, 0.25, log)\n";
    assert!(refused.contains(expected), "{refused}");
    success(&mut desk.tune(&["--n-trials", "3", "--allow-change"]));
    assert_eq!(desk.study().trials().unwrap().len(), 3);
}

#[test]
fn a_best_trial_that_can_not_be_exported_does_not_hide_the_summary() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("result/optuna")).unwrap();
    let study = Study::create(desk.storage(), NAME, &[Direction::Maximize]).unwrap();
    let mut trial = study.ask().unwrap();
    trial.suggest_float_log("lr", 5e-3..=5e-1).unwrap();
    study.tell(&mut trial, &[2.0]).unwrap();
    let output = desk
        .tune(&["--n-trials", "2", "--skip-if-exists"])
        .assert()
        .code(1);
    let said = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(said.contains("best: trial 0, "), "{said}");
    let wrong = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        wrong.contains("error: can't write result/optuna/best_config.json: "),
        "{wrong}"
    );
}

#[test]
fn a_training_that_fails_is_a_failed_trial() {
    let desk = Desk::new();
    // Steps of this size end in NaN.
    let config = CONFIG.replace("optimizer: { lr: lr,", "optimizer: { lr: lr * 1e30,");
    desk.write("config/imdb_optuna.jsonnet", &config);
    let said = failure(&mut desk.tune(&["--n-trials", "9"]));
    assert!(said.contains("the last 3 trials failed"), "{said}");
    assert!(said.contains("NaN"), "{said}");
    assert_eq!(desk.study().count(&[TrialState::Fail]).unwrap(), 3);
    let said = success(&mut desk.tune(&["--n-trials", "5", "--skip-exception"]));
    assert!(said.contains("5 failed"), "{said}");
    assert!(said.contains("the last failure: "), "{said}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_can_not_be_written_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let folder = desk.path("result");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere.
    if std::fs::write(folder.join("probe"), "").is_ok() {
        return;
    }
    let said = failure(&mut desk.tune(&[]));
    assert!(said.contains("result/optuna"), "{said}");
    assert!(
        said.contains("choose a --serialization-dir that you may write to"),
        "{said}"
    );
}

#[test]
fn the_data_of_another_search_is_not_overwritten() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("result/optuna/trial_0")).unwrap();
    let said = failure(&mut desk.tune(&["--n-trials", "1"]));
    assert!(
        said.contains("holds the trials of a study that is not known"),
        "{said}"
    );
    assert!(Path::new(&desk.path("result/optuna/trial_0")).exists());
}
