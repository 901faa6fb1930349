//! `trainer`: how long, how, and by which metric.

use super::family::Family;
use super::node::{Node, Result};
use super::object::{Keys, Object, Unsupported};
use super::optimizer;
use crate::config::json_text::CALLBACK_KEYS;
use crate::config::metric::MEASURED;
use crate::config::schema::{SignedMetric, Trainer};
use crate::config::suggestion::nearest;

const TRAINER: Family = Family {
    what: "trainer",
    default: Some("gradient_descent"),
    known: &["gradient_descent"],
    unsupported: &[],
};

const KEYS: Keys = Keys {
    known: &[
        "num_epochs",
        "patience",
        "validation_metric",
        "cuda_device",
        "grad_norm",
        "grad_clipping",
        "optimizer",
        "checkpointer",
        "callbacks",
        "epoch_callbacks",
        "batch_callbacks",
        "use_amp",
        "num_serialized_models_to_keep",
        "keep_serialized_model_every_num_seconds",
        "model_save_interval",
        "summary_interval",
        "histogram_interval",
        "should_log_parameter_statistics",
        "should_log_learning_rate",
        "log_batch_size_period",
        "tensorboard_writer",
        "opt_level",
        "shuffle",
    ],
    ignored: &[
        "enable_default_callbacks",
        "run_confidence_checks",
        "run_sanity_checks",
        "grad_scaling",
        "local_rank",
        "world_size",
    ],
    unsupported: &[
        Unsupported {
            key: "num_gradient_accumulation_steps",
            harmless: &["1"],
            advice: "use a larger `data_loader.batch_size`",
        },
        Unsupported {
            key: "learning_rate_scheduler",
            harmless: &["null"],
            advice: "the optimizer's `lr` stays as it is; leave the key out",
        },
        Unsupported {
            key: "momentum_scheduler",
            harmless: &["null"],
            advice: "the optimizer's `momentum` stays as it is; leave the key out",
        },
        Unsupported {
            key: "moving_average",
            harmless: &["null"],
            advice: "leave the key out",
        },
        Unsupported {
            key: "no_grad",
            harmless: &["null", "[]"],
            advice: "`trainable: false` keeps an embedding as it is",
        },
        Unsupported {
            key: "distributed",
            harmless: &["null", "false"],
            advice: "opah trains on all cores of one machine; leave the key out",
        },
        Unsupported {
            key: "ddp_accelerator",
            harmless: &["null"],
            advice: "leave the key out",
        },
    ],
};

pub(super) fn read(node: &Node<'_>) -> Result<Trainer> {
    let typed = node.typed(&TRAINER)?;
    if typed.name != "gradient_descent" {
        return Err(typed.refuse(&TRAINER));
    }
    let object = typed.object(&KEYS)?;
    warn_of_legacy(&object);
    let (checkpoints, keep_most_recent_by_count) = checkpointer(&object)?;
    Ok(Trainer {
        num_epochs: object
            .given("num_epochs")
            .map_or(Ok(20), |node| node.count(1))?,
        patience: object.present_count("patience", 1)?,
        validation_metric: validation_metric(object.present("validation_metric").as_ref())?,
        cuda_device: cuda_device(&object)?,
        grad_norm: grad_norm(&object)?,
        grad_clipping: object
            .present("grad_clipping")
            .map(|node| node.number("a number above 0", |limit| limit > 0.0))
            .transpose()?,
        optimizer: optimizer::read(object.present("optimizer").as_ref())?,
        keep_most_recent_by_count,
        checkpoints,
        pruner_callback: callbacks(&object)?,
    })
}

/// Keys of AllenNLP 0.9 and 1 that are without effect here.
const LEGACY: [&str; 8] = [
    "summary_interval",
    "histogram_interval",
    "should_log_parameter_statistics",
    "should_log_learning_rate",
    "log_batch_size_period",
    "tensorboard_writer",
    "model_save_interval",
    "keep_serialized_model_every_num_seconds",
];

fn warn_of_legacy(object: &Object<'_>) {
    for key in LEGACY {
        if object.given(key).is_some() {
            object.warn(format!(
                "`trainer.{key}` is a key of AllenNLP 1 and is ignored; leave it out"
            ));
        }
    }
    if object.given("shuffle").is_some() {
        object.warn(
            "`trainer.shuffle` is a key of AllenNLP 0.9; write `data_loader.shuffle` instead"
                .to_owned(),
        );
    }
    for key in ["use_amp", "opt_level"] {
        let node = object.present(key);
        if node.is_some_and(|node| node.value != &serde_json::Value::Bool(false)) {
            object.warn(format!(
                "`trainer.{key}` is ignored: numbers have full precision"
            ));
        }
    }
}

fn validation_metric(node: Option<&Node<'_>>) -> Result<Vec<SignedMetric>> {
    let Some(node) = node else {
        return Ok(vec![SignedMetric {
            name: "loss".to_owned(),
            increases: false,
        }]);
    };
    if !node.value.is_array() {
        return Ok(vec![signed_metric(node)?]);
    }
    let items = node.list()?;
    if items.is_empty() {
        return Err(node.wrong_with_hint("a metric like `+accuracy`, or a list of them", None));
    }
    items.iter().map(signed_metric).collect()
}

