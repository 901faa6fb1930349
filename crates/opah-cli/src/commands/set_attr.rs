//! `opah set-attr`: a note on a study or a trial.

use anyhow::Result;
use opah::json::Json;
use opah::storage::AttrKind;

use crate::{args, json_argument};

/// The flags of `opah set-attr`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  opah set-attr --storage sqlite:///trial.db --key owner --value '\"Ada\"'\n  \
opah set-attr --storage sqlite:///trial.db --trial-number 3 --key seconds --value 12.5\n\n\
A trial that has finished can't change."
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The trial; the study itself if not given
    #[arg(long, value_name = "N")]
    trial_number: Option<u64>,
    /// The attribute's name
    #[arg(short, long)]
    key: String,
    /// Its value, as JSON or `@FILE`; a text has quotes
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    value: String,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let value = Json::new(&json_argument::value("--value", &args.value)?);
    let study = super::find(&args.study)?;
    match args.trial_number {
        None => study.set_attr(AttrKind::User, &args.key, &value)?,
        Some(number) => {
            let set = study.set_trial_attr(number, &args.key, &value);
            super::warn(&study);
            set?;
        }
    }
    Ok(())
}
