//! All data of a configuration, ready to train on.

mod cache;

use std::collections::BTreeMap;
use std::path::Path;

pub use cache::CorpusCache;

use super::Dataset;
use super::batches::n_batches;
use super::counting::Tally;
use super::error::DataError;
use super::reader::{self, Reading};
use super::source::{Downloads, Location};
use super::vocabulary::{LABELS, Vocabulary};
use crate::config::Config;
use crate::config::schema::{self, DatasetReader, Split};

/// The data of a configuration.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// The numbers of tokens and labels.
    pub vocabulary: Vocabulary,
    /// What is learnt from; labelled.
    pub train: Dataset,
    /// What decides which epoch is the best; labelled.
    pub validation: Option<Dataset>,
    /// What is evaluated at the end; labelled, or not at all.
    pub test: Option<Dataset>,
}

/// Reads all data of a configuration from local files, makes the vocabulary and indexes.
///
/// The result is the same for any number of threads. URLs need a [`CorpusCache`] that has a
/// folder for downloads.
pub fn prepare(config: &Config, threads: usize) -> Result<Corpus, DataError> {
    prepare_with(config, &Downloads::default(), threads)
}

/// [`prepare`] with a folder for what URLs bring.
pub fn prepare_with(
    config: &Config,
    downloads: &Downloads,
    threads: usize,
) -> Result<Corpus, DataError> {
    let loads = loads(config);
    let counted = counted_splits(config, &loads)?;
    let mut readings: Vec<Reading> = Vec::new();
    for load in &loads {
        let first_block = readings.last().map_or(0, Reading::end_block);
        readings.push(reader::read(
            load.location,
            load.reader,
            downloads,
            threads.max(1),
            first_block,
        )?);
    }
    let vocabulary = vocabulary(config, &loads, &readings, &counted)?;
    let mut corpus = Corpus {
        vocabulary,
        train: Dataset::default(),
        validation: None,
        test: None,
    };
    for (load, reading) in loads.iter().zip(readings) {
        let must_be_labelled = load.split != Split::Test || config.evaluate_on_test;
        let dataset = reading.index(&corpus.vocabulary, load.reader, must_be_labelled)?;
        check_classes(config, load, &dataset)?;
        match load.split {
            Split::Train => corpus.train = dataset,
            Split::Validation => corpus.validation = Some(dataset),
            Split::Test => corpus.test = Some(dataset),
        }
    }
    check_batches(config, &corpus.train)?;
    Ok(corpus)
}

/// Reads a file as a configuration's reader does, in the numbers of a vocabulary; for
/// evaluation. Labels must be all there or all missing.
pub fn read_dataset(
    location: Location<'_>,
    reader: &DatasetReader,
    vocabulary: &Vocabulary,
    downloads: &Downloads,
    threads: usize,
) -> Result<Dataset, DataError> {
    check_padded(vocabulary, reader)?;
    let reading = reader::read(location, reader, downloads, threads.max(1), 0)?;
    reading.index(vocabulary, reader, false)
}

/// A file to read.
struct Load<'c> {
    split: Split,
    location: Location<'c>,
    reader: &'c DatasetReader,
}

fn loads(config: &Config) -> Vec<Load<'_>> {
    let train_reader = &config.dataset_reader;
    let other_reader = config.validation_reader();
    let splits = [
        (Split::Train, Some(&config.train_data_path), train_reader),
        (
            Split::Validation,
            config.validation_data_path.as_ref(),
            other_reader,
        ),
        (Split::Test, config.test_data_path.as_ref(), other_reader),
    ];
    let mut loads = Vec::new();
    for (split, path, reader) in splits {
        let key = Some(path_key(split));
        if let Some(path) = path {
            let location = Location { path, key };
            loads.push(Load {
                split,
                location,
                reader,
            });
        }
    }
    loads
}

fn path_key(split: Split) -> &'static str {
    match split {
        Split::Train => "train_data_path",
        Split::Validation => "validation_data_path",
        Split::Test => "test_data_path",
    }
}

/// The splits whose words are counted.
fn counted_splits(config: &Config, loads: &[Load<'_>]) -> Result<Vec<Split>, DataError> {
    let loaded: Vec<Split> = loads.iter().map(|load| load.split).collect();
    let Some(named) = &config.datasets_for_vocab_creation else {
        return Ok(loaded);
    };
    match named.iter().find(|split| !loaded.contains(split)) {
        None => Ok(named.clone()),
        Some(split) => Err(DataError::SplitNotLoaded {
            split: path_key(*split).trim_end_matches("_data_path"),
        }),
    }
}

fn vocabulary(
    config: &Config,
    loads: &[Load<'_>],
    readings: &[Reading],
    counted: &[Split],
) -> Result<Vocabulary, DataError> {
    let vocabulary = match &config.vocabulary {
        schema::Vocabulary::FromFiles { directory } => {
            let (padding, unknown) = config.vocabulary.special_tokens();
            Vocabulary::load(Path::new(directory), padding, unknown)?
        }
        schema::Vocabulary::FromInstances(options) => {
            let mut counts: BTreeMap<String, Tally> = BTreeMap::new();
            let mut labels = Tally::default();
            for (load, reading) in loads.iter().zip(readings) {
                if counted.contains(&load.split) {
                    let namespace = load.reader.indexer.namespace.clone();
                    reading.count_into(counts.entry(namespace).or_default(), &mut labels);
                }
            }
            if labels.texts().len() > 0 {
                counts.entry(LABELS.to_owned()).or_default().add(&labels);
            }
            Vocabulary::from_counts(options, &counts)?
        }
    };
    loads
        .iter()
        .try_for_each(|load| check_padded(&vocabulary, load.reader))?;
    Ok(vocabulary)
}

fn check_padded(vocabulary: &Vocabulary, reader: &DatasetReader) -> Result<(), DataError> {
    let namespace = &reader.indexer.namespace;
    if vocabulary.is_padded(namespace) {
        return Ok(());
    }
    Err(DataError::UnpaddedTokens {
        namespace: namespace.clone(),
    })
}

/// Labels that are class numbers must be below the number of classes.
fn check_classes(config: &Config, load: &Load<'_>, dataset: &Dataset) -> Result<(), DataError> {
    if !load.reader.skip_label_indexing {
        return Ok(());
    }
    let num_labels = config.model.num_labels.ok_or(DataError::NumLabels)?;
    match dataset.labels.iter().max() {
        Some(label) if *label as usize >= num_labels => Err(DataError::LabelRange {
            path: load.location.path.to_owned(),
            label: *label,
            num_labels,
        }),
        _ => Ok(()),
    }
}

fn check_batches(config: &Config, train: &Dataset) -> Result<(), DataError> {
    if n_batches(train.len(), &config.data_loader) > 0 {
        return Ok(());
    }
    Err(DataError::NoBatch {
        n_documents: train.len(),
        batch_size: config.data_loader.batch_size,
    })
}

#[cfg(test)]
mod tests;
