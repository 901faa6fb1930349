//! `dataset_reader`: how a file becomes texts, and texts tokens.

use super::family::Family;
use super::node::{Node, Result};
use super::object::{Keys, Object, Unsupported};
use crate::config::schema::{DatasetReader, SingleId, Tokenizer};

const READER: Family = Family {
    what: "dataset reader",
    default: None,
    known: &["text_classification_json"],
    unsupported: &[],
};

const KEYS: Keys = Keys {
    known: &[
        "tokenizer",
        "token_indexers",
        "max_sequence_length",
        "skip_label_indexing",
        "text_key",
        "label_key",
        "max_instances",
        "lazy",
    ],
    ignored: &[
        "manual_distributed_sharding",
        "manual_multiprocess_sharding",
    ],
    unsupported: &[
        Unsupported {
            key: "segment_sentences",
            harmless: &["false"],
            advice: "every text is one sequence of tokens",
        },
        Unsupported {
            key: "cache_directory",
            harmless: &["null"],
            advice: "reading is fast without it; leave the key out",
        },
    ],
};

pub(super) fn read(node: &Node<'_>) -> Result<DatasetReader> {
    let typed = node.typed(&READER)?;
    if typed.name != "text_classification_json" {
        return Err(typed.refuse(&READER));
    }
    let object = typed.object(&KEYS)?;
    warn_of_lazy(&object)?;
    let (indexer_name, indexer) = indexers(&object)?;
    Ok(DatasetReader {
        tokenizer: tokenizer(&object)?,
        indexer_name,
        indexer,
        max_sequence_length: object.present_count("max_sequence_length", 1)?,
        skip_label_indexing: object.boolean_or("skip_label_indexing", false)?,
        text_key: object.text_or("text_key", "text")?,
        label_key: object.text_or("label_key", "label")?,
        max_instances: object.present_count("max_instances", 0)?,
    })
}

fn warn_of_lazy(object: &Object<'_>) -> Result<()> {
    let Some(lazy) = object.present("lazy") else {
        return Ok(());
    };
    if lazy.boolean()? {
        let advice = "the data is always read whole; leave the key out";
        return Err(lazy.unsupported("lazy reading".to_owned(), advice));
    }
    object.warn(format!(
        "`{}` is a key of AllenNLP 1; leave it out",
        lazy.path
    ));
    Ok(())
}

const TOKENIZER: Family = Family {
    what: "tokenizer",
    default: Some("spacy"),
    known: &["whitespace", "word_punctuation", "letters_digits"],
    unsupported: &[
        (
            "spacy",
            "use `word_punctuation`, which cuts at white space and punctuation",
        ),
        (
            "pretrained_transformer",
            "use `word_punctuation` or `whitespace`",
        ),
        ("character", "use `letters_digits`, the nearest there is"),
        ("sentence_splitter", "every text is one sequence of tokens"),
    ],
};

fn tokenizer(object: &Object<'_>) -> Result<Tokenizer> {
    let Some(node) = object.present("tokenizer") else {
        let advice = "write `tokenizer: 'word_punctuation'` or `tokenizer: 'whitespace'`";
        let what = "AllenNLP's default tokenizer `spacy`".to_owned();
        return Err(object.node.unsupported(what, advice));
    };
    let typed = node.typed(&TOKENIZER)?;
    match typed.name {
        "whitespace" | "just_spaces" => {
            typed.object(&Keys::NONE)?;
            Ok(Tokenizer::Whitespace)
        }
        "letters_digits" => {
            typed.object(&Keys::NONE)?;
            Ok(Tokenizer::LettersDigits)
        }
        "word_punctuation" => {
            let object = typed.object(&Keys {
                known: &["lowercase"],
                ..Keys::NONE
            })?;
            Ok(Tokenizer::WordPunctuation {
                lowercase: object.boolean_or("lowercase", false)?,
            })
        }
        _ => Err(typed.refuse(&TOKENIZER)),
    }
}

const INDEXER: Family = Family {
    what: "token indexer",
    default: Some("single_id"),
    known: &["single_id"],
    unsupported: &[
        ("characters", "use `single_id`"),
        ("elmo_characters", "use `single_id`"),
        ("pretrained_transformer", "use `single_id`"),
        ("pretrained_transformer_mismatched", "use `single_id`"),
        ("spacy", "use `single_id`"),
    ],
};

const INDEXER_KEYS: Keys = Keys {
    known: &[
        "namespace",
        "lowercase_tokens",
        "start_tokens",
        "end_tokens",
        "token_min_padding_length",
    ],
    ignored: &[],
    unsupported: &[
        Unsupported {
            key: "feature_name",
            harmless: &["null", "\"text\""],
            advice: "tokens are counted by their text",
        },
        Unsupported {
            key: "default_value",
            harmless: &["null"],
            advice: "every token has a text",
        },
    ],
};

/// The only indexer and its name.
fn indexers(object: &Object<'_>) -> Result<(String, SingleId)> {
    let Some(node) = object.present("token_indexers") else {
        return Ok(("tokens".to_owned(), SingleId::default()));
    };
    let entries = node.entries()?;
    match entries.as_slice() {
        [(name, node)] => Ok(((*name).to_owned(), indexer(node)?)),
        [] => Err(node.mismatch(format!(
            "`{}` is empty; write `tokens: 'single_id'` into it",
            node.path
        ))),
        _ => {
            let what = "more than one token indexer".to_owned();
            Err(node.unsupported(what, "keep the one whose embedder the model has"))
        }
    }
}

fn indexer(node: &Node<'_>) -> Result<SingleId> {
    let typed = node.typed(&INDEXER)?;
    if typed.name != "single_id" {
        return Err(typed.refuse(&INDEXER));
    }
    let object = typed.object(&INDEXER_KEYS)?;
    let namespace = match object.given("namespace") {
        Some(node) if node.value.is_null() => {
            let what = "a null namespace, which takes tokens for numbers,".to_owned();
            return Err(node.unsupported(what, "leave the key out"));
        }
        _ => object.text_or("namespace", "tokens")?,
    };
    let tokens = |key| {
        let texts = object.present(key).map(|node| node.texts()).transpose();
        texts.map(Option::unwrap_or_default)
    };
    Ok(SingleId {
        namespace,
        lowercase_tokens: object.boolean_or("lowercase_tokens", false)?,
        start_tokens: tokens("start_tokens")?,
        end_tokens: tokens("end_tokens")?,
        token_min_padding_length: object
            .present_count("token_min_padding_length", 0)?
            .unwrap_or(0),
    })
}
