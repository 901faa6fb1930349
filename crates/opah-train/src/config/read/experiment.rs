//! The top level: which data, which seeds, and the parts.

use super::family::Family;
use super::node::{Node, Reading, Result};
use super::object::{Keys, Object, Unsupported};
use super::{data_loader, dataset_reader, fit, model, trainer, vocabulary};
use crate::config::schema::{Config, Seeds, Split};

const KEYS: Keys = Keys {
    known: &[
        "dataset_reader",
        "validation_dataset_reader",
        "train_data_path",
        "validation_data_path",
        "test_data_path",
        "datasets_for_vocab_creation",
        "vocabulary",
        "model",
        "data_loader",
        "validation_data_loader",
        "iterator",
        "trainer",
        "evaluate_on_test",
        "random_seed",
        "numpy_seed",
        "pytorch_seed",
        "include_in_archive",
    ],
    ignored: &["evaluation"],
    unsupported: &[
        Unsupported {
            key: "distributed",
            harmless: &["null"],
            advice: "opah trains on all cores of one machine; leave the key out",
        },
        Unsupported {
            key: "batch_weight_key",
            harmless: &["null", "\"\""],
            advice: "every batch weighs the same",
        },
    ],
};

const TRAIN_LOOP: Family = Family {
    what: "training loop",
    default: Some("default"),
    known: &["default"],
    unsupported: &[],
};

pub(super) fn read(reading: &Reading<'_>) -> Result<Config> {
    let root = reading.root();
    let typed = root.typed(&TRAIN_LOOP)?;
    if typed.name != "default" {
        return Err(typed.refuse(&TRAIN_LOOP));
    }
    let object = typed.object(&KEYS)?;
    if object.present("include_in_archive").is_some() {
        object.warn("`include_in_archive` is ignored: archives hold the model alone".to_owned());
    }
    let config = Config {
        dataset_reader: dataset_reader::read(&object.required("dataset_reader")?)?,
        validation_dataset_reader: object
            .present("validation_dataset_reader")
            .map(|node| dataset_reader::read(&node))
            .transpose()?,
        train_data_path: object.required("train_data_path")?.text()?.to_owned(),
        validation_data_path: data_path(&object, "validation_data_path")?,
        test_data_path: data_path(&object, "test_data_path")?,
        datasets_for_vocab_creation: splits(&object)?,
        vocabulary: vocabulary::read(object.present("vocabulary").as_ref())?,
        model: model::read(&object.required("model")?)?,
        data_loader: data_loader::read_of_training(&object)?,
        validation_data_loader: object
            .present("validation_data_loader")
            .map(|node| data_loader::read(&node))
            .transpose()?,
        trainer: trainer::read(&object.required("trainer")?)?,
        evaluate_on_test: object.boolean_or("evaluate_on_test", false)?,
        seeds: Seeds {
            random: seed(&object, "random_seed", 13370)?,
            numpy: seed(&object, "numpy_seed", 1337)?,
            pytorch: seed(&object, "pytorch_seed", 133)?,
        },
    };
    fit::check(&object, config)
}

fn data_path(object: &Object<'_>, key: &str) -> Result<Option<String>> {
    let path = object.present(key).map(|node| node.text()).transpose()?;
    Ok(path.map(str::to_owned))
}

/// Null leaves AllenNLP unseeded.
fn seed(object: &Object<'_>, key: &str, default: u64) -> Result<Option<u64>> {
    match object.given(key) {
        None => Ok(Some(default)),
        Some(node) if node.value.is_null() => Ok(None),
        Some(node) => node.count(0).map(|seed| Some(seed as u64)),
    }
}

fn splits(object: &Object<'_>) -> Result<Option<Vec<Split>>> {
    let Some(node) = object.present("datasets_for_vocab_creation") else {
        return Ok(None);
    };
    let items = node.list()?;
    items
        .iter()
        .map(|item| split(object, item))
        .collect::<Result<_>>()
        .map(Some)
}

fn split(object: &Object<'_>, item: &Node<'_>) -> Result<Split> {
    let (split, path) = match item.text()? {
        "train" => return Ok(Split::Train),
        "validation" => (Split::Validation, "validation_data_path"),
        "test" => (Split::Test, "test_data_path"),
        _ => {
            let expected = "`train`, `validation` or `test`";
            return Err(item.wrong_with_hint(expected, None));
        }
    };
    if object.present(path).is_none() {
        let name = item.text()?;
        return Err(item.mismatch(format!(
            "`datasets_for_vocab_creation` names `{name}`, but there is no `{path}`"
        )));
    }
    Ok(split)
}
