//! What values a parameter may take, in both representations.
//!
//! The *external* value ([`ParamValue`]) is what the user sees. The *internal*
//! value is one `f64`: the number itself, or the index of a choice. Only internal
//! values and distributions cross the storage boundary, in Optuna's JSON.

use std::fmt;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::json::{python_float, replace_bare_words, write_string};

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
    /// Anything else that a stored study holds: its JSON text.
    Other(String),
}

impl Choice {
    fn number(&self) -> Option<f64> {
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

/// A parameter's value as the user gives and gets it. Displays as a JSON scalar,
/// texts without quotes, so that it can be an environment variable's value.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Of a [`FloatDistribution`].
    Float(f64),
    /// Of an [`IntDistribution`].
    Int(i64),
    /// Of a [`CategoricalDistribution`].
    Categorical(Choice),
}

impl ParamValue {
    /// The value that a JSON value stands for; lists and objects are choices.
    pub fn from_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Categorical(Choice::Null),
            Value::Bool(truth) => Self::Categorical(Choice::Bool(*truth)),
            Value::String(text) => Self::Categorical(Choice::Str(text.clone())),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(int), _) => Self::Int(int),
                (None, Some(float)) => Self::Float(float),
                (None, None) => Self::Categorical(Choice::Other(number.to_string())),
            },
            other => Self::Categorical(Choice::Other(other.to_string())),
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
            Self::Categorical(Choice::Str(text) | Choice::Other(text)) => text.clone().into(),
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

/// Real numbers in `[low, high]`.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatDistribution {
    low: f64,
    high: f64,
    log: bool,
    step: Option<f64>,
}

impl FloatDistribution {
    /// Uniform in `[low, high]`; uniform in the logarithm when `log`; on the grid
    /// `low + k·step` when there is a step, `high` lowered to the grid.
    pub fn new(low: f64, high: f64, log: bool, step: Option<f64>) -> Result<Self> {
        let float = python_float;
        if !low.is_finite() || !high.is_finite() {
            return invalid(format!(
                "low = {} and high = {} must be finite",
                float(low),
                float(high)
            ));
        }
        if low > high {
            return invalid(format!(
                "low = {} is greater than high = {}",
                float(low),
                float(high)
            ));
        }
        if log && low <= 0.0 {
            return invalid(format!(
                "low = {} must be positive when log is true",
                float(low)
            ));
        }
        if log && step.is_some() {
            return invalid("log and step exclude each other".to_owned());
        }
        let high = match step {
            Some(step) if step.is_nan() || step <= 0.0 => {
                return invalid(format!("step = {} must be positive", float(step)));
            }
            Some(step) => {
                // A quotient within 1e-8 of a whole number is one: 0.3 / 0.1 is 3 steps.
                let steps = ((high - low) / step + 1e-8).floor();
                if (low + steps * step - high).abs() <= 1e-8 * step {
                    high
                } else {
                    low + steps * step
                }
            }
            None => high,
        };
        Ok(Self {
            low,
            high,
            log,
            step,
        })
    }

    /// The smallest value.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The greatest value.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Whether it is uniform in the logarithm.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The distance of neighbouring values.
    pub fn step(&self) -> Option<f64> {
        self.step
    }
}

/// Whole numbers in `[low, high]`.
#[derive(Debug, Clone, PartialEq)]
pub struct IntDistribution {
    low: i64,
    high: i64,
    log: bool,
    step: i64,
}

impl IntDistribution {
    /// Every `step`-th number of `[low, high]`; uniform in the logarithm when `log`.
    pub fn new(low: i64, high: i64, log: bool, step: i64) -> Result<Self> {
        if low > high {
            return invalid(format!("low = {low} is greater than high = {high}"));
        }
        if step < 1 {
            return invalid(format!("step = {step} must be at least 1"));
        }
        if log && low < 1 {
            return invalid(format!("low = {low} must be at least 1 when log is true"));
        }
        if log && step != 1 {
            return invalid("log and step exclude each other".to_owned());
        }
        let Some(width) = high.checked_sub(low) else {
            return invalid(format!("low = {low} and high = {high} are too far apart"));
        };
        Ok(Self {
            low,
            high: high - width % step,
            log,
            step,
        })
    }

    /// The smallest value.
    pub fn low(&self) -> i64 {
        self.low
    }

    /// The greatest value.
    pub fn high(&self) -> i64 {
        self.high
    }

    /// Whether it is uniform in the logarithm.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The distance of neighbouring values.
    pub fn step(&self) -> i64 {
        self.step
    }
}

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

/// What values a parameter may take.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Real numbers.
    Float(FloatDistribution),
    /// Whole numbers.
    Int(IntDistribution),
    /// Choices.
    Categorical(CategoricalDistribution),
}

impl Distribution {
    /// The value that `internal` stands for.
    pub fn to_external(&self, internal: f64) -> ParamValue {
        match self {
            Self::Float(_) => ParamValue::Float(internal),
            Self::Int(_) => ParamValue::Int(internal as i64),
            Self::Categorical(d) => {
                let choice = d.choices.get(internal as usize).cloned();
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
                d.choices
                    .iter()
                    .position(|known| *known == choice)
                    .map(|at| at as f64)
            }
        }
    }

