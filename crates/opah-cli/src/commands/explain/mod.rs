//! `opah explain`: why a trial was suggested, and what was to be expected of it.

mod comparison;
mod record;
mod sentences;

use anyhow::{Context, Result};

use crate::args::{self, FormatName};
use crate::output;

/// The flags of `opah explain`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A Gaussian process of the trials that had finished when the trial began says which \
value it expected, with an interval of 95 %, how probable an improvement on the best was and how \
large in the mean, how much each parameter matters, and which of the best trials are most alike \
(`=`: the same value). Of a trial of the sampler gp, which auto takes first, that is what proposed \
it; of others, a second opinion. In JSON, null for `low` or `high` is no end.\n\n\
Examples:\n  opah explain --storage sqlite:///trial.db\n  \
opah explain --storage sqlite:///trial.db 42 --format json"
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The trial's number [default: the best trial; of several objectives, the first of the
    /// front]
    #[arg(value_name = "TRIAL")]
    trial: Option<u64>,
    /// The same
    #[arg(
        long = "trial",
        alias = "trial-number",
        value_name = "N",
        conflicts_with = "trial"
    )]
    number: Option<u64>,
    #[command(flatten)]
    format: args::Format,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let study = super::load(&args.study)?;
    let number = match args.trial.or(args.number) {
        Some(number) => number,
        None => best(&study)?,
    };
    let explanation = study.explain(number)?;
    let objectives = objectives(&study)?;
    match args.format.format {
        FormatName::Table => output::print(&sentences::text(&explanation, &objectives)),
        FormatName::Csv => record::rows(&explanation, &objectives).print(FormatName::Csv),
        format => output::print_record(&record::record(&explanation, &objectives), format),
    }
}

fn best(study: &opah::Study) -> Result<u64> {
    if study.directions().len() == 1 {
        return Ok(study.best_trial()?.number);
    }
    let front = study.best_trials()?;
    let first = front
        .first()
        .context("no feasible trial is complete yet, so name one, as in `opah explain 0`")?;
    Ok(first.number)
}

/// The names of the objectives; those of the columns of `opah trials` if they have none.
fn objectives(study: &opah::Study) -> Result<Vec<String>> {
    let n_objectives = study.directions().len();
    let named = study.frozen()?.metric_names();
    Ok(match named.filter(|names| names.len() == n_objectives) {
        Some(names) => names,
        None if n_objectives == 1 => vec!["value".to_owned()],
        None => (0..n_objectives).map(|at| format!("values_{at}")).collect(),
    })
}
