//! What can be wrong with a config.

use std::io;
use std::path::PathBuf;

use super::path::KeyPath;
use super::place::{Diagnostic, Location};
use super::suggestion::did_you_mean;

/// What can be wrong with a config. Messages begin with the place, where there is one, and
/// end with the line of the source.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("cannot read the config `{}`: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Jsonnet refuses it.
    #[error("{0}")]
    Jsonnet(Box<Diagnostic>),
    /// The config reads an external variable that was not given.
    #[error(
        "{}: {}{}{}",
        diagnostic.at,
        missing_ext_var(name, suggestion.as_ref()),
        diagnostic.at.below(),
        diagnostic.chain()
    )]
    MissingExtVar {
        /// The variable.
        name: String,
        /// The nearest of those that were given.
        suggestion: Option<String>,
        /// Where it is read.
        diagnostic: Box<Diagnostic>,
    },
    /// A change that can't be made to the config's values.
    #[error("in `{change}`: {problem}")]
    Change {
        /// The change, as it was given.
        change: String,
        /// What is wrong with it.
        problem: Box<ChangeProblem>,
    },
    /// The values don't make a configuration.
    #[error("{at}: {problem}{}", at.below())]
    Invalid {
        /// Where the value comes from.
        at: Box<Location>,
        /// What is wrong with it.
        problem: Box<Problem>,
    },
    /// No metric of this name will come out of the training.
    #[error(
        "the training gives no metric `{name}`{}",
        meant_or_known(suggestion.as_ref(), known)
    )]
    UnknownMetric {
        /// The name.
        name: String,
        /// The nearest of those that will.
        suggestion: Option<String>,
        /// Those that will.
        known: Vec<String>,
    },
    /// `trainer.validation_metric` adds up several metrics, which is none to tune by.
    #[error(
        "`trainer.validation_metric` is the sum of {}, which is no metric of its own; say which one counts, for example `{example}`",
        list(metrics)
    )]
    SeveralMetrics {
        /// The metrics with their signs.
        metrics: Vec<String>,
        /// One of them, as its key in the record.
        example: String,
    },
    /// There is nothing to validate on, so `trainer.validation_metric` is never computed.
    #[error("`{metric}` needs validation data, and the config has no `validation_data_path`")]
    NoValidationMetric {
        /// The metric with its sign.
        metric: String,
    },
}

/// What can be wrong with a change to the config's values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeProblem {
    /// Overrides are an object.
    #[error("overrides must be an object like `{{\"trainer.num_epochs\": 3}}`, not {found}")]
    NotAnObject {
        /// What they are.
        found: String,
    },
    /// Override keys that address nothing.
    #[error("{}", unused(keys))]
    Unused {
        /// The keys, and the key that may have been meant.
        keys: Vec<(String, Option<String>)>,
    },
    /// A path leads into something that has no parts.
    #[error("`{path}` is {found}, so `{path}.{rest}` can't be changed")]
    NoParts {
        /// The path to it.
        path: String,
        /// The rest of the path.
        rest: String,
        /// What is there.
        found: String,
    },
    /// No `=`, or an empty key.
    #[error(
        "a change is written `trainer.num_epochs=3`: keys with dots between them, `=`, and a value"
    )]
    NotAnAssignment,
    /// No element of this number.
    #[error("`{path}` has no element `{index}`; it has {length}, counted from 0")]
    NoElement {
        /// The path to the list.
        path: String,
        /// How many it has.
        length: usize,
        /// What was asked for.
        index: String,
    },
}

/// What can be wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A key that nothing reads.
    #[error("unknown key `{key}` {}{}", within.within(), known_or_suggestion(suggestion.as_ref(), known))]
    UnknownKey {
        /// The key.
        key: String,
        /// The path to its object.
        within: KeyPath,
        /// The key that may have been meant.
        suggestion: Option<String>,
        /// The keys that there are.
        known: Vec<&'static str>,
    },
    /// A key that must be there.
    #[error("`{key}` is missing {}", within.within())]
    MissingKey {
        /// The key.
        key: &'static str,
        /// The path to its object.
        within: KeyPath,
    },
    /// A value of the wrong kind or out of its range.
    #[error("`{path}` must be {expected}, not {found}{}", hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}")))]
    WrongValue {
        /// The path to it.
        path: KeyPath,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
        /// How that may have come.
        hint: Option<String>,
    },
    /// A `type` that is no such thing in AllenNLP either.
    #[error("no {family} is named `{name}`{}", meant_or_known(suggestion.as_ref(), known))]
    UnknownType {
        /// "encoder", "optimizer", …
        family: &'static str,
        /// The name.
        name: String,
        /// The type that may have been meant.
        suggestion: Option<String>,
        /// The types that there are.
        known: Vec<&'static str>,
    },
    /// Something of AllenNLP's that opah does not do.
    #[error("{} is not supported{}", unsupported(path, what), advice(advice_text))]
    Unsupported {
        /// The path to it.
        path: KeyPath,
        /// What it is, unless the path says it.
        what: String,
        /// What to do instead.
        advice_text: String,
    },
    /// Two parts that don't fit together, or a part that lacks another.
    #[error("{0}")]
    Mismatch(String),
}

fn missing_ext_var(name: &str, suggestion: Option<&String>) -> String {
    match suggestion {
        Some(near) => format!("external variable `{name}` is not given; did you mean `{near}`?"),
        None => format!(
            "external variable `{name}` is not given; set it in the environment, as in `{name}=… opah train …`"
        ),
    }
}

fn unused(keys: &[(String, Option<String>)]) -> String {
    let shown: Vec<String> = keys
        .iter()
        .map(|(key, meant)| match meant {
            Some(meant) => format!("`{key}` (did you mean `{meant}`?)"),
            None => format!("`{key}`"),
        })
        .collect();
    format!(
        "the config has nothing to override at {}; a new key needs its object to exist",
        shown.join(", ")
    )
}

fn known_or_suggestion(suggestion: Option<&String>, known: &[&'static str]) -> String {
    match suggestion {
        Some(_) => did_you_mean(suggestion),
        None if known.is_empty() => "; it has no options".to_owned(),
        None => format!("; known keys are {}", list(known)),
    }
}

fn meant_or_known<S: AsRef<str>>(suggestion: Option<&String>, known: &[S]) -> String {
    match suggestion {
        Some(_) => format!("{} (known: {})", did_you_mean(suggestion), list(known)),
        None => format!("; known: {}", list(known)),
    }
}

fn unsupported(path: &KeyPath, what: &str) -> String {
    if what.is_empty() {
        format!("`{path}`")
    } else {
        format!("`{path}`: {what}")
    }
}

fn advice(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("; {text}")
    }
}

/// `` `a`, `b` and `c` ``.
pub(super) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
