//! Records read: Optuna's, rustuna's and opah's.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::raw_json::{Fields, inner, number, numbers, respaced, string, whole};
use super::record::{Entry, FORGETS, Operation, Record, code};
use crate::distribution::Distribution;
use crate::frozen_trial::{Direction, Param, StudyId, TrialId, TrialState};
use crate::json::Json;
use crate::storage::{AttrKind, TrialStart, TrialUpdate};

/// Reads records, and keeps what many of them share.
#[derive(Debug, Default)]
pub(super) struct Parser {
    /// By their spelling.
    names: BTreeMap<String, Arc<str>>,
    distributions: BTreeMap<String, Arc<Distribution>>,
}

/// What was read, or what is wrong with it.
type Parsed<T> = Result<T, String>;

impl Parser {
    /// The record that `text`, which must be JSON, stands for.
    pub(super) fn parse<'a>(&mut self, text: &'a str) -> Parsed<Record<'a>> {
        let fields = Fields::of(text).ok_or("it is no object")?;
        let worker = inner(fields.get("worker_id").unwrap_or_default());
        let code = required(&fields, "op_code", whole)?;
        let entry = match code {
            code::CREATE_TRIAL => {
                let study = StudyId(required(&fields, "study_id", whole)?);
                match self.start(&fields) {
                    Ok(start) => Entry::Operation(Operation::CreateTrial {
                        study,
                        start: Box::new(start),
                    }),
                    Err(problem) => Entry::UnreadableTrial { study, problem },
                }
            }
            code::SET_TRIAL_PARAM => {
                let trial = trial_id(&fields)?;
                match self.param(&fields) {
                    Ok(param) => Entry::Operation(Operation::SetParam { trial, param }),
                    Err(problem) => Entry::UnreadableParam { trial, problem },
                }
            }
            code::DISCARD_TRIALS => Entry::Nothing,
            code => Entry::Operation(operation(code, &fields)?),
        };
        Ok(Record { worker, entry })
    }

    fn param(&mut self, fields: &Fields) -> Parsed<Param> {
        let name = fields.get("param_name").unwrap_or_default();
        let value = fields.get("param_value_internal").unwrap_or_default();
        let distribution = fields.get("distribution").unwrap_or_default();
        self.param_of(name, value, distribution)
    }

    fn param_of(&mut self, name: &str, value: &str, distribution: &str) -> Parsed<Param> {
        let name = self.name(name)?;
        let in_param = |problem: String| format!("parameter `{name}`: {problem}");
        let distribution = self.distribution(distribution).map_err(in_param)?;
        let value = number(value).ok_or_else(|| in_param(format!("`{value}` is no number")))?;
        if matches!(*distribution, Distribution::Categorical(_)) && !distribution.contains(value) {
            return Err(in_param(format!(
                "there is no choice {value} in {distribution}"
            )));
        }
        Ok(Param {
            name,
            value,
            distribution,
        })
    }

    /// How a trial begins. Of a template's fields any may be missing.
    fn start(&mut self, fields: &Fields) -> Parsed<TrialStart> {
        let state = given(fields, "state").map_or(Ok(TrialState::Running), state)?;
        let values = match (given(fields, "values"), given(fields, "value")) {
            (Some(raw), _) => numbers(raw).ok_or_else(|| no("values", raw))?,
            (None, Some(raw)) => vec![number(raw).ok_or_else(|| no("value", raw))?],
            (None, None) => Vec::new(),
        };
        let distributions = object(fields, "distributions")?;
        let mut update = TrialUpdate::default();
        for (name, value) in object(fields, "params")?.iter() {
            let distribution = distributions.get(inner(name)).unwrap_or_default();
            update
                .params
                .push(self.param_of(name, value, distribution)?);
        }
        for (step, value) in object(fields, "intermediate_values")?.iter() {
            let report = inner(step).parse().ok().zip(number(value));
            update
                .reports
                .push(report.ok_or_else(|| no("intermediate_values", value))?);
        }
        update.user_attrs = attrs(&object(fields, "user_attrs")?);
        update.system_attrs = attrs(&object(fields, "system_attrs")?);
        Ok(TrialStart {
            state,
            values,
            update,
            datetime_start: time(fields, "datetime_start"),
            datetime_complete: time(fields, "datetime_complete"),
        })
    }

    fn name(&mut self, raw: &str) -> Parsed<Arc<str>> {
        if let Some(known) = self.names.get(raw) {
            return Ok(known.clone());
        }
        let name: Arc<str> = string(raw).ok_or("a parameter has no name")?.into();
        self.names.insert(raw.to_owned(), name.clone());
        Ok(name)
    }

    fn distribution(&mut self, raw: &str) -> Parsed<Arc<Distribution>> {
        if let Some(known) = self.distributions.get(raw) {
            return Ok(known.clone());
        }
        let json = string(raw).ok_or("it has no distribution")?;
        let distribution = Distribution::from_json(&json).map_err(|error| error.to_string())?;
        let distribution = Arc::new(distribution);
        self.distributions
            .insert(raw.to_owned(), distribution.clone());
        Ok(distribution)
    }
}

