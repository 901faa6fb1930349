//! `model`: embedding, encoder, classifier.

use super::family::Family;
use super::node::{Node, Result};
use super::object::{Keys, Object, Unsupported};
use crate::config::schema::{
    Activation, BasicClassifier, Embedding, FeedForward, FeedForwardLayer, Seq2Vec,
};

const MODEL: Family = Family {
    what: "model",
    default: None,
    known: &["basic_classifier"],
    unsupported: &[],
};

const KEYS: Keys = Keys {
    known: &[
        "text_field_embedder",
        "seq2vec_encoder",
        "feedforward",
        "dropout",
        "num_labels",
        "label_namespace",
    ],
    ignored: &["namespace"],
    unsupported: &[
        Unsupported {
            key: "seq2seq_encoder",
            harmless: &["null"],
            advice: "use a `seq2vec_encoder` alone",
        },
        Unsupported {
            key: "initializer",
            harmless: &["null", "{}"],
            advice: "weights begin as they do by default",
        },
        Unsupported {
            key: "regularizer",
            harmless: &["null"],
            advice: "use the optimizer's `weight_decay`",
        },
        Unsupported {
            key: "ddp_accelerator",
            harmless: &["null"],
            advice: "leave the key out",
        },
    ],
};

pub(super) fn read(node: &Node<'_>) -> Result<BasicClassifier> {
    let typed = node.typed(&MODEL)?;
    if typed.name != "basic_classifier" {
        return Err(typed.refuse(&MODEL));
    }
    let object = typed.object(&KEYS)?;
    Ok(BasicClassifier {
        embedding: text_field_embedder(&object.required("text_field_embedder")?)?,
        seq2vec_encoder: encoder(&object.required("seq2vec_encoder")?)?,
        feedforward: object
            .present("feedforward")
            .map(|node| feedforward(&node))
            .transpose()?,
        dropout: object
            .present("dropout")
            .map(|node| node.share())
            .transpose()?,
        num_labels: object.present_count("num_labels", 1)?,
        label_namespace: object.text_or("label_namespace", "labels")?,
    })
}

const TEXT_FIELD_EMBEDDER: Family = Family {
    what: "text field embedder",
    default: Some("basic"),
    known: &["basic"],
    unsupported: &[],
};

const TEXT_FIELD_EMBEDDER_KEYS: Keys = Keys {
    known: &["token_embedders"],
    ..Keys::NONE
};

fn text_field_embedder(node: &Node<'_>) -> Result<Embedding> {
    let typed = node.typed(&TEXT_FIELD_EMBEDDER)?;
    if typed.name != "basic" {
        return Err(typed.refuse(&TEXT_FIELD_EMBEDDER));
    }
    let object = typed.object(&TEXT_FIELD_EMBEDDER_KEYS)?;
    let embedders = object.required("token_embedders")?;
    let entries = embedders.entries()?;
    match entries.as_slice() {
        [(name, node)] => embedding(name, node),
        [] => Err(embedders.mismatch(format!(
            "`{}` is empty; write `tokens: {{embedding_dim: 128}}` into it",
            embedders.path
        ))),
        _ => {
            let what = "more than one token embedder".to_owned();
            Err(embedders.unsupported(what, "keep the one of the dataset reader's indexer"))
        }
    }
}

const EMBEDDER: Family = Family {
    what: "token embedder",
    default: Some("embedding"),
    known: &["embedding"],
    unsupported: &[
        ("character_encoding", "use `embedding`"),
        (
            "bag_of_word_counts",
            "use `embedding` and the encoder `boe`",
        ),
        ("elmo_token_embedder", "use `embedding`"),
        ("pretrained_transformer", "use `embedding`"),
        ("pretrained_transformer_mismatched", "use `embedding`"),
        ("pass_through", "use `embedding`"),
        ("empty", "use `embedding`"),
    ],
};

const EMBEDDER_KEYS: Keys = Keys {
    known: &[
        "embedding_dim",
        "num_embeddings",
        "padding_index",
        "trainable",
        "vocab_namespace",
        "sparse",
    ],
    ignored: &["norm_type"],
    unsupported: &[
        Unsupported {
            key: "pretrained_file",
            harmless: &["null"],
            advice: "leave the key out: vectors are trained from scratch",
        },
        Unsupported {
            key: "weight",
            harmless: &["null"],
            advice: "leave the key out: vectors are trained from scratch",
        },
        Unsupported {
            key: "projection_dim",
            harmless: &["null"],
            advice: "choose the `embedding_dim` itself",
        },
        Unsupported {
            key: "max_norm",
            harmless: &["null"],
            advice: "use `trainer.grad_norm`, or leave the key out",
        },
        Unsupported {
            key: "scale_grad_by_freq",
            harmless: &["null", "false"],
            advice: "leave the key out",
        },
    ],
};

fn embedding(name: &str, node: &Node<'_>) -> Result<Embedding> {
    let typed = node.typed(&EMBEDDER)?;
    if typed.name != "embedding" {
        return Err(typed.refuse(&EMBEDDER));
    }
    let object = typed.object(&EMBEDDER_KEYS)?;
    let num_embeddings = object.present_count("num_embeddings", 1)?;
    let padding_index = object.present_count("padding_index", 0)?;
    if let (Some(rows), Some(row)) = (num_embeddings, padding_index)
        && row >= rows
    {
        return Err(object.required("padding_index")?.mismatch(format!(
            "`padding_index` is {row}, but there are only {rows} embeddings, counted from 0"
        )));
    }
    Ok(Embedding {
        name: name.to_owned(),
        embedding_dim: object.required("embedding_dim")?.count(1)?,
        num_embeddings,
        padding_index,
        trainable: object.boolean_or("trainable", true)?,
    })
}

