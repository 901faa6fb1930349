//! Whole training runs on a small data set that is made here.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use opah_train::archive::Archive;
use opah_train::config::{self, Document, ExtVars};
use opah_train::data::{CorpusCache, Downloads};
use opah_train::metrics::Metrics;
use opah_train::predict::Predictor;
use opah_train::serialization::IfExists;
use opah_train::trainer::{self, Ended, Keep, TrainError, TrainOptions, Trained, Verdict};

/// A folder with data and a configuration.
struct Sandbox(tempfile::TempDir);

impl Sandbox {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, n) in [("train", 120), ("dev", 40)] {
            fs::write(folder.path().join(format!("{name}.jsonl")), records(n)).unwrap();
        }
        let path = |name: &str| folder.path().join(name).display().to_string();
        let text = format!(
            "{{
              dataset_reader: {{type: 'text_classification_json', tokenizer: 'whitespace'}},
              train_data_path: '{}', validation_data_path: '{}',
              datasets_for_vocab_creation: ['train'],
              model: {{
                type: 'basic_classifier', dropout: 0.2,
                text_field_embedder: {{token_embedders: {{tokens: {{embedding_dim: 8}}}}}},
                seq2vec_encoder: {{type: 'cnn', embedding_dim: 8, num_filters: 6,
                                  ngram_filter_sizes: [1, 2], output_dim: 5}},
              }},
              data_loader: {{batch_size: 16, shuffle: true}},
              trainer: {{num_epochs: 4, validation_metric: '+accuracy', cuda_device: -1,
                        optimizer: {{type: 'adam', lr: 0.02}}}},
            }}",
            path("train.jsonl"),
            path("dev.jsonl")
        );
        fs::write(folder.path().join("config.jsonnet"), text).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn document(&self, changes: &[&str]) -> Document {
        let file = self.path("config.jsonnet");
        let mut document = config::evaluate(&file, &ExtVars::new()).unwrap();
        for change in changes {
            document.set(change).unwrap();
        }
        document
    }

    fn options(&self, name: &str) -> TrainOptions {
        TrainOptions {
            threads: 1,
            ..TrainOptions::new(self.path(name))
        }
    }

    fn train(&self, changes: &[&str], options: &TrainOptions) -> Result<Trained, TrainError> {
        let corpora = CorpusCache::new(Downloads::default());
        let document = self.document(changes);
        trainer::train(&document, &corpora, options, &mut |_: &Metrics| {
            Verdict::Continue
        })
    }
}

/// Texts of 3 to 9 words, one of which gives the label away.
fn records(n: usize) -> String {
    let record = |i: usize| {
        let (label, word) = [("pos", "good"), ("neg", "bad")][i * 7 % 2];
        let filler = |j: usize| format!("w{}", (i * 31 + j * 17) % 23);
        let mut words: Vec<String> = (0..2 + i % 7).map(filler).collect();
        words.insert(i % words.len(), word.to_owned());
        format!(
            "{{\"label\": \"{label}\", \"text\": \"{}\"}}\n",
            words.join(" ")
        )
    };
    (0..n).map(record).collect()
}

