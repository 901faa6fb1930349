//! The lines of a dump, as types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::frozen_trial::{Attrs, Direction, FrozenTrial, Timestamp};
use crate::json::{Json, python_float};
use crate::storage::Snapshot;

/// The version that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;

/// A line. Members that are not known are passed over.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub(super) enum Record {
    /// The first line.
    Dump { version: u32 },
    /// A study; its trials follow.
    Study {
        name: String,
        directions: Vec<Direction>,
        n_trials: u64,
        #[serde(default)]
        user_attrs: Texts,
        #[serde(default)]
        system_attrs: Texts,
    },
    /// A trial of the last study.
    Trial(Box<Trial>),
}

/// Attributes: each a text that is JSON, because it may be JSON of Python's, with `NaN`.
pub(super) type Texts = BTreeMap<String, String>;

/// A trial.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Trial {
    pub(super) number: u64,
    pub(super) state: String,
    #[serde(default)]
    pub(super) values: Vec<Number>,
    /// Internal value and distribution, by name.
    #[serde(default)]
    pub(super) params: BTreeMap<String, (Number, String)>,
    /// Step and value.
    #[serde(default)]
    pub(super) reports: Vec<(i64, Number)>,
    #[serde(default)]
    pub(super) user_attrs: Texts,
    #[serde(default)]
    pub(super) system_attrs: Texts,
    #[serde(default)]
    pub(super) start: Option<String>,
    #[serde(default)]
    pub(super) complete: Option<String>,
}

/// A number; those that JSON has no word for are texts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "Spelled", into = "Spelled")]
pub(super) struct Number(pub(super) f64);

#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number, \"NaN\", \"Infinity\" or \"-Infinity\""
)]
enum Spelled {
    Number(f64),
    Word(String),
}

impl From<Number> for Spelled {
    fn from(Number(value): Number) -> Self {
        if value.is_finite() {
            Self::Number(value)
        } else {
            Self::Word(python_float(value))
        }
    }
}

impl TryFrom<Spelled> for Number {
    type Error = String;

    fn try_from(spelled: Spelled) -> Result<Self, String> {
        match spelled {
            Spelled::Number(value) => Ok(Self(value)),
            Spelled::Word(word) => match word.as_str() {
                "NaN" => Ok(Self(f64::NAN)),
                "Infinity" => Ok(Self(f64::INFINITY)),
                "-Infinity" => Ok(Self(f64::NEG_INFINITY)),
                _ => Err(format!(
                    "`{word}` is no number; the words are NaN, Infinity and -Infinity"
                )),
            },
        }
    }
}

impl Record {
    pub(super) fn of_study(snapshot: &Snapshot) -> Self {
        let study = snapshot.study();
        Self::Study {
            name: study.name.clone(),
            directions: study.directions.clone(),
            n_trials: snapshot.trials().len() as u64,
            user_attrs: texts(&study.user_attrs),
            system_attrs: texts(&study.system_attrs),
        }
    }

    pub(super) fn of_trial(trial: &FrozenTrial) -> Self {
        let params = trial.params.iter().map(|param| {
            let distribution = param.distribution.to_json();
            (param.name.to_string(), (Number(param.value), distribution))
        });
        let reports = trial.intermediate_values.iter();
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        Self::Trial(Box::new(Trial {
            number: trial.number,
            state: trial.state.name().to_owned(),
            values: trial.values.iter().copied().map(Number).collect(),
            params: params.collect(),
            reports: reports
                .map(|(step, value)| (*step, Number(*value)))
                .collect(),
            user_attrs: texts(&trial.user_attrs),
            system_attrs: texts(&trial.system_attrs),
            start: time(trial.datetime_start),
            complete: time(trial.datetime_complete),
        }))
    }
}

fn texts(attrs: &Attrs) -> Texts {
    let text = |(key, value): (&String, &Json)| (key.clone(), value.as_str().to_owned());
    attrs.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn every_number_has_a_spelling() {
        for (value, text) in [
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(serde_json::to_string(&Number(value)).unwrap(), text);
            let read: Number = serde_json::from_str(text).unwrap();
            assert_eq!(read.0.to_bits(), value.to_bits());
        }
        let nan: Number = serde_json::from_str("\"NaN\"").unwrap();
        assert!(nan.0.is_nan());
        let whole: Number = serde_json::from_str("-3").unwrap();
        assert_eq!(whole.0, -3.0);
        for wrong in ["\"nan\"", "null", "[1]", "\"1\""] {
            assert!(serde_json::from_str::<Number>(wrong).is_err(), "{wrong}");
        }
    }
}
