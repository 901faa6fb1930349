//! Distributions in Optuna's JSON, as they are stored.

use serde_json::Value;

use super::{
    CategoricalDistribution, Choice, Distribution, FloatDistribution, IntDistribution, invalid,
};
use crate::error::{Error, Result};
use crate::json::{python_float, replace_bare_words, write_string};

impl Distribution {
    /// Optuna's JSON, byte for byte as its Python writes it.
    pub fn to_json(&self) -> String {
        match self {
            Self::Float(d) => format!(
                r#"{{"name": "FloatDistribution", "attributes": {{"step": {}, "low": {}, "high": {}, "log": {}}}}}"#,
                d.step().map_or_else(|| "null".to_owned(), python_float),
                python_float(d.low()),
                python_float(d.high()),
                d.is_log()
            ),
            Self::Int(d) => format!(
                r#"{{"name": "IntDistribution", "attributes": {{"log": {}, "step": {}, "low": {}, "high": {}}}}}"#,
                d.is_log(),
                d.step(),
                d.low(),
                d.high()
            ),
            Self::Categorical(d) => {
                let mut text = String::from(
                    r#"{"name": "CategoricalDistribution", "attributes": {"choices": ["#,
                );
                for (at, choice) in d.choices().iter().enumerate() {
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
        let wrong = |key: &str, expected: &str| Error::InvalidDistribution {
            reason: format!("`{key}` is missing or no {expected} in {text}"),
        };
        let is_given = |key: &str| attributes.get(key).is_some_and(|value| !value.is_null());
        let number = |key: &str| -> Result<f64> {
            let number = attributes.get(key).and_then(Value::as_f64);
            number.ok_or_else(|| wrong(key, "number"))
        };
        let whole = |key: &str| -> Result<i64> {
            if let Some(whole) = attributes.get(key).and_then(Value::as_i64) {
                return Ok(whole);
            }
            let float = number(key)?;
            if float.fract() == 0.0 {
                Ok(float as i64)
            } else {
                Err(wrong(key, "whole number"))
            }
        };
        let log = if is_given("log") {
            let log = attributes["log"].as_bool();
            log.ok_or_else(|| wrong("log", "truth value"))?
        } else {
            false
        };
        let float = |log, step| -> Result<Self> {
            FloatDistribution::new(number("low")?, number("high")?, log, step).map(Self::Float)
        };
        let int = |log: bool| -> Result<Self> {
            let has_step = is_given("step") && !log;
            let step = if has_step { whole("step")? } else { 1 };
            IntDistribution::new(whole("low")?, whole("high")?, log, step).map(Self::Int)
        };
        match name.as_str().unwrap_or_default() {
            "FloatDistribution" | "float" => {
                let step = is_given("step").then(|| number("step"));
                float(log, step.transpose()?)
            }
            "UniformDistribution" => float(false, None),
            "LogUniformDistribution" => float(true, None),
            "DiscreteUniformDistribution" => float(false, Some(number("q")?)),
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

fn read_choice(value: &Value) -> Choice {
    // The mark that `from_json` puts in place of a bare `NaN` or `Infinity`.
    let mark = value.as_object().filter(|fields| fields.len() == 1);
    let word = mark.and_then(|fields| fields.get("")?.as_str());
    match word.and_then(|word| word.parse::<f64>().ok()) {
        Some(number) => Choice::Float(number),
        None => Choice::of_json(value),
    }
}
