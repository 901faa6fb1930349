//! `opah importance`

use anyhow::Result;
use opah::importance::{self, EVALUATORS};
use serde_json::{Map, Value};

use crate::args::{Format, FormatName, Study};
use crate::output::{self, Rows};

/// The width of the longest bar, in characters.
const BAR_WIDTH: f64 = 30.0;

/// The flags of `opah importance`.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Args {
    #[command(flatten)]
    study: Study,
    /// How importances are computed
    #[arg(long, value_name = "NAME", default_value = "fanova")]
    evaluator: String,
    /// The evaluator's options, as JSON, e.g. `{"n_trees": 256}`
    #[arg(long, value_name = "JSON", value_parser = object)]
    evaluator_options: Option<Map<String, Value>>,
    /// The seed of the evaluator's forest; 0 if not given
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Only these parameters, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    params: Option<Vec<String>>,
    #[command(flatten)]
    format: Format,
}

fn after_help() -> String {
    let evaluators = EVALUATORS
        .iter()
        .map(|evaluator| format!("  {:<24}{}\n", evaluator.name, evaluator.summary));
    format!(
        "Evaluators:\n{}\nExample:\n  opah importance --storage sqlite:///trial.db --evaluator ped_anova",
        evaluators.collect::<String>()
    )
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

pub(super) fn run(args: &Args) -> Result<()> {
    let mut options = args.evaluator_options.clone().unwrap_or_default();
    if let Some(seed) = args.seed {
        options.insert("seed".to_owned(), seed.into());
    }
    let evaluator = importance::build(&args.evaluator, &Value::Object(options))?;
    let study = super::load(&args.study)?;
    let (history, direction) = (study.history()?, study.directions()[0]);
    let params = args.params.as_deref();
    let importances =
        importance::importances(&history, direction, evaluator.as_ref(), params, true)?;
    for caveat in importance::caveats(&history, direction, evaluator.as_ref(), params)? {
        output::warn(&caveat);
    }
    table(&importances, args.format.format).print(args.format.format)
}

/// A row per parameter; with a bar when it is for people.
fn table(importances: &[(String, f64)], format: FormatName) -> Rows {
    let greatest = importances
        .iter()
        .map(|(_, share)| *share)
        .fold(0.0, f64::max);
    let for_people = format == FormatName::Table;
    let mut headings = vec!["param".to_owned(), "importance".to_owned()];
    if for_people {
        headings.push(String::new());
    }
    let row = |(name, share): &(String, f64)| -> Vec<Value> {
        if for_people {
            let bar = bar(share / greatest);
            vec![
                name.as_str().into(),
                format!("{share:.4}").into(),
                bar.into(),
            ]
        } else {
            vec![name.as_str().into(), (*share).into()]
        }
    };
    let rows = importances.iter().map(row).collect();
    Rows { headings, rows }
}

/// A bar of `share` (0 to 1) of the greatest width, to an eighth of a character.
fn bar(share: f64) -> String {
    let eighths = (share * BAR_WIDTH * 8.0).round() as usize;
    let end = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + end
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_have_the_length_of_their_share() {
        assert_eq!(bar(1.0), "█".repeat(30));
        assert_eq!(bar(0.05), "█▌");
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(f64::NAN), "");
    }
}
