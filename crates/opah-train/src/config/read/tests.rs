//! What is read, and what is said of what can't be.

use std::fmt::Write as _;
use std::path::Path;

use crate::config::schema::*;
use crate::config::{Document, ExtVars, KeyPath, Location, Step, evaluate_text};

const CONFIG: &str = "\
local dim = 8;
{
  dataset_reader: {
    type: 'text_classification_json',
    tokenizer: { type: 'whitespace' },
    token_indexers: { tokens: { type: 'single_id' } },
  },
  train_data_path: 'train.jsonl',
  validation_data_path: 'dev.jsonl',
  model: {
    type: 'basic_classifier',
    text_field_embedder: {
      token_embedders: { tokens: { embedding_dim: dim } },
    },
    seq2vec_encoder: {
      type: 'cnn',
      embedding_dim: dim,
      num_filters: 4,
      ngram_filter_sizes: [2, 3],
    },
    dropout: 0.5,
  },
  data_loader: { batch_size: 64 },
  trainer: {
    num_epochs: 15,
    optimizer: { type: 'sgd', lr: 0.1 },
    validation_metric: '+accuracy',
  },
}
";

/// A small config that is right.
pub(in crate::config) fn document() -> Document {
    read_text(CONFIG)
}

/// The same with a change.
pub(in crate::config) fn config(assignment: &str) -> Config {
    let (config, warnings) = changed(assignment);
    assert!(warnings.is_empty(), "{warnings:?}");
    config
}

fn read_text(text: &str) -> Document {
    match evaluate_text(Path::new("c.jsonnet"), text.as_bytes(), &ExtVars::new()) {
        Ok(document) => document,
        Err(error) => panic!("{error}"),
    }
}

fn changed(assignment: &str) -> (Config, Vec<String>) {
    let mut document = document();
    document.set(assignment).unwrap();
    match document.read_with_warnings() {
        Ok(read) => read,
        Err(error) => panic!("{error}"),
    }
}

/// The messages for the config with one piece of its text replaced.
fn messages(replacements: &[(&str, &str)]) -> String {
    let mut all = String::new();
    for (old, new) in replacements {
        assert_eq!(CONFIG.matches(old).count(), 1, "{old}");
        let document = read_text(&CONFIG.replace(old, new));
        let error = document.read().expect_err(new);
        let _ = writeln!(all, "# {old} → {new}\n{error}\n");
    }
    all
}

/// The messages for the config with values set.
fn messages_of_changes(assignments: &[&str]) -> String {
    let mut all = String::new();
    for assignment in assignments {
        let mut document = document();
        document.set(assignment).unwrap();
        let error = document.read().expect_err(assignment);
        let _ = writeln!(all, "{error}\n");
    }
    all
}

#[test]
fn defaults_are_allennlps() {
    let text = CONFIG
        .replace(", lr: 0.1", ", lr: 1")
        .replace("num_epochs: 15,", "")
        .replace("ngram_filter_sizes: [2, 3],", "")
        .replace("validation_metric: '+accuracy',", "");
    let config = read_text(&text).read().unwrap();
    let expected = Config {
        dataset_reader: DatasetReader {
            tokenizer: Tokenizer::Whitespace,
            indexer_name: "tokens".to_owned(),
            indexer: SingleId {
                namespace: "tokens".to_owned(),
                lowercase_tokens: false,
                start_tokens: vec![],
                end_tokens: vec![],
                token_min_padding_length: 0,
            },
            max_sequence_length: None,
            skip_label_indexing: false,
            text_key: "text".to_owned(),
            label_key: "label".to_owned(),
            max_instances: None,
        },
        validation_dataset_reader: None,
        train_data_path: "train.jsonl".to_owned(),
        validation_data_path: Some("dev.jsonl".to_owned()),
        test_data_path: None,
        datasets_for_vocab_creation: None,
        vocabulary: Vocabulary::FromInstances(VocabularyOptions {
            min_count: [].into(),
            max_vocab_size: MaxVocabSize::Unlimited,
            non_padded_namespaces: vec!["*tags".to_owned(), "*labels".to_owned()],
            tokens_to_add: [].into(),
            padding_token: "@@PADDING@@".to_owned(),
            oov_token: "@@UNKNOWN@@".to_owned(),
        }),
        model: BasicClassifier {
            embedding: Embedding {
                name: "tokens".to_owned(),
                embedding_dim: 8,
                num_embeddings: None,
                padding_index: None,
                trainable: true,
            },
            seq2vec_encoder: Seq2Vec::Cnn {
                embedding_dim: 8,
                num_filters: 4,
                ngram_filter_sizes: vec![2, 3, 4, 5],
                activation: Activation::Relu,
                output_dim: None,
            },
            feedforward: None,
            dropout: Some(0.5),
            num_labels: None,
            label_namespace: "labels".to_owned(),
        },
        data_loader: DataLoader {
            batch_size: 64,
            shuffle: false,
            drop_last: false,
            bucket: None,
        },
        validation_data_loader: None,
        trainer: Trainer {
            num_epochs: 20,
            patience: None,
            validation_metric: vec![SignedMetric {
                name: "loss".to_owned(),
                increases: false,
            }],
            cuda_device: None,
            grad_norm: None,
            grad_clipping: None,
            optimizer: Optimizer::Sgd {
                lr: 1.0,
                momentum: 0.0,
                dampening: 0.0,
                weight_decay: 0.0,
                nesterov: false,
            },
            keep_most_recent_by_count: Some(2),
            checkpoints: true,
            pruner_callback: false,
        },
        evaluate_on_test: false,
        seeds: Seeds {
            random: Some(13370),
            numpy: Some(1337),
            pytorch: Some(133),
        },
    };
    assert_eq!(config, expected);
}

