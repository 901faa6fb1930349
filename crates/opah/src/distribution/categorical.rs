//! Choices without an order.

use std::fmt;

use serde_json::Value;

use super::invalid;
use crate::error::Result;
use crate::json::{Json, python_float};

/// One of several choices without an order.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoricalDistribution {
    choices: Vec<Choice>,
}

impl CategoricalDistribution {
    /// One of `choices`, of which there must be at least one.
    pub fn new(choices: Vec<Choice>) -> Result<Self> {
        if choices.is_empty() {
            return invalid("choices is empty".to_owned());
        }
        Ok(Self { choices })
    }

    /// The choices, in order; the internal value is the index here.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }
}

/// One of a categorical parameter's choices.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Python's `None`.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number; may be NaN or infinite.
    Float(f64),
    /// A text.
    Str(String),
    /// Anything else that a stored study holds: its JSON text, spelled as Python does.
    Other(String),
}

impl Choice {
    /// The choice that a JSON value stands for.
    pub(super) fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::String(text) => Self::Str(text.clone()),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(int), _) => Self::Int(int),
                (None, Some(float)) => Self::Float(float),
                (None, None) => Self::Other(number.to_string()),
            },
            list_or_object => Self::Other(Json::new(list_or_object).as_str().to_owned()),
        }
    }

    /// The number that Python takes it for; truth values are 0 and 1.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }
}

/// Equality as in Python: `true`, `1` and `1.0` are the same; NaN equals NaN.
impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Str(a), Self::Str(b)) | (Self::Other(a), Self::Other(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            _ => match (self.number(), other.number()) {
                (Some(a), Some(b)) => a == b || (a.is_nan() && b.is_nan()),
                _ => false,
            },
        }
    }
}

impl From<&str> for Choice {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Choice {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<i64> for Choice {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Choice {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Choice {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Float(number) => f.write_str(&python_float(*number)),
            Self::Str(text) | Self::Other(text) => f.write_str(text),
        }
    }
}
