//! What is read, and what is said of what can't be.

mod options;
mod places;
mod refusals;

use std::path::Path;

use crate::config::{Config, Document, ExtVars, evaluate_text};

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
fn document() -> Document {
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