#[test]
fn misspelt_keys() {
    insta::assert_snapshot!(messages(&[
        ("      embedding_dim: dim,", "      embeding_dim: dim,"),
        ("dropout: 0.5", "droput: 0.5"),
        ("num_epochs: 15", "num_epoch: 15"),
        ("data_loader:", "\"data-loader\":"),
        ("type: 'single_id'", "min_count: 3"),
        ("tokenizer: {", "tokeniser: {"),
        ("lr: 0.1", "lr: 0.1, lr_decay: 1"),
    ]));
}

#[test]
fn missing_keys() {
    insta::assert_snapshot!(messages(&[
        ("num_filters: 4,", ""),
        ("  train_data_path: 'train.jsonl',\n", ""),
        ("type: 'sgd', lr: 0.1", "type: 'sgd'"),
        ("    type: 'basic_classifier',\n", ""),
        ("tokens: { embedding_dim: dim }", "tokens: {}"),
        ("batch_size: 64", ""),
    ]));
}

#[test]
fn values_of_the_wrong_kind() {
    insta::assert_snapshot!(messages(&[
        ("local dim = 8;", "local dim = '8';"),
        ("local dim = 8;", "local dim = 8.5;"),
        ("num_filters: 4", "num_filters: true"),
        ("dropout: 0.5", "dropout: '0.5'"),
        ("dropout: 0.5", "dropout: true"),
        ("dropout: 0.5", "dropout: 1"),
        ("num_epochs: 15", "num_epochs: 0"),
        ("num_epochs: 15", "num_epochs: null"),
        ("lr: 0.1", "lr: -0.1"),
        ("lr: 0.1", "lr: 0.1, nesterov: 'True'"),
        ("batch_size: 64", "batch_size: 0"),
        ("batch_size: 64", "batch_size: 64, shuffle: 1"),
        (
            "ngram_filter_sizes: [2, 3]",
            "ngram_filter_sizes: std.range(2, 1)"
        ),
        ("ngram_filter_sizes: [2, 3]", "ngram_filter_sizes: [2, 0]"),
        ("ngram_filter_sizes: [2, 3]", "ngram_filter_sizes: 3"),
        ("'train.jsonl'", "['train.jsonl']"),
        ("{ type: 'sgd', lr: 0.1 }", "0.1"),
        ("'+accuracy'", "'accuracy'"),
        ("'+accuracy'", "'+acuracy'"),
        ("'+accuracy'", "['+accuracy', '-f1']"),
    ]));
}

#[test]
fn keys_that_another_part_reads_are_checked_as_well() {
    let says = |text: &str| read_text(text).read().expect_err(text).to_string();
    let text = CONFIG.replace(
        "embedding_dim: dim } }",
        "embedding_dim: dim, vocab_namespace: 3 } }",
    );
    let path = "model.text_field_embedder.token_embedders.tokens.vocab_namespace";
    let expected = format!("`{path}` must be a string, not 3\n");
    assert!(says(&text).contains(&expected), "{}", says(&text));
    let text = CONFIG
        .replace("data_loader: { batch_size: 64 }", "iterator: 'basic'")
        .replace("num_epochs: 15", "shuffle: 'false'");
    let expected = "`trainer.shuffle` must be true or false, not the string \"false\"; ";
    assert!(says(&text).contains(expected), "{}", says(&text));
}

