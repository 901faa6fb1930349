//! The trial beside those that are like it.

use std::collections::BTreeSet;

use opah::explain::{Explanation, Neighbour, Parameter, Proposer};
use opah::{FrozenTrial, ParamValue};
use serde_json::Value;

use super::sentences::percent;
use crate::output::Rows;
use crate::search::short;

/// A column per trial, a row per parameter, and what the trials came to.
pub(super) fn table(explanation: &Explanation, objectives: &[String]) -> Rows {
    let near = &explanation.nearest;
    let headings = ["", "relevance"].map(str::to_owned).into_iter();
    let numbers = std::iter::once(&explanation.trial).chain(near.iter().map(|near| &near.trial));
    let numbers = numbers.map(|trial| format!("trial {}", trial.number));
    let headings: Vec<String> = headings.chain(numbers).collect();
    let own = explanation.params.iter().map(|param| &*param.name);
    let of_near = near
        .iter()
        .flat_map(|near| near.differences.iter().map(|name| &**name));
    let names: BTreeSet<&str> = own.chain(of_near).collect();
    let mut rows: Vec<Vec<Value>> = names
        .into_iter()
        .map(|name| parameter_row(explanation, name))
        .collect();
    for (at, objective) in objectives.iter().enumerate() {
        let value = |trial: &FrozenTrial| {
            trial
                .values
                .get(at)
                .map_or(Value::Null, |v| short(*v).into())
        };
        let mut row: Vec<Value> = vec![objective.as_str().into(), Value::Null];
        row.push(value(&explanation.trial));
        row.extend(near.iter().map(|near| value(&near.trial)));
        rows.push(row);
    }
    if let Some(first) = near.first() {
        let label = if first.correlation.is_some() {
            "correlation"
        } else {
            "distance"
        };
        let likeness = |near: &Neighbour| near.correlation.unwrap_or(near.distance);
        let mut row: Vec<Value> = vec![label.into(), Value::Null, Value::Null];
        row.extend(near.iter().map(|near| short(likeness(near)).into()));
        rows.push(row);
    }
    Rows { headings, rows }
}

fn parameter_row(explanation: &Explanation, name: &str) -> Vec<Value> {
    let own = explanation.params.iter().find(|param| &*param.name == name);
    let relevance = own.and_then(|param| param.relevance);
    let mut row: Vec<Value> = vec![
        name.into(),
        relevance.map(percent).into(),
        own.map(|param| given(param, &explanation.proposer)).into(),
    ];
    row.extend(explanation.nearest.iter().map(|near| -> Value {
        if near.differences.iter().all(|differs| &**differs != name) {
            return "=".into();
        }
        let param = near.trial.params.get(name);
        param.map(|param| shown(&param.external())).into()
    }));
    row
}

/// The value of a parameter, marked if it alone was enqueued.
fn given(param: &Parameter, proposer: &Proposer) -> String {
    let value = shown(&param.value);
    if param.is_enqueued && *proposer != Proposer::Queue {
        return format!("{value} (enqueued)");
    }
    value
}

fn shown(value: &ParamValue) -> String {
    match value {
        ParamValue::Float(number) => short(*number),
        other => other.to_string(),
    }
}
