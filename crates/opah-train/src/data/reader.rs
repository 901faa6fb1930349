//! Reads a file of records in one pass: parse, tokenize, count.
//!
//! Threads take blocks of lines in turn. Each numbers the words it meets in its own table
//! and keeps a text as such numbers, so that text is neither kept nor tokenized twice: when
//! the vocabulary is there, each thread's numbers are translated through one small table.
//! What comes out does not depend on the number of threads.

use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Dataset;
use super::counting::{Place, Tally};
use super::error::{DataError, RecordProblem};
use super::indexer::{self, Indexer};
use super::lines::{Block, Blocks};
use super::record::{Keys, Record};
use super::source::{Downloads, Location};
use super::vocabulary::{LABELS, Vocabulary};
use crate::config::schema::DatasetReader;

/// Stands for a missing label among labels.
const NO_LABEL: u32 = u32::MAX;

/// A file that was read, not yet indexed.
pub(super) struct Reading {
    path: String,
    workers: Vec<Worker>,
    n_documents: usize,
    /// The number of blocks read before this file and in it.
    end_block: u32,
}

/// What one thread has counted and read.
struct Worker {
    words: Tally,
    labels: Tally,
    /// The line on which each label is first.
    label_lines: Vec<u64>,
    blocks: Vec<IndexedBlock>,
}

/// The documents of a block, in the worker's numbers.
struct IndexedBlock {
    index: u32,
    words: Vec<u32>,
    /// The number of words of each document.
    lengths: Vec<u32>,
    /// The worker's number of each document's label, or the class itself if labels are not
    /// indexed, or `NO_LABEL`.
    labels: Vec<u32>,
    first_unlabelled: Option<u64>,
}

