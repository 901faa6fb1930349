//! `data_loader`: how data is cut into batches.

use super::family::Family;
use super::node::{Node, Result};
use super::object::{Keys, Object, Unsupported};
use crate::config::schema::{Bucket, DataLoader};

const LOADER: Family = Family {
    what: "data loader",
    default: Some("multiprocess"),
    known: &["multiprocess", "simple"],
    unsupported: &[("multitask", "there is one task; leave `type` out")],
};

const KEYS: Keys = Keys {
    known: &["batch_size", "batch_sampler", "shuffle", "drop_last"],
    ignored: &["num_workers", "start_method", "quiet", "cuda_device"],
    unsupported: &[
        Unsupported {
            key: "batches_per_epoch",
            harmless: &["null"],
            advice: "an epoch is all of the data",
        },
        Unsupported {
            key: "max_instances_in_memory",
            harmless: &["null"],
            advice: "all of the data is kept in memory",
        },
        Unsupported {
            key: "collate_fn",
            harmless: &["null"],
            advice: "leave the key out",
        },
    ],
};

const SIMPLE_KEYS: Keys = Keys {
    known: &["batch_size", "shuffle"],
    ignored: &[],
    unsupported: &[Unsupported {
        key: "batches_per_epoch",
        harmless: &["null"],
        advice: "an epoch is all of the data",
    }],
};

/// The loader of the training data; AllenNLP before 1.0 called it `iterator`.
pub(super) fn read_of_training(experiment: &Object<'_>) -> Result<DataLoader> {
    match (
        experiment.given("data_loader"),
        experiment.present("iterator"),
    ) {
        (Some(node), None) => read(&node),
        (None, Some(node)) => iterator(experiment, &node),
        (None, None) => read(&experiment.required("data_loader")?),
        (Some(_), Some(node)) => Err(node.mismatch(
            "`iterator` is the old name of `data_loader`; keep `data_loader` alone".to_owned(),
        )),
    }
}

pub(super) fn read(node: &Node<'_>) -> Result<DataLoader> {
    let typed = node.typed(&LOADER)?;
    match typed.name {
        "multiprocess" => multiprocess(&typed.object(&KEYS)?),
        "pytorch_dataloader" => {
            let warning = format!(
                "`{}.type`: `pytorch_dataloader` is AllenNLP 1's; leave `type` out",
                node.path
            );
            node.reading.warn(warning);
            multiprocess(&typed.object(&KEYS)?)
        }
        "simple" => {
            let object = typed.object(&SIMPLE_KEYS)?;
            Ok(DataLoader {
                batch_size: object.required("batch_size")?.count(1)?,
                shuffle: object.boolean_or("shuffle", false)?,
                drop_last: false,
                bucket: None,
            })
        }
        _ => Err(typed.refuse(&LOADER)),
    }
}

fn multiprocess(object: &Object<'_>) -> Result<DataLoader> {
    let Some(sampler) = object.present("batch_sampler") else {
        let batch_size = object.present("batch_size");
        let batch_size = batch_size.map_or_else(|| object.required("batch_size"), Ok)?;
        return Ok(DataLoader {
            batch_size: batch_size.count(1)?,
            shuffle: object.boolean_or("shuffle", false)?,
            drop_last: object.boolean_or("drop_last", false)?,
            bucket: None,
        });
    };
    let excluded = [
        object.present("batch_size"),
        object
            .present("shuffle")
            .filter(|node| node.value != &serde_json::Value::Bool(false)),
        object
            .present("drop_last")
            .filter(|node| node.value != &serde_json::Value::Bool(false)),
    ];
    if let Some(node) = excluded.into_iter().flatten().next() {
        return Err(node.mismatch(format!(
            "`{}` and `batch_sampler` exclude each other; the sampler has its own",
            node.path
        )));
    }
    batch_sampler(&sampler)
}

