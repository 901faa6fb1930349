//! Gradients are those that finite differences give.

use super::{cnn, dataset, options};
use crate::config::schema::{
    Activation, BasicClassifier, FeedForward as FeedForwardOptions, FeedForwardLayer, Seq2Vec,
};
use crate::layer::dropout::MaskKey;
use crate::layer::loss;
use crate::model::Model;

/// Compares every gradient, or 60 of each parameter, with a finite difference.
fn check_gradients(options: &BasicClassifier, lengths: &[usize]) {
    let n_tokens = 30;
    let dataset = dataset(lengths, n_tokens, 1);
    let batch: Vec<u32> = (0..lengths.len() as u32).collect();
    let mut model = Model::<f64>::new(options, n_tokens, 2, 11).unwrap();
    // Embeddings of the size of other weights, so that differences are well measured.
    for value in &mut model.embedding.weight.data {
        *value *= 3.0;
    }
    let key = Some(MaskKey {
        seed: 1,
        epoch: 0,
        batch: 0,
    });
    model.builder.read(&dataset, &batch, &mut model.batch);
    model.gradients(&dataset.labels, key);
    let embedding = dense_embedding_gradient(&mut model);
    let mut analytic: Vec<Vec<f64>> = vec![embedding];
    let weights = model.weights();
    analytic.extend(weights.iter().skip(1).map(|weight| weight.gradient.clone()));
    let names: Vec<String> = weights.iter().map(|weight| weight.name.clone()).collect();
    let loss = |model: &mut Model<f64>| {
        let mut logits = Vec::new();
        model.forward(key, &mut logits);
        loss::cross_entropy(&logits, &dataset.labels, 2, None).loss
    };
    for (parameter, gradient) in analytic.iter().enumerate() {
        assert!(
            gradient.iter().any(|value| *value != 0.0),
            "{} has a gradient",
            names[parameter]
        );
        let stride = gradient.len().div_ceil(60);
        for index in (0..gradient.len()).step_by(stride) {
            let epsilon = 1e-6;
            let mut at = |change: f64| {
                model.weights_mut()[parameter].data[index] += change;
                let loss = loss(&mut model);
                model.weights_mut()[parameter].data[index] -= change;
                loss
            };
            let difference = (at(epsilon) - at(-epsilon)) / (2.0 * epsilon);
            let error = (gradient[index] - difference).abs();
            assert!(
                error < 1e-9,
                "{}[{index}]: {} analytically, {difference} by difference",
                names[parameter],
                gradient[index]
            );
        }
    }
}

fn dense_embedding_gradient(model: &mut Model<f64>) -> Vec<f64> {
    let mut dense = vec![0.0; model.embedding.weight.data.len()];
    let slot = model.embedding.slot().unwrap();
    let crate::layer::Gradient::Rows { rows, values, dim } = slot.gradient else {
        panic!("rows");
    };
    for (row, values) in rows.iter().zip(values.chunks(dim)) {
        dense[*row as usize * dim..][..dim].copy_from_slice(values);
    }
    dense
}

#[test]
fn gradients_of_the_cnn_are_right() {
    for num_filters in [3, 37] {
        let options = options(7, cnn(7, num_filters, &[2, 3, 4]));
        check_gradients(&options, &[3, 25, 9, 14, 2]);
    }
}

#[test]
fn gradients_of_the_projected_cnn_with_dropout_are_right() {
    for activation in [
        Activation::Linear,
        Activation::Relu,
        Activation::Tanh,
        Activation::Sigmoid,
    ] {
        let encoder = Seq2Vec::Cnn {
            embedding_dim: 6,
            num_filters: 9,
            ngram_filter_sizes: vec![4, 1, 2],
            activation,
            output_dim: Some(8),
        };
        let mut options = options(6, encoder);
        options.dropout = Some(0.4);
        check_gradients(&options, &[1, 0, 25, 9, 3, 14]);
    }
}

#[test]
fn gradients_of_bags_of_embeddings_are_right() {
    for averaged in [false, true] {
        let encoder = Seq2Vec::Boe {
            embedding_dim: 6,
            averaged,
        };
        check_gradients(&options(6, encoder), &[1, 0, 25, 9]);
    }
}

#[test]
fn gradients_of_feedforward_layers_are_right() {
    let mut options = options(6, cnn(6, 5, &[2]));
    let layer = |hidden_dim, activation, dropout| FeedForwardLayer {
        hidden_dim,
        activation,
        dropout,
    };
    options.feedforward = Some(FeedForwardOptions {
        input_dim: 5,
        layers: vec![
            layer(9, Activation::Tanh, 0.3),
            layer(4, Activation::Relu, 0.0),
            layer(3, Activation::Sigmoid, 0.2),
        ],
    });
    options.dropout = Some(0.2);
    check_gradients(&options, &[1, 25, 9, 12]);
}
