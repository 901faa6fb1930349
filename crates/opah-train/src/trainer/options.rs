//! What a caller says of a run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::serialization::IfExists;

/// How a run is carried out.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Where files are left.
    pub serialization_dir: PathBuf,
    /// What happens when the directory holds something already.
    pub if_exists: IfExists,
    /// How many threads compute, at least 1; the results do not depend on it.
    pub threads: usize,
    /// Which weights are kept.
    pub keep: Keep,
    /// Set from elsewhere to end the run after the batch in hand.
    pub stop: Arc<AtomicBool>,
}

impl TrainOptions {
    /// One run into a new directory, with every file, on as many threads as there are cores.
    pub fn new(serialization_dir: impl Into<PathBuf>) -> Self {
        Self {
            serialization_dir: serialization_dir.into(),
            if_exists: IfExists::Refuse,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            keep: Keep::Everything,
            stop: Arc::default(),
        }
    }
}

/// Which weights a run leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Checkpoints of the last epochs, the best weights and `model.tar.gz`.
    Everything,
    /// `best.safetensors` and `vocabulary/`, written at the end.
    Best,
    /// None.
    Nothing,
}