fn signed_metric(node: &Node<'_>) -> Result<SignedMetric> {
    let text = node.text()?;
    let (increases, name) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(name), _) => (true, name),
        (_, Some(name)) => (false, name),
        _ => {
            let example = nearest(text, MEASURED).unwrap_or("accuracy");
            let sign = if example == "loss" { '-' } else { '+' };
            let hint = format!("say whether more of it is better: `{sign}{example}`");
            return Err(node.wrong_with_hint("a metric with its sign", Some(hint)));
        }
    };
    if !MEASURED.contains(&name) {
        let hint =
            nearest(name, MEASURED).map(|meant| format!("did you mean `{}{meant}`?", &text[..1]));
        return Err(node.wrong_with_hint("`+accuracy` or `-loss`", hint));
    }
    Ok(SignedMetric {
        name: name.to_owned(),
        increases,
    })
}

fn cuda_device(object: &Object<'_>) -> Result<Option<i64>> {
    match object.present("cuda_device") {
        None => Ok(None),
        Some(node) if node.value == "cpu" => Ok(Some(-1)),
        Some(node) => node.integer().map(Some),
    }
}

/// False is none; true means that AllenNLP computes the norm and does nothing with it.
fn grad_norm(object: &Object<'_>) -> Result<Option<f64>> {
    match object.present("grad_norm") {
        None => Ok(None),
        Some(node) => match node.value.as_bool() {
            Some(false) => Ok(None),
            Some(true) => {
                object.warn(
                    "`trainer.grad_norm: true` only computes the norm; it is ignored".to_owned(),
                );
                Ok(None)
            }
            None => node.number("a number above 0", |norm| norm > 0.0).map(Some),
        },
    }
}

const CHECKPOINTER: Family = Family {
    what: "checkpointer",
    default: Some("default"),
    known: &["default"],
    unsupported: &[],
};

const CHECKPOINTER_KEYS: Keys = Keys {
    known: &[
        "save_completed_epochs",
        "keep_most_recent_by_count",
        "num_serialized_models_to_keep",
    ],
    ignored: &[],
    unsupported: &[
        Unsupported {
            key: "save_every_num_seconds",
            harmless: &["null"],
            advice: "checkpoints are written after each epoch",
        },
        Unsupported {
            key: "save_every_num_batches",
            harmless: &["null"],
            advice: "checkpoints are written after each epoch",
        },
        Unsupported {
            key: "keep_most_recent_by_age",
            harmless: &["null"],
            advice: "use `keep_most_recent_by_count`",
        },
        Unsupported {
            key: "keep_serialized_model_every_num_seconds",
            harmless: &["null"],
            advice: "use `keep_most_recent_by_count`",
        },
    ],
};

/// Whether there are checkpoints, and how many are kept.
fn checkpointer(trainer: &Object<'_>) -> Result<(bool, Option<usize>)> {
    let node = match trainer.given("checkpointer") {
        Some(node) if node.value.is_null() => return Ok((false, Some(2))),
        Some(node) => node,
        None => return Ok((true, kept(trainer)?)),
    };
    let typed = node.typed(&CHECKPOINTER)?;
    if typed.name != "default" {
        return Err(typed.refuse(&CHECKPOINTER));
    }
    let object = typed.object(&CHECKPOINTER_KEYS)?;
    let saves = object.boolean_or("save_completed_epochs", true)?;
    let kept = match object.given("keep_most_recent_by_count") {
        Some(node) if node.value.is_null() => None,
        Some(node) => Some(node.count(0)?),
        None => kept(&object)?,
    };
    Ok((saves, kept))
}

/// AllenNLP 1's spelling, in which a negative number keeps all.
fn kept(object: &Object<'_>) -> Result<Option<usize>> {
    let Some(node) = object.given("num_serialized_models_to_keep") else {
        return Ok(Some(2));
    };
    object.warn(format!(
        "`{}` is a key of AllenNLP 1; write `trainer.checkpointer.keep_most_recent_by_count`",
        node.path
    ));
    if node.value.is_null() {
        return Ok(None);
    }
    Ok(usize::try_from(node.integer()?).ok())
}

const CALLBACK: Family = Family {
    what: "callback",
    default: None,
    known: &["optuna_pruner", "console_logger"],
    unsupported: &[(
        "should_validate_callback",
        "every epoch ends with a validation",
    )],
};

/// Whether the pruner is among the callbacks.
fn callbacks(trainer: &Object<'_>) -> Result<bool> {
    let mut has_pruner = false;
    for key in CALLBACK_KEYS {
        let Some(node) = trainer.present(key) else {
            continue;
        };
        if key != "callbacks" {
            trainer.warn(format!(
                "`trainer.{key}` is a key of AllenNLP 1; write `trainer.callbacks`"
            ));
        }
        for item in node.list()? {
            has_pruner |= is_pruner(&item)?;
        }
    }
    Ok(has_pruner)
}

fn is_pruner(node: &Node<'_>) -> Result<bool> {
    let typed = node.typed(&CALLBACK)?;
    match typed.name {
        "optuna_pruner" => {
            typed.object(&Keys::NONE)?;
            Ok(true)
        }
        "optuner_pruner" => {
            node.reading.warn(format!(
                "`{}`: the callback's name is `optuna_pruner`, not `optuner_pruner`",
                node.path
            ));
            typed.object(&Keys::NONE)?;
            Ok(true)
        }
        // These show things; opah shows its own.
        "console_logger" | "confidence_checks" | "sanity_checks" | "null" => Ok(false),
        "tensorboard" | "wandb" | "track_epoch_callback" | "mixed_precision_backward" => {
            node.reading.warn(format!(
                "`{}`: the callback `{}` is ignored",
                node.path, typed.name
            ));
            Ok(false)
        }
        _ => Err(typed.refuse(&CALLBACK)),
    }
}