#[test]
fn unknown_types() {
    insta::assert_snapshot!(messages(&[
        ("type: 'cnn'", "type: 'cn'"),
        ("type: 'sgd'", "type: 'sdg'"),
        ("'text_classification_json'", "'text_classification_jsonl'"),
        ("{ type: 'whitespace' }", "'white_space'"),
        ("type: 'single_id'", "type: 'my_package.MyIndexer'"),
        ("'+accuracy',", "'+accuracy', callbacks: ['optuna_prune'],"),
    ]));
}

#[test]
fn features_of_allennlps_that_opah_does_not_have() {
    insta::assert_snapshot!(messages(&[
        ("type: 'cnn'", "type: 'lstm'"),
        ("{ type: 'whitespace' }", "{ type: 'spacy' }"),
        ("    tokenizer: { type: 'whitespace' },\n", ""),
        (
            "embedding_dim: dim } }",
            "embedding_dim: dim, pretrained_file: 'glove.txt' } }"
        ),
        (
            "num_epochs: 15,",
            "num_epochs: 15, learning_rate_scheduler: { type: 'noam' },"
        ),
        ("type: 'sgd'", "type: 'adagrad'"),
        ("type: 'single_id'", "type: 'characters'"),
        (
            "num_filters: 4",
            "num_filters: 4, conv_layer_activation: 'gelu'"
        ),
        ("dropout: 0.5", "seq2seq_encoder: 'pass_through'"),
        (
            "batch_size: 64",
            "batch_sampler: { type: 'max_tokens_sampler', max_tokens: 1000 }"
        ),
        ("num_epochs: 15", "num_gradient_accumulation_steps: 2"),
        (
            "tokens: { type: 'single_id' }",
            "tokens: 'single_id', chars: 'characters'"
        ),
        (
            "data_loader:",
            "distributed: { cuda_devices: [0, 1] }, data_loader:"
        ),
    ]));
}

#[test]
fn parts_that_do_not_fit() {
    insta::assert_snapshot!(messages(&[
        ("      embedding_dim: dim,", "      embedding_dim: dim + 1,"),
        (
            "dropout: 0.5",
            "feedforward: { input_dim: 9, num_layers: 1, hidden_dims: 3, activations: 'relu' }",
        ),
        (
            "dropout: 0.5",
            "feedforward: { input_dim: 8, num_layers: 2, hidden_dims: [3], activations: 'relu' }",
        ),
        (
            "tokens: { type: 'single_id' }",
            "words: { type: 'single_id' }"
        ),
        (
            "tokens: { type: 'single_id' }",
            "tokens: { namespace: 'words' }"
        ),
        ("  validation_data_path: 'dev.jsonl',\n", ""),
        ("data_loader:", "evaluate_on_test: true, data_loader:"),
        (
            "data_loader:",
            "datasets_for_vocab_creation: ['train', 'test'], data_loader:"
        ),
        (
            "data_loader:",
            "datasets_for_vocab_creation: ['training'], data_loader:"
        ),
        (
            "batch_size: 64",
            "batch_size: 64, batch_sampler: { type: 'bucket', batch_size: 8 }"
        ),
        ("lr: 0.1", "lr: 0.1, nesterov: true"),
        (
            "embedding_dim: dim } }",
            "embedding_dim: dim, num_embeddings: 5, padding_index: 5 } }"
        ),
    ]));
}

#[test]
fn a_wrong_value_that_was_set_names_the_assignment() {
    insta::assert_snapshot!(messages_of_changes(&[
        "trainer.patiense=3",
        "trainer.optimizer.lr=fast",
        "model.dropout=1.5",
        "trainer.checkpointer.keep=1",
        "model.seq2vec_encoder=boe",
    ]));
}