/// The operations whose fields say nothing of parameters.
fn operation(code: i64, fields: &Fields) -> Parsed<Operation> {
    let study = || required(fields, "study_id", whole).map(StudyId);
    Ok(match code {
        code::CREATE_STUDY => Operation::CreateStudy {
            name: required(fields, "study_name", string)?,
            directions: required(fields, "directions", directions)?,
        },
        code::DELETE_STUDY => Operation::DeleteStudy { study: study()? },
        code::SET_STUDY_USER_ATTR | code::SET_STUDY_SYSTEM_ATTR => {
            let kind = attr_kind(code == code::SET_STUDY_USER_ATTR);
            let (key, value) = attr(fields, kind)?;
            Operation::SetStudyAttr {
                study: study()?,
                kind,
                key,
                value,
            }
        }
        code::SET_TRIAL_STATE_VALUES => {
            let state = required(fields, "state", |raw| state(raw).ok())?;
            let values =
                given(fields, "values").map(|raw| numbers(raw).ok_or_else(|| no("values", raw)));
            let time_field = match state {
                TrialState::Running => "datetime_start",
                _ => "datetime_complete",
            };
            Operation::SetState {
                trial: trial_id(fields)?,
                state,
                values: values.transpose()?,
                time: time(fields, time_field),
                forgets: fields.get(FORGETS) == Some("true"),
            }
        }
        code::SET_TRIAL_INTERMEDIATE_VALUE => Operation::Report {
            trial: trial_id(fields)?,
            step: required(fields, "step", whole)?,
            value: required(fields, "intermediate_value", number)?,
        },
        code::SET_TRIAL_USER_ATTR | code::SET_TRIAL_SYSTEM_ATTR => {
            let kind = attr_kind(code == code::SET_TRIAL_USER_ATTR);
            let (key, value) = attr(fields, kind)?;
            Operation::SetTrialAttr {
                trial: trial_id(fields)?,
                kind,
                key,
                value,
            }
        }
        other => {
            return Err(format!(
                "the operation {other} is unknown; a newer program may have written it"
            ));
        }
    })
}

/// The field, if it is there and not null.
fn given<'a>(fields: &Fields<'a>, key: &str) -> Option<&'a str> {
    fields.get(key).filter(|raw| *raw != "null")
}

/// The fields of an object, which may be missing.
fn object<'a>(fields: &Fields<'a>, key: &str) -> Parsed<Fields<'a>> {
    let raw = given(fields, key).unwrap_or("{}");
    Fields::of(raw).ok_or_else(|| no(key, raw))
}

fn required<'a, T>(
    fields: &Fields<'a>,
    key: &str,
    read: impl FnOnce(&'a str) -> Option<T>,
) -> Parsed<T> {
    let raw = fields
        .get(key)
        .ok_or_else(|| format!("`{key}` is missing"))?;
    read(raw).ok_or_else(|| no(key, raw))
}

fn no(key: &str, raw: &str) -> String {
    let shown: String = raw.chars().take(40).collect();
    format!("`{key}` can't be {shown}")
}

fn trial_id(fields: &Fields) -> Parsed<TrialId> {
    required(fields, "trial_id", whole).map(TrialId)
}

fn state(raw: &str) -> Parsed<TrialState> {
    let place = whole(raw).and_then(|place| usize::try_from(place).ok());
    let state = place.and_then(|place| TrialState::ALL.get(place).copied());
    state.ok_or_else(|| no("state", raw))
}

/// Optuna treats 0, `NOT_SET`, as minimize.
fn directions(raw: &str) -> Option<Vec<Direction>> {
    let read = |number: f64| match number {
        0.0 | 1.0 => Some(Direction::Minimize),
        2.0 => Some(Direction::Maximize),
        _ => None,
    };
    numbers(raw)?.into_iter().map(read).collect()
}

fn attr_kind(is_users: bool) -> AttrKind {
    if is_users {
        AttrKind::User
    } else {
        AttrKind::System
    }
}

/// The one attribute of an operation.
fn attr(fields: &Fields, kind: AttrKind) -> Parsed<(String, Json)> {
    let field = match kind {
        AttrKind::User => "user_attr",
        AttrKind::System => "system_attr",
    };
    required(fields, field, |raw| attrs(&Fields::of(raw)?).pop())
}

fn attrs(fields: &Fields) -> Vec<(String, Json)> {
    let attrs = fields.iter().filter_map(|(key, value)| {
        // The spelling that attributes have in every other storage.
        Some((string(key)?, Json::from_text(respaced(value, [", ", ": "]))))
    });
    attrs.collect()
}

/// A time; one that can't be read is left out. Optuna up to 4.9 wrote the local time of
/// some machine without telling its zone, which is taken for UTC.
fn time(fields: &Fields, key: &str) -> Option<Timestamp> {
    let text = string(fields.get(key)?)?;
    let local = || {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    };
    text.parse().ok().or_else(local)
}
