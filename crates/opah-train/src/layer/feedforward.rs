//! Linear layers, each followed by its activation and dropout.

use super::dropout::{Dropout, MaskKey};
use super::linear::Linear;
use super::{Real, Weight, activation};
use crate::config::schema::{self, Activation};

/// The layers between the encoder and the classifier.
#[derive(Debug, Clone)]
pub(crate) struct FeedForward<T> {
    layers: Vec<Layer<T>>,
}

#[derive(Debug, Clone)]
struct Layer<T> {
    linear: Linear<T>,
    activation: Activation,
    dropout: Dropout<T>,
    input: Vec<T>,
    /// After the activation, before dropout.
    activated: Vec<T>,
}

impl<T: Real> FeedForward<T> {
    /// AllenNLP's `FeedForward` under `_feedforward`.
    pub(crate) fn new(options: &schema::FeedForward, seed: u64) -> Self {
        let mut input_dim = options.input_dim;
        let layers = options.layers.iter().enumerate().map(|(index, options)| {
            let name = format!("_feedforward._linear_layers.{index}");
            let linear = Linear::new(&name, input_dim, options.hidden_dim, seed);
            input_dim = options.hidden_dim;
            Layer {
                linear,
                activation: options.activation,
                dropout: Dropout::new(options.dropout, format!("_feedforward._dropout.{index}")),
                input: Vec::new(),
                activated: Vec::new(),
            }
        });
        Self {
            layers: layers.collect(),
        }
    }

    /// Replaces `values`, `n_documents × input_dim`, by the last layer's output.
    pub(crate) fn forward(&mut self, values: &mut Vec<T>, key: Option<MaskKey>) {
        for layer in &mut self.layers {
            layer.linear.forward(values, &mut layer.activated);
            for value in &mut layer.activated {
                *value = activation::value(layer.activation, *value);
            }
            std::mem::swap(&mut layer.input, values);
            values.clone_from(&layer.activated);
            layer.dropout.forward(values, key);
        }
    }

    /// Replaces the gradient of the output by that of the input.
    pub(crate) fn backward(&mut self, gradient: &mut Vec<T>) {
        for layer in self.layers.iter_mut().rev() {
            layer.dropout.backward(gradient);
            for (gradient, value) in gradient.iter_mut().zip(&layer.activated) {
                *gradient *= activation::derivative(layer.activation, *value);
            }
            let mut before = Vec::new();
            layer.linear.backward(&layer.input, gradient, &mut before);
            *gradient = before;
        }
    }

    /// The parameters, first layer first.
    pub(crate) fn weights_mut(&mut self) -> impl Iterator<Item = &mut Weight<T>> {
        self.layers
            .iter_mut()
            .flat_map(|layer| layer.linear.weights_mut())
    }

    /// The parameters, first layer first.
    pub(crate) fn weights(&self) -> impl Iterator<Item = &Weight<T>> {
        self.layers
            .iter()
            .flat_map(|layer| [&layer.linear.weight, &layer.linear.bias])
    }
}
