//! A number of steps that is given, or found out from the first completed trials.
//!
//! Optuna's `"auto"` is fixed in a process when the first completed trial with reports
//! is seen, so that two processes, or one that is run again, may decide by different
//! numbers. Here the trial for which it is fixed remembers it, as a system attribute
//! that is written with its report: every process decides by the number of the first
//! trial (by its own number) that has one, and a search that is resumed decides as if it
//! had not been interrupted. A trial that is given back keeps it. In one uninterrupted
//! process the numbers are Optuna's.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU64;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::reports::CompleteReports;
use crate::context::Context;
use crate::derived::Derived;
use crate::frozen_trial::FrozenTrial;
use crate::json::Json;

/// A number of steps; in JSON a whole number from 1 on, or `"auto"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Found out from the trials that complete first.
    Auto,
    /// Given.
    Steps(NonZeroU64),
}

/// Where the least resource of successive halving is remembered.
const MIN_RESOURCE: &str = "opah:min_resource";
/// Where the greatest resource of Hyperband is remembered.
pub(super) const MAX_RESOURCE: &str = "opah:max_resource";
/// All of them: what other trials may have been judged by, whatever becomes of the trial
/// that remembers it.
pub(crate) const FOUND_RESOURCES: [&str; 2] = [MIN_RESOURCE, MAX_RESOURCE];

/// What finished trials remember, by key: the least trial number, and the steps.
#[derive(Debug, Default)]
struct Remembered(BTreeMap<&'static str, (u64, u64)>);

impl Derived for Remembered {
    fn add(&mut self, trial: &FrozenTrial) {
        for key in FOUND_RESOURCES {
            if let Some(steps) = remembered(trial, key) {
                let found = (trial.number, steps);
                let first = self.0.entry(key).or_insert(found);
                *first = found.min(*first);
            }
        }
    }
}

/// What a trial remembers; 0 is none, and would make rungs without end.
fn remembered(trial: &FrozenTrial, key: &str) -> Option<u64> {
    let steps = trial.system_attrs.get(key).and_then(Json::parse::<u64>);
    steps.filter(|steps| *steps > 0)
}

impl Resource {
    /// The step of the first rung of a race. For `Auto` a hundredth of the longest COMPLETE
    /// trial, at least 1; `None` as long as none has reported.
    pub(super) fn least_steps(self, context: &Context) -> Option<u64> {
        self.steps(context, MIN_RESOURCE, |last_step| (last_step / 100).max(1))
    }

    /// The number of steps. For `Auto` the one that is remembered under `key`, or else
    /// that `estimate` makes of the last step of all COMPLETE trials, which is then
    /// remembered; `None` as long as no COMPLETE trial has reported.
    pub(super) fn steps(
        self,
        context: &Context,
        key: &'static str,
        estimate: impl Fn(u64) -> u64,
    ) -> Option<u64> {
        if let Self::Steps(steps) = self {
            return Some(steps.get());
        }
        let finished = |remembered: &Remembered| remembered.0.get(key).copied();
        let running = context.history.unfinished().map(AsRef::as_ref);
        let running = running
            .chain([context.trial])
            .filter_map(|trial| Some((trial.number, remembered(trial, key)?)));
        if let Some((_, steps)) = context
            .history
            .derived(finished)
            .into_iter()
            .chain(running)
            .min()
        {
            return Some(steps);
        }
        let last_step = context
            .history
            .derived(|complete: &CompleteReports| complete.last_step)?;
        let steps = estimate(u64::try_from(last_step).unwrap_or_default());
        context.save_state(key, Json::new(&steps));
        Some(steps)
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Steps(steps) => serializer.serialize_u64(steps.get()),
        }
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let steps = value.as_u64().and_then(NonZeroU64::new);
        match steps {
            Some(steps) => Ok(Self::Steps(steps)),
            None if value == "auto" => Ok(Self::Auto),
            None => Err(serde::de::Error::custom(format!(
                "{value} is neither a whole number from 1 on nor \"auto\""
            ))),
        }
    }
}