const ENCODER: Family = Family {
    what: "encoder",
    default: None,
    known: &["cnn", "boe"],
    unsupported: &[
        ("lstm", "use `cnn` or `boe`"),
        ("gru", "use `cnn` or `boe`"),
        ("rnn", "use `cnn` or `boe`"),
        ("augmented_lstm", "use `cnn` or `boe`"),
        ("alternating_lstm", "use `cnn` or `boe`"),
        ("stacked_bidirectional_lstm", "use `cnn` or `boe`"),
        ("cnn-highway", "use `cnn`"),
        ("cls_pooler", "use `cnn` or `boe`"),
        ("bert_pooler", "use `cnn` or `boe`"),
    ],
};

const CNN_KEYS: Keys = Keys {
    known: &[
        "embedding_dim",
        "num_filters",
        "ngram_filter_sizes",
        "conv_layer_activation",
        "output_dim",
    ],
    ..Keys::NONE
};

const BOE_KEYS: Keys = Keys {
    known: &["embedding_dim", "averaged"],
    ..Keys::NONE
};

fn encoder(node: &Node<'_>) -> Result<Seq2Vec> {
    let typed = node.typed(&ENCODER)?;
    match typed.name {
        "cnn" => {
            let object = typed.object(&CNN_KEYS)?;
            Ok(Seq2Vec::Cnn {
                embedding_dim: object.required("embedding_dim")?.count(1)?,
                num_filters: object.required("num_filters")?.count(1)?,
                ngram_filter_sizes: widths(&object)?,
                activation: object
                    .present("conv_layer_activation")
                    .map_or(Ok(Activation::Relu), |node| activation(&node))?,
                // AllenNLP takes 0, too, for no projection.
                output_dim: object
                    .present_count("output_dim", 0)?
                    .filter(|output_dim| *output_dim > 0),
            })
        }
        "boe" | "bag_of_embeddings" => {
            let object = typed.object(&BOE_KEYS)?;
            Ok(Seq2Vec::Boe {
                embedding_dim: object.required("embedding_dim")?.count(1)?,
                averaged: object.boolean_or("averaged", false)?,
            })
        }
        _ => Err(typed.refuse(&ENCODER)),
    }
}

fn widths(object: &Object<'_>) -> Result<Vec<usize>> {
    let Some(node) = object.given("ngram_filter_sizes") else {
        return Ok(vec![2, 3, 4, 5]);
    };
    let widths = node.list()?;
    if widths.is_empty() {
        let hint = "`std.range(2, n)` is empty for n below 2";
        return Err(
            node.wrong_with_hint("a list of at least one filter width", Some(hint.to_owned()))
        );
    }
    widths.iter().map(|width| width.count(1)).collect()
}

const ACTIVATION: Family = Family {
    what: "activation",
    default: None,
    known: &["linear", "relu", "tanh", "sigmoid"],
    unsupported: &[
        ("mish", "use `relu`"),
        ("swish", "use `relu`"),
        ("relu6", "use `relu`"),
        ("elu", "use `relu`"),
        ("gelu", "use `relu`"),
        ("gelu_new", "use `relu`"),
        ("gelu_fast", "use `relu`"),
        ("prelu", "use `relu`"),
        ("leaky_relu", "use `relu`"),
        ("threshold", "use `relu`"),
        ("hardtanh", "use `tanh`"),
        ("log_sigmoid", "use `sigmoid`"),
        ("softplus", "use `relu`"),
        ("softshrink", "use `tanh`"),
        ("softsign", "use `tanh`"),
        ("tanhshrink", "use `tanh`"),
        ("selu", "use `relu`"),
    ],
};

fn activation(node: &Node<'_>) -> Result<Activation> {
    let typed = node.typed(&ACTIVATION)?;
    let activation = match typed.name {
        "linear" => Activation::Linear,
        "relu" => Activation::Relu,
        "tanh" => Activation::Tanh,
        "sigmoid" => Activation::Sigmoid,
        _ => return Err(typed.refuse(&ACTIVATION)),
    };
    typed.object(&Keys::NONE)?;
    Ok(activation)
}

const FEEDFORWARD_KEYS: Keys = Keys {
    known: &[
        "input_dim",
        "num_layers",
        "hidden_dims",
        "activations",
        "dropout",
    ],
    ..Keys::NONE
};

fn feedforward(node: &Node<'_>) -> Result<FeedForward> {
    let object = node.object(&FEEDFORWARD_KEYS)?;
    let n = object.required("num_layers")?.count(1)?;
    let hidden_dims = per_layer(&object.required("hidden_dims")?, n, |node| node.count(1))?;
    let activations = per_layer(&object.required("activations")?, n, activation)?;
    let dropouts = match object.given("dropout") {
        Some(node) => per_layer(&node, n, Node::share)?,
        None => vec![0.0; n],
    };
    let layers = hidden_dims.into_iter().zip(activations).zip(dropouts);
    Ok(FeedForward {
        input_dim: object.required("input_dim")?.count(1)?,
        layers: layers
            .map(|((hidden_dim, activation), dropout)| FeedForwardLayer {
                hidden_dim,
                activation,
                dropout,
            })
            .collect(),
    })
}

/// One value for all layers, or a list with one for each.
fn per_layer<'a, T: Clone>(
    node: &Node<'a>,
    n_layers: usize,
    read: impl Fn(&Node<'a>) -> Result<T>,
) -> Result<Vec<T>> {
    if !node.value.is_array() {
        return Ok(vec![read(node)?; n_layers]);
    }
    let items = node.list()?;
    if items.len() != n_layers {
        return Err(node.mismatch(format!(
            "`num_layers` is {n_layers}, but the length of `{}` is {}",
            node.path,
            items.len()
        )));
    }
    items.iter().map(read).collect()
}