#[test]
fn keys_are_found_through_the_language_or_not_at_all() {
    let says = |text: &str| {
        let error = read_text(text).read().expect_err(text).to_string();
        let first = error.lines().next().unwrap_or_default();
        first.split(": ").next().unwrap_or_default().to_owned()
    };
    let with = |old: &str, new: &str| says(&CONFIG.replace(old, new));
    // The name is in an object that a local holds.
    let text = CONFIG
        .replace("local dim = 8;", "local dim = 8; local data = { size: 1 };")
        .replace("{ batch_size: 64 }", "data");
    assert_eq!(says(&text), "c.jsonnet:1:31");
    // A function made the object; the key stands only there.
    let text = CONFIG
        .replace(
            "local dim = 8;",
            "local dim = 8; local data(n) = { size: n };",
        )
        .replace("{ batch_size: 64 }", "data(3)");
    assert_eq!(says(&text), "c.jsonnet:1:34");
    // The right side of a sum wins; only one branch has the key.
    assert_eq!(
        with("{ batch_size: 64 }", "{ size: 1 } + { size: 2 }"),
        "c.jsonnet:23:32"
    );
    assert_eq!(
        with("{ batch_size: 64 }", "if dim == 8 then { size: 1 } else {}"),
        "c.jsonnet:23:35"
    );
    // Both branches have it, or it is computed: nobody can tell.
    assert_eq!(
        with(
            "{ batch_size: 64 }",
            "if dim == 8 then { size: 1 } else { size: 2 }"
        ),
        "c.jsonnet"
    );
    assert_eq!(
        with("{ batch_size: 64 }", "{ ['si' + 'ze']: 1 }"),
        "c.jsonnet"
    );
    assert_eq!(
        with("{ batch_size: 64 }", "std.parseJson('{\"size\": 1}')"),
        "c.jsonnet"
    );
    // Words in comments and strings are no keys; an inner object is walked into.
    let text = CONFIG.replace(
        "      embedding_dim: dim,",
        "      // num_filter: 3\n      embedding_dim: dim, num_filter: 3,",
    );
    assert_eq!(says(&text), "c.jsonnet:18:27");
}

