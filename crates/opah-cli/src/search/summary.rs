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

/// What was tuned.
#[derive(Debug)]
pub(crate) enum Tuned<'a> {
    /// A configuration, as it was given.
    Config {
        path: &'a Path,
        /// Whether weights of trials are kept.
        has_weights: bool,
    },
    /// A command: the line that runs the best trial again, once there is one.
    Command(Option<String>),
}

/// For a person; `directory` is as he gave it.
pub(crate) fn text(
    outcome: &Outcome,
    best: Option<&BestTrial>,
    tuned: &Tuned,
    directory: &Path,
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
        lines.extend(best_lines(outcome, best, tuned, directory));
        lines.extend(kept.iter().flat_map(|kept| kept_lines(kept)));
        if outcome.end != End::Interrupted {
            lines.extend(next_lines(outcome, tuned, directory));
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

fn best_lines(outcome: &Outcome, best: &BestTrial, tuned: &Tuned, directory: &Path) -> [String; 4] {
    let holds = match tuned {
        Tuned::Config {
            has_weights: true, ..
        } => "its config, metrics and weights",
        Tuned::Config { .. } => "its config, metrics",
        Tuned::Command(_) => "its parameters, log and files",
    };
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
        format!("  {}  {holds}", trial.display()),
        format!("  {}  all trials", outcome.storage),
    ]
}

fn kept_lines(kept: &Keepsakes) -> Vec<String> {
    let history = format!("  {}  a picture of the search", kept.history.display());
    let config = kept.config.as_ref().map(|config| {
        let config = config.display();
        format!("  {config}  the best config, ready to train")
    });
    std::iter::once(history).chain(config).collect()
}

fn next_lines(outcome: &Outcome, tuned: &Tuned, directory: &Path) -> Vec<String> {
    let study = format!(
        "--storage {} --study-name {}",
        quoted(&outcome.storage),
        quoted(outcome.study.name())
    );
    // As it was typed: who built it, but did not install it, has no `opah`.
    let typed = std::env::args().next();
    let opah = typed.map_or_else(|| "opah".to_owned(), |typed| quoted(&typed));
    let again = match tuned {
        Tuned::Config { path, .. } => {
            let config = quoted(&path.display().to_string());
            let best = quoted(&directory.join("best").display().to_string());
            Some(format!("{opah} retrain {config} {study} -s {best}"))
        }
        Tuned::Command(line) => line.clone(),
    };
    let plot = format!("{opah} plot importances {study} --out importances.html");
    let commands = std::iter::once(plot).chain(again);
    let commands = commands.map(|command| format!("  {command}"));
    std::iter::once("next:".to_owned())
        .chain(commands)
        .collect()
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
