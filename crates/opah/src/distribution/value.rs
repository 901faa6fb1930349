//! A parameter's external value, and how it becomes the internal one and back.

use std::fmt;

use serde_json::Value;

use super::{Choice, Distribution};
use crate::json::{Json, python_float};

/// A parameter's value as the user gives and gets it. Displays as a JSON scalar,
/// texts without quotes, so that it can be an environment variable's value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Of a [`FloatDistribution`](super::FloatDistribution).
    Float(f64),
    /// Of an [`IntDistribution`](super::IntDistribution).
    Int(i64),
    /// Of a [`CategoricalDistribution`](super::CategoricalDistribution).
    Categorical(Choice),
}

impl ParamValue {
    /// The value that a JSON value stands for; lists and objects are choices.
    pub fn from_json(value: &Value) -> Self {
        match Choice::of_json(value) {
            Choice::Int(number) => Self::Int(number),
            Choice::Float(number) => Self::Float(number),
            choice => Self::Categorical(choice),
        }
    }

    /// The value as JSON; numbers that JSON has no word for become texts.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Float(number) | Self::Categorical(Choice::Float(number)) => {
                serde_json::Number::from_f64(*number)
                    .map_or_else(|| Value::String(python_float(*number)), Value::Number)
            }
            Self::Int(number) | Self::Categorical(Choice::Int(number)) => (*number).into(),
            Self::Categorical(Choice::Null) => Value::Null,
            Self::Categorical(Choice::Bool(truth)) => (*truth).into(),
            Self::Categorical(Choice::Str(text)) => text.clone().into(),
            Self::Categorical(Choice::Other(text)) => Json::from_text(text.as_str()).to_value(),
        }
    }

    /// The number; `None` for choices that are none.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            Self::Int(number) => Some(*number as f64),
            Self::Categorical(choice) => choice.number(),
        }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(number) => f.write_str(&python_float(*number)),
            Self::Int(number) => write!(f, "{number}"),
            Self::Categorical(choice) => choice.fmt(f),
        }
    }
}

impl Distribution {
    /// The value that `internal` stands for.
    pub fn to_external(&self, internal: f64) -> ParamValue {
        match self {
            Self::Float(_) => ParamValue::Float(internal),
            Self::Int(_) => ParamValue::Int(internal as i64),
            Self::Categorical(d) => {
                let choice = d.choices().get(internal as usize).cloned();
                ParamValue::Categorical(choice.unwrap_or(Choice::Null))
            }
        }
    }

    /// The internal value of `value`, whether or not it is in range; `None` when
    /// it is of another kind or no choice.
    pub fn to_internal(&self, value: &ParamValue) -> Option<f64> {
        match self {
            Self::Float(_) => value.as_f64(),
            Self::Int(_) => value.as_f64().filter(|number| number.fract() == 0.0),
            Self::Categorical(d) => {
                let choice = match value {
                    ParamValue::Categorical(choice) => choice.clone(),
                    ParamValue::Int(number) => Choice::Int(*number),
                    ParamValue::Float(number) => Choice::Float(*number),
                };
                d.choices()
                    .iter()
                    .position(|known| *known == choice)
                    .map(|at| at as f64)
            }
        }
    }
}
