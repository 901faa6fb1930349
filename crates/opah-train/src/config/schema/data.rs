//! How files become texts, tokens, numbers and batches.

use std::collections::BTreeMap;

const PADDING_TOKEN: &str = "@@PADDING@@";
const OOV_TOKEN: &str = "@@UNKNOWN@@";

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
    /// HTML's line breaks, and every other character that is no white space by itself.
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
    /// Without effect: AllenNLP pads shorter texts up to this length and masks the padding.
    pub token_min_padding_length: usize,
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

impl Vocabulary {
    /// How padding and the unknown token are written.
    pub fn special_tokens(&self) -> (&str, &str) {
        match self {
            Vocabulary::FromInstances(options) => (&options.padding_token, &options.oov_token),
            Vocabulary::FromFiles { .. } => (PADDING_TOKEN, OOV_TOKEN),
        }
    }
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
