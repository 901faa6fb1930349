//! The layers of a model, one file each, forward and backward; the tests of
//! [`crate::model`] check the one against the other.
//!
//! A layer owns its [`Weight`]s and what its backward pass needs of the forward one.
//! Everything is generic over [`Real`], so that gradients are checked in `f64` by
//! finite differences while training runs in `f32`. Each output number is computed by
//! one work item in a fixed order: results are the same bits for any number of threads.
#![expect(
    clippy::inline_always,
    reason = "inner loops must be compiled inside the functions that enable vector units"
)]

pub(crate) mod activation;
pub(crate) mod dropout;
pub(crate) mod embedding;
pub(crate) mod feedforward;
pub(crate) mod initial;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod matrix;
pub(crate) mod real;
pub(crate) mod simd;
pub(crate) mod weight;

pub(crate) use real::Real;
pub(crate) use weight::{Gradient, Slot, Weight};