    /// Whether the internal value is one of this distribution's. NaN never is. On a
    /// grid of floats a distance of 1e-8 steps is tolerated.
    pub fn contains(&self, internal: f64) -> bool {
        match self {
            Self::Float(d) => {
                let on_grid = d.step.is_none_or(|step| {
                    let steps = (internal - d.low) / step;
                    (steps - steps.round()).abs() < 1e-8
                });
                (d.low..=d.high).contains(&internal) && on_grid
            }
            Self::Int(d) => {
                internal.fract() == 0.0
                    && (d.low as f64..=d.high as f64).contains(&internal)
                    && (internal as i64 - d.low) % d.step == 0
            }
            Self::Categorical(d) => {
                internal.fract() == 0.0 && (0.0..d.choices.len() as f64).contains(&internal)
            }
        }
    }

    /// Whether there is just one value.
    pub fn is_single(&self) -> bool {
        match self {
            Self::Float(d) => d.low >= d.high,
            Self::Int(d) => d.low == d.high,
            Self::Categorical(d) => d.choices.len() == 1,
        }
    }

    /// The internal value of [`is_single`](Self::is_single) distributions, and the
    /// lowest of all others.
    pub fn lowest(&self) -> f64 {
        match self {
            Self::Float(d) => d.low,
            Self::Int(d) => d.low as f64,
            Self::Categorical(_) => 0.0,
        }
    }

    /// Optuna's rule for one name in one study: the same kind; the same log of
    /// numbers; the same choices. Ranges and steps may change.
    pub fn is_compatible(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a.log == b.log,
            (Self::Int(a), Self::Int(b)) => a.log == b.log,
            (Self::Categorical(a), Self::Categorical(b)) => a == b,
            _ => false,
        }
    }

    /// Optuna's JSON, byte for byte as its Python writes it.
    pub fn to_json(&self) -> String {
        match self {
            Self::Float(d) => format!(
                r#"{{"name": "FloatDistribution", "attributes": {{"step": {}, "low": {}, "high": {}, "log": {}}}}}"#,
                d.step.map_or_else(|| "null".to_owned(), python_float),
                python_float(d.low),
                python_float(d.high),
                d.log
            ),
            Self::Int(d) => format!(
                r#"{{"name": "IntDistribution", "attributes": {{"log": {}, "step": {}, "low": {}, "high": {}}}}}"#,
                d.log, d.step, d.low, d.high
            ),
            Self::Categorical(d) => {
                let mut text = String::from(
                    r#"{"name": "CategoricalDistribution", "attributes": {"choices": ["#,
                );
                for (at, choice) in d.choices.iter().enumerate() {
                    if at > 0 {
                        text.push_str(", ");
                    }
                    match choice {
                        Choice::Str(choice) => write_string(choice, &mut text),
                        other => text.push_str(&other.to_string()),
                    }
                }
                text.push_str("]}}");
                text
            }
        }
    }

    /// Reads Optuna's JSON: today's three classes, the five legacy ones, and the
    /// short form `{"type": "float", "low": …}`.
    pub fn from_json(text: &str) -> Result<Self> {
        let marked = replace_bare_words(
            text,
            &["{\"\":\"NaN\"}", "{\"\":\"inf\"}", "{\"\":\"-inf\"}"],
        );
        let value: Value =
            serde_json::from_str(&marked).map_err(|error| Error::InvalidDistribution {
                reason: format!("{text}: {error}"),
            })?;
        let (name, attributes) = match (value.get("name"), value.get("attributes")) {
            (Some(name), Some(attributes)) => (name, attributes),
            _ => (&value["type"], &value),
        };
        let number = |key: &str| attributes.get(key).and_then(Value::as_f64);
        let needed = |key: &str| {
            number(key).ok_or_else(|| Error::InvalidDistribution {
                reason: format!("`{key}` is missing or no number in {text}"),
            })
        };
        let log = attributes
            .get("log")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let float = |log, step| -> Result<Self> {
            FloatDistribution::new(needed("low")?, needed("high")?, log, step).map(Self::Float)
        };
        let int = |log| -> Result<Self> {
            let step = number("step").map_or(1, |step| step as i64);
            let (low, high) = (needed("low")? as i64, needed("high")? as i64);
            IntDistribution::new(low, high, log, if log { 1 } else { step }).map(Self::Int)
        };
        match name.as_str().unwrap_or_default() {
            "FloatDistribution" | "float" => float(log, number("step")),
            "UniformDistribution" => float(false, None),
            "LogUniformDistribution" => float(true, None),
            "DiscreteUniformDistribution" => float(false, Some(needed("q")?)),
            "IntDistribution" | "int" => int(log),
            "IntUniformDistribution" => int(false),
            "IntLogUniformDistribution" => int(true),
            "CategoricalDistribution" | "categorical" => {
                let choices = attributes.get("choices").and_then(Value::as_array);
                let choices = choices.ok_or_else(|| Error::InvalidDistribution {
                    reason: format!("`choices` is missing in {text}"),
                })?;
                CategoricalDistribution::new(choices.iter().map(read_choice).collect())
                    .map(Self::Categorical)
            }
            other => invalid(format!("unknown class `{other}` in {text}")),
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(d) => {
                write!(f, "float({}, {}", python_float(d.low), python_float(d.high))?;
                if let Some(step) = d.step {
                    write!(f, ", step={}", python_float(step))?;
                }
                f.write_str(if d.log { ", log)" } else { ")" })
            }
            Self::Int(d) => {
                write!(f, "int({}, {}", d.low, d.high)?;
                if d.step != 1 {
                    write!(f, ", step={}", d.step)?;
                }
                f.write_str(if d.log { ", log)" } else { ")" })
            }
            Self::Categorical(d) => {
                let choices: Vec<String> = d.choices.iter().map(ToString::to_string).collect();
                write!(f, "categorical({})", choices.join(", "))
            }
        }
    }
}

