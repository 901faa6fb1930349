//! Prepared corpora, kept for the trials of a study.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Corpus, check_batches, prepare_with};
use crate::config::Config;
use crate::config::schema::{self, DatasetReader, Split};
use crate::data::error::DataError;
use crate::data::source::Downloads;

/// Prepared corpora, shared by trials: the data part of their configurations is mostly the
/// same. Files are assumed not to change while the cache lives.
#[derive(Debug, Default)]
pub struct CorpusCache {
    downloads: Downloads,
    slots: Mutex<Vec<Slot>>,
}

/// How many corpora are kept. A search may vary the data part too, e.g. the tokenizer, and
/// must not fill the memory; running trials hold theirs anyway.
const KEPT: usize = 4;

#[derive(Debug)]
struct Slot {
    part: DataPart,
    corpus: Arc<Mutex<Option<Arc<Corpus>>>>,
}

/// What a corpus depends on.
#[derive(Debug, PartialEq)]
struct DataPart {
    readers: (DatasetReader, Option<DatasetReader>),
    paths: (String, Option<String>, Option<String>),
    counted: Option<Vec<Split>>,
    vocabulary: schema::Vocabulary,
    /// Checked against labels that are class numbers.
    num_labels: Option<usize>,
    evaluate_on_test: bool,
}

impl DataPart {
    fn of(config: &Config) -> Self {
        Self {
            readers: (
                config.dataset_reader.clone(),
                config.validation_dataset_reader.clone(),
            ),
            paths: (
                config.train_data_path.clone(),
                config.validation_data_path.clone(),
                config.test_data_path.clone(),
            ),
            counted: config.datasets_for_vocab_creation.clone(),
            vocabulary: config.vocabulary.clone(),
            num_labels: config.model.num_labels,
            evaluate_on_test: config.evaluate_on_test,
        }
    }
}

impl CorpusCache {
    /// An empty cache; URLs are downloaded as `downloads` says.
    pub fn new(downloads: Downloads) -> Self {
        Self {
            downloads,
            slots: Mutex::default(),
        }
    }

    /// The corpus of a configuration, prepared if it is not there yet. Threads that ask for
    /// the same one meanwhile wait for it. An error is not kept.
    pub fn get(&self, config: &Config, threads: usize) -> Result<Arc<Corpus>, DataError> {
        let slot = self.slot(DataPart::of(config));
        let mut kept = lock(&slot);
        let corpus = match &*kept {
            Some(corpus) => Arc::clone(corpus),
            None => Arc::new(prepare_with(config, &self.downloads, threads)?),
        };
        *kept = Some(Arc::clone(&corpus));
        check_batches(config, &corpus.train)?;
        Ok(corpus)
    }

    /// The slot of a data part, moved to the end as the last one used.
    fn slot(&self, part: DataPart) -> Arc<Mutex<Option<Arc<Corpus>>>> {
        let mut slots = lock(&self.slots);
        let slot = match slots.iter().position(|slot| slot.part == part) {
            Some(at) => slots.remove(at),
            None => Slot {
                part,
                corpus: Arc::default(),
            },
        };
        let corpus = Arc::clone(&slot.corpus);
        slots.push(slot);
        let surplus = slots.len().saturating_sub(KEPT);
        slots.drain(..surplus);
        corpus
    }
}

/// A panic elsewhere leaves a slot empty or full, never in between.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
