//! A training configuration as types: what is left of a config file once every key was
//! read and checked. Names and defaults are AllenNLP's.

use std::collections::BTreeMap;

/// One experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How the training data is read.
    pub dataset_reader: DatasetReader,
    /// How validation and test data are read; as the training data if `None`.
    pub validation_dataset_reader: Option<DatasetReader>,
    /// A path or URL.
    pub train_data_path: String,
    /// A path or URL.
    pub validation_data_path: Option<String>,
    /// A path or URL.
    pub test_data_path: Option<String>,
    /// Whose words are counted; every loaded split if `None`.
    pub datasets_for_vocab_creation: Option<Vec<Split>>,
    /// How the vocabulary is made.
    pub vocabulary: Vocabulary,
    /// What is trained.
    pub model: BasicClassifier,
    /// How training data is cut into batches.
    pub data_loader: DataLoader,
    /// The same for validation and test data; as the training data if `None`.
    pub validation_data_loader: Option<DataLoader>,
    /// How it is trained.
    pub trainer: Trainer,
    /// Whether the best model is evaluated on the test data at the end.
    pub evaluate_on_test: bool,
    /// The three seeds.
    pub seeds: Seeds,
}

/// A part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// What is learnt from.
    Train,
    /// What decides which epoch is the best.
    Validation,
    /// What is evaluated once, at the end.
    Test,
}

/// AllenNLP's three seeds; a null seed is replaced by a fresh one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// `random_seed` (13370): the order of the data.
    pub random: Option<u64>,
    /// `numpy_seed` (1337): read, not used, as in AllenNLP's classifiers.
    pub numpy: Option<u64>,
    /// `pytorch_seed` (133): initial weights and dropout.
    pub pytorch: Option<u64>,
}

/// The reader `text_classification_json`: one JSON object a line.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetReader {
    /// How a text becomes tokens.
    pub tokenizer: Tokenizer,
    /// The name of the only indexer under `token_indexers`; the embedder has the same.
    pub indexer_name: String,
    /// How tokens become numbers.
    pub indexer: SingleId,
    /// Only so many tokens of a text are kept.
    pub max_sequence_length: Option<usize>,
    /// Whether labels are class numbers already.
    pub skip_label_indexing: bool,
    /// The key of the text (`text`).
    pub text_key: String,
    /// The key of the label (`label`).
    pub label_key: String,
    /// Only so many records are read.
    pub max_instances: Option<usize>,
}

/// How a text becomes tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tokenizer {
    /// `whitespace`, `just_spaces`: what stands between white space, as Python's `str.split()`.
    Whitespace,
    /// `letters_digits`: runs of letters, runs of digits, and every other character by itself.
    LettersDigits,
    /// `word_punctuation`, opah's own: runs of word characters (inner apostrophes included),
    /// and every other character that is no white space by itself.
    WordPunctuation {
        /// Whether the text is lower-cased first.
        lowercase: bool,
    },
}

/// The indexer `single_id`: a number per token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleId {
    /// The vocabulary's namespace (`tokens`).
    pub namespace: String,
    /// Whether tokens are lower-cased when they are counted and indexed.
    pub lowercase_tokens: bool,
    /// Put before every text; not counted.
    pub start_tokens: Vec<String>,
    /// Put after every text; not counted.
    pub end_tokens: Vec<String>,
    /// Shorter texts are padded up to this length.
    pub token_min_padding_length: usize,
}

/// How the vocabulary is made.
#[derive(Debug, Clone, PartialEq)]
pub enum Vocabulary {
    /// `from_instances`: counted.
    FromInstances(VocabularyOptions),
    /// `from_files`: read from a folder.
    FromFiles {
        /// The folder.
        directory: String,
    },
}

/// The options of `from_instances`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VocabularyOptions {
    /// Rarer items are left out, by namespace.
    pub min_count: BTreeMap<String, u64>,
    /// The commonest items only.
    pub max_vocab_size: MaxVocabSize,
    /// Namespaces without padding and unknown entries, `*` being any prefix.
    pub non_padded_namespaces: Vec<String>,
    /// Added last, by namespace.
    pub tokens_to_add: BTreeMap<String, Vec<String>>,
    /// `@@PADDING@@`.
    pub padding_token: String,
    /// `@@UNKNOWN@@`.
    pub oov_token: String,
}

/// A limit on the size of the vocabulary, padding and unknown not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaxVocabSize {
    /// No limit.
    Unlimited,
    /// The same for every namespace.
    All(usize),
    /// By namespace.
    By(BTreeMap<String, usize>),
}

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

