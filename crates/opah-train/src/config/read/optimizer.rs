//! `trainer.optimizer`: how weights are changed. Defaults are PyTorch's.

use super::family::Family;
use super::node::{Node, Result};
use super::object::{Keys, Object, Unsupported};
use crate::config::schema::{Adam, Optimizer};

const OPTIMIZER: Family = Family {
    what: "optimizer",
    default: Some("adam"),
    known: &["sgd", "adam", "adamw", "dense_sparse_adam"],
    unsupported: &[
        ("sparse_adam", "use `dense_sparse_adam`"),
        ("huggingface_adamw", "use `adamw`"),
        ("huggingface_adafactor", "use `adamw`"),
        ("adagrad", "use `adam`"),
        ("adadelta", "use `adam`"),
        ("adamax", "use `adam`"),
        ("rmsprop", "use `adam`"),
        ("averaged_sgd", "use `sgd`"),
        ("multi", "one optimizer changes all weights"),
    ],
};

const PARAMETER_GROUPS: &[Unsupported] = &[Unsupported {
    key: "parameter_groups",
    harmless: &["null", "[]"],
    advice: "all weights have the same options; `trainable: false` keeps an embedding as it is",
}];

const SGD_KEYS: Keys = Keys {
    known: &["lr", "momentum", "dampening", "weight_decay", "nesterov"],
    ignored: &[],
    unsupported: PARAMETER_GROUPS,
};

const ADAM_KEYS: Keys = Keys {
    known: &["lr", "betas", "eps", "weight_decay", "amsgrad"],
    ignored: &[],
    unsupported: PARAMETER_GROUPS,
};

const DENSE_SPARSE_ADAM_KEYS: Keys = Keys {
    known: &["lr", "betas", "eps"],
    ignored: &[],
    unsupported: PARAMETER_GROUPS,
};

pub(super) fn read(node: Option<&Node<'_>>) -> Result<Optimizer> {
    let Some(node) = node else {
        return Ok(Optimizer::Adam(Adam::default()));
    };
    let typed = node.typed(&OPTIMIZER)?;
    match typed.name {
        "sgd" => sgd(&typed.object(&SGD_KEYS)?),
        "adam" => adam(&typed.object(&ADAM_KEYS)?, false),
        "adamw" => adam(&typed.object(&ADAM_KEYS)?, true),
        "dense_sparse_adam" => {
            let object = typed.object(&DENSE_SPARSE_ADAM_KEYS)?;
            Ok(Optimizer::DenseSparseAdam {
                lr: not_negative_or(&object, "lr", 1e-3)?,
                betas: betas(&object)?,
                eps: not_negative_or(&object, "eps", 1e-8)?,
            })
        }
        _ => Err(typed.refuse(&OPTIMIZER)),
    }
}

fn sgd(object: &Object<'_>) -> Result<Optimizer> {
    let momentum = not_negative_or(object, "momentum", 0.0)?;
    let dampening = object
        .given("dampening")
        .map_or(Ok(0.0), |node| node.number("a number", |_| true))?;
    let nesterov = object.boolean_or("nesterov", false)?;
    if nesterov && (momentum == 0.0 || dampening != 0.0) {
        return Err(object
            .required("nesterov")?
            .mismatch("`nesterov` needs a `momentum` above 0 and no `dampening`".to_owned()));
    }
    Ok(Optimizer::Sgd {
        lr: not_negative(&object.required("lr")?)?,
        momentum,
        dampening,
        weight_decay: not_negative_or(object, "weight_decay", 0.0)?,
        nesterov,
    })
}

fn adam(object: &Object<'_>, decoupled: bool) -> Result<Optimizer> {
    Ok(Optimizer::Adam(Adam {
        lr: not_negative_or(object, "lr", 1e-3)?,
        betas: betas(object)?,
        eps: not_negative_or(object, "eps", 1e-8)?,
        weight_decay: not_negative_or(object, "weight_decay", if decoupled { 0.01 } else { 0.0 })?,
        amsgrad: object.boolean_or("amsgrad", false)?,
        decoupled,
    }))
}

fn not_negative(node: &Node<'_>) -> Result<f64> {
    node.number("a number of at least 0", |number| number >= 0.0)
}

fn not_negative_or(object: &Object<'_>, key: &str, default: f64) -> Result<f64> {
    object
        .given(key)
        .map_or(Ok(default), |node| not_negative(&node))
}

fn betas(object: &Object<'_>) -> Result<(f64, f64)> {
    let Some(node) = object.given("betas") else {
        return Ok((0.9, 0.999));
    };
    let items = node.list()?;
    match items.as_slice() {
        [first, second] => Ok((first.share()?, second.share()?)),
        _ => Err(node.wrong_with_hint("a list of two numbers", None)),
    }
}
