//! The data set that comes with the repository is whole, and its experiment reads it.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use opah_train::config::{Config, ExtVars, evaluate};
use opah_train::data::{self, LABELS};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The space to search: the lowest and highest value of each hyperparameter, by name.
fn space() -> BTreeMap<String, [Value; 2]> {
    let text = fs::read_to_string(root().join("examples/sms_spam/hparams.json")).unwrap();
    let space: Vec<Value> = serde_json::from_str(&text).unwrap();
    let bounds = |parameter: &Value| {
        let attributes = &parameter["attributes"];
        let name = attributes["name"].as_str().unwrap().to_owned();
        (
            name,
            [attributes["low"].clone(), attributes["high"].clone()],
        )
    };
    space.iter().map(bounds).collect()
}

/// The experiment at one end of the space, with paths that work from anywhere.
fn config(end: usize) -> Config {
    let values = space()
        .into_iter()
        .map(|(name, bounds)| (name, bounds[end].to_string()));
    let ext_vars: ExtVars = values.collect();
    let file = root().join("examples/sms_spam/sms.jsonnet");
    let mut config = evaluate(&file, &ext_vars).unwrap().read().unwrap();
    let from_root = |path: &str| root().join(path).to_str().unwrap().to_owned();
    config.train_data_path = from_root(&config.train_data_path);
    config.validation_data_path = config.validation_data_path.map(|path| from_root(&path));
    config
}

#[test]
fn both_ends_of_the_space_are_configurations() {
    let (low, high) = (config(0), config(1));
    assert_eq!(low.model.embedding.embedding_dim, 8);
    assert_eq!(high.model.embedding.embedding_dim, 64);
    assert!(low.trainer.pruner_callback);
}

#[test]
fn the_messages_are_the_published_collection() {
    let corpus = data::prepare(&config(0), 2).unwrap();
    let labels: Vec<&str> = corpus.vocabulary.tokens(LABELS).collect();
    assert_eq!(labels, ["ham", "spam"]);
    let count = |dataset: &data::Dataset, label| {
        dataset
            .labels
            .iter()
            .filter(|found| **found == label)
            .count()
    };
    let dev = corpus.validation.unwrap();
    assert_eq!((corpus.train.len(), dev.len()), (4_460, 1_114));
    // Almeida, Gómez Hidalgo and Yamakami 2011: 4,827 ham and 747 spam.
    assert_eq!(count(&corpus.train, 0) + count(&dev, 0), 4_827);
    assert_eq!(count(&corpus.train, 1) + count(&dev, 1), 747);
}
