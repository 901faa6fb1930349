//! The trainer: Jsonnet-configured text classifiers, trained on the CPU.
//!
//! The only crate that evaluates Jsonnet and the only one that computes with
//! tensors. It knows no study and no trial.

pub mod config;
pub mod data;
mod encoder;
mod layer;
pub mod model;
pub mod optimizer;
mod random;
