//! The values of an expression's parts, and their kinds.

use std::fmt;

use crate::distribution::{Choice, ParamValue};

/// The value of a part of an expression. Values of different kinds are never equal, nor is
/// NaN to anything.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Truth(bool),
    Number(f64),
    Text(String),
    /// The JSON text of a choice that is a list or an object.
    Json(String),
}

/// What sort of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Null,
    Truth,
    Number,
    Text,
    Json,
}

impl Value {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Truth(_) => Kind::Truth,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::Json(_) => Kind::Json,
        }
    }
}

impl From<ParamValue> for Value {
    fn from(value: ParamValue) -> Self {
        match value {
            ParamValue::Float(number) => Self::Number(number),
            ParamValue::Int(number) => Self::Number(number as f64),
            ParamValue::Categorical(choice) => choice.into(),
        }
    }
}

impl From<Choice> for Value {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Null => Self::Null,
            Choice::Bool(truth) => Self::Truth(truth),
            Choice::Int(number) => Self::Number(number as f64),
            Choice::Float(number) => Self::Number(number),
            Choice::Str(text) => Self::Text(text),
            Choice::Other(json) => Self::Json(json),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Truth => "a truth value",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Json => "a list or an object",
        })
    }
}
