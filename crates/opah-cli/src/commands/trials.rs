//! `opah trials`: the columns of Optuna's `trials_dataframe`, times in UTC.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use opah::frozen_trial::{FrozenTrial, Timestamp};
use opah::json::python_float;
use serde_json::{Number, Value};

use crate::args::{Format, Study};
use crate::output::Rows;

/// The flags of `opah trials`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  opah trials --storage sqlite:///trial.db --format csv > trials.csv"
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: Study,
    /// Those that were deleted or corrected, with when and why, instead of the others
    #[arg(long)]
    withdrawn: bool,
    #[command(flatten)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let study = super::load(&args.study)?;
    let n_objectives = study.directions().len();
    if !args.withdrawn {
        return table(&study.trials()?, n_objectives).print(args.format.format);
    }
    let (trials, withdrawals): (Vec<_>, Vec<_>) = study.withdrawn()?.into_iter().unzip();
    let mut rows = table(&trials, n_objectives);
    rows.headings
        .extend(["withdrawn", "reason"].map(str::to_owned));
    for (row, withdrawal) in rows.rows.iter_mut().zip(withdrawals) {
        row.push(withdrawal.time.map(time).into());
        row.push(withdrawal.reason.into());
    }
    rows.print(args.format.format)
}

/// A row per trial; a column for every parameter and user attribute that one of them has.
pub(super) fn table(trials: &[Arc<FrozenTrial>], n_objectives: usize) -> Rows {
    let params: BTreeSet<&str> = trials
        .iter()
        .flat_map(|trial| trial.params.iter().map(|param| param.name.as_ref()))
        .collect();
    let attrs: BTreeSet<&String> = trials
        .iter()
        .flat_map(|trial| trial.user_attrs.keys())
        .collect();
    let mut headings = vec!["number".to_owned()];
    match n_objectives {
        1 => headings.push("value".to_owned()),
        several => headings.extend((0..several).map(|at| format!("values_{at}"))),
    }
    headings.extend(["datetime_start", "datetime_complete", "duration"].map(str::to_owned));
    headings.extend(params.iter().map(|name| format!("params_{name}")));
    headings.extend(attrs.iter().map(|key| format!("user_attrs_{key}")));
    headings.push("state".to_owned());
    let row = |trial: &Arc<FrozenTrial>| {
        let mut row: Vec<Value> = vec![trial.number.into()];
        row.extend(
            (0..n_objectives).map(|at| trial.values.get(at).map_or(Value::Null, |v| number(*v))),
        );
        row.push(trial.datetime_start.map(time).into());
        row.push(trial.datetime_complete.map(time).into());
        row.push(
            trial
                .duration()
                .map(|duration| number(duration.as_secs_f64()))
                .into(),
        );
        row.extend(params.iter().map(|name| {
            trial
                .params
                .get(name)
                .map_or(Value::Null, |param| param.external().to_json())
        }));
        row.extend(attrs.iter().map(|key| {
            trial
                .user_attrs
                .get(*key)
                .map_or(Value::Null, opah::json::Json::to_value)
        }));
        row.push(trial.state.name().into());
        row
    };
    let rows = trials.iter().map(row).collect();
    Rows { headings, rows }
}

/// A number, or its name where JSON has none.
fn number(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| python_float(value).into(), Value::Number)
}

/// A time in UTC, to the second.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