/// Reads a file, by `threads` threads.
///
/// `first_block` is the number of blocks in files that were read before, so that places
/// are comparable.
pub(super) fn read(
    location: Location<'_>,
    reader: &DatasetReader,
    downloads: &Downloads,
    threads: usize,
    first_block: u32,
) -> Result<Reading, DataError> {
    let source = super::source::open(location, downloads)?;
    let path = location.path.to_owned();
    let blocks = Mutex::new(Blocks::new(source, reader.max_instances));
    let work = || Worker::run(&blocks, reader, &path, first_block);
    let results: Vec<Result<Worker, (u64, DataError)>> = thread::scope(|scope| {
        let spawned: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        let joined = spawned.into_iter().map(|handle| match handle.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        std::iter::once(own).chain(joined).collect()
    });
    let mut workers = Vec::with_capacity(results.len());
    let mut first_error: Option<(u64, DataError)> = None;
    for result in results {
        match result {
            Ok(worker) => workers.push(worker),
            Err(error) if first_error.as_ref().is_none_or(|first| error.0 < first.0) => {
                first_error = Some(error);
            }
            Err(_) => {}
        }
    }
    if let Some((_, error)) = first_error {
        return Err(error);
    }
    let all_blocks = || workers.iter().flat_map(|worker| &worker.blocks);
    let n_documents = all_blocks().map(|block| block.lengths.len()).sum();
    if n_documents == 0 {
        return Err(DataError::Empty {
            path,
            key: location.key,
        });
    }
    let end_block = first_block + all_blocks().count() as u32;
    Ok(Reading {
        path,
        workers,
        n_documents,
        end_block,
    })
}

impl Worker {
    /// Reads blocks until there are none; an error comes with its line.
    fn run(
        blocks: &Mutex<Blocks>,
        reader: &DatasetReader,
        path: &str,
        first_block: u32,
    ) -> Result<Self, (u64, DataError)> {
        let mut worker = Self {
            words: Tally::default(),
            labels: Tally::default(),
            label_lines: Vec::new(),
            blocks: Vec::new(),
        };
        let mut record = Record::default();
        loop {
            let lock = || blocks.lock().unwrap_or_else(PoisonError::into_inner);
            let next = lock().next().map_err(|source| {
                let path = path.to_owned();
                (u64::MAX, DataError::Read { path, source })
            })?;
            let Some(block) = next else {
                return Ok(worker);
            };
            if let Err((line, problem)) = worker.read(&block, reader, &mut record, first_block) {
                lock().stop();
                let path = path.to_owned();
                let error = DataError::Record {
                    path,
                    line,
                    problem,
                };
                return Err((line, error));
            }
        }
    }

    fn read(
        &mut self,
        block: &Block,
        reader: &DatasetReader,
        record: &mut Record,
        first_block: u32,
    ) -> Result<(), (u64, RecordProblem)> {
        let keys = Keys {
            text: &reader.text_key,
            label: &reader.label_key,
        };
        let start = Place::from(first_block + block.index) << 32;
        let mut indexed = IndexedBlock {
            index: block.index,
            words: Vec::new(),
            lengths: Vec::new(),
            labels: Vec::new(),
            first_unlabelled: None,
        };
        for (line, bytes) in block.lines() {
            let at = |problem| (line, problem);
            record.parse(bytes, keys).map_err(at)?;
            let before = indexed.words.len();
            for token in indexer::tokens(reader, &record.text) {
                let place = start + indexed.words.len() as Place;
                indexed.words.push(self.words.count(&token, place));
            }
            let label = match &record.label {
                None => {
                    indexed.first_unlabelled.get_or_insert(line);
                    NO_LABEL
                }
                Some(label) if reader.skip_label_indexing => class(label).map_err(at)?,
                Some(label) => {
                    let place = start + indexed.labels.len() as Place;
                    let id = self.labels.count(label, place);
                    if id as usize == self.label_lines.len() {
                        self.label_lines.push(line);
                    }
                    id
                }
            };
            indexed.lengths.push((indexed.words.len() - before) as u32);
            indexed.labels.push(label);
        }
        self.blocks.push(indexed);
        Ok(())
    }
}

/// A label that is a class number, as Python's `int` reads it.
fn class(label: &str) -> Result<u32, RecordProblem> {
    let number = match label {
        "True" => Some(1),
        "False" => Some(0),
        other => other.trim().parse().ok().filter(|class| *class != NO_LABEL),
    };
    number.ok_or_else(|| RecordProblem::LabelNumber {
        label: label.to_owned(),
    })
}

impl Reading {
    /// The number of blocks read so far, for the next file.
    pub(super) fn end_block(&self) -> u32 {
        self.end_block
    }

    /// Adds the words and labels of this file to what was counted before.
    pub(super) fn count_into(&self, words: &mut Tally, labels: &mut Tally) {
        for worker in &self.workers {
            words.add(&worker.words);
            labels.add(&worker.labels);
        }
    }

    /// The data set in the vocabulary's numbers. Labels must be all there or, unless
    /// `must_be_labelled`, all missing.
    pub(super) fn index(
        self,
        vocabulary: &Vocabulary,
        reader: &DatasetReader,
        must_be_labelled: bool,
    ) -> Result<Dataset, DataError> {
        let is_labelled = self.check_labels(reader, must_be_labelled)?;
        let indexer = Indexer::new(reader, vocabulary);
        let translated = |worker: &Worker| -> Vec<u32> {
            worker
                .words
                .texts()
                .iter()
                .map(|word| indexer.id(word))
                .collect()
        };
        let words: Vec<Vec<u32>> = self.workers.iter().map(translated).collect();
        let labels = self.class_numbers(vocabulary, reader)?;

        let mut blocks: Vec<(usize, IndexedBlock)> = Vec::new();
        for (at, worker) in self.workers.into_iter().enumerate() {
            blocks.extend(worker.blocks.into_iter().map(|block| (at, block)));
        }
        blocks.sort_by_key(|(_, block)| block.index);

        let n_words: usize = blocks.iter().map(|(_, block)| block.words.len()).sum();
        let extra = indexer.start().len() + indexer.end().len();
        let mut dataset = Dataset {
            tokens: Vec::with_capacity(n_words + extra * self.n_documents),
            offsets: Vec::with_capacity(self.n_documents + 1),
            labels: Vec::with_capacity(if is_labelled { self.n_documents } else { 0 }),
        };
        dataset.offsets.push(0);
        for (worker, block) in blocks {
            let mut rest = &block.words[..];
            for length in block.lengths {
                let (document, behind) = rest.split_at(length as usize);
                rest = behind;
                dataset.tokens.extend(indexer.start());
                dataset
                    .tokens
                    .extend(document.iter().map(|id| words[worker][*id as usize]));
                dataset.tokens.extend(indexer.end());
                dataset.offsets.push(dataset.tokens.len());
            }
            if is_labelled {
                let number = |label: &u32| match &labels {
                    Some(labels) => labels[worker][*label as usize],
                    None => *label,
                };
                dataset.labels.extend(block.labels.iter().map(number));
            }
        }
        Ok(dataset)
    }

    fn check_labels(&self, reader: &DatasetReader, must: bool) -> Result<bool, DataError> {
        let all_blocks = || self.workers.iter().flat_map(|worker| &worker.blocks);
        let Some(line) = all_blocks()
            .filter_map(|block| block.first_unlabelled)
            .min()
        else {
            return Ok(true);
        };
        let is_labelled = |block: &IndexedBlock| block.labels.iter().any(|id| *id != NO_LABEL);
        if !must && !all_blocks().any(is_labelled) {
            return Ok(false);
        }
        Err(DataError::Record {
            path: self.path.clone(),
            line,
            problem: RecordProblem::NoLabel {
                key: reader.label_key.clone(),
            },
        })
    }

    /// Each worker's label numbers in the vocabulary's; `None` if labels are not indexed.
    fn class_numbers(
        &self,
        vocabulary: &Vocabulary,
        reader: &DatasetReader,
    ) -> Result<Option<Vec<Vec<u32>>>, DataError> {
        if reader.skip_label_indexing {
            return Ok(None);
        }
        let mut unknown: Option<(u64, &str)> = None;
        let mut tables = Vec::new();
        for worker in &self.workers {
            let mut table = Vec::new();
            for (label, line) in worker.labels.texts().iter().zip(&worker.label_lines) {
                let class = vocabulary.id(LABELS, label);
                if class.is_none() && unknown.is_none_or(|(first, _)| *line < first) {
                    unknown = Some((*line, label));
                }
                table.push(class.unwrap_or(NO_LABEL));
            }
            tables.push(table);
        }
        match unknown {
            None => Ok(Some(tables)),
            Some((line, label)) => Err(DataError::UnknownLabel {
                path: self.path.clone(),
                line,
                label: label.to_owned(),
                known: vocabulary.tokens(LABELS).map(str::to_owned).collect(),
            }),
        }
    }
}
