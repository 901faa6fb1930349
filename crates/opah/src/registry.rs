//! What can be chosen by name, with options in JSON.
//!
//! Each kind (samplers, pruners, evaluators) has one static list of [`Entry`]s
//! beside its trait. Names, aliases, options and defaults come from the entry's type.

use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::suggestion::nearest;

/// A type that can be chosen by name; its fields are its options.
pub trait Configured: Default + Serialize + DeserializeOwned + JsonSchema {
    /// The name on the command line: lower case, `_` between words.
    const NAME: &'static str;
    /// Optuna's class name, which is read as an alias.
    const CLASS: &'static str;
    /// One line for tables.
    const SUMMARY: &'static str;

    /// Why these options can't be used, in a sentence that names them; `None` if they
    /// can.
    fn objection(&self) -> Option<String> {
        None
    }
}

/// One line of a list.
#[derive(Debug)]
pub struct Entry<T: ?Sized + 'static> {
    /// The name.
    pub name: &'static str,
    /// Optuna's class name.
    pub class: &'static str,
    /// One line for tables.
    pub summary: &'static str,
    /// The options with their documentation, as JSON schema.
    pub schema: fn() -> Schema,
    /// The options' defaults, as JSON.
    pub defaults: fn() -> Value,
    /// Makes it from options.
    pub build: fn(Value) -> serde_json::Result<Arc<T>>,
}

/// The options of `C` as JSON schema.
pub(crate) fn schema<C: Configured>() -> Schema {
    SchemaGenerator::default().into_root_schema_for::<C>()
}

/// The default options of `C`.
pub(crate) fn defaults<C: Configured>() -> Value {
    serde_json::to_value(C::default()).unwrap_or_default()
}

/// A `C` with these options, or what is wrong with them. Every list builds its entries
/// with this, so that a wrong option is refused in the same words everywhere.
pub(crate) fn configured<C: Configured>(options: &Value) -> serde_json::Result<C> {
    let built: C =
        serde_json::from_value(options.clone()).map_err(|error| located::<C>(options, error))?;
    match built.objection() {
        Some(objection) => Err(serde::de::Error::custom(objection)),
        None => Ok(built),
    }
}

/// The error with the name of the option that causes it, which serde does not tell.
fn located<C: Configured>(options: &Value, error: serde_json::Error) -> serde_json::Error {
    let alone = |name: &String, value: &Value| {
        let option = Map::from_iter([(name.clone(), value.clone())]);
        serde_json::from_value::<C>(Value::Object(option)).err()
    };
    let mut each = options.as_object().into_iter().flatten();
    let cause = each.find_map(|(name, value)| Some((name, alone(name, value)?)));
    match cause {
        Some((name, cause)) if !cause.to_string().contains(&format!("`{name}`")) => {
            serde::de::Error::custom(format!("`{name}`: {cause}"))
        }
        Some((name, _)) => with_hint::<C>(name, error),
        None => error,
    }
}

/// The error with the option that `name` was probably meant to be, if there is no such option.
fn with_hint<C: Configured>(name: &str, error: serde_json::Error) -> serde_json::Error {
    let defaults = defaults::<C>();
    let known = || defaults.as_object().into_iter().flat_map(Map::keys);
    if known().any(|option| option == name) {
        return error;
    }
    match nearest(name, known().map(String::as_str)) {
        Some(meant) => serde::de::Error::custom(format!("{error}; did you mean `{meant}`?")),
        None => error,
    }
}

/// Refuses options that were not made by [`build`] and can't be used.
pub(crate) fn check<C: Configured>(kind: &'static str, configured: &C) -> Result<()> {
    match configured.objection() {
        None => Ok(()),
        Some(objection) => Err(Error::InvalidOptions {
            kind,
            name: C::NAME,
            problem: serde::de::Error::custom(objection),
        }),
    }
}

/// Makes the entry called `name` (or whose Optuna class is `name`, with or without
/// its suffix, in any case) from `options`: a JSON object, or null for the defaults.
pub fn build<T: ?Sized>(
    kind: &'static str,
    entries: &[Entry<T>],
    name: &str,
    options: &Value,
) -> Result<Arc<T>> {
    let entry = find(kind, entries, name)?;
    let options = match options {
        Value::Null => Value::Object(Map::new()),
        given => given.clone(),
    };
    (entry.build)(options).map_err(|problem| Error::InvalidOptions {
        kind,
        name: entry.name,
        problem,
    })
}

/// The entry called `name`, by the same rule as [`build`].
pub fn find<'a, T: ?Sized>(
    kind: &'static str,
    entries: &'a [Entry<T>],
    name: &str,
) -> Result<&'a Entry<T>> {
    let wanted = name.to_lowercase().replace('-', "_");
    let found = entries.iter().find(|entry| {
        let class = entry.class.to_lowercase();
        let short = class.trim_end_matches(kind);
        wanted == entry.name || wanted == class || wanted == short
    });
    found.ok_or_else(|| Error::UnknownName {
        kind,
        name: name.to_owned(),
        suggestion: nearest(&wanted, entries.iter().map(|entry| entry.name)).map(str::to_owned),
        known: entries
            .iter()
            .map(|entry| entry.name)
            .collect::<Vec<_>>()
            .join(", "),
    })
}

#[cfg(test)]
mod tests {

    #[test]
    fn what_is_wrong_with_options_is_told_once() {
        let options = serde_json::json!({"reduction_factor": 1});
        let error = crate::pruner::build("hyperband", &options).unwrap_err();
        assert!(error.to_string().contains("must be at least 2"), "{error}");
        assert!(std::error::Error::source(&error).is_none());
    }

    #[test]
    fn an_option_that_is_misspelt_is_told_as_it_was_meant() {
        let options = serde_json::json!({"n_warmup_step": 1});
        let error = crate::pruner::build("median", &options)
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown field `n_warmup_step`"), "{error}");
        assert!(
            error.ends_with("; did you mean `n_warmup_steps`?"),
            "{error}"
        );
        let options = serde_json::json!({"far_from_all_of_them": 1});
        let error = crate::pruner::build("median", &options)
            .unwrap_err()
            .to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }
}
