//! `opah ask`: one trial more, for whoever runs the objective.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use opah::frozen_trial::FIXED_PARAMS_ATTR;
use opah::json::Json;
use opah::{Distribution, FrozenTrial, ParamValue, SearchSpace, Study, suggestion};
use serde_json::{Map, Value};

use crate::args::FormatName;
use crate::{algorithms, args, json_argument, output, priors, rules};

/// The flags of `opah ask`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  opah ask --storage sqlite:///trial.db --search-space '{\"x\": {\"type\": \"float\", \"low\": 0, \"high\": 1}}'\n  \
opah ask --storage sqlite:///trial.db --search-space @space.json --sampler tpe --sampler-options '{\"group\": true}'\n  \
opah ask --storage sqlite:///trial.db --search-space @space.json --priors '{\"x\": {\"normal\": {\"mean\": 0.3, \"sd\": 0.1}}}'\n\n\
The trial runs from now on; `opah tell` ends it. What waits after `opah enqueue` comes first."
)]
pub(crate) struct Args {
    #[command(flatten)]
    study: args::Study,
    /// The parameters, as JSON or `@FILE`: names with Optuna's distributions, or with
    /// `{"type": "float"|"int", "low", "high", "step", "log"}` and
    /// `{"type": "categorical", "choices"}`
    #[arg(long, value_name = "JSON")]
    search_space: Option<String>,
    #[command(flatten)]
    sampler: algorithms::Sampler,
    #[command(flatten)]
    priors: priors::Priors,
    #[command(flatten)]
    rules: rules::Rules,
    /// The seed of all draws [default: the study's, which the first ask makes]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How the trial is printed
    #[arg(short, long, value_enum, default_value = "json")]
    format: FormatName,
    /// Print parameters beside the number, as `params_NAME`
    #[arg(long)]
    flatten: bool,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let space = args.search_space.as_deref().map(search_space).transpose()?;
    let space = space.unwrap_or_default();
    let study = super::find(&args.study)?;
    let sampler = args.sampler.for_study(&study, args.seed)?;
    let study = study.with_sampler(sampler).with_rules(args.rules.read()?);
    let study = args.priors.for_study(study, &space)?;
    check(&study, &space)?;
    if study.is_exhausted()? {
        bail!("nothing is left to try: the sampler has been through all of its points");
    }
    let mut trial = study.ask_with(&space)?;
    let twin = trial.twin()?;
    trial.flush()?;
    super::warn(&study);
    for warning in trial.warnings() {
        output::warn(warning);
    }
    warn_of_left_out(trial.frozen(), &space);
    let mut record = record(trial.frozen());
    if let Some(twin) = twin {
        let values: Vec<Value> = twin
            .values
            .iter()
            .map(|value| ParamValue::Float(*value).to_json())
            .collect();
        record.insert("twin".to_owned(), twin.number.into());
        record.insert("values".to_owned(), values.into());
    }
    if args.flatten {
        output::print_record(&output::flat(&record), args.format)
    } else {
        output::print_record(&record, args.format)
    }
}

fn search_space(given: &str) -> Result<SearchSpace> {
    let parameter = |(name, json): (&String, &Value)| -> Result<(Arc<str>, Arc<Distribution>)> {
        let distribution = Distribution::from_json(&json.to_string())
            .with_context(|| format!("--search-space: parameter `{name}`"))?;
        Ok((Arc::from(name.as_str()), Arc::new(distribution)))
    };
    let fields = json_argument::object("--search-space", given)?;
    fields.iter().map(parameter).collect()
}

/// Refuses a space that contradicts the study's trials, before a trial is spent on it.
fn check(study: &Study, space: &SearchSpace) -> Result<()> {
    let history = study.history()?;
    for (name, now) in space {
        if let Some(before) = history.known_distribution(name)
            && !before.is_compatible(now)
        {
            return Err(opah::Error::IncompatibleDistribution {
                name: name.to_string(),
                before: before.to_string(),
                now: now.to_string(),
            }
            .into());
        }
    }
    Ok(())
}

/// Warns of enqueued values that the space does not ask for.
fn warn_of_left_out(trial: &FrozenTrial, space: &SearchSpace) {
    let fixed = trial.system_attrs.get(FIXED_PARAMS_ATTR);
    let fixed: Map<String, Value> = fixed.and_then(Json::parse).unwrap_or_default();
    for name in fixed.keys().filter(|name| space.get(name).is_none()) {
        let names = space.iter().map(|(name, _)| &**name);
        let meant = suggestion::nearest(name, names);
        let meant = meant.map_or_else(String::new, |meant| format!("; was `{meant}` meant?"));
        output::warn(&format!(
            "a value of `{name}` was enqueued, but the search space does not have it{meant}"
        ));
    }
}

fn record(trial: &FrozenTrial) -> Map<String, Value> {
    let params = trial.params.iter();
    let params: Map<String, Value> = params
        .map(|param| (param.name.to_string(), param.external().to_json()))
        .collect();
    Map::from_iter([
        ("number".to_owned(), trial.number.into()),
        ("params".to_owned(), params.into()),
    ])
}
