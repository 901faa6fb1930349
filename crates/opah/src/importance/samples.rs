//! What a forest learns from: trials as points of the unit cube.
//!
//! Numbers are placed linearly in their range, also those with a logarithmic or stepped
//! domain, because fANOVA's integrals are over the range as it is (so in Optuna). A
//! categorical parameter has a column for each choice, 1 for the chosen one and 0 for
//! the others.

use std::ops::Range;
use std::sync::Arc;

use super::{finite_value, too_few};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::frozen_trial::FrozenTrial;
use crate::search_space::SearchSpace;

/// Trials with a finite value that have all parameters of one space.
#[derive(Debug)]
pub(super) struct Samples {
    /// The parameters with several values, by name.
    pub(super) parameters: Vec<Parameter>,
    /// The parameters with a single value, by name.
    pub(super) single: Vec<String>,
    /// `n_columns × n_samples` coordinates from 0 to 1.
    pub(super) columns: Vec<Vec<f64>>,
    /// `n_samples` values, moved and scaled to a mean of 0 and a magnitude of at most 2;
    /// importances do not depend on either.
    pub(super) targets: Vec<f64>,
}

/// Where a parameter is among the columns.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) columns: Range<usize>,
    pub(super) is_categorical: bool,
}

impl Samples {
    /// The samples for `params`, or for those that all complete trials have with the
    /// same distribution.
    pub(super) fn new(trials: &[Arc<FrozenTrial>], params: Option<&[String]>) -> Result<Self> {
        let space = match params {
            Some(params) => common_space(trials, params)?,
            None => intersection(trials)?,
        };
        let (single, several): (Vec<_>, Vec<_>) = space
            .iter()
            .partition(|(_, distribution)| distribution.is_single());
        let mut samples = Self {
            parameters: Vec::new(),
            single: single.iter().map(|(name, _)| name.to_string()).collect(),
            columns: Vec::new(),
            targets: Vec::new(),
        };
        let has_all = |trial: &&Arc<FrozenTrial>| {
            space
                .iter()
                .all(|(name, _)| trial.params.get(name).is_some())
        };
        let used: Vec<&Arc<FrozenTrial>> = trials
            .iter()
            .filter(|trial| finite_value(trial).is_some())
            .filter(has_all)
            .collect();
        if used.len() < 2 && !several.is_empty() {
            return Err(too_few(
                used.len(),
                " and all parameters that were asked for",
            ));
        }
        samples.targets = standardized(used.iter().filter_map(|trial| finite_value(trial)));
        for (name, distribution) in several {
            let values = used.iter().filter_map(|trial| trial.params.get(name));
            let values: Vec<f64> = values.map(|param| param.value).collect();
            samples.add(name, distribution, &values);
        }
        Ok(samples)
    }

    /// Columns and targets as they are, of no parameters.
    #[cfg(test)]
    pub(super) fn of(columns: Vec<Vec<f64>>, targets: Vec<f64>) -> Self {
        Self {
            parameters: Vec::new(),
            single: Vec::new(),
            columns,
            targets,
        }
    }

    fn add(&mut self, name: &str, distribution: &Distribution, values: &[f64]) {
        let first = self.columns.len();
        let place = |low: f64, high: f64| -> Vec<f64> {
            let width = high - low;
            let place = |value: &f64| ((value - low) / width).clamp(0.0, 1.0);
            values.iter().map(place).collect()
        };
        match distribution {
            Distribution::Float(d) => self.columns.push(place(d.low(), d.high())),
            Distribution::Int(d) => self.columns.push(place(d.low() as f64, d.high() as f64)),
            Distribution::Categorical(d) => {
                for choice in 0..d.choices().len() {
                    let chosen = |value: &f64| f64::from(u8::from(*value == choice as f64));
                    self.columns.push(values.iter().map(chosen).collect());
                }
            }
        }
        self.parameters.push(Parameter {
            name: name.to_owned(),
            columns: first..self.columns.len(),
            is_categorical: matches!(distribution, Distribution::Categorical(_)),
        });
    }

    /// Importances of the parameters with several values, and 0 for the others.
    pub(super) fn named(&self, importances: Vec<f64>) -> Vec<(String, f64)> {
        let several = self.parameters.iter().zip(importances);
        let several = several.map(|(parameter, importance)| (parameter.name.clone(), importance));
        let single = self.single.iter().map(|name| (name.clone(), 0.0));
        several.chain(single).collect()
    }
}

/// What a forest could not judge, for people.
pub(super) fn left_out(trials: &[Arc<FrozenTrial>], params: Option<&[String]>) -> Vec<String> {
    let (None, Ok(space)) = (params, intersection(trials)) else {
        return Vec::new();
    };
    let names = super::names(trials);
    let absent = names.iter().filter(|name| space.get(name).is_none());
    let absent: Vec<String> = absent.map(|name| format!("`{name}`")).collect();
    if absent.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "left out, because not every complete trial has it with the same distribution: {}; \
         the evaluator `ped_anova` judges such parameters too",
        absent.join(", ")
    )]
}

/// The parameters that all trials have with identical distributions.
fn intersection(trials: &[Arc<FrozenTrial>]) -> Result<SearchSpace> {
    let mut space = trials.first().map_or_else(SearchSpace::empty, |trial| {
        SearchSpace::from(trial.as_ref())
    });
    for trial in trials {
        space.intersect(trial);
    }
    if space.is_empty() {
        return Err(Error::NotAvailable(
            "no parameter has the same distribution in every complete trial; name some that \
             occur together, or use the evaluator `ped_anova`"
                .to_owned(),
        ));
    }
    Ok(space)
}

/// The distributions of `params`, which must be the same in all trials that have all of
/// them.
fn common_space(trials: &[Arc<FrozenTrial>], params: &[String]) -> Result<SearchSpace> {
    let mut space = SearchSpace::empty();
    let mut none_has_all = true;
    for trial in trials {
        let found: Option<Vec<_>> = params.iter().map(|name| trial.params.get(name)).collect();
        for param in found.iter().flatten() {
            match space.get(&param.name) {
                Some(known) if *known != param.distribution => {
                    return Err(Error::NotAvailable(format!(
                        "parameter `{}` is {known} in some trials and {} in others; \
                         the evaluator `ped_anova` judges such parameters",
                        param.name, param.distribution
                    )));
                }
                Some(_) => {}
                None => space.insert(param.name.clone(), param.distribution.clone()),
            }
        }
        none_has_all &= found.is_none();
    }
    if none_has_all && !params.is_empty() {
        return Err(Error::NotAvailable(format!(
            "no complete trial has all of the parameters {}; \
             the evaluator `ped_anova` judges each by itself",
            params.join(", ")
        )));
    }
    Ok(space)
}

/// Finite values divided by the greatest magnitude, less their mean.
fn standardized(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let magnitude = values.clone().map(f64::abs).fold(0.0, f64::max);
    let scale = if magnitude > 0.0 { magnitude } else { 1.0 };
    let mut scaled: Vec<f64> = values.map(|value| value / scale).collect();
    let mean = scaled.iter().sum::<f64>() / scaled.len() as f64;
    for value in &mut scaled {
        *value -= mean;
    }
    scaled
}