fn read_choice(value: &Value) -> Choice {
    match value {
        Value::Null => Choice::Null,
        Value::Bool(truth) => Choice::Bool(*truth),
        Value::String(text) => Choice::Str(text.clone()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(int), _) => Choice::Int(int),
            (None, Some(float)) => Choice::Float(float),
            (None, None) => Choice::Other(number.to_string()),
        },
        // The mark that `from_json` puts in place of a bare `NaN` or `Infinity`.
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("") => {
            let word = fields[""].as_str().unwrap_or_default();
            Choice::Float(word.parse().unwrap_or(f64::NAN))
        }
        other => Choice::Other(crate::json::Json::new(other).as_str().to_owned()),
    }
}

fn invalid<T>(reason: String) -> Result<T> {
    Err(Error::InvalidDistribution { reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by Optuna 5.0.0's `distribution_to_json`.
    const OPTUNA: [&str; 5] = [
        r#"{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}"#,
        r#"{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-05, "high": 0.1, "log": true}}"#,
        r#"{"name": "FloatDistribution", "attributes": {"step": 0.25, "low": 0.0, "high": 1.0, "log": false}}"#,
        r#"{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 0, "high": 10}}"#,
        r#"{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, 1, 2.5, "\u00e9\"x", NaN, -Infinity]}}"#,
    ];

    #[test]
    fn optuna_json_is_read_and_written_byte_for_byte() {
        for text in OPTUNA {
            assert_eq!(Distribution::from_json(text).unwrap().to_json(), text);
        }
    }

    #[test]
    fn legacy_classes_are_read() {
        let read = |text| Distribution::from_json(text).unwrap().to_string();
        assert_eq!(
            read(r#"{"name": "LogUniformDistribution", "attributes": {"low": 0.1, "high": 1}}"#),
            "float(0.1, 1.0, log)"
        );
        assert_eq!(
            read(
                r#"{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.3}}"#
            ),
            "float(0.0, 0.8999999999999999, step=0.3)"
        );
        assert_eq!(
            read(r#"{"type": "int", "low": 1, "high": 8, "log": true}"#),
            "int(1, 8, log)"
        );
    }

    #[test]
    fn high_is_lowered_to_the_grid() {
        let grid = IntDistribution::new(0, 10, false, 4).unwrap();
        assert_eq!(grid.high(), 8);
        let exact = FloatDistribution::new(0.0, 0.3, false, Some(0.1)).unwrap();
        assert_eq!(exact.high(), 0.3);
        assert!(Distribution::Float(exact).contains(0.2));
    }

    #[test]
    fn contradictions_are_refused() {
        for (low, high, log, step) in [
            (1.0, 0.0, false, None),
            (0.0, 1.0, true, None),
            (0.1, 1.0, true, Some(0.1)),
            (0.0, f64::INFINITY, false, None),
            (f64::NAN, 1.0, false, None),
            (0.0, 1.0, false, Some(0.0)),
        ] {
            assert!(FloatDistribution::new(low, high, log, step).is_err());
        }
        assert!(IntDistribution::new(0, 8, true, 1).is_err());
        assert!(IntDistribution::new(1, 8, true, 2).is_err());
        assert!(IntDistribution::new(i64::MIN, i64::MAX, false, 1).is_err());
        assert!(CategoricalDistribution::new(vec![]).is_err());
    }

    #[test]
    fn choices_are_equal_as_in_python() {
        assert_eq!(Choice::Bool(true), Choice::Int(1));
        assert_eq!(Choice::Int(1), Choice::Float(1.0));
        assert_eq!(Choice::Float(f64::NAN), Choice::Float(f64::NAN));
        assert_ne!(Choice::Str("1".to_owned()), Choice::Int(1));
    }

    #[test]
    fn nan_is_contained_nowhere() {
        for text in OPTUNA {
            assert!(!Distribution::from_json(text).unwrap().contains(f64::NAN));
        }
    }
}
