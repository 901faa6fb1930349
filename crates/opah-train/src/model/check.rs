//! Whether the layers of a model fit each other, found before anything is computed.

use super::ModelError;
use crate::config::schema::{BasicClassifier, Seq2Vec};

/// The sizes that follow from a configuration and a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimensions {
    /// Rows of the embedding.
    pub(super) n_rows: usize,
    /// The length of what the classifier reads.
    pub(super) classifier_input: usize,
    /// Classes.
    pub(super) n_labels: usize,
}

/// Checks `options` for a vocabulary of `n_tokens` and `n_labels`.
pub(super) fn check(
    options: &BasicClassifier,
    n_tokens: usize,
    n_labels: usize,
) -> Result<Dimensions, ModelError> {
    let embedding = &options.embedding;
    let embedder = format!(
        "model.text_field_embedder.token_embedders.{}",
        embedding.name
    );
    at_least(
        &format!("{embedder}.embedding_dim"),
        embedding.embedding_dim,
        1,
    )?;
    let n_rows = embedding.num_embeddings.unwrap_or(n_tokens);
    let n_rows_key = format!("{embedder}.num_embeddings");
    at_least(&n_rows_key, n_rows, n_tokens.max(1))?;
    if let Some(row) = embedding.padding_index {
        below(&format!("{embedder}.padding_index"), row, n_rows)?;
    }
    addressable(
        &format!("{embedder}.weight"),
        &[n_rows, embedding.embedding_dim],
    )?;
    let encoded = encoder(&options.seq2vec_encoder, embedding.embedding_dim)?;
    if let Some(share) = options.dropout {
        is_share("model.dropout", share)?;
    }
    let mut classifier_input = encoded;
    if let Some(feedforward) = &options.feedforward {
        let key = "model.feedforward.input_dim";
        let reason = "the encoder's output has length";
        equal(key, feedforward.input_dim, reason, encoded)?;
        for layer in &feedforward.layers {
            at_least("model.feedforward.hidden_dims", layer.hidden_dim, 1)?;
            is_share("model.feedforward.dropout", layer.dropout)?;
            addressable("model.feedforward", &[classifier_input, layer.hidden_dim])?;
            classifier_input = layer.hidden_dim;
        }
    }
    let n_classes = options.num_labels.unwrap_or(n_labels);
    at_least("model.num_labels", n_classes, n_labels.max(1))?;
    addressable("model.num_labels", &[n_classes, classifier_input])?;
    Ok(Dimensions {
        n_rows,
        classifier_input,
        n_labels: n_classes,
    })
}

/// The length of the encoder's output.
fn encoder(options: &Seq2Vec, embedding_dim: usize) -> Result<usize, ModelError> {
    let key = |name: &str| format!("model.seq2vec_encoder.{name}");
    let reason = "the embedding's vectors have length";
    match options {
        Seq2Vec::Cnn {
            embedding_dim: input_dim,
            num_filters,
            ngram_filter_sizes,
            output_dim,
            ..
        } => {
            equal(&key("embedding_dim"), *input_dim, reason, embedding_dim)?;
            at_least(&key("num_filters"), *num_filters, 1)?;
            if ngram_filter_sizes.is_empty() {
                return Err(ModelError::NoWidths);
            }
            for width in ngram_filter_sizes {
                at_least(&key("ngram_filter_sizes"), *width, 1)?;
                let shape = [*num_filters, embedding_dim, *width];
                addressable(&key("ngram_filter_sizes"), &shape)?;
            }
            let pooled = [*num_filters, ngram_filter_sizes.len()];
            addressable(&key("num_filters"), &pooled)?;
            let n_columns = num_filters * ngram_filter_sizes.len();
            let Some(output_dim) = output_dim else {
                return Ok(n_columns);
            };
            at_least(&key("output_dim"), *output_dim, 1)?;
            addressable(&key("output_dim"), &[n_columns, *output_dim])?;
            Ok(*output_dim)
        }
        Seq2Vec::Boe {
            embedding_dim: input_dim,
            ..
        } => {
            equal(&key("embedding_dim"), *input_dim, reason, embedding_dim)?;
            Ok(embedding_dim)
        }
    }
}

fn equal(key: &str, found: usize, reason: &str, expected: usize) -> Result<(), ModelError> {
    if found == expected {
        return Ok(());
    }
    Err(ModelError::Dimension {
        key: key.to_owned(),
        found,
        reason: reason.to_owned(),
        expected,
    })
}

fn at_least(key: &str, found: usize, least: usize) -> Result<(), ModelError> {
    in_range(key, found >= least, found, format!("at least {least}"))
}

fn below(key: &str, found: usize, end: usize) -> Result<(), ModelError> {
    in_range(key, found < end, found, format!("below {end}"))
}

fn is_share(key: &str, found: f64) -> Result<(), ModelError> {
    let expected = "at least 0 and below 1".to_owned();
    in_range(key, (0.0..1.0).contains(&found), found, expected)
}

fn in_range(
    key: &str,
    holds: bool,
    found: impl Copy + ToString,
    expected: String,
) -> Result<(), ModelError> {
    if holds {
        return Ok(());
    }
    Err(ModelError::OutOfRange {
        key: key.to_owned(),
        found: found.to_string(),
        expected,
    })
}

/// Whether a parameter's bytes can be counted.
fn addressable(name: &str, shape: &[usize]) -> Result<(), ModelError> {
    let bytes = shape
        .iter()
        .try_fold(size_of::<f64>(), |product, size| product.checked_mul(*size));
    if bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok()) {
        return Ok(());
    }
    Err(ModelError::TooLarge {
        name: name.to_owned(),
        shape: shape.to_owned(),
    })
}
