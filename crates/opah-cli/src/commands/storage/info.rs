//! `opah storage info`

use std::sync::Arc;

use anyhow::Result;
use opah::frozen_trial::{FrozenStudy, FrozenTrial, Timestamp};
use opah::storage::{Cursor, Details};
use opah::{Storage, TrialState};
use serde_json::{Map, Value};

use crate::args::{Format, FormatName};
use crate::output::{self, Rows};

/// A trial that has run for so long, in seconds, may have lost its worker.
const LONG: i64 = 24 * 60 * 60;

/// The flags of `opah storage info`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  opah storage info sqlite:///trial.db\n  \
opah storage info journal:////shared/trial.log --format json")]
pub(crate) struct Args {
    /// The storage, e.g. `sqlite:///trial.db`
    #[arg(value_name = "URL", env = "OPAH_STORAGE", hide_env_values = true)]
    url: String,
    #[command(flatten)]
    format: Format,
}

/// A study, and how many of its trials are in each state.
struct Counted {
    study: FrozenStudy,
    trials: Vec<Arc<FrozenTrial>>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let storage = super::open(&args.url)?;
    let Details { facts, mut advice } = storage.details()?;
    let studies = counted(storage.as_ref())?;
    for study in &studies {
        advice.extend(study.advice());
    }
    let warnings = storage.warnings();
    if !warnings.is_empty() {
        advice.push(format!(
            "{} thing(s) can't be read and are skipped, as the warnings say; Optuna may refuse the studies that have them",
            warnings.len()
        ));
    }
    super::warn(storage.as_ref());
    let mut record = Map::new();
    record.insert("storage".to_owned(), storage.describe().into());
    record.extend(
        facts
            .into_iter()
            .map(|(name, fact)| (name.to_owned(), fact)),
    );
    let rows = rows(&studies);
    match args.format.format {
        FormatName::Table => output::print(&text(&record, &rows, &advice)),
        FormatName::Csv => rows.print(FormatName::Csv),
        format => {
            record.insert("studies".to_owned(), rows.objects());
            record.insert("advice".to_owned(), advice.into());
            output::print_record(&record, format)
        }
    }
}

fn counted(storage: &dyn Storage) -> Result<Vec<Counted>> {
    let studies = storage.studies()?.into_iter();
    let counted = studies.map(|study| {
        let trials = storage.changes(study.id, &Cursor::default())?;
        Ok(Counted { study, trials })
    });
    counted.collect()
}

impl Counted {
    fn count(&self, state: TrialState) -> usize {
        let trials = self.trials.iter();
        trials.filter(|trial| trial.state == state).count()
    }

    /// What to do about trials that have run for long.
    fn advice(&self) -> Option<String> {
        let now = Timestamp::now().as_second();
        let has_run_long = |trial: &&Arc<FrozenTrial>| {
            let start = trial.datetime_start.map(Timestamp::as_second);
            trial.state == TrialState::Running && start.is_some_and(|start| now - start > LONG)
        };
        let long = self.trials.iter().filter(has_run_long);
        let numbers: Vec<String> = long.map(|trial| trial.number.to_string()).collect();
        let first = numbers.first()?;
        Some(format!(
            "study `{}`: trial(s) {} have been running for more than a day; if nobody runs them, \
`opah tell --trial-number {first} --state fail` ends one",
            self.study.name,
            numbers.join(", ")
        ))
    }
}

/// A row per study.
fn rows(studies: &[Counted]) -> Rows {
    let mut headings = ["name", "direction", "n_trials"]
        .map(str::to_owned)
        .to_vec();
    let states = TrialState::ALL.map(|state| state.name().to_lowercase());
    headings.extend(states);
    headings.extend(["withdrawn", "last_complete"].map(str::to_owned));
    let row = |counted: &Counted| -> Vec<Value> {
        let Counted { study, trials } = counted;
        let ends = trials.iter().filter_map(|trial| trial.datetime_complete);
        let mut row: Vec<Value> = vec![
            study.name.clone().into(),
            output::directions(&study.directions).into(),
            trials.len().into(),
        ];
        row.extend(TrialState::ALL.map(|state| Value::from(counted.count(state))));
        row.push(study.withdrawn().len().into());
        row.push(ends.max().map(super::super::trials::time).into());
        row
    };
    Rows {
        headings,
        rows: studies.iter().map(row).collect(),
    }
}

/// All of it for people.
fn text(record: &Map<String, Value>, rows: &Rows, advice: &[String]) -> String {
    let known = record.iter().filter(|(_, fact)| !fact.is_null());
    let facts = known.map(|(name, fact)| {
        let fact = fact
            .as_str()
            .map_or_else(|| fact.to_string(), str::to_owned);
        format!("{:<16} {fact}\n", name.replace('_', " "))
    });
    let advice = advice
        .iter()
        .map(|sentence| format!("advice: {sentence}\n"));
    facts.chain([rows.table()]).chain(advice).collect()
}
