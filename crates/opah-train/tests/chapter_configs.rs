//! The files of `examples/imdb` read as what the chapter says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use opah_train::config::schema::{Activation, Optimizer, Seq2Vec, SignedMetric, Split, Tokenizer};
use opah_train::config::{Document, ExtVars, evaluate, evaluate_text};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/imdb")
        .join(name)
}

/// The chapter's values, by the environment.
fn given() -> ExtVars {
    [
        ("embedding_dim", "128"),
        ("dropout", "0.2"),
        ("lr", "0.1"),
        ("max_filter_size", "4"),
        ("num_filters", "128"),
        ("output_dim", "128"),
        ("HOME", "/home/someone"),
    ]
    .into_iter()
    .collect()
}

fn document(name: &str) -> Document {
    match evaluate(&example(name), &given()) {
        Ok(document) => document,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_printed_baseline() {
    let (config, warnings) = document("imdb_baseline.jsonnet")
        .read_with_warnings()
        .unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(config.dataset_reader.tokenizer, Tokenizer::Whitespace);
    assert_eq!(config.dataset_reader.indexer_name, "tokens");
    assert_eq!(config.datasets_for_vocab_creation, Some(vec![Split::Train]));
    assert_eq!(config.model.embedding.embedding_dim, 128);
    assert_eq!(
        config.model.seq2vec_encoder,
        Seq2Vec::Cnn {
            embedding_dim: 128,
            num_filters: 128,
            ngram_filter_sizes: vec![2, 3, 4],
            activation: Activation::Relu,
            output_dim: Some(128),
        }
    );
    assert_eq!(config.model.dropout, Some(0.2));
    assert_eq!(config.data_loader.batch_size, 64);
    assert!(!config.data_loader.shuffle);
    assert_eq!(config.trainer.num_epochs, 15);
    assert_eq!(config.trainer.cuda_device, Some(0));
    assert_eq!(config.trainer.patience, None);
    assert_eq!(
        config.trainer.optimizer,
        Optimizer::Sgd {
            lr: 0.1,
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.0,
            nesterov: false,
        }
    );
    let accuracy = SignedMetric {
        name: "accuracy".to_owned(),
        increases: true,
    };
    assert_eq!(config.trainer.validation_metric, [accuracy]);
    assert_eq!(config.seeds.pytorch, Some(42));
    assert!(!config.trainer.pruner_callback);
}

#[test]
fn the_tuned_config_with_the_baselines_values_is_the_baseline() {
    let tuned = document("config/imdb_optuna.jsonnet");
    let baseline = document("imdb_baseline.jsonnet");
    assert_eq!(tuned.value, baseline.value);
    assert_eq!(tuned.read().unwrap(), baseline.read().unwrap());
    let read: Vec<&str> = tuned.read_ext_vars.iter().map(String::as_str).collect();
    let expected = [
        "dropout",
        "embedding_dim",
        "lr",
        "max_filter_size",
        "num_filters",
        "output_dim",
    ];
    assert_eq!(read, expected);
    assert!(baseline.read_ext_vars.is_empty());
}

#[test]
fn the_text_of_config_json() {
    insta::assert_snapshot!(document("imdb_baseline.jsonnet").to_config_json());
}

#[test]
fn the_config_with_pruning() {
    let document = document("config/imdb_optuna_with_pruning.jsonnet");
    let (config, warnings) = document.read_with_warnings().unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert!(config.trainer.pruner_callback);
}

#[test]
fn an_exported_config_needs_no_environment_and_says_the_same() {
    let document = document("config/imdb_optuna_with_pruning.jsonnet");
    let exported = document.to_exported_json();
    insta::assert_snapshot!(exported);

    let again = evaluate_text(Path::new("best.json"), exported.as_bytes(), &ExtVars::new());
    let mut expected = document.read().unwrap();
    expected.trainer.pruner_callback = false;
    assert_eq!(again.unwrap().read().unwrap(), expected);
}

#[test]
fn config_json_reads_as_the_same_config() {
    let document = document("config/imdb_optuna_with_pruning.jsonnet");
    let text = document.to_config_json();
    let again = evaluate_text(Path::new("config.json"), text.as_bytes(), &ExtVars::new());
    let again = again.unwrap();
    assert_eq!(again.value, document.value);
    assert_eq!(again.read().unwrap(), document.read().unwrap());
    assert_eq!(again.to_config_json(), text);
}

#[test]
fn our_variant_with_adam() {
    let (config, warnings) = document("imdb_adam.jsonnet").read_with_warnings().unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert!(matches!(config.trainer.optimizer, Optimizer::Adam(_)));
    assert!(config.dataset_reader.indexer.lowercase_tokens);
    assert!(config.data_loader.shuffle);
    assert_eq!(config.trainer.patience, Some(3));
    assert!(config.trainer.pruner_callback);
    assert_eq!(
        config.dataset_reader.tokenizer,
        Tokenizer::WordPunctuation { lowercase: false }
    );
}

#[test]
fn the_spaces_are_of_the_variables_that_the_configs_read() {
    for (space, config) in [
        ("config/hparams.json", "config/imdb_optuna.jsonnet"),
        ("hparams_adam.json", "imdb_adam.jsonnet"),
    ] {
        let space = evaluate(&example(space), &ExtVars::new()).unwrap();
        let entries = space.value.as_array().unwrap();
        let names: BTreeSet<String> = entries
            .iter()
            .map(|entry| entry["attributes"]["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, document(config).read_ext_vars);
    }
}

#[test]
fn every_corner_of_the_chapters_space_is_a_config() {
    for dim in ["32", "256"] {
        for filters in ["2", "6"] {
            for (dropout, lr) in [("0.0", "0.005"), ("0.8", "0.5")] {
                let given = given()
                    .with("embedding_dim", dim)
                    .with("num_filters", dim)
                    .with("output_dim", dim)
                    .with("max_filter_size", filters)
                    .with("dropout", dropout)
                    .with("lr", lr);
                let file = example("config/imdb_optuna.jsonnet");
                evaluate(&file, &given).unwrap().read().unwrap();
            }
        }
    }
}

#[test]
fn a_variable_that_is_not_given() {
    let given: ExtVars = [("embeding_dim", "128"), ("dropout", "0.2")]
        .into_iter()
        .collect();
    let file = Path::new("imdb_optuna.jsonnet");
    let text = std::fs::read(example("config/imdb_optuna.jsonnet")).unwrap();
    let error = evaluate_text(file, &text, &given).unwrap_err();
    insta::assert_snapshot!(error);
}

#[test]
fn a_file_that_is_not_there() {
    let error = evaluate(Path::new("nowhere.jsonnet"), &ExtVars::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the config `nowhere.jsonnet`: No such file or directory (os error 2)"
    );
}
