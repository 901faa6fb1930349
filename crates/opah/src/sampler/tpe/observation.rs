//! What a trial tells about the parameters of a space.

use serde_json::{Map, Value};

use super::parzen::Observation;
use crate::distribution::{Distribution, ParamValue};
use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::json::Json;
use crate::search_space::SearchSpace;

/// Where Optuna keeps a running trial's joint draw, in numbered pieces.
const RELATIVE_PARAMS: &str = "tpe:relative_params";

/// The values that `trial` has of all parameters of `space`; `None` if one is missing.
pub(super) fn observation(trial: &FrozenTrial, space: &SearchSpace) -> Option<Observation> {
    let value = |name: &str, distribution: &Distribution| {
        let param = trial.params.get(name)?;
        let is_usable = param.distribution.is_compatible(distribution) && param.value.is_finite();
        let is_choice = matches!(distribution, Distribution::Categorical(_));
        // There may have been more choices then.
        (is_usable && (!is_choice || distribution.contains(param.value))).then_some(param.value)
    };
    collect(trial, space, value)
}

/// As [`observation`], of a trial that is running and may have drawn values, with
/// others, of which Optuna wrote only a note yet.
pub(super) fn running_observation(trial: &FrozenTrial, space: &SearchSpace) -> Option<Observation> {
    if let Some(observed) = observation(trial, space) {
        return Some(observed);
    }
    let note = relative_params(trial)?;
    let value = |name: &str, distribution: &Distribution| {
        if let Some(param) = trial.params.get(name) {
            return Some(param.value);
        }
        let internal = distribution.to_internal(&ParamValue::from_json(note.get(name)?))?;
        distribution.contains(internal).then_some(internal)
    };
    collect(trial, space, value)
}

fn collect(
    trial: &FrozenTrial,
    space: &SearchSpace,
    value: impl Fn(&str, &Distribution) -> Option<f64>,
) -> Option<Observation> {
    let values = space
        .iter()
        .map(|(name, distribution)| value(name, distribution));
    Some(Observation {
        number: trial.number,
        values: values.collect::<Option<_>>()?,
    })
}

fn relative_params(trial: &FrozenTrial) -> Option<Map<String, Value>> {
    if trial.state != TrialState::Running {
        return None;
    }
    let pieces = (0..).map_while(|at| trial.system_attrs.get(&format!("{RELATIVE_PARAMS}:{at}")));
    let text: String = pieces.map_while(Json::parse::<String>).collect();
    Json::from_text(text).parse()
}
