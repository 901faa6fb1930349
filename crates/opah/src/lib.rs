//! Hyperparameter optimization: a [`Study`] asks a [`Sampler`] for values, runs
//! trials, stops bad ones with a [`Pruner`] and keeps every one in a [`Storage`].
//!
//! ```
//! use opah::{Direction, Study};
//!
//! let study = Study::in_memory("parabola", &[Direction::Minimize])?;
//! for _ in 0..30 {
//!     let mut trial = study.ask()?;
//!     let x = trial.suggest_float("x", -10.0..=10.0)?;
//!     study.tell(&mut trial, &[(x - 2.0).powi(2)])?;
//! }
//! assert!(study.best_trial()?.values[0] < 100.0);
//! # Ok::<(), opah::Error>(())
//! ```
//!
//! The [`guide`] has longer programs: branches and pruning, ask and tell, several objectives,
//! constraints and priors, a sampler of one's own.

pub mod ask_tell;
pub mod context;
pub mod correction;
pub mod derived;
pub mod distribution;
pub mod error;
pub mod explain;
pub mod expression;
pub mod frozen_trial;
pub mod guide;
pub mod history;
pub mod importance;
pub mod json;
pub mod lease;
pub mod math;
pub mod multi_objective;
pub mod optimize;
pub mod plot;
pub mod prior;
pub mod pruner;
pub mod queue;
pub mod registry;
pub mod rules;
pub mod sampler;
pub mod search_space;
pub mod spool;
pub mod storage;
pub mod study;
pub mod suggest;
pub mod suggestion;
pub mod transform;
pub mod trial;
pub mod warm_start;
pub mod withdrawal;

pub use distribution::{
    CategoricalDistribution, Choice, Distribution, FloatDistribution, IntDistribution, ParamValue,
};
pub use error::{Error, Result};
pub use expression::Expression;
pub use frozen_trial::{Direction, FrozenStudy, FrozenTrial, TrialState};
pub use history::History;
pub use pruner::Pruner;
pub use sampler::Sampler;
pub use search_space::SearchSpace;
pub use storage::Storage;
pub use study::{Stop, Study};
pub use trial::Trial;

/// The README's example, run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
