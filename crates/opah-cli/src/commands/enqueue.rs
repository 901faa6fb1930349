//! `opah enqueue`: a trial that waits with given values.

use anyhow::Result;
use opah::frozen_trial::Attrs;
use opah::json::Json;
use opah::queue::Enqueue;
use serde_json::Value;

use crate::{args, json_argument, output};

/// The flags of `opah enqueue`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Prints the trial's number.\n\nExample:\n  opah enqueue --storage sqlite:///trial.db --params '{\"lr\": 0.001, \"kind\": \"adam\"}' --skip-if-exists"
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The values by name, as JSON or `@FILE`; parameters that it lacks will be drawn
    #[arg(long, value_name = "JSON")]
    params: String,
    /// User attributes of the trial, as JSON or `@FILE`
    #[arg(long, value_name = "JSON")]
    user_attrs: Option<String>,
    /// Add nothing if some trial has the same values of the same parameters
    #[arg(long)]
    skip_if_exists: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let params = json_argument::object("--params", &args.params)?;
    let attrs = args.user_attrs.as_deref();
    let attrs = attrs.map(|given| json_argument::object("--user-attrs", given));
    let attrs = attrs.transpose()?.unwrap_or_default();
    let attr = |(key, value): (String, Value)| (key, Json::new(&value));
    let options = Enqueue {
        user_attrs: attrs.into_iter().map(attr).collect::<Attrs>(),
        skip_if_exists: args.skip_if_exists,
    };
    let study = super::find(&args.study)?;
    let doubts = study.doubts_of_enqueued(&params);
    super::warn(&study);
    for doubt in doubts? {
        output::warn(&doubt);
    }
    if let Some(trial) = study.enqueue_with(&params, &options)? {
        return output::print(&format!("{}\n", trial.number));
    }
    output::note("a trial with these values exists; nothing is enqueued");
    Ok(())
}