/// How data is cut into batches.
#[derive(Debug, Clone, PartialEq)]
pub struct DataLoader {
    /// Documents a batch, at least 1.
    pub batch_size: usize,
    /// Whether the order is drawn anew each epoch.
    pub shuffle: bool,
    /// Whether a short last batch is left out.
    pub drop_last: bool,
    /// Batches of documents of similar length.
    pub bucket: Option<Bucket>,
}

/// The batch sampler `bucket`.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// How far a length is changed before sorting (0.1: by up to 10 %).
    pub padding_noise: f64,
    /// Whether lengths are changed and the order of batches is drawn.
    pub shuffle: bool,
}

/// The trainer `gradient_descent`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trainer {
    /// At least 1 (20).
    pub num_epochs: usize,
    /// Stop after so many epochs without a new best.
    pub patience: Option<usize>,
    /// Signed metric names, summed (`-loss`).
    pub validation_metric: Vec<SignedMetric>,
    /// The GPU that was asked for; below 0 for the CPU.
    pub cuda_device: Option<i64>,
    /// The gradient's greatest norm.
    pub grad_norm: Option<f64>,
    /// The greatest component of a gradient, applied after `grad_norm`.
    pub grad_clipping: Option<f64>,
    /// How weights are changed.
    pub optimizer: Optimizer,
    /// How many of the last checkpoints are kept (2); `None` for all.
    pub keep_most_recent_by_count: Option<usize>,
    /// Whether checkpoints are written at all.
    pub checkpoints: bool,
    /// Whether `optuna_pruner` is among the callbacks.
    pub pruner_callback: bool,
}

/// A metric and whether more of it is better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMetric {
    /// Without sign: `accuracy` or `loss`.
    pub name: String,
    /// `+` or `-`.
    pub increases: bool,
}

/// How weights are changed. Options are PyTorch's.
#[derive(Debug, Clone, PartialEq)]
pub enum Optimizer {
    /// `sgd`.
    Sgd {
        /// The learning rate.
        lr: f64,
        /// The share of the last step that is kept.
        momentum: f64,
        /// How much of the gradient does not enter the momentum.
        dampening: f64,
        /// Added to the gradient, times the weight.
        weight_decay: f64,
        /// Whether the momentum looks ahead.
        nesterov: bool,
    },
    /// `adam`: every row of the embedding moves at every step.
    Adam(Adam),
    /// `dense_sparse_adam`: rows move only when they are in the batch.
    DenseSparseAdam {
        /// The learning rate (1e-3).
        lr: f64,
        /// Decay of the two moments (0.9, 0.999).
        betas: (f64, f64),
        /// Added to the root (1e-8).
        eps: f64,
    },
}

/// The options of `adam` and `adamw`.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    /// The learning rate (1e-3).
    pub lr: f64,
    /// Decay of the two moments (0.9, 0.999).
    pub betas: (f64, f64),
    /// Added to the root (1e-8).
    pub eps: f64,
    /// Added to the gradient, times the weight; taken from the weight itself if `decoupled`.
    pub weight_decay: f64,
    /// Whether the greatest second moment counts.
    pub amsgrad: bool,
    /// `adamw`.
    pub decoupled: bool,
}

const PADDING_TOKEN: &str = "@@PADDING@@";
const OOV_TOKEN: &str = "@@UNKNOWN@@";

impl Vocabulary {
    /// How padding and the unknown token are written.
    pub fn special_tokens(&self) -> (&str, &str) {
        match self {
            Vocabulary::FromInstances(options) => (&options.padding_token, &options.oov_token),
            Vocabulary::FromFiles { .. } => (PADDING_TOKEN, OOV_TOKEN),
        }
    }
}

impl Default for SingleId {
    fn default() -> SingleId {
        SingleId {
            namespace: "tokens".to_owned(),
            lowercase_tokens: false,
            start_tokens: Vec::new(),
            end_tokens: Vec::new(),
            token_min_padding_length: 0,
        }
    }
}

impl Default for VocabularyOptions {
    fn default() -> VocabularyOptions {
        VocabularyOptions {
            min_count: BTreeMap::new(),
            max_vocab_size: MaxVocabSize::Unlimited,
            non_padded_namespaces: vec!["*tags".to_owned(), "*labels".to_owned()],
            tokens_to_add: BTreeMap::new(),
            padding_token: PADDING_TOKEN.to_owned(),
            oov_token: OOV_TOKEN.to_owned(),
        }
    }
}

impl Default for Adam {
    fn default() -> Adam {
        Adam {
            lr: 1e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
            decoupled: false,
        }
    }
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
