//! Whether the parts fit together, before anything is trained.

use super::node::{Node, Result};
use super::object::Object;
use crate::config::schema::{Adam, Config, DatasetReader, Optimizer};

/// The config, if its parts fit; `experiment` tells where they stand.
pub(super) fn check(experiment: &Object<'_>, mut config: Config) -> Result<Config> {
    let model = experiment.required("model")?;
    dimensions(&model, &config)?;
    names(&model, &config, &config.dataset_reader)?;
    if let Some(reader) = &config.validation_dataset_reader {
        names(&model, &config, reader)?;
    }
    validation(experiment, &config)?;
    test(experiment, &config)?;
    sparse(&model, &mut config)?;
    Ok(config)
}

/// The value under `node`, down the keys; the deepest that is there.
fn down<'a>(node: &Node<'a>, keys: &[&str]) -> Node<'a> {
    let mut at = node.clone();
    for key in keys {
        let Some(child) = at.child(key) else { break };
        at = child;
    }
    at
}

fn dimensions(model: &Node<'_>, config: &Config) -> Result<()> {
    let embedded = config.model.embedding.embedding_dim;
    let encoder = &config.model.seq2vec_encoder;
    if encoder.input_dim() != embedded {
        let at = down(model, &["seq2vec_encoder", "embedding_dim"]);
        return Err(at.mismatch(format!(
            "`{}` is {}, but the embedding's vectors have length {embedded}",
            at.path,
            encoder.input_dim()
        )));
    }
    let Some(feedforward) = &config.model.feedforward else {
        return Ok(());
    };
    if feedforward.input_dim != encoder.output_dim() {
        let at = down(model, &["feedforward", "input_dim"]);
        return Err(at.mismatch(format!(
            "`{}` is {}, but the encoder's output has length {}",
            at.path,
            feedforward.input_dim,
            encoder.output_dim()
        )));
    }
    Ok(())
}

/// The embedder must be fed by the indexer of its name, from the vocabulary's namespace.
fn names(model: &Node<'_>, config: &Config, reader: &DatasetReader) -> Result<()> {
    let embedder = &config.model.embedding.name;
    let at = down(
        model,
        &["text_field_embedder", "token_embedders", embedder.as_str()],
    );
    if *embedder != reader.indexer_name {
        return Err(at.mismatch(format!(
            "the embedder is named `{embedder}`, but the dataset reader's indexer `{}`; \
             they must have the same name",
            reader.indexer_name
        )));
    }
    let given = at.present_child("vocab_namespace");
    let named = given.as_ref().map_or(Ok("tokens"), Node::text)?;
    if named != reader.indexer.namespace {
        return Err(given.unwrap_or(at).mismatch(format!(
            "the embedder's vectors belong to the namespace `{named}`, \
             but the dataset reader's indexer fills `{}`",
            reader.indexer.namespace
        )));
    }
    Ok(())
}

/// What needs validation data needs a path to it.
fn validation(experiment: &Object<'_>, config: &Config) -> Result<()> {
    if config.validation_data_path.is_some() {
        return Ok(());
    }
    let trainer = experiment.required("trainer")?;
    for key in ["validation_metric", "patience"] {
        if let Some(node) = trainer.present_child(key) {
            return Err(node.mismatch(format!(
                "`trainer.{key}` needs validation data, but there is no `validation_data_path`"
            )));
        }
    }
    Ok(())
}

fn test(experiment: &Object<'_>, config: &Config) -> Result<()> {
    if config.evaluate_on_test && config.test_data_path.is_none() {
        return Err(experiment.required("evaluate_on_test")?.mismatch(
            "`evaluate_on_test` needs test data, but there is no `test_data_path`".to_owned(),
        ));
    }
    Ok(())
}

/// `sparse` says that only the rows of a batch have a gradient. SGD without weight decay
/// does the same either way; for Adam it decides whether the other rows move.
fn sparse(model: &Node<'_>, config: &mut Config) -> Result<()> {
    let name = config.model.embedding.name.clone();
    let embedder = down(model, &["text_field_embedder", "token_embedders", &name]);
    let stated = embedder.child("sparse");
    let given = stated.as_ref().map(Node::boolean).transpose()?;
    let at = stated.unwrap_or(embedder);
    match (&config.trainer.optimizer, given) {
        (Optimizer::Adam(_), Some(true)) => {
            let advice = "use `dense_sparse_adam`, or `sparse: false`";
            Err(at.unsupported("`adam` on a sparse embedding".to_owned(), advice))
        }
        (Optimizer::Sgd { weight_decay, .. }, Some(true)) if *weight_decay != 0.0 => {
            let advice = "leave one of them out";
            let what = "`weight_decay` on a sparse embedding".to_owned();
            Err(at.unsupported(what, advice))
        }
        (Optimizer::DenseSparseAdam { lr, betas, eps }, Some(false)) => {
            config.trainer.optimizer = Optimizer::Adam(Adam {
                lr: *lr,
                betas: *betas,
                eps: *eps,
                ..Adam::default()
            });
            Ok(())
        }
        (Optimizer::DenseSparseAdam { .. }, None) => {
            model.reading.warn(
                "`dense_sparse_adam` moves only the embedding's rows of a batch, as if it had \
                 `sparse: true`; with `sparse: false` it is `adam`"
                    .to_owned(),
            );
            Ok(())
        }
        _ => Ok(()),
    }
}
