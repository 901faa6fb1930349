//! What is trained.

/// The model `basic_classifier`.
#[derive(Debug, Clone, PartialEq)]
pub struct BasicClassifier {
    /// How tokens become vectors.
    pub embedding: Embedding,
    /// How a text's vectors become one.
    pub seq2vec_encoder: Seq2Vec,
    /// Layers between the encoder and the classifier.
    pub feedforward: Option<FeedForward>,
    /// The share of the encoder's output that is dropped while training, in `[0, 1)`.
    pub dropout: Option<f64>,
    /// The number of classes; the number of labels in the vocabulary if `None`.
    pub num_labels: Option<usize>,
    /// `labels`.
    pub label_namespace: String,
}

/// The embedder `embedding`.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// The name under `token_embedders`.
    pub name: String,
    /// The length of a vector, at least 1.
    pub embedding_dim: usize,
    /// The number of rows; the vocabulary's size if `None`.
    pub num_embeddings: Option<usize>,
    /// The row that stays zero.
    pub padding_index: Option<usize>,
    /// Whether it is trained.
    pub trainable: bool,
}

/// The encoders by which a text becomes one vector.
#[derive(Debug, Clone, PartialEq)]
pub enum Seq2Vec {
    /// `cnn`.
    Cnn {
        /// The length of a token's vector.
        embedding_dim: usize,
        /// Filters of each width.
        num_filters: usize,
        /// Widths, at least one, each at least 1.
        ngram_filter_sizes: Vec<usize>,
        /// After the maximum over the text, which commutes with every monotone function.
        activation: Activation,
        /// The length of the projected output; no projection if `None`.
        output_dim: Option<usize>,
    },
    /// `boe`, `bag_of_embeddings`.
    Boe {
        /// The length of a token's vector.
        embedding_dim: usize,
        /// The mean instead of the sum.
        averaged: bool,
    },
}

impl Seq2Vec {
    /// The length of a token's vector.
    pub fn input_dim(&self) -> usize {
        match self {
            Seq2Vec::Cnn { embedding_dim, .. } | Seq2Vec::Boe { embedding_dim, .. } => {
                *embedding_dim
            }
        }
    }

    /// The length of a text's vector.
    pub fn output_dim(&self) -> usize {
        match self {
            Seq2Vec::Cnn {
                num_filters,
                ngram_filter_sizes,
                output_dim,
                ..
            } => output_dim.unwrap_or(num_filters * ngram_filter_sizes.len()),
            Seq2Vec::Boe { embedding_dim, .. } => *embedding_dim,
        }
    }
}

/// Functions after linear layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `linear`: none.
    Linear,
    /// `relu`.
    Relu,
    /// `tanh`.
    Tanh,
    /// `sigmoid`.
    Sigmoid,
}

/// Linear layers, each followed by its activation and dropout.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedForward {
    /// The length of the input.
    pub input_dim: usize,
    /// The layers in order, at least one.
    pub layers: Vec<FeedForwardLayer>,
}

/// One layer of a [`FeedForward`].
#[derive(Debug, Clone, PartialEq)]
pub struct FeedForwardLayer {
    /// The length of the output.
    pub hidden_dim: usize,
    /// The function after it.
    pub activation: Activation,
    /// The dropped share after that, in `[0, 1)`.
    pub dropout: f64,
}
