//! Constants of the reference task on the real reviews, which are not in this repository:
//! `OPAH_TEST_DATA` or `../shared/data`, seen from the repository's root, holds them.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use opah_train::config::Config;
use opah_train::config::schema::{
    BasicClassifier, DataLoader, DatasetReader, Embedding, MaxVocabSize, Optimizer, Seeds, Seq2Vec,
    SingleId, Split, Tokenizer, Trainer, Vocabulary, VocabularyOptions,
};
use opah_train::data::{self, Corpus, LABELS};

/// The folder with the reviews; `None`, loudly, where it is absent.
fn imdb() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let data = std::env::var_os("OPAH_TEST_DATA");
    let data = data.map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let folder = data.join("imdb");
    if folder.join("train.jsonl.gz").is_file() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("OPAH_REQUIRE_TEST_DATA").is_none(),
        "no reviews in {}",
        folder.display()
    );
    eprintln!(
        "SKIPPED: no reviews in {}; set OPAH_TEST_DATA to the folder that holds `imdb`",
        folder.display()
    );
    None
}

fn config(folder: &Path, tokenizer: Tokenizer, lowercase_tokens: bool) -> Config {
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    Config {
        dataset_reader: DatasetReader {
            tokenizer,
            indexer_name: "tokens".to_owned(),
            indexer: SingleId {
                namespace: "tokens".to_owned(),
                lowercase_tokens,
                start_tokens: Vec::new(),
                end_tokens: Vec::new(),
                token_min_padding_length: 0,
            },
            max_sequence_length: None,
            skip_label_indexing: false,
            text_key: "text".to_owned(),
            label_key: "label".to_owned(),
            max_instances: None,
        },
        validation_dataset_reader: None,
        train_data_path: path("train.jsonl.gz"),
        validation_data_path: Some(path("dev.jsonl.gz")),
        test_data_path: None,
        datasets_for_vocab_creation: Some(vec![Split::Train]),
        vocabulary: Vocabulary::FromInstances(VocabularyOptions {
            min_count: BTreeMap::new(),
            max_vocab_size: MaxVocabSize::Unlimited,
            non_padded_namespaces: vec!["*tags".to_owned(), "*labels".to_owned()],
            tokens_to_add: BTreeMap::new(),
            padding_token: "@@PADDING@@".to_owned(),
            oov_token: "@@UNKNOWN@@".to_owned(),
        }),
        model: BasicClassifier {
            embedding: Embedding {
                name: "tokens".to_owned(),
                embedding_dim: 128,
                num_embeddings: None,
                padding_index: None,
                trainable: true,
            },
            seq2vec_encoder: Seq2Vec::Boe {
                embedding_dim: 128,
                averaged: false,
            },
            feedforward: None,
            dropout: None,
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
            num_epochs: 1,
            patience: None,
            validation_metric: Vec::new(),
            cuda_device: None,
            grad_norm: None,
            grad_clipping: None,
            optimizer: Optimizer::DenseSparseAdam {
                lr: 1e-3,
                betas: (0.9, 0.999),
                eps: 1e-8,
            },
            keep_most_recent_by_count: None,
            checkpoints: true,
            pruner_callback: false,
        },
        evaluate_on_test: false,
        seeds: Seeds {
            random: None,
            numpy: None,
            pytorch: None,
        },
    }
}

fn n_unknown(tokens: &[u32]) -> usize {
    tokens.iter().filter(|id| **id == 1).count()
}

fn size(corpus: &Corpus) -> usize {
    corpus.vocabulary.size("tokens")
}

#[test]
fn the_chapters_reader_gives_the_published_constants() {
    let Some(folder) = imdb() else { return };
    let config = config(&folder, Tokenizer::Whitespace, false);
    let start = Instant::now();
    let corpus = data::prepare(&config, 2).unwrap();
    eprintln!("prepared in {:.2} s", start.elapsed().as_secs_f64());

    assert_eq!(size(&corpus), 243_492);
    let first: Vec<&str> = corpus.vocabulary.tokens("tokens").take(7).collect();
    let expected = ["@@PADDING@@", "@@UNKNOWN@@", "the", "a", "and", "of", "to"];
    assert_eq!(first, expected);
    let the = corpus.train.tokens.iter().filter(|id| **id == 2).count();
    assert_eq!(the, 229_869);
    // Both labels occur 10,000 times; the first record's comes first.
    let labels: Vec<&str> = corpus.vocabulary.tokens(LABELS).collect();
    assert_eq!(labels, ["pos", "neg"]);
    assert_eq!(corpus.train.labels[0], 0);

    assert_eq!(corpus.train.len(), 20_000);
    assert_eq!(corpus.train.tokens.len(), 4_669_797);
    assert_eq!(n_unknown(&corpus.train.tokens), 0);
    let lengths = corpus
        .train
        .offsets
        .windows(2)
        .map(|pair| pair[1] - pair[0]);
    assert_eq!(lengths.clone().min(), Some(10));
    assert_eq!(lengths.max(), Some(2470));
    let batches = data::batches(&corpus.train, &config.data_loader, 42, 0);
    assert_eq!(batches.len(), 313);
    assert_eq!(batches[312].len(), 32);

    let dev = corpus.validation.unwrap();
    assert_eq!(dev.len(), 5_000);
    let share = n_unknown(&dev.tokens) as f64 / dev.tokens.len() as f64;
    assert_eq!(format!("{:.2} %", share * 100.0), "3.42 %");
}

#[test]
fn options_change_the_size_of_the_vocabulary_as_published() {
    let Some(folder) = imdb() else { return };
    let lower = config(&folder, Tokenizer::Whitespace, true);
    assert_eq!(size(&data::prepare(&lower, 2).unwrap()), 218_783);
    let mut all = config(&folder, Tokenizer::Whitespace, false);
    all.datasets_for_vocab_creation = None;
    assert_eq!(size(&data::prepare(&all, 2).unwrap()), 280_619);
    let mut common = config(&folder, Tokenizer::Whitespace, false);
    if let Vocabulary::FromInstances(options) = &mut common.vocabulary {
        options.min_count.insert("tokens".to_owned(), 3);
    }
    assert_eq!(size(&data::prepare(&common, 2).unwrap()), 65_125);
}
