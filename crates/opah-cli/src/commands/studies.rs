//! `opah studies`

use anyhow::Result;
use opah::frozen_trial::FrozenStudy;
use serde_json::Value;

use crate::args::{Format, Storage};
use crate::output::{self, Rows};

/// The flags of `opah studies`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  opah studies --storage sqlite:///trial.db")]
pub(crate) struct Args {
    #[command(flatten)]
    storage: Storage,
    #[command(flatten)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let storage = super::open(&args.storage)?;
    let row = |study: FrozenStudy| -> Result<Vec<Value>> {
        let directions = output::directions(&study.directions);
        let study = opah::Study::load(storage.clone(), &study.name)?;
        let trials = study.trials()?;
        let start = trials.iter().filter_map(|trial| trial.datetime_start).min();
        Ok(vec![
            study.name().into(),
            directions.into(),
            trials.len().into(),
            start.map(super::trials::time).into(),
        ])
    };
    let headings = ["name", "direction", "n_trials", "datetime_start"]
        .map(str::to_owned)
        .to_vec();
    let rows = storage
        .studies()?
        .into_iter()
        .map(row)
        .collect::<Result<_>>()?;
    for warning in storage.warnings() {
        output::warn(&warning);
    }
    Rows { headings, rows }.print(args.format.format)
}
