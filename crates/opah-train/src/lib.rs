//! The trainer: Jsonnet-configured text classifiers, trained on the CPU.
//!
//! The only crate that evaluates Jsonnet and the only one that computes with
//! tensors. It knows no study and no trial.

pub mod archive;
pub mod checkpoint;
pub mod config;
pub mod data;
mod encoder;
mod fnv;
mod layer;
pub mod metrics;
pub mod model;
pub mod optimizer;
pub mod predict;
mod python;
mod random;
mod run_files;
pub mod serialization;
pub mod trainer;
