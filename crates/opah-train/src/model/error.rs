//! What can be wrong with a model.

use thiserror::Error;

/// A model that can't be built, or numbers that don't fit it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    /// Two layers don't fit each other.
    #[error("`{key}` is {found}, but {reason} {expected}")]
    Dimension {
        /// Where in the configuration.
        key: String,
        /// What stands there.
        found: usize,
        /// Why it should be something else, ending so that the number can follow.
        reason: String,
        /// What it should be.
        expected: usize,
    },
    /// A size, index or share out of its range.
    #[error("`{key}` is {found}; it must be {expected}")]
    OutOfRange {
        /// Where in the configuration.
        key: String,
        /// What stands there.
        found: String,
        /// The range.
        expected: String,
    },
    /// An encoder without filters of any width.
    #[error(
        "`model.seq2vec_encoder.ngram_filter_sizes` is empty; name at least one width, as in [2, 3, 4]"
    )]
    NoWidths,
    /// More numbers than a computer can address.
    #[error("the model would have more numbers than memory can hold: `{name}` is {shape:?}")]
    TooLarge {
        /// The parameter.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Numbers of a parameter that the model doesn't have.
    #[error("the model has no parameter `{name}`; it has {}", list(known))]
    UnknownParameter {
        /// What was given.
        name: String,
        /// What the model has.
        known: Vec<String>,
    },
    /// Numbers in another shape than the parameter's.
    #[error("`{name}` has shape {expected:?}, but the given numbers have shape {found:?}")]
    WrongShape {
        /// The parameter.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
        /// That of the numbers.
        found: Vec<usize>,
    },
}

impl ModelError {
    pub(crate) fn unknown_parameter(name: &str, known: impl Iterator<Item = String>) -> Self {
        Self::UnknownParameter {
            name: name.to_owned(),
            known: known.collect(),
        }
    }

    pub(crate) fn wrong_shape(name: &str, expected: &[usize], found: &[usize]) -> Self {
        Self::WrongShape {
            name: name.to_owned(),
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
