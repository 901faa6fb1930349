//! Constants of the reference task on the real reviews, which are not in this repository:
//! `OPAH_TEST_DATA` or `../shared/data`, seen from the repository's root, holds them.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use opah_train::config::{Config, ExtVars, evaluate};
use opah_train::data::{self, Corpus, LABELS};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder with the reviews; `None`, loudly, where it is absent.
fn imdb() -> Option<PathBuf> {
    let data = std::env::var_os("OPAH_TEST_DATA");
    let data = data.map_or_else(|| root().join("../shared/data"), PathBuf::from);
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

/// The chapter's baseline on the reviews in `folder`, with some keys set anew.
fn config(folder: &Path, changes: &[&str]) -> Config {
    let file = root().join("examples/imdb/imdb_baseline.jsonnet");
    let mut document = evaluate(&file, &ExtVars::new()).unwrap();
    for (key, name) in [("train", "train"), ("validation", "dev")] {
        let path = folder.join(format!("{name}.jsonl.gz"));
        let change = format!("{key}_data_path={}", path.display());
        document.set(&change).unwrap();
    }
    for change in changes {
        document.set(change).unwrap();
    }
    document.read().unwrap()
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
    let config = config(&folder, &[]);
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
    let size_with = |change: &str| {
        let config = config(&folder, &[change]);
        size(&data::prepare(&config, 2).unwrap())
    };
    let lowercase = "dataset_reader.token_indexers.tokens.lowercase_tokens=true";
    assert_eq!(size_with(lowercase), 218_783);
    let both = r#"datasets_for_vocab_creation=["train", "validation"]"#;
    assert_eq!(size_with(both), 280_619);
    let common = r#"vocabulary={"min_count": {"tokens": 3}}"#;
    assert_eq!(size_with(common), 65_125);
}
