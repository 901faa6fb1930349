//! What is refused, word for word.

use std::fmt::Write as _;

use super::{CONFIG, document, read_text};

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
