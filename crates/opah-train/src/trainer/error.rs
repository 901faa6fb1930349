//! Why a run fails.

use crate::config::ConfigError;
use crate::data::DataError;
use crate::model::ModelError;
use crate::serialization::DirectoryError;

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data is wrong.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model can't be built.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The directory can't be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The loss is no number any more.
    #[error(
        "the training loss became NaN in epoch {epoch}, batch {batch}; a smaller learning rate or `trainer.grad_norm` helps"
    )]
    NotANumber {
        /// From 0.
        epoch: usize,
        /// From 0.
        batch: usize,
    },
    /// There is nothing to compare predictions with.
    #[error("`{path}` has no labels, so there is nothing to evaluate; use `opah predict`")]
    Unlabelled {
        /// The file as given.
        path: String,
    },
    /// The system gives no threads.
    #[error("can't start {threads} threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// The system's reason.
        reason: String,
    },
}
