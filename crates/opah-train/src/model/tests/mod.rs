//! Models and documents for the tests.

mod gradients;
mod parameters;
mod steps;

use super::{Model, Step};
use crate::config::schema::{self, Activation, BasicClassifier, Seq2Vec};
use crate::data::Dataset;
use crate::random::Rng;

/// Documents of the given lengths with tokens in `1..n_tokens` and two labels.
fn dataset(lengths: &[usize], n_tokens: usize, seed: u64) -> Dataset {
    let mut rng = Rng::keyed(seed, "documents", 0, 0);
    let mut below = |n: usize| rng.below(n) as u32;
    let mut dataset = Dataset {
        offsets: vec![0],
        ..Dataset::default()
    };
    for length in lengths {
        let tokens = (0..*length).map(|_| 1 + below(n_tokens - 1));
        dataset.tokens.extend(tokens);
        dataset.offsets.push(dataset.tokens.len());
        dataset.labels.push(below(2));
    }
    dataset
}

fn cnn(embedding_dim: usize, num_filters: usize, widths: &[usize]) -> Seq2Vec {
    Seq2Vec::Cnn {
        embedding_dim,
        num_filters,
        ngram_filter_sizes: widths.to_vec(),
        activation: Activation::Relu,
        output_dim: None,
    }
}

fn options(embedding_dim: usize, seq2vec_encoder: Seq2Vec) -> BasicClassifier {
    BasicClassifier {
        embedding: schema::Embedding {
            name: "tokens".to_owned(),
            embedding_dim,
            num_embeddings: None,
            padding_index: None,
            trainable: true,
        },
        seq2vec_encoder,
        feedforward: None,
        dropout: None,
        num_labels: None,
        label_namespace: "labels".to_owned(),
    }
}

const STEP: Step = Step {
    seed: 5,
    epoch: 0,
    batch: 0,
    grad_norm: None,
    grad_clipping: None,
};

fn sgd(lr: f64) -> schema::Optimizer {
    schema::Optimizer::Sgd {
        lr,
        momentum: 0.0,
        dampening: 0.0,
        weight_decay: 0.0,
        nesterov: false,
    }
}

fn adam(lr: f64) -> schema::Optimizer {
    schema::Optimizer::Adam(schema::Adam {
        lr,
        ..schema::Adam::default()
    })
}

/// All numbers of the model, as bits.
fn bits(model: &Model) -> Vec<u32> {
    let parameters = model.parameters();
    let numbers = parameters
        .iter()
        .flat_map(|parameter| parameter.data.iter());
    numbers.map(|number| number.to_bits()).collect()
}

fn projected(dim: usize, num_filters: usize) -> BasicClassifier {
    let encoder = Seq2Vec::Cnn {
        embedding_dim: dim,
        num_filters,
        ngram_filter_sizes: vec![2, 3, 4],
        activation: Activation::Relu,
        output_dim: Some(12),
    };
    let mut options = options(dim, encoder);
    options.dropout = Some(0.3);
    options
}
