//! Which parameters the trials of a study have, and when.
//!
//! A define-by-run objective does not tell its space beforehand. What can be seen is which
//! parameters each trial has; when a parameter is there exactly at some values of another
//! one, that is its condition. Until a value was seen, nothing is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::derived::Derived;
use crate::distribution::Distribution;
use crate::frozen_trial::{FrozenTrial, TrialState};

/// The parameters of all trials, with the distribution that each had last, and the values
/// of discrete ones by which other parameters are there.
#[derive(Debug, Default)]
pub(super) struct Shape {
    parameters: BTreeMap<Arc<str>, Latest>,
    /// By the names of a trial's parameters: the values that discrete ones had in such trials.
    groups: BTreeMap<Vec<Arc<str>>, Values>,
}

/// By discrete parameter: the bits of its internal values.
type Values = BTreeMap<Arc<str>, BTreeSet<u64>>;

#[derive(Debug)]
struct Latest {
    number: u64,
    distribution: Arc<Distribution>,
}

/// A parameter is there when another one has one of some values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    /// The other one's name.
    pub parent: Arc<str>,
    /// Internal values at which the parameter is there.
    pub with: Vec<f64>,
    /// Internal values at which it is not.
    pub without: Vec<f64>,
}

impl Derived for Shape {
    fn add(&mut self, trial: &FrozenTrial) {
        if trial.params.is_empty() {
            return;
        }
        for param in &trial.params {
            let latest = Latest {
                number: trial.number,
                distribution: param.distribution.clone(),
            };
            match self.parameters.get_mut(&param.name) {
                None => {
                    self.parameters.insert(param.name.clone(), latest);
                }
                Some(known) if known.number < trial.number => *known = latest,
                Some(_) => {}
            }
        }
        if trial.state == TrialState::Fail {
            // It may have ended before it had asked for all its parameters.
            return;
        }
        let names: Vec<Arc<str>> = trial
            .params
            .iter()
            .map(|param| param.name.clone())
            .collect();
        let group = self.groups.entry(names).or_default();
        for param in &trial.params {
            if is_discrete(&param.distribution) {
                let values = group.entry(param.name.clone()).or_default();
                values.insert(param.value.to_bits());
            }
        }
    }
}

fn is_discrete(distribution: &Distribution) -> bool {
    match distribution {
        Distribution::Float(float) => float.step().is_some(),
        Distribution::Int(_) | Distribution::Categorical(_) => true,
    }
}

impl Shape {
    /// The parameters with more than one value, by name, with their last distributions.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Distribution>)> {
        let all = self.parameters.iter();
        all.map(|(name, latest)| (name, &latest.distribution))
            .filter(|(_, distribution)| !distribution.is_single())
    }

    /// When the parameter is there; `None` if always, or if no single other parameter
    /// explains it. Of several that do, the one with the fewest values.
    pub(super) fn condition(&self, name: &Arc<str>) -> Option<Condition> {
        let has = |group: &Vec<Arc<str>>| group.binary_search(name).is_ok();
        if self.groups.keys().all(has) {
            return None;
        }
        let children = || self.groups.iter().filter(|(group, _)| has(group));
        let (first, _) = children().next()?;
        let explains = |parent: &Arc<str>| {
            let (mut with, mut without) = (BTreeSet::new(), BTreeSet::new());
            for (group, values) in &self.groups {
                match (values.get(parent), has(group)) {
                    (Some(values), true) => with.extend(values),
                    (Some(values), false) => without.extend(values),
                    (None, true) => return None,
                    (None, false) => {}
                }
            }
            let is_explained = with.is_disjoint(&without) && !without.is_empty();
            is_explained.then(|| Condition {
                parent: parent.clone(),
                with: numbers(&with),
                without: numbers(&without),
            })
        };
        let others = first.iter().filter(|other| *other != name);
        let explanations = others.filter_map(explains);
        explanations.min_by_key(|condition| condition.with.len() + condition.without.len())
    }
}

fn numbers(values: &BTreeSet<u64>) -> Vec<f64> {
    values.iter().map(|bits| f64::from_bits(*bits)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction;
    use crate::study::Study;

    fn shape(layers: &[i64]) -> Shape {
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        for layers in layers {
            let fixed = serde_json::json!({"layers": layers});
            study.enqueue(fixed.as_object().unwrap()).unwrap();
            let mut trial = study.ask().unwrap();
            let layers = trial.suggest_int("layers", 1..=3).unwrap();
            trial.suggest_float("lr", 0.0..=1.0).unwrap();
            for layer in 0..layers {
                let name = format!("width {layer}");
                trial.suggest_int(&name, 1..=64).unwrap();
            }
            study.tell(&mut trial, &[0.0]).unwrap();
        }
        let mut shape = Shape::default();
        for trial in study.history().unwrap().finished() {
            shape.add(trial);
        }
        shape
    }

    #[test]
    fn conditions_are_seen_in_the_trials() {
        let shape = shape(&[1, 3, 2, 1]);
        let names: Vec<&str> = shape.parameters().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["layers", "lr", "width 0", "width 1", "width 2"]);
        assert_eq!(shape.condition(&"lr".into()), None);
        assert_eq!(shape.condition(&"width 0".into()), None);
        let condition = shape.condition(&"width 1".into()).unwrap();
        assert_eq!(condition.parent.as_ref(), "layers");
        assert_eq!(
            (condition.with, condition.without),
            (vec![2.0, 3.0], vec![1.0])
        );
    }
}
