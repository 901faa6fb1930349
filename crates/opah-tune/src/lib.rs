//! Experiments: ties a study to something that runs.
//!
//! A [`Plan`](session::Plan) checks that what is tuned, a [`Target`](target::Target), fits the
//! search space, and runs the search; an [`Executor`](executor::Executor) runs the trials; an
//! [`Observer`](event::Observer) is told what happens.

pub mod algorithm;
pub mod check;
mod declared;
mod difference;
mod directories;
pub mod error;
pub mod event;
pub mod executor;
pub mod experiment;
pub mod hparams;
pub mod objective;
mod positioned_json;
mod presence;
mod problem;
mod record;
pub mod retrain;
pub mod seed;
pub mod session;
pub mod target;
mod warm_start;
pub mod worker;

pub use directories::KeepWeights;
pub use error::{Error, ObjectiveError, Result};
pub use positioned_json::parse_json;
pub use problem::Problem;