/// The record without what differs from run to run.
fn reproducible(metrics: &Metrics) -> Vec<(String, String)> {
    let varies = |name: &str| name.contains("duration") || name.contains("memory");
    let numbers = metrics.as_json().iter();
    numbers
        .filter(|(name, _)| !varies(name))
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn weights(sandbox: &Sandbox, run: &str) -> Vec<u8> {
    fs::read(sandbox.path(run).join("best.safetensors")).unwrap()
}

#[test]
fn a_run_learns_and_leaves_allennlps_files() {
    let sandbox = Sandbox::new();
    let trained = sandbox.train(&[], &sandbox.options("run")).unwrap();
    assert_eq!(trained.ended, Ended::Finished);
    assert!(trained.metrics.number("best_validation_accuracy").unwrap() > 0.9);
    let expected = [
        "best.safetensors",
        "config.json",
        "meta.json",
        "metrics.json",
        "metrics_epoch_0.json",
        "metrics_epoch_1.json",
        "metrics_epoch_2.json",
        "metrics_epoch_3.json",
        "model.tar.gz",
        "model_state_e3_b0.safetensors",
        "model_state_e4_b0.safetensors",
        "out.log",
        "training_state_e3_b0.safetensors",
        "training_state_e4_b0.safetensors",
        "vocabulary",
    ];
    assert_eq!(names(&sandbox.path("run")), expected);
    let keys: Vec<&str> = trained
        .metrics
        .names()
        .filter(|name| !name.contains("memory"))
        .collect();
    let expected = [
        "best_epoch",
        "training_duration",
        "epoch",
        "training_accuracy",
        "training_loss",
        "validation_accuracy",
        "validation_loss",
        "best_validation_accuracy",
        "best_validation_loss",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn the_same_configuration_gives_the_same_bits_on_any_number_of_threads() {
    let sandbox = Sandbox::new();
    let one = sandbox.train(&[], &sandbox.options("one")).unwrap();
    let three = TrainOptions {
        threads: 3,
        ..sandbox.options("three")
    };
    let three = sandbox.train(&[], &three).unwrap();
    assert_eq!(reproducible(&one.metrics), reproducible(&three.metrics));
    assert_eq!(weights(&sandbox, "one"), weights(&sandbox, "three"));
    let other = sandbox
        .train(&["pytorch_seed=1"], &sandbox.options("other"))
        .unwrap();
    assert_ne!(reproducible(&one.metrics), reproducible(&other.metrics));
}

#[test]
fn an_interrupted_run_recovers_to_the_same_bits() {
    for optimizer in [
        r#"trainer.optimizer={"type": "adam", "lr": 0.02}"#,
        r#"trainer.optimizer={"type": "sgd", "lr": 0.1, "momentum": 0.9}"#,
        r#"trainer.optimizer={"type": "dense_sparse_adam", "lr": 0.02}"#,
    ] {
        let sandbox = Sandbox::new();
        let whole = sandbox
            .train(&[optimizer], &sandbox.options("whole"))
            .unwrap();
        let options = sandbox.options("halves");
        let stop = options.stop.clone();
        let corpora = CorpusCache::new(Downloads::default());
        let document = sandbox.document(&[optimizer]);
        let stopped = trainer::train(&document, &corpora, &options, &mut |metrics: &Metrics| {
            stop.store(metrics.epoch() == 1, Ordering::Relaxed);
            Verdict::Continue
        });
        assert_eq!(stopped.unwrap().ended, Ended::Interrupted);
        assert!(!sandbox.path("halves/metrics.json").exists());
        let options = TrainOptions {
            if_exists: IfExists::Recover,
            ..sandbox.options("halves")
        };
        let recovered = sandbox.train(&[optimizer], &options).unwrap();
        assert_eq!(
            reproducible(&whole.metrics),
            reproducible(&recovered.metrics)
        );
        assert_eq!(weights(&sandbox, "whole"), weights(&sandbox, "halves"));
    }
}

#[test]
fn a_run_is_not_recovered_with_another_configuration() {
    let sandbox = Sandbox::new();
    sandbox.train(&[], &sandbox.options("run")).unwrap();
    let options = TrainOptions {
        if_exists: IfExists::Recover,
        ..sandbox.options("run")
    };
    let error = sandbox
        .train(&["trainer.num_epochs=9"], &options)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("trainer.num_epochs: 4 before, 9 now"),
        "{error}"
    );
}

#[test]
fn a_pruned_run_has_metrics_of_its_epochs_and_no_more() {
    let sandbox = Sandbox::new();
    let corpora = CorpusCache::new(Downloads::default());
    let options = sandbox.options("run");
    let trained = trainer::train(
        &sandbox.document(&[]),
        &corpora,
        &options,
        &mut |m: &Metrics| {
            if m.epoch() == 1 {
                Verdict::Prune
            } else {
                Verdict::Continue
            }
        },
    );
    assert_eq!(trained.unwrap().ended, Ended::Pruned);
    let left = names(&sandbox.path("run"));
    assert!(left.contains(&"metrics_epoch_1.json".to_owned()));
    assert!(!left.contains(&"metrics.json".to_owned()));
    assert!(!left.contains(&"model.tar.gz".to_owned()));
}

#[test]
fn a_search_keeps_the_best_weights_or_none() {
    let sandbox = Sandbox::new();
    for (keep, name) in [(Keep::Best, "best"), (Keep::Nothing, "nothing")] {
        let options = TrainOptions {
            keep,
            ..sandbox.options(name)
        };
        sandbox.train(&[], &options).unwrap();
        let left = names(&sandbox.path(name));
        let has = |file: &str| left.contains(&file.to_owned());
        assert_eq!(has("best.safetensors"), keep == Keep::Best);
        assert_eq!(has("vocabulary"), keep == Keep::Best);
        assert!(
            has("metrics.json") && !has("model.tar.gz") && !has("model_state_e4_b0.safetensors")
        );
    }
}

#[test]
fn the_best_epoch_is_tested_whatever_is_kept() {
    let sandbox = Sandbox::new();
    let test_data = format!("test_data_path={}", sandbox.path("dev.jsonl").display());
    // The accuracy is 1 long before the last epoch, so the best weights are not the last.
    let changes = ["evaluate_on_test=true", "trainer.num_epochs=15", &test_data];
    let tested = |keep: Keep, name: &str| {
        let options = TrainOptions {
            keep,
            ..sandbox.options(name)
        };
        sandbox.train(&changes, &options).unwrap().metrics
    };
    let everything = tested(Keep::Everything, "everything");
    assert!(everything.number("best_epoch") < everything.number("epoch"));
    assert_eq!(
        everything.number("test_loss"),
        everything.number("best_validation_loss")
    );
    for (keep, name) in [(Keep::Best, "best"), (Keep::Nothing, "nothing")] {
        assert_eq!(reproducible(&tested(keep, name)), reproducible(&everything));
    }
}

#[test]
fn a_trained_model_is_evaluated_and_predicts_from_directory_and_archive() {
    let sandbox = Sandbox::new();
    let trained = sandbox.train(&[], &sandbox.options("run")).unwrap();
    let expected = trained.metrics.number("best_validation_accuracy").unwrap();
    for path in ["run", "run/model.tar.gz"] {
        let archive = Archive::open(&sandbox.path(path), None).unwrap();
        let mut predictor = Predictor::new(archive, 1).unwrap();
        let dev = sandbox.path("dev.jsonl").display().to_string();
        let totals = predictor
            .evaluate(&dev, None, &Downloads::default())
            .unwrap();
        assert_eq!(totals.accuracy(), expected);
        let predictions = predictor.predict(&["w1 good w2", "bad", "", "never seen"]);
        assert_eq!(predictions[0].label, "pos");
        assert_eq!(predictions[1].label, "neg");
        assert_eq!(predictions[0].tokens, ["w1", "good", "w2"]);
        let sum: f32 = predictions[2].probs.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5);
        let alone = predictor.predict(&["bad"]);
        for (a, b) in alone[0].logits.iter().zip(&predictions[1].logits) {
            assert!(
                (a - b).abs() < 1e-5,
                "a text's logits do not depend on its neighbours"
            );
        }
    }
}

#[test]
fn labels_need_a_class_also_when_the_model_looks_for_others() {
    let sandbox = Sandbox::new();
    let namespace = "model.label_namespace=topics";
    let too_few = sandbox.train(
        &[namespace, "model.num_labels=1"],
        &sandbox.options("too_few"),
    );
    assert_eq!(
        too_few.unwrap_err().to_string(),
        "`model.num_labels` is 1; it must be at least 2"
    );
    let trained = sandbox.train(&[namespace], &sandbox.options("run"));
    assert_eq!(trained.unwrap().ended, Ended::Finished);
}

#[test]
fn texts_to_predict_for_are_read_as_validation_data_is() {
    let sandbox = Sandbox::new();
    let reader = r#"validation_dataset_reader={"type": "text_classification_json",
        "tokenizer": "whitespace", "max_sequence_length": 2}"#;
    let changes = [reader, "trainer.num_epochs=1"];
    sandbox.train(&changes, &sandbox.options("run")).unwrap();
    let archive = Archive::open(&sandbox.path("run"), None).unwrap();
    let mut predictor = Predictor::new(archive, 1).unwrap();
    let predictions = predictor.predict(&["w1 good w2"]);
    assert_eq!(predictions[0].tokens, ["w1", "good"]);
    assert_eq!(predictions[0].token_ids.len(), 2);
}

