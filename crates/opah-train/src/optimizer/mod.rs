//! How weights are changed: AllenNLP's optimizers, each a file with its arithmetic for
//! one number, all in [`Optimizer::new`].
//!
//! A dense optimizer changes every number of every parameter at every step, also rows of
//! the embedding that no document of the batch reads: their moments decay and move them
//! on. Doing that at each step would cost more than the model itself, so such rows are
//! left behind, and the steps they missed are made up for when they are next read
//! ([`rows`]): the same operations in the same order, hence the same bits as the plain
//! loop. Whoever reads all weights (evaluation, saving) calls
//! [`Model::settle`](crate::model::Model::settle) first.
#![expect(
    clippy::inline_always,
    reason = "inner loops must be compiled inside the functions that enable vector units"
)]

mod adam;
mod dense_sparse_adam;
mod gradient;
mod rows;
mod rule;
mod sgd;
mod states;

pub(crate) use gradient::{clip, rescale};

use crate::config::schema;
use crate::layer::Slot;
use crate::model::{Model, ModelError, Parameter};

use states::{Algorithm, States};

/// An optimizer with its moments, for one model.
#[derive(Debug)]
pub struct Optimizer {
    algorithm: Box<dyn Algorithm>,
}

impl Optimizer {
    /// The optimizer of `options` for the trainable parameters of `model`, which it has
    /// not changed yet.
    pub fn new(options: &schema::Optimizer, model: &Model) -> Self {
        let sizes = model.trainable_sizes();
        let algorithm: Box<dyn Algorithm> = match options {
            schema::Optimizer::Sgd {
                lr,
                momentum,
                dampening,
                weight_decay,
                nesterov,
            } if *momentum != 0.0 => Box::new(States::new(
                sgd::HeavyBall {
                    lr: *lr,
                    momentum: *momentum,
                    dampening: *dampening,
                    weight_decay: *weight_decay,
                    nesterov: *nesterov,
                },
                sizes,
            )),
            schema::Optimizer::Sgd {
                lr, weight_decay, ..
            } => Box::new(States::new(
                sgd::Plain {
                    lr: *lr,
                    weight_decay: *weight_decay,
                },
                sizes,
            )),
            schema::Optimizer::Adam(options) if options.amsgrad => {
                Box::new(States::<_, 3>::new(adam::Adam::new(options.clone()), sizes))
            }
            schema::Optimizer::Adam(options) => {
                Box::new(States::<_, 2>::new(adam::Adam::new(options.clone()), sizes))
            }
            schema::Optimizer::DenseSparseAdam { lr, betas, eps } => Box::new(States::new(
                dense_sparse_adam::DenseSparseAdam {
                    lr: *lr,
                    betas: *betas,
                    eps: *eps,
                },
                sizes,
            )),
        };
        Self { algorithm }
    }

    /// Changes the learning rate from the next step on.
    pub fn set_learning_rate(&mut self, learning_rate: f64) {
        *self.algorithm.learning_rate() = learning_rate;
    }

    /// The number of steps made.
    pub fn n_steps(&self) -> u64 {
        self.algorithm.n_steps()
    }

    /// What is to be saved so that training can go on exactly: the moments of each
    /// parameter, in the order of memory, and `step`, two numbers of which the first
    /// counts 65,536 steps.
    ///
    /// # Panics
    /// If rows were left behind: call [`Model::settle`] before.
    pub fn state(&self) -> Vec<Parameter<'_>> {
        assert!(
            !self.is_behind(),
            "settle the model before saving the state"
        );
        self.algorithm.state()
    }

    /// Takes back one array of [`state`](Self::state).
    pub fn load(&mut self, name: &str, shape: &[usize], data: &[f32]) -> Result<(), ModelError> {
        self.algorithm.load(name, shape, data)
    }

    /// Whether rows were left behind.
    pub(crate) fn is_behind(&self) -> bool {
        self.algorithm.is_behind()
    }

    /// Makes up for the steps that `rows`, ascending, of parameter `index` missed.
    pub(crate) fn catch_up(&mut self, index: usize, data: &mut [f32], rows: &[u32]) {
        self.algorithm.catch_up(index, data, rows);
    }

    /// Makes up for all steps that rows of parameter `index` missed.
    pub(crate) fn settle(&mut self, index: usize, data: &mut [f32]) {
        self.algorithm.settle(index, data);
    }

    /// Changes the parameters by their gradients. Rows with a gradient were caught up.
    pub(crate) fn step(&mut self, slots: &mut [Slot<'_, f32>]) {
        self.algorithm.step(slots);
    }
}

/// What an optimizer needs to know of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) name: String,
    pub(crate) length: usize,
    /// The length of a row, if gradients come by rows.
    pub(crate) dim: Option<usize>,
}

#[cfg(test)]
mod tests;