/// Every path that leads to a value.
fn paths(value: &serde_json::Value, path: &KeyPath, found: &mut Vec<KeyPath>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                found.push(path.key(key.as_str()));
                paths(value, &path.key(key.as_str()), found);
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                found.push(path.index(index));
                paths(value, &path.index(index), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_of_a_plain_file_is_found_at_its_place() {
    let text = document().to_config_json();
    for text in [CONFIG, &text] {
        let document = read_text(text);
        let mut all = Vec::new();
        paths(&document.value, &KeyPath::default(), &mut all);
        assert!(all.len() > 25);
        for path in all {
            let Location::At(place) = document.location(&path) else {
                panic!("{path} is not found in {text}");
            };
            let line = text.lines().nth(place.line - 1).unwrap();
            let there: String = line
                .chars()
                .skip(place.column - 1)
                .take(place.width)
                .collect();
            match path.0.last().unwrap() {
                Step::Key(key) => assert_eq!(there.trim_matches('"'), key),
                Step::Index(_) => assert!("+-0123456789'\"".contains(&there[..1]), "{there}"),
            }
        }
    }
}

#[test]
fn keys_are_found_in_imported_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("loader.libsonnet", "{\n  size: 1,\n}");
    let text = CONFIG
        .replace(
            "local dim",
            "local loader = import 'loader.libsonnet';\nlocal dim",
        )
        .replace("{ batch_size: 64 }", "loader");
    let file = folder.path().join("c.jsonnet");
    let document = evaluate_text(&file, text.as_bytes(), &ExtVars::new()).unwrap();
    let error = document.read().unwrap_err().to_string();
    let place = folder
        .path()
        .join("loader.libsonnet:2:3: unknown key `size`");
    assert!(error.starts_with(&*place.to_string_lossy()), "{error}");
}

#[test]
fn features_that_are_switched_off_are_accepted() {
    for assignment in [
        "model.seq2seq_encoder=null",
        "model.initializer=null",
        "model.regularizer=null",
        "model.namespace=tokens",
        "model.feedforward=null",
        "model.text_field_embedder.token_embedders.tokens.pretrained_file=null",
        "model.text_field_embedder.token_embedders.tokens.max_norm=null",
        "model.text_field_embedder.token_embedders.tokens.scale_grad_by_freq=false",
        "model.text_field_embedder.type=basic",
        "dataset_reader.segment_sentences=false",
        "dataset_reader.token_indexers.tokens.feature_name=text",
        "dataset_reader.token_indexers.tokens.default_value=null",
        "dataset_reader.max_sequence_length=null",
        "data_loader.batches_per_epoch=null",
        "data_loader.num_workers=0",
        "data_loader.type=multiprocess",
        "trainer.learning_rate_scheduler=null",
        "trainer.moving_average=null",
        "trainer.num_gradient_accumulation_steps=1",
        "trainer.use_amp=false",
        "trainer.no_grad=[]",
        "trainer.grad_norm=false",
        "trainer.grad_clipping=null",
        "trainer.optimizer.parameter_groups=null",
        "trainer.callbacks=[]",
        "trainer.type=gradient_descent",
        "vocabulary.pretrained_files={}",
        "vocabulary.only_include_pretrained_words=false",
        "distributed=null",
        "test_data_path=null",
        "type=default",
    ] {
        config(assignment);
    }
}

#[test]
fn options_that_are_read() {
    let boe = config(
        r#"model.seq2vec_encoder={"type": "bag_of_embeddings", "embedding_dim": 8, "averaged": true}"#,
    );
    let expected = Seq2Vec::Boe {
        embedding_dim: 8,
        averaged: true,
    };
    assert_eq!(boe.model.seq2vec_encoder, expected);

    let bucket = config(
        r#"data_loader={"batch_sampler": {"type": "bucket", "batch_size": 9, "sorting_keys": ["tokens"], "padding_noise": 0, "drop_last": true}}"#,
    );
    let expected = DataLoader {
        batch_size: 9,
        shuffle: false,
        drop_last: true,
        bucket: Some(Bucket {
            padding_noise: 0.0,
            shuffle: true,
        }),
    };
    assert_eq!(bucket.data_loader, expected);

    let feedforward = config(
        r#"model.feedforward={"input_dim": 8, "num_layers": 2, "hidden_dims": [5, 3], "activations": ["tanh", "linear"], "dropout": 0.25}"#,
    );
    let layer = |hidden_dim, activation| FeedForwardLayer {
        hidden_dim,
        activation,
        dropout: 0.25,
    };
    let expected = FeedForward {
        input_dim: 8,
        layers: vec![layer(5, Activation::Tanh), layer(3, Activation::Linear)],
    };
    assert_eq!(feedforward.model.feedforward, Some(expected));

    let vocabulary = config(
        r#"vocabulary={"min_count": {"tokens": 3}, "max_vocab_size": {"tokens": 9}, "tokens_to_add": {"labels": ["x"]}, "non_padded_namespaces": ["labels"], "padding_token": "P", "oov_token": "O"}"#,
    );
    let expected = Vocabulary::FromInstances(VocabularyOptions {
        min_count: [("tokens".to_owned(), 3)].into(),
        max_vocab_size: MaxVocabSize::By([("tokens".to_owned(), 9)].into()),
        non_padded_namespaces: vec!["labels".to_owned()],
        tokens_to_add: [("labels".to_owned(), vec!["x".to_owned()])].into(),
        padding_token: "P".to_owned(),
        oov_token: "O".to_owned(),
    });
    assert_eq!(vocabulary.vocabulary, expected);

    let files = config(r#"vocabulary={"type": "from_files", "directory": "d"}"#);
    let expected = Vocabulary::FromFiles {
        directory: "d".to_owned(),
    };
    assert_eq!(files.vocabulary, expected);

    let sgd = config(
        r#"trainer.optimizer={"type": "sgd", "lr": 1, "momentum": 0.9, "weight_decay": 0.5, "nesterov": true}"#,
    );
    let expected = Optimizer::Sgd {
        lr: 1.0,
        momentum: 0.9,
        dampening: 0.0,
        weight_decay: 0.5,
        nesterov: true,
    };
    assert_eq!(sgd.trainer.optimizer, expected);

    let adam = config(
        r#"trainer.optimizer={"type": "adam", "lr": 0.5, "betas": [0.5, 0], "eps": 0, "amsgrad": true}"#,
    );
    let expected = Optimizer::Adam(Adam {
        lr: 0.5,
        betas: (0.5, 0.0),
        eps: 0.0,
        weight_decay: 0.0,
        amsgrad: true,
        decoupled: false,
    });
    assert_eq!(adam.trainer.optimizer, expected);
}

#[test]
fn old_spellings_are_accepted_with_a_warning() {
    let mut all = String::new();
    for assignment in [
        "dataset_reader.lazy=false",
        "trainer.epoch_callbacks=[\"optuna_pruner\"]",
        "trainer.batch_callbacks=[]",
        "trainer.callbacks=[{\"type\": \"optuner_pruner\"}, \"console_logger\", \"tensorboard\"]",
        "trainer.num_serialized_models_to_keep=1",
        "trainer.summary_interval=100",
        "trainer.use_amp=true",
        "trainer.grad_norm=true",
        "trainer.optimizer={\"type\": \"dense_sparse_adam\"}",
        "data_loader.type=pytorch_dataloader",
        "include_in_archive=[\"x\"]",
    ] {
        let (config, warnings) = changed(assignment);
        assert!(!warnings.is_empty(), "{assignment}");
        let _ = writeln!(all, "# {assignment}\n{}", warnings.join("\n"));
        assert_eq!(
            config.trainer.pruner_callback,
            assignment.contains("pruner")
        );
        if assignment.contains("num_serialized") {
            assert_eq!(config.trainer.keep_most_recent_by_count, Some(1));
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_iterator_of_allennlp_0_9() {
    let text = CONFIG.replace(
        "data_loader: { batch_size: 64 }",
        "iterator: { type: 'bucket', sorting_keys: ['tokens'], batch_size: 16 }",
    );
    let (config, warnings) = read_text(&text).read_with_warnings().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(
        config.data_loader,
        DataLoader {
            batch_size: 16,
            shuffle: false,
            drop_last: false,
            bucket: Some(Bucket {
                padding_noise: 0.1,
                shuffle: true,
            }),
        }
    );
}

#[test]
fn strings_are_short_for_types_and_null_means_none() {
    assert_eq!(
        config("dataset_reader.tokenizer=letters_digits")
            .dataset_reader
            .tokenizer,
        Tokenizer::LettersDigits
    );
    assert_eq!(
        config("dataset_reader.tokenizer={\"type\": \"word_punctuation\", \"lowercase\": true}")
            .dataset_reader
            .tokenizer,
        Tokenizer::WordPunctuation { lowercase: true }
    );
    assert_eq!(
        config("trainer.optimizer=adam").trainer.optimizer,
        Optimizer::Adam(Adam::default())
    );
    assert_eq!(
        config("trainer.optimizer=adamw").trainer.optimizer,
        Optimizer::Adam(Adam {
            weight_decay: 0.01,
            decoupled: true,
            ..Adam::default()
        })
    );
    assert_eq!(config("model.dropout=None").model.dropout, None);
    assert_eq!(config("trainer.patience=null").trainer.patience, None);
    assert_eq!(config("random_seed=null").seeds.random, None);
    assert!(!config("trainer.checkpointer=null").trainer.checkpoints);
    assert_eq!(
        config("trainer.checkpointer.keep_most_recent_by_count=null")
            .trainer
            .keep_most_recent_by_count,
        None
    );
    assert_eq!(config("vocabulary.max_vocab_size=9").vocabulary, {
        Vocabulary::FromInstances(VocabularyOptions {
            max_vocab_size: MaxVocabSize::All(9),
            ..VocabularyOptions::default()
        })
    });
}

#[test]
fn integral_floats_are_integers_and_integers_are_floats() {
    assert_eq!(config("trainer.num_epochs=3.0").trainer.num_epochs, 3);
    assert_eq!(config("trainer.grad_norm=1").trainer.grad_norm, Some(1.0));
    assert_eq!(config("model.dropout=0").model.dropout, Some(0.0));
    assert_eq!(
        config("model.seq2vec_encoder.output_dim=0")
            .model
            .seq2vec_encoder
            .output_dim(),
        8
    );
}

#[test]
fn sparse_embeddings() {
    let with_sparse = |sparse: &str, optimizer: &str| {
        let mut document = document();
        let embedder = "model.text_field_embedder.token_embedders.tokens.sparse";
        document.set(&format!("{embedder}={sparse}")).unwrap();
        document
            .set(&format!("trainer.optimizer={optimizer}"))
            .unwrap();
        document.read()
    };
    let lazy = with_sparse("true", "dense_sparse_adam").unwrap();
    assert!(matches!(
        lazy.trainer.optimizer,
        Optimizer::DenseSparseAdam { .. }
    ));
    let dense = with_sparse("false", "dense_sparse_adam").unwrap();
    assert_eq!(dense.trainer.optimizer, Optimizer::Adam(Adam::default()));
    assert!(with_sparse("true", "adam").is_err());
    assert!(with_sparse("true", r#"{"type": "sgd", "lr": 1}"#).is_ok());
    assert!(with_sparse("true", r#"{"type": "sgd", "lr": 1, "weight_decay": 1}"#).is_err());
}