impl JsonSchema for Resource {
    fn schema_name() -> Cow<'static, str> {
        "Resource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "integer", "minimum": 1}, {"const": "auto"}]})
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::frozen_trial::Direction;
    use crate::storage::{MemoryStorage, Storage};
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    /// Runs trials that get longer and longer, and tells where each was stopped; every
    /// so many trials the study is loaded and the pruner is made anew.
    fn run(pruner: &str, trials_per_process: usize) -> Vec<Option<i64>> {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        storage.create_study("s", &[Direction::Minimize]).unwrap();
        for _ in 0..60 / trials_per_process {
            let pruner = crate::pruner::build(pruner, &json!({"reduction_factor": 2})).unwrap();
            let study = Study::load(storage.clone(), "s")
                .unwrap()
                .with_pruner(pruner);
            for _ in 0..trials_per_process {
                let mut trial = study.ask().unwrap();
                let number = trial.number() as i64;
                let mut result = Ok(vec![0.0]);
                for step in (0..250 + 250 * number).step_by(10) {
                    trial
                        .report(step, f64::from((number * 37 % 61) as i32))
                        .unwrap();
                    if trial.should_prune().unwrap() {
                        result = Err(Stop::Pruned);
                        break;
                    }
                }
                study.tell_result(&mut trial, result).unwrap();
            }
        }
        let study = Study::load(storage, "s").unwrap();
        let trials = study.trials().unwrap();
        let remember = |key| {
            trials
                .iter()
                .filter(|trial| trial.system_attrs.contains_key(key))
                .count()
        };
        assert_eq!(remember(MIN_RESOURCE) + remember(MAX_RESOURCE), 1);
        trials.iter().map(|trial| trial.last_step()).collect()
    }

    #[test]
    fn a_search_that_is_resumed_decides_as_if_it_had_not_been_interrupted() {
        for pruner in ["successive_halving", "hyperband", "dominance_halving"] {
            let uninterrupted = run(pruner, 60);
            assert_eq!(run(pruner, 1), uninterrupted, "{pruner}");
            assert_eq!(run(pruner, 15), uninterrupted, "{pruner}");
        }
    }

    #[test]
    fn a_number_that_was_found_out_stays_when_its_trial_is_given_back() {
        for (pruner, key, found) in [
            ("successive_halving", MIN_RESOURCE, 2),
            ("hyperband", MAX_RESOURCE, 201),
            ("dominance_halving", MIN_RESOURCE, 2),
        ] {
            let study = Study::in_memory("s", &[Direction::Minimize])
                .unwrap()
                .with_pruner(crate::pruner::build(pruner, &json!({})).unwrap());
            let complete = |last_step: i64| {
                let mut trial = study.ask().unwrap();
                trial.report(last_step, 0.0).unwrap();
                study.tell(&mut trial, &[0.0]).unwrap();
            };
            let judge = |trial: &mut Trial| {
                trial.report(0, 0.0).unwrap();
                trial.should_prune().unwrap();
                trial.frozen().system_attrs[key].parse::<u64>()
            };
            complete(200);
            let mut finder = study.ask().unwrap();
            assert_eq!(judge(&mut finder), Some(found), "{pruner}");
            complete(900);
            study.release(finder.frozen(), &[]).unwrap();
            let mut again = study.ask().unwrap();
            assert_eq!(again.number(), finder.number());
            assert_eq!(judge(&mut again), Some(found), "{pruner}");
        }
    }

    #[test]
    fn a_stored_zero_is_no_number_of_steps() {
        for pruner in ["dominance_halving", "successive_halving", "hyperband"] {
            let pruner = crate::pruner::build(pruner, &json!({})).unwrap();
            let study = Study::in_memory("s", &[Direction::Minimize])
                .unwrap()
                .with_pruner(pruner);
            for _ in 0..6 {
                let mut trial = study.ask().unwrap();
                for key in FOUND_RESOURCES {
                    trial.note(key, &Json::new(&0));
                }
                trial.report(5, 1.0).unwrap();
                trial.should_prune().unwrap();
                study.tell(&mut trial, &[1.0]).unwrap();
            }
        }
    }
}