const SAMPLER: Family = Family {
    what: "batch sampler",
    default: None,
    known: &["bucket"],
    unsupported: &[
        ("max_tokens_sampler", "use `bucket`"),
        ("basic", "use the loader's `batch_size`"),
        ("random", "use the loader's `shuffle: true`"),
        ("sequential", "use the loader's `batch_size`"),
        ("weighted_random", "use the loader's `shuffle: true`"),
    ],
};

const BUCKET_KEYS: Keys = Keys {
    known: &[
        "batch_size",
        "sorting_keys",
        "padding_noise",
        "drop_last",
        "shuffle",
    ],
    ..Keys::NONE
};

fn batch_sampler(node: &Node<'_>) -> Result<DataLoader> {
    let typed = node.typed(&SAMPLER)?;
    if typed.name != "bucket" {
        return Err(typed.refuse(&SAMPLER));
    }
    let object = typed.object(&BUCKET_KEYS)?;
    check_sorting_keys(&object)?;
    Ok(DataLoader {
        batch_size: object.required("batch_size")?.count(1)?,
        shuffle: false,
        drop_last: object.boolean_or("drop_last", false)?,
        bucket: Some(Bucket {
            padding_noise: padding_noise(&object)?,
            shuffle: object.boolean_or("shuffle", true)?,
        }),
    })
}

fn padding_noise(object: &Object<'_>) -> Result<f64> {
    object.given("padding_noise").map_or(Ok(0.1), |node| {
        node.number("a number of at least 0", |noise| noise >= 0.0)
    })
}

/// Texts are the only field with a length.
fn check_sorting_keys(object: &Object<'_>) -> Result<()> {
    let Some(node) = object.present("sorting_keys") else {
        return Ok(());
    };
    match node.texts()?.as_slice() {
        [key] if key == "tokens" || key == "text" => Ok(()),
        _ => Err(node.wrong_with_hint("`['tokens']`, the only field with a length", None)),
    }
}

const ITERATOR: Family = Family {
    what: "iterator",
    default: Some("bucket"),
    known: &["basic", "bucket"],
    unsupported: &[
        ("multiprocess", "use `data_loader`"),
        ("homogeneous_batch", "use `data_loader`"),
        ("pass_through", "use `data_loader`"),
    ],
};

const ITERATOR_KEYS: Keys = Keys {
    known: &["batch_size", "sorting_keys", "padding_noise"],
    ignored: &["cache_instances", "track_epoch", "biggest_batch_first"],
    unsupported: &[
        Unsupported {
            key: "instances_per_epoch",
            harmless: &["null"],
            advice: "an epoch is all of the data",
        },
        Unsupported {
            key: "max_instances_in_memory",
            harmless: &["null"],
            advice: "all of the data is kept in memory",
        },
        Unsupported {
            key: "maximum_samples_per_batch",
            harmless: &["null"],
            advice: "use `batch_size`",
        },
    ],
};

/// AllenNLP 0.9's, with its defaults: batches of 32, shuffled unless the trainer forbids it.
fn iterator(experiment: &Object<'_>, node: &Node<'_>) -> Result<DataLoader> {
    let typed = node.typed(&ITERATOR)?;
    let is_bucket = match typed.name {
        "bucket" => true,
        "basic" => false,
        _ => return Err(typed.refuse(&ITERATOR)),
    };
    let object = typed.object(&ITERATOR_KEYS)?;
    let trainer = experiment.required("trainer")?;
    let shuffle = match trainer.present_child("shuffle") {
        Some(shuffle) => shuffle.boolean()?,
        None => true,
    };
    node.reading.warn(
        "`iterator` is a key of AllenNLP 0.9; write `data_loader: {batch_size: …, shuffle: true}`"
            .to_owned(),
    );
    Ok(DataLoader {
        batch_size: object.present_count("batch_size", 1)?.unwrap_or(32),
        shuffle: shuffle && !is_bucket,
        drop_last: false,
        bucket: if is_bucket {
            Some(Bucket {
                padding_noise: padding_noise(&object)?,
                shuffle,
            })
        } else {
            None
        },
    })
}
