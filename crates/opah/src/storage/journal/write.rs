//! Records written, byte for byte as Optuna's Python writes them.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::raw_json::{is_json, respaced};
use super::record::{FORGETS, Operation, code};
use crate::distribution::Distribution;
use crate::frozen_trial::{Direction, Param, TrialState};
use crate::json::{Json, python_float, write_string};
use crate::storage::{AttrKind, TrialStart, TrialUpdate};

/// The record of an operation, without the end of its line.
pub(super) fn record(operation: &Operation, worker: &str) -> String {
    let mut record = Object::default();
    record.field("op_code", code_of(operation));
    record.field("worker_id", quoted(worker));
    match operation {
        Operation::CreateStudy { name, directions } => {
            record.field("study_name", quoted(name));
            let directions = directions.iter().map(|direction| match direction {
                Direction::Minimize => "1".to_owned(),
                Direction::Maximize => "2".to_owned(),
            });
            record.field("directions", list(directions));
        }
        Operation::DeleteStudy { study } => record.field("study_id", study.0),
        Operation::SetStudyAttr {
            study,
            kind,
            key,
            value,
        } => {
            record.field("study_id", study.0);
            record.field(attr_field(*kind), attr(key, value));
        }
        Operation::CreateTrial { study, start } => {
            record.field("study_id", study.0);
            write_start(&mut record, start);
        }
        Operation::SetParam { trial, param } => {
            record.field("trial_id", trial.0);
            record.field("param_name", quoted(&param.name));
            record.field("param_value_internal", internal(param));
            record.field("distribution", quoted(&param.distribution.to_json()));
        }
        Operation::SetState {
            trial,
            state,
            values,
            time,
            forgets,
        } => {
            record.field("trial_id", trial.0);
            record.field("state", state_number(*state));
            record.field("values", values.as_deref().map_or_else(null, floats));
            if *state == TrialState::Running {
                record.field("datetime_start", time.map_or_else(null, time_text));
            } else if state.is_finished() {
                record.field("datetime_complete", time.map_or_else(null, time_text));
            }
            if *forgets {
                record.field(FORGETS, true);
            }
        }
        Operation::Report { trial, step, value } => {
            record.field("trial_id", trial.0);
            record.field("step", step);
            record.field("intermediate_value", python_float(*value));
        }
        Operation::SetTrialAttr {
            trial,
            kind,
            key,
            value,
        } => {
            record.field("trial_id", trial.0);
            record.field(attr_field(*kind), attr(key, value));
        }
    }
    record.end()
}

fn code_of(operation: &Operation) -> i64 {
    match operation {
        Operation::CreateStudy { .. } => code::CREATE_STUDY,
        Operation::DeleteStudy { .. } => code::DELETE_STUDY,
        Operation::SetStudyAttr { kind, .. } => match kind {
            AttrKind::User => code::SET_STUDY_USER_ATTR,
            AttrKind::System => code::SET_STUDY_SYSTEM_ATTR,
        },
        Operation::CreateTrial { .. } => code::CREATE_TRIAL,
        Operation::SetParam { .. } => code::SET_TRIAL_PARAM,
        Operation::SetState { .. } => code::SET_TRIAL_STATE_VALUES,
        Operation::Report { .. } => code::SET_TRIAL_INTERMEDIATE_VALUE,
        Operation::SetTrialAttr { kind, .. } => match kind {
            AttrKind::User => code::SET_TRIAL_USER_ATTR,
            AttrKind::System => code::SET_TRIAL_SYSTEM_ATTR,
        },
    }
}

/// A trial that merely runs has one field; what more is known makes it a template.
fn write_start(record: &mut Object, start: &TrialStart) {
    record.field(
        "datetime_start",
        start.datetime_start.map_or_else(null, time_text),
    );
    let TrialUpdate {
        params,
        reports,
        user_attrs,
        system_attrs,
    } = &start.update;
    if start.state == TrialState::Running && start.update.is_empty() && start.values.is_empty() {
        return;
    }
    record.field("state", state_number(start.state));
    let (value, values) = match start.values[..] {
        [] => (null(), null()),
        [value] => (python_float(value), null()),
        _ => (null(), floats(&start.values)),
    };
    record.field("value", value);
    record.field("values", values);
    if let Some(complete) = start.datetime_complete {
        record.field("datetime_complete", time_text(complete));
    }
    let mut distributions = Object::default();
    let mut internals = Object::default();
    for param in params {
        distributions.field(&param.name, quoted(&param.distribution.to_json()));
        internals.field(&param.name, internal(param));
    }
    record.field("distributions", distributions.end());
    record.field("params", internals.end());
    for (field, attrs) in [("user_attrs", user_attrs), ("system_attrs", system_attrs)] {
        let mut object = Object::default();
        for (key, value) in attrs {
            object.attr(key, value);
        }
        record.field(field, object.end());
    }
    let mut steps = Object::default();
    for (step, value) in reports {
        steps.field(&step.to_string(), python_float(*value));
    }
    record.field("intermediate_values", steps.end());
}

/// An object without a space between its tokens.
#[derive(Default)]
struct Object(String);

impl Object {
    /// Adds a field; `value` is JSON.
    fn field(&mut self, key: &str, value: impl std::fmt::Display) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        write_string(key, &mut self.0);
        let _ = write!(self.0, ":{value}");
    }

    fn attr(&mut self, key: &str, value: &Json) {
        let text = value.as_str();
        // One attribute that is no JSON would spoil the whole record.
        if is_json(text) {
            self.field(key, respaced(text, [",", ":"]));
        } else {
            self.field(key, quoted(text));
        }
    }

    fn end(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

fn null() -> String {
    "null".to_owned()
}

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    write_string(text, &mut quoted);
    quoted
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn floats(values: &[f64]) -> String {
    list(values.iter().map(|value| python_float(*value)))
}

fn attr(key: &str, value: &Json) -> String {
    let mut object = Object::default();
    object.attr(key, value);
    object.end()
}

fn attr_field(kind: AttrKind) -> &'static str {
    match kind {
        AttrKind::User => "user_attr",
        AttrKind::System => "system_attr",
    }
}

/// The internal value: a choice's is a whole number in Python.
fn internal(param: &Param) -> String {
    match *param.distribution {
        Distribution::Categorical(_) => (param.value as i64).to_string(),
        Distribution::Float(_) | Distribution::Int(_) => python_float(param.value),
    }
}

fn state_number(state: TrialState) -> usize {
    let place = TrialState::ALL.iter().position(|known| *known == state);
    place.unwrap_or_default()
}

fn time_text(time: Timestamp) -> String {
    format!("\"{}\"", time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"))
}
