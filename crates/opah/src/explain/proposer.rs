//! Who proposed a trial, as far as the study tells.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::frozen_trial::{FIXED_PARAMS_ATTR, FrozenStudy, FrozenTrial};
use crate::json::Json;
use crate::registry::Configured;
use crate::sampler::auto::{AutoSampler, CHOICE_ATTR};
use crate::sampler::gp::{GpSampler, view};
use crate::study::SAMPLER_ATTR;

/// Who proposed a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposer {
    /// Whoever enqueued it, with all its values.
    Queue,
    /// The sampler `gp`, by its model.
    Model,
    /// The sampler `gp`, before it had a model: points spread over the space.
    StartUp,
    /// Another sampler, by its name.
    Sampler(String),
    /// A sampler that the study does not remember.
    Unknown,
}

impl Proposer {
    /// In a word: `queue`, `model`, `start_up`, the other sampler's name; `None` if it is not
    /// known.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Queue => Some("queue"),
            Self::Model => Some("model"),
            Self::StartUp => Some("start_up"),
            Self::Sampler(name) => Some(name),
            Self::Unknown => None,
        }
    }

    /// Who proposed the trial, which is one of `trials` (by number); `known` are those that had
    /// finished when it began.
    pub(super) fn of(
        study: &FrozenStudy,
        trials: &[Arc<FrozenTrial>],
        known: &[Arc<FrozenTrial>],
        trial: &FrozenTrial,
    ) -> Self {
        let given = enqueued(trial);
        let mut params = trial.params.iter();
        if !trial.params.is_empty() && params.all(|param| given.contains_key(&*param.name)) {
            return Self::Queue;
        }
        if view::has_model(trial) {
            return Self::Model;
        }
        let had_model = known.iter().any(|trial| view::has_model(trial));
        let name = sampler(study)
            .filter(|name| name != AutoSampler::NAME)
            .or_else(|| choice(trials, trial.number));
        match name.as_deref() {
            None | Some(GpSampler::NAME) if had_model => Self::Model,
            None => Self::Unknown,
            Some(GpSampler::NAME) => Self::StartUp,
            Some(name) => Self::Sampler(name.to_owned()),
        }
    }
}

/// The values that the trial was to have, by name.
pub(super) fn enqueued(trial: &FrozenTrial) -> Map<String, Value> {
    let given = trial.system_attrs.get(FIXED_PARAMS_ATTR);
    given.and_then(Json::parse).unwrap_or_default()
}

/// The name of the study's sampler.
fn sampler(study: &FrozenStudy) -> Option<String> {
    let stored: Value = study.system_attrs.get(SAMPLER_ATTR)?.parse()?;
    Some(stored.get("type")?.as_str()?.to_owned())
}

/// The name of the sampler that `auto` had chosen last.
fn choice(trials: &[Arc<FrozenTrial>], number: u64) -> Option<String> {
    let until = trials.iter().filter(|trial| trial.number <= number);
    let mut choices = until.filter_map(|trial| trial.system_attrs.get(CHOICE_ATTR));
    let sentence: String = choices.next_back()?.parse()?;
    let (name, _) = sentence.split_once(',')?;
    Some(name.to_owned())
}
