//! `vocabulary`: which tokens get a number.

use std::collections::BTreeMap;

use super::family::Family;
use super::node::{Node, Result};
use super::object::{Keys, Object, Unsupported};
use crate::config::schema::{MaxVocabSize, Vocabulary, VocabularyOptions};

const VOCABULARY: Family = Family {
    what: "vocabulary",
    default: Some("from_instances"),
    known: &["from_instances", "from_files"],
    unsupported: &[
        ("extend", "use `from_instances` or `from_files`"),
        ("empty", "use `from_instances`"),
        ("from_pretrained_transformer", "use `from_instances`"),
        (
            "from_pretrained_transformer_and_instances",
            "use `from_instances`",
        ),
    ],
};

const COUNTED_KEYS: Keys = Keys {
    known: &[
        "min_count",
        "max_vocab_size",
        "non_padded_namespaces",
        "tokens_to_add",
        "padding_token",
        "oov_token",
    ],
    ignored: &[],
    unsupported: &[
        Unsupported {
            key: "pretrained_files",
            harmless: &["null", "{}"],
            advice: "vectors are trained from scratch",
        },
        Unsupported {
            key: "only_include_pretrained_words",
            harmless: &["false"],
            advice: "vectors are trained from scratch",
        },
        Unsupported {
            key: "min_pretrained_embeddings",
            harmless: &["null", "{}"],
            advice: "vectors are trained from scratch",
        },
    ],
};

const FILES_KEYS: Keys = Keys {
    known: &["directory"],
    ignored: &[],
    unsupported: &[
        Unsupported {
            key: "padding_token",
            harmless: &["null", "\"@@PADDING@@\""],
            advice: "files have `@@PADDING@@`",
        },
        Unsupported {
            key: "oov_token",
            harmless: &["null", "\"@@UNKNOWN@@\""],
            advice: "files have `@@UNKNOWN@@`",
        },
    ],
};

pub(super) fn read(node: Option<&Node<'_>>) -> Result<Vocabulary> {
    let Some(node) = node else {
        return Ok(Vocabulary::FromInstances(VocabularyOptions::default()));
    };
    let typed = node.typed(&VOCABULARY)?;
    match typed.name {
        "from_instances" => Ok(Vocabulary::FromInstances(counted(
            &typed.object(&COUNTED_KEYS)?,
        )?)),
        "from_files" => {
            let object = typed.object(&FILES_KEYS)?;
            let directory = object.required("directory")?.text()?.to_owned();
            Ok(Vocabulary::FromFiles { directory })
        }
        _ => Err(typed.refuse(&VOCABULARY)),
    }
}

fn counted(object: &Object<'_>) -> Result<VocabularyOptions> {
    let defaults = VocabularyOptions::default();
    Ok(VocabularyOptions {
        min_count: by_namespace(object, "min_count", |node| {
            node.count(0).map(|count| count as u64)
        })?,
        max_vocab_size: max_vocab_size(object)?,
        non_padded_namespaces: object
            .present("non_padded_namespaces")
            .map_or(Ok(defaults.non_padded_namespaces), |node| node.texts())?,
        tokens_to_add: by_namespace(object, "tokens_to_add", Node::texts)?,
        padding_token: object.text_or("padding_token", &defaults.padding_token)?,
        oov_token: object.text_or("oov_token", &defaults.oov_token)?,
    })
}

fn max_vocab_size(object: &Object<'_>) -> Result<MaxVocabSize> {
    match object.present("max_vocab_size") {
        None => Ok(MaxVocabSize::Unlimited),
        Some(node) if node.value.is_object() => {
            let sizes = node.entries()?;
            let sizes = sizes
                .into_iter()
                .map(|(name, node)| Ok((name.to_owned(), node.count(1)?)));
            Ok(MaxVocabSize::By(sizes.collect::<Result<_>>()?))
        }
        Some(node) => Ok(MaxVocabSize::All(node.count(1)?)),
    }
}

fn by_namespace<'a, T>(
    object: &Object<'a>,
    key: &str,
    read: impl Fn(&Node<'a>) -> Result<T>,
) -> Result<BTreeMap<String, T>> {
    let Some(node) = object.present(key) else {
        return Ok(BTreeMap::new());
    };
    let entries = node.entries()?;
    entries
        .into_iter()
        .map(|(name, node)| Ok((name.to_owned(), read(&node)?)))
        .collect()
}
