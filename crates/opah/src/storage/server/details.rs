//! What is known of a trial, as rows.

use std::collections::BTreeMap;

use super::connection::{ColumnType, Conflict, Insert, Value};
use crate::json::Json;
use crate::storage::TrialUpdate;
use crate::storage::encoding::columns;

const PARAM: &[(&str, ColumnType)] = &[
    ("param_name", ColumnType::Text),
    ("param_value", ColumnType::Float),
    ("distribution_json", ColumnType::Text),
];

const VALUE: &[(&str, ColumnType)] = &[
    ("objective", ColumnType::Int),
    ("value", ColumnType::Float),
    ("value_type", ColumnType::Enum("trialvaluetype")),
];

const REPORT: &[(&str, ColumnType)] = &[
    ("step", ColumnType::Int),
    ("intermediate_value", ColumnType::Float),
    (
        "intermediate_value_type",
        ColumnType::Enum("trialintermediatevaluetype"),
    ),
];

const ATTR: &[(&str, ColumnType)] = &[("key", ColumnType::Text), ("value_json", ColumnType::Text)];

/// The distributions of an update as JSON, which its rows borrow.
pub(super) fn distributions(update: &TrialUpdate) -> Vec<String> {
    let params = update.params.iter();
    params.map(|param| param.distribution.to_json()).collect()
}

/// The rows of an update and of objective values; only tables that get any.
pub(super) fn inserts<'a>(
    update: &'a TrialUpdate,
    distributions: &'a [String],
    values: &[f64],
) -> Vec<Insert<'a>> {
    let params = update.params.iter().zip(distributions);
    let params = params.map(|(param, distribution)| {
        vec![
            Value::Text(&param.name),
            Value::Float(param.value),
            Value::Text(distribution),
        ]
    });
    let reports = update.reports.iter();
    let reports = reports.map(|(step, value)| numbers(*step, *value));
    let values = (0_i64..).zip(values);
    let values = values.map(|(objective, value)| numbers(objective, *value));
    let all = [
        ("trial_params", PARAM, params.collect(), Conflict::Keep),
        (
            "trial_intermediate_values",
            REPORT,
            reports.collect(),
            Conflict::Keep,
        ),
        ("trial_values", VALUE, values.collect(), Conflict::Replace),
        (
            "trial_user_attributes",
            ATTR,
            attrs(&update.user_attrs),
            Conflict::Replace,
        ),
        (
            "trial_system_attributes",
            ATTR,
            attrs(&update.system_attrs),
            Conflict::Replace,
        ),
    ];
    let all = all.into_iter();
    let all = all.map(
        |(table, columns, rows, conflict): (_, _, Vec<_>, _)| Insert {
            table,
            owner: "trial_id",
            columns,
            rows,
            conflict,
        },
    );
    all.filter(|insert| !insert.rows.is_empty()).collect()
}

fn numbers<'a>(key: i64, value: f64) -> Vec<Value<'a>> {
    let (value, kind) = columns(value);
    vec![Value::Int(key), Value::float(value), Value::Text(kind)]
}

/// The last value of each key, by key, so that two workers lock rows in the same order.
fn attrs(attrs: &[(String, Json)]) -> Vec<Vec<Value<'_>>> {
    let last: BTreeMap<&str, &str> = attrs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let rows = last.into_iter();
    rows.map(|(key, value)| vec![Value::Text(key), Value::Text(value)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_with_rows_and_the_last_value_of_a_key() {
        let update = TrialUpdate {
            reports: vec![(3, f64::NAN)],
            user_attrs: vec![
                ("k".to_owned(), Json::new(&1)),
                ("k".to_owned(), Json::new(&2)),
            ],
            ..TrialUpdate::default()
        };
        let inserts = inserts(&update, &[], &[f64::INFINITY]);
        let rows: Vec<_> = inserts
            .iter()
            .map(|insert| (insert.table, insert.rows.clone()))
            .collect();
        assert_eq!(
            rows,
            [
                (
                    "trial_intermediate_values",
                    vec![vec![Value::Int(3), Value::Null, Value::Text("NAN")]]
                ),
                (
                    "trial_values",
                    vec![vec![Value::Int(0), Value::Null, Value::Text("INF_POS")]]
                ),
                (
                    "trial_user_attributes",
                    vec![vec![Value::Text("k"), Value::Text("2")]]
                ),
            ]
        );
    }
}
