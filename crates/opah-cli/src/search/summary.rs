//! What a search came to, and what to type next.

use std::path::Path;

use anyhow::Result;
use opah::TrialState;
use opah_tune::retrain::BestTrial;
use opah_tune::session::Outcome;
use opah_tune::worker::{End, failure_of};
use serde_json::{Map, Value, json};

use super::keepsakes::Keepsakes;
use super::short;
use crate::commands::best_params::quoted;

/// For a person; `config` and `directory` are as he gave them.
pub(crate) fn text(
    outcome: &Outcome,
    best: Option<&BestTrial>,
    config: &Path,
    directory: &Path,
    has_weights: bool,
    kept: Option<&Keepsakes>,
) -> Result<String> {
    let mut lines = Vec::new();
    match outcome.end {
        End::Finished => {}
        End::TimedOut => lines.push("the time is up; the same command goes on".to_owned()),
        End::Interrupted => lines.push("interrupted; the same command goes on".to_owned()),
    }
    lines.push(format!("trials: {}", counts(outcome)?));
    if let Some(best) = best {
        lines.extend(best_lines(outcome, best, directory, has_weights));
        lines.extend(kept.iter().flat_map(|kept| kept_lines(kept)));
        if outcome.end != End::Interrupted {
            lines.extend(next_lines(outcome, config, directory));
        }
    } else {
        let trials = outcome.study.trials()?;
        let failure = trials.iter().rev().find_map(|trial| failure_of(trial));
        lines.extend(
            failure.map(|reason| format!("no trial is complete; the last failure: {reason}")),
        );
    }
    Ok(lines.join("\n") + "\n")
}

/// The trials by what became of them: `27 complete, 2 pruned, 1 failed`.
fn counts(outcome: &Outcome) -> Result<String> {
    let mut parts = Vec::new();
    for (state, word) in [
        (TrialState::Complete, "complete"),
        (TrialState::Pruned, "pruned"),
        (TrialState::Fail, "failed"),
        (TrialState::Running, "running elsewhere"),
        (TrialState::Waiting, "to be run again"),
    ] {
        match outcome.study.count(&[state])? {
            0 => {}
            n => parts.push(format!("{n} {word}")),
        }
    }
    if parts.is_empty() {
        parts.push("none".to_owned());
    }
    Ok(parts.join(", "))
}

fn best_lines(
    outcome: &Outcome,
    best: &BestTrial,
    directory: &Path,
    has_weights: bool,
) -> [String; 4] {
    let weights = if has_weights { " and weights" } else { "" };
    let trial = directory.join(format!("trial_{}", best.number));
    [
        format!(
            "best: trial {}, {} {} ({})",
            best.number,
            outcome.objective.metric,
            best.value,
            short(best.value)
        ),
        format!("  {}", best.environment(quoted)),
        format!("  {}  its config, metrics{weights}", trial.display()),
        format!("  {}  all trials", outcome.storage),
    ]
}

fn kept_lines(kept: &Keepsakes) -> [String; 2] {
    [
        format!("  {}  a picture of the search", kept.history.display()),
        format!(
            "  {}  the best config, ready to train",
            kept.config.display()
        ),
    ]
}

fn next_lines(outcome: &Outcome, config: &Path, directory: &Path) -> [String; 3] {
    let study = format!(
        "--storage {} --study-name {}",
        quoted(&outcome.storage),
        quoted(outcome.study.name())
    );
    let config = quoted(&config.display().to_string());
    let best = quoted(&directory.join("best").display().to_string());
    // As it was typed: who built it, but did not install it, has no `opah`.
    let typed = std::env::args().next();
    let opah = typed.map_or_else(|| "opah".to_owned(), |typed| quoted(&typed));
    [
        "next:".to_owned(),
        format!("  {opah} plot importances {study} --out importances.html"),
        format!("  {opah} retrain {config} {study} -s {best}"),
    ]
}

/// The last line for programs.
pub(crate) fn json(outcome: &Outcome, best: Option<&BestTrial>) -> String {
    let best = best.map(|best| {
        let values = best.values.iter();
        let params: Map<String, Value> = values
            .map(|(name, value)| (name.clone(), value.to_json()))
            .collect();
        json!({"number": best.number, "value": best.value, "params": params})
    });
    let end = match outcome.end {
        End::Finished => "finished",
        End::TimedOut => "timed_out",
        End::Interrupted => "interrupted",
    };
    let line = json!({
        "event": "search_ended",
        "end": end,
        "study": outcome.study.name(),
        "storage": outcome.storage,
        "metric": outcome.objective.metric,
        "best": best,
    });
    line.to_string()
}
