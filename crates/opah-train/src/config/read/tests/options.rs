//! What is accepted, and what becomes of it.

use std::fmt::Write as _;

use super::{CONFIG, changed, config, document, read_text};
use crate::config::schema::*;

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
