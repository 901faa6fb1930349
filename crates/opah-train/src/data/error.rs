//! What can be wrong with data.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The errors of this module.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A path leads nowhere.
    #[error("there is no file `{path}`{named}", named = Named(*key))]
    Missing {
        /// The path as given.
        path: String,
        /// The configuration key that names it.
        key: Option<&'static str>,
    },
    /// A path leads to a folder.
    #[error("`{path}`{named} is a folder, not a file", named = Named(*key))]
    Folder {
        /// The path as given.
        path: String,
        /// The configuration key that names it.
        key: Option<&'static str>,
    },
    /// The file can't be read to its end.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The path or URL as given.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// Something can't be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A compressed file that is not read here.
    #[error(
        "`{path}` is compressed by {format}; only gzip and plain text are read, so unpack it first"
    )]
    Compression {
        /// The path as given.
        path: String,
        /// The program's name.
        format: &'static str,
    },
    /// A URL of another kind.
    #[error("`{url}`{named} is no http(s) URL; download it and {hint}", named = Named(*key), hint = Instead(*key))]
    Scheme {
        /// The URL.
        url: String,
        /// The configuration key that names it.
        key: Option<&'static str>,
    },
    /// A URL, and nowhere to keep what it brings.
    #[error("`{url}`{named} would be downloaded, but no folder for downloads was given; {hint}", named = Named(*key), hint = Instead(*key))]
    NoDownloads {
        /// The URL.
        url: String,
        /// The configuration key that names it.
        key: Option<&'static str>,
    },
    /// A URL that can't be downloaded.
    #[error("cannot download {url}{named}: {reason}; to use a file you have, {hint}", named = Named(*key), hint = Instead(*key))]
    Download {
        /// The URL.
        url: String,
        /// The configuration key that names it.
        key: Option<&'static str>,
        /// What the server or the network said.
        reason: String,
    },
    /// A file without a record.
    #[error("`{path}`{named} holds no record", named = Named(*key))]
    Empty {
        /// The path or URL as given.
        path: String,
        /// The configuration key that names it.
        key: Option<&'static str>,
    },
    /// A line that is no record.
    #[error("{path}:{line}: {problem}")]
    Record {
        /// The path or URL as given.
        path: String,
        /// From 1.
        line: u64,
        /// What is wrong.
        problem: RecordProblem,
    },
    /// A label that training has not seen.
    #[error(
        "{path}:{line}: the label `{label}` is not in the vocabulary; known labels: {}",
        listed(known)
    )]
    UnknownLabel {
        /// The path or URL as given.
        path: String,
        /// Where it is first, from 1.
        line: u64,
        /// The label.
        label: String,
        /// The labels of the vocabulary.
        known: Vec<String>,
    },
    /// Labels are class numbers, but how many there are is not said.
    #[error("`skip_label_indexing` leaves no labels to count; set `model.num_labels`")]
    NumLabels,
    /// A class number that is too large.
    #[error(
        "`{path}` holds the label {label}, but `model.num_labels` is {num_labels}; labels count from 0"
    )]
    LabelRange {
        /// The path or URL as given.
        path: String,
        /// The largest label.
        label: u32,
        /// The number of classes.
        num_labels: usize,
    },
    /// `drop_last` leaves nothing.
    #[error(
        "`data_loader.drop_last` leaves no batch: {n_documents} documents, `batch_size` {batch_size}"
    )]
    NoBatch {
        /// Documents in the training data.
        n_documents: usize,
        /// Documents a batch.
        batch_size: usize,
    },
    /// A split that is to be counted but is not loaded.
    #[error("`datasets_for_vocab_creation` names `{split}`, but there is no `{split}_data_path`")]
    SplitNotLoaded {
        /// Its name.
        split: &'static str,
    },
    /// A limit on something that does not occur.
    #[error(
        "`vocabulary.min_count` names {}, but only {} was counted",
        listed(names),
        listed(counted)
    )]
    NotCounted {
        /// Namespaces that were never counted.
        names: Vec<String>,
        /// Those that were.
        counted: Vec<String>,
    },
    /// Tokens without an entry for padding and the unknown.
    #[error(
        "the tokens' namespace `{namespace}` matches `vocabulary.non_padded_namespaces`, but tokens need the entries for padding and unknown words"
    )]
    UnpaddedTokens {
        /// The namespace.
        namespace: String,
    },
    /// A stored vocabulary that lacks something.
    #[error("the vocabulary in `{}` {problem}", directory.display())]
    Vocabulary {
        /// Its folder.
        directory: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// An archive without reviews.
    #[error("`{}` holds no file `train/pos/N_R.txt` or `train/neg/N_R.txt`; expected the Large Movie Review Dataset, aclImdb_v1.tar.gz or the folder in it", path.display())]
    NoReviews {
        /// The archive or folder.
        path: PathBuf,
    },
    /// A review that is no UTF-8.
    #[error("`{path}` is not UTF-8 text")]
    ReviewEncoding {
        /// The file's path in the archive.
        path: String,
    },
    /// An output that is there already.
    #[error("`{}` exists already; choose another folder or remove it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

/// What is wrong with a record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordProblem {
    /// Not UTF-8.
    #[error("invalid UTF-8 at byte {byte} of the line")]
    Utf8 {
        /// From 1.
        byte: usize,
    },
    /// Not JSON, or not the expected kind.
    #[error("column {column}: {message}")]
    Json {
        /// From 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// The key of the text is not there.
    #[error(
        "no key `{key}`; the record has {}; `dataset_reader.text_key` names the text",
        listed(found)
    )]
    NoText {
        /// The key that was expected.
        key: String,
        /// The keys that are there.
        found: Vec<String>,
    },
    /// A record to learn from without a label.
    #[error("no label under `{key}`, but this data needs labels")]
    NoLabel {
        /// The key that was expected.
        key: String,
    },
    /// A label that can't be one.
    #[error("the label is {found}; expected a text, number or boolean")]
    LabelKind {
        /// What it is.
        found: &'static str,
    },
    /// `skip_label_indexing` with something else than a class number.
    #[error("the label `{label}` is no class number, which `skip_label_indexing` asks for")]
    LabelNumber {
        /// The label.
        label: String,
    },
}

/// After a path: the key it comes from.
struct Named(Option<&'static str>);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |key| write!(f, " (`{key}`)"))
    }
}

/// How another file is named.
struct Instead(Option<&'static str>);

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, "pass `--set {key}=/path/to/file.jsonl`"),
            None => f.write_str("give its path instead"),
        }
    }
}

/// Names in backticks, at most twenty.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    let rest = names.len().saturating_sub(MOST);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    shown.join(", ") + &more
}
