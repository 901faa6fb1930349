//! What a plot is made of: the study, its trials, and the reader's wishes.

use std::fmt::Write as _;

use serde_json::Value;

use super::figure::{Colour, Figure, Marks, Series, short};
use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenStudy, FrozenTrial, TrialState};
use crate::history::History;

/// A study, its trials, and the reader's wishes.
#[derive(Debug, Clone, Copy)]
pub struct PlotInput<'a> {
    /// The study.
    pub study: &'a FrozenStudy,
    /// Its trials.
    pub history: &'a History,
    /// The reader's wishes.
    pub options: &'a PlotOptions,
}

/// The reader's wishes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlotOptions {
    /// Which objective is shown, from 0; needed if there are several.
    pub target: Option<usize>,
    /// What the value is called on axes; by default the study's name for it.
    pub target_name: Option<String>,
    /// A value to compare with.
    pub baseline: Option<f64>,
    /// The parameters to show; by default, all.
    pub params: Option<Vec<String>>,
    /// The importance evaluator's name; by default fANOVA.
    pub evaluator: Option<String>,
    /// The importance evaluator's options, as JSON.
    pub evaluator_options: Value,
}

impl PlotOptions {
    /// The names of the options that are given, without the target's.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let flags = [
            ("baseline", self.baseline.is_some()),
            ("params", self.params.is_some()),
            (
                "evaluator",
                self.evaluator.is_some() || !self.evaluator_options.is_null(),
            ),
        ];
        let given = flags.into_iter().filter(|(_, given)| *given);
        given.map(|(name, _)| name).collect()
    }
}

impl PlotInput<'_> {
    /// The objective that is shown.
    pub(super) fn target(&self) -> Result<usize> {
        let objectives = self.study.directions.len();
        match self.options.target {
            Some(target) if target >= objectives => Err(Error::NotAvailable(format!(
                "there is no objective {target}; study `{}` has {objectives}, counted from 0",
                self.study.name
            ))),
            Some(target) => Ok(target),
            None if objectives == 1 => Ok(0),
            None => Err(Error::NotAvailable(format!(
                "study `{}` has {objectives} objectives; choose the target, from 0 to {}",
                self.study.name,
                objectives.saturating_sub(1)
            ))),
        }
    }

    /// Which values of the target are good.
    pub(super) fn direction(&self, target: usize) -> Direction {
        self.study.directions[target]
    }

    /// What the target's value is called.
    pub(super) fn target_name(&self, target: usize) -> String {
        if let Some(name) = &self.options.target_name {
            return name.clone();
        }
        let names = self.study.metric_names();
        let named = names.and_then(|names| names.get(target).cloned());
        named.unwrap_or_else(|| match self.study.directions.len() {
            1 => "Objective value".to_owned(),
            _ => format!("Objective value {target}"),
        })
    }

    /// An error for a plot that has nothing to show: what is missing, and what there is.
    pub(super) fn nothing(&self, missing: &str) -> Error {
        let name = &self.study.name;
        Error::NotAvailable(match self.history.len() {
            0 => format!("study `{name}` has no trial yet"),
            _ => format!(
                "study `{name}` has no {missing} yet ({})",
                self.trial_counts()
            ),
        })
    }

    /// The study's name and its trials by state.
    pub(super) fn subtitle(&self) -> String {
        format!("{} · {}", self.study.name, self.trial_counts())
    }

    fn trial_counts(&self) -> String {
        let trials = self.history.trials();
        let mut text = counted(trials.len(), "trial");
        let words = [
            (TrialState::Complete, "complete"),
            (TrialState::Pruned, "pruned"),
            (TrialState::Fail, "failed"),
            (TrialState::Running, "running"),
            (TrialState::Waiting, "waiting"),
        ];
        let mut separator = ": ";
        for (state, word) in words {
            let count = trials.iter().filter(|trial| trial.state == state).count();
            if count > 0 {
                let _ = write!(text, "{separator}{count} {word}");
                separator = ", ";
            }
        }
        text
    }

    /// The baseline as a series, if the reader wants one.
    pub(super) fn baseline(&self) -> Result<Option<Series>> {
        let Some(baseline) = self.options.baseline else {
            return Ok(None);
        };
        if !baseline.is_finite() {
            return Err(Error::NotAvailable(format!(
                "the baseline must be a finite number, not {baseline}"
            )));
        }
        Ok(Some(Series {
            name: format!("Baseline {}", short(baseline)),
            colour: Colour::Reference,
            marks: Marks::Reference { y: baseline },
        }))
    }
}

impl Figure {
    /// Adds the trial's hover text: number, state, values, parameters.
    pub(super) fn note_trial(&mut self, trial: &FrozenTrial) -> usize {
        let mut text = format!("Trial {}", trial.number);
        if trial.state != TrialState::Complete {
            let _ = write!(text, ", {}", trial.state.name().to_lowercase());
        } else if trial.violation() > 0.0 {
            text.push_str(", infeasible");
        }
        let values: Vec<String> = trial.values.iter().map(|value| short(*value)).collect();
        if !values.is_empty() {
            let _ = write!(text, "\nvalue {}", values.join(", "));
        }
        for param in &trial.params {
            let external = param.external();
            let shown = match &external {
                crate::distribution::ParamValue::Float(number) => short(*number),
                other => other.to_string(),
            };
            let _ = write!(text, "\n{} {shown}", param.name);
        }
        self.note(text)
    }

    /// Says in the subtitle that trials are left out because their value is infinite.
    pub(super) fn note_infinite(&mut self, trials: usize) {
        if trials > 0 {
            let verb = if trials == 1 { "is" } else { "are" };
            let _ = write!(
                self.subtitle,
                " · {} with an infinite value {verb} not shown",
                counted(trials, "trial")
            );
        }
    }
}

/// A number with its noun.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