#[test]
fn class_numbers_beyond_the_models_are_refused() {
    let sandbox = Sandbox::new();
    for (name, labels) in [("numbered", "01"), ("beyond", "07")] {
        let record = |label: char| format!("{{\"label\": {label}, \"text\": \"a b c\"}}\n");
        let text: String = labels.chars().map(record).collect();
        fs::write(sandbox.path(&format!("{name}.jsonl")), text).unwrap();
    }
    let path = |name: &str| sandbox.path(name).display().to_string();
    let train_data = format!("train_data_path={}", path("numbered.jsonl"));
    let dev_data = format!("validation_data_path={}", path("numbered.jsonl"));
    let changes = [
        "dataset_reader.skip_label_indexing=true",
        "model.num_labels=2",
        "trainer.num_epochs=1",
        &train_data,
        &dev_data,
    ];
    sandbox.train(&changes, &sandbox.options("run")).unwrap();
    let archive = Archive::open(&sandbox.path("run"), None).unwrap();
    let mut predictor = Predictor::new(archive, 1).unwrap();
    let mut evaluate = |name: &str| predictor.evaluate(&path(name), None, &Downloads::default());
    assert!(evaluate("numbered.jsonl").is_ok());
    assert_eq!(
        evaluate("beyond.jsonl").unwrap_err().to_string(),
        format!(
            "`{}` holds the label 7, but `model.num_labels` is 2; labels count from 0",
            path("beyond.jsonl")
        )
    );
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_with_the_reason() {
    let sandbox = Sandbox::new();
    let error = sandbox.train(
        &[r#"trainer.optimizer={"type": "sgd", "lr": 1e30}"#],
        &sandbox.options("run"),
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("the training loss became NaN in epoch 0, batch "),
        "{error}"
    );
    assert!(!sandbox.path("run/metrics.json").exists());
}

#[test]
fn the_log_says_why_a_run_failed_before_its_first_epoch() {
    let sandbox = Sandbox::new();
    let absent = sandbox.train(
        &["train_data_path=absent.jsonl"],
        &sandbox.options("absent"),
    );
    let reason = absent.unwrap_err().to_string();
    let log = fs::read_to_string(sandbox.path("absent/out.log")).unwrap();
    assert!(
        log.trim_end()
            .ends_with(&format!("ERROR - opah.train - {reason}")),
        "{log}"
    );
}

#[test]
fn patience_ends_a_run_early() {
    let sandbox = Sandbox::new();
    let changes = [
        "trainer.num_epochs=50",
        "trainer.patience=2",
        r#"trainer.optimizer={"type": "sgd", "lr": 0.0}"#,
    ];
    let trained = sandbox.train(&changes, &sandbox.options("run")).unwrap();
    assert_eq!(trained.metrics.epoch(), 2);
    assert_eq!(trained.ended, Ended::Finished);
}
