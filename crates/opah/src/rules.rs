//! What must hold of a trial's parameters before it is run: constraints on them, and whether
//! they may have been tried before.
//!
//! Samplers need not know of it: [`Trial::suggest_together`](crate::Trial::suggest_together)
//! lets them draw again. One that scores points may [look](crate::context::Context::allows).

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::derived::Derived;
use crate::distribution::{Distribution, ParamValue};
use crate::error::{Error, Result};
use crate::expression::{Expression, ExpressionError};
use crate::frozen_trial::{FrozenTrial, Param, Params, TrialState};
use crate::history::History;
use crate::search_space::SearchSpace;

/// Whether a point of a space without real numbers is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// As the sampler likes.
    Allow,
    /// Not as long as another one is easily found.
    #[default]
    Avoid,
    /// As the sampler likes; but whoever runs the trials takes the values of the
    /// [earlier one](crate::Trial::twin).
    Reuse,
}

/// The rules of a study.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// Hold for every trial that has all the parameters they name, and for those of which they
    /// hold whatever the missing ones may be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Expression>,
    /// Whether points are tried again.
    #[serde(default)]
    pub duplicates: Duplicates,
}

impl Rules {
    /// No constraints; duplicates are avoided.
    pub const DEFAULT: Self = Self {
        constraints: Vec::new(),
        duplicates: Duplicates::Avoid,
    };

    /// Checks the constraints against a space whose parameters are all known:
    /// [`Error::SenselessConstraint`] if one names another parameter, or compares what can't
    /// be compared.
    pub fn check(&self, space: &SearchSpace) -> Result<()> {
        self.constraints
            .iter()
            .try_for_each(|constraint| constraint.check(space).map_err(|error| senseless(&error)))
    }

    /// The first constraint that these parameters break.
    pub(crate) fn broken(
        &self,
        value: &dyn Fn(&str) -> Option<ParamValue>,
    ) -> Result<Option<&Expression>> {
        for constraint in &self.constraints {
            let holds = constraint.holds(value);
            if holds.map_err(|error| senseless(&error))? == Some(false) {
                return Ok(Some(constraint));
            }
        }
        Ok(None)
    }

    /// The first constraint that a trial's parameters break.
    pub(crate) fn broken_by(&self, params: &Params) -> Result<Option<&Expression>> {
        self.broken(&|name| params.get(name).map(Param::external))
    }
}

fn senseless(error: &ExpressionError) -> Error {
    Error::SenselessConstraint {
        problem: error.to_string(),
    }
}

/// Whether a trial of this study has just these parameters, running ones included; if they
/// are real numbers, none is looked for. A finite space that was tried wholly has no new
/// points: there, nothing counts as tried.
pub(crate) fn was_tried(history: &History, trial: &FrozenTrial) -> bool {
    let Some(n_points) = n_points(&trial.params) else {
        return false;
    };
    let is_running = history
        .running()
        .any(|other| other.number != trial.number && have_same(&other.params, &trial.params));
    history.derived(|tried: &Tried| {
        let of_space = tried.by_space.get(&key_of_space(&trial.params));
        if of_space.is_some_and(|points| points.len() as u64 >= n_points) {
            return false;
        }
        is_running || tried.by_point.contains_key(&key(&trial.params))
    })
}

/// The first complete trial with just these parameters.
pub(crate) fn twin(history: &History, trial: &FrozenTrial) -> Option<Arc<FrozenTrial>> {
    let place = history.derived(|tried: &Tried| {
        let complete = tried.by_point.get(&key(&trial.params)).copied();
        complete.flatten().map(|complete| complete.place)
    })?;
    let twin = history.finished().get(place)?;
    have_same(&twin.params, &trial.params).then(|| twin.clone())
}

/// The points that were tried.
#[derive(Debug, Default)]
struct Tried {
    n_trials: usize,
    /// By the key of a point: the first complete trial there, if there is one.
    by_point: HashMap<u64, Option<Complete>>,
    /// By the key of the parameters' names and distributions: the keys of the points that were
    /// tried when the space was so.
    by_space: HashMap<u64, HashSet<u64>>,
}

/// A complete trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Complete {
    number: u64,
    /// Where it is among the finished ones.
    place: usize,
}

impl Derived for Tried {
    fn add(&mut self, trial: &FrozenTrial) {
        let complete = (trial.state == TrialState::Complete).then_some(Complete {
            number: trial.number,
            place: self.n_trials,
        });
        self.n_trials += 1;
        let point = key(&trial.params);
        let known = self.by_point.entry(point).or_default();
        *known = [*known, complete].into_iter().flatten().min();
        if n_points(&trial.params).is_some() {
            let space = key_of_space(&trial.params);
            self.by_space.entry(space).or_default().insert(point);
        }
    }
}

/// The number of points of the space from which the parameters are; `None` if one of them is
/// a real number or there are none.
fn n_points(params: &Params) -> Option<u64> {
    let mut n_points = (!params.is_empty()).then_some(1_u64)?;
    for param in params {
        n_points = n_points.saturating_mul(n_values(&param.distribution)?);
    }
    Some(n_points)
}

/// The number of values; `None` of real numbers.
fn n_values(distribution: &Distribution) -> Option<u64> {
    match distribution {
        Distribution::Float(float) if float.low() >= float.high() => Some(1),
        Distribution::Float(float) => {
            let steps = ((float.high() - float.low()) / float.step()?).round();
            Some((steps as u64).saturating_add(1))
        }
        Distribution::Int(int) => {
            let width = int.high().abs_diff(int.low());
            Some((width / int.step().unsigned_abs().max(1)).saturating_add(1))
        }
        Distribution::Categorical(choices) => Some(choices.choices().len() as u64),
    }
}

/// Equal parameters have equal keys; others hardly ever do.
fn key(params: &Params) -> u64 {
    let mut hasher = DefaultHasher::new();
    for param in params {
        param.name.hash(&mut hasher);
        // Adding 0.0 makes -0.0 equal to 0.0.
        (param.value + 0.0).to_bits().hash(&mut hasher);
    }
    hasher.finish()
}

/// As [`key`], of the names and how many values each has.
fn key_of_space(params: &Params) -> u64 {
    let mut hasher = DefaultHasher::new();
    for param in params {
        param.name.hash(&mut hasher);
        n_values(&param.distribution).hash(&mut hasher);
    }
    hasher.finish()
}

fn have_same(a: &Params, b: &Params) -> bool {
    let same = |(a, b): (&Param, &Param)| a.name == b.name && a.value == b.value;
    a.len() == b.len() && a.iter().zip(b).all(same)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::frozen_trial::Direction;
    use crate::sampler;
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    fn rules(constraints: &[&str], duplicates: Duplicates) -> Rules {
        let parse = |text: &&str| Expression::parse(text).unwrap();
        Rules {
            constraints: constraints.iter().map(parse).collect(),
            duplicates,
        }
    }

    fn study(sampler: &str, rules: Rules) -> Study {
        let options = match sampler {
            "grid" => json!({"seed": 1, "search_space": {"a": [0, 1, 2, 3], "b": [0, 1, 2, 3]}}),
            _ => json!({"seed": 1}),
        };
        Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(sampler::build(sampler, &options).unwrap())
            .with_rules(rules)
    }

    /// Two numbers of `0..n`.
    fn two(trial: &mut Trial, n: i64) -> Result<(i64, i64)> {
        trial.suggest_together(|trial| {
            Ok((
                trial.suggest_int("a", 0..=n - 1)?,
                trial.suggest_int("b", 0..=n - 1)?,
            ))
        })
    }

    #[test]
    fn every_sampler_keeps_to_constraints() {
        for entry in sampler::SAMPLERS {
            let study = study(
                entry.name,
                rules(&["a + b <= 3", "a != b"], Duplicates::Avoid),
            );
            for _ in 0..25 {
                let mut trial = study.ask().unwrap();
                match two(&mut trial, 4) {
                    Ok((a, b)) => {
                        assert!(a + b <= 3 && a != b, "{}: {a}, {b}", entry.name);
                        study.tell(&mut trial, &[(a - b) as f64]).unwrap();
                    }
                    // Those that go through a list have no other values.
                    Err(error @ Error::BreaksConstraint { .. }) => {
                        assert!(["grid", "brute_force"].contains(&entry.name), "{error}");
                        let failed = Err(Stop::failed(error.to_string()));
                        study.tell_result(&mut trial, failed).unwrap();
                    }
                    Err(error) => panic!("{}: {error}", entry.name),
                }
                if study.is_exhausted().unwrap() {
                    break;
                }
            }
            let best = study.best_trial().unwrap();
            assert_eq!(best.values, [-3.0], "{}", entry.name);
        }
    }

    #[test]
    fn every_sampler_goes_through_a_small_space_before_it_repeats_itself() {
        for entry in sampler::SAMPLERS {
            let study = study(entry.name, rules(&[], Duplicates::Avoid));
            let mut seen = BTreeSet::new();
            // Two at a time: what runs is not tried again either.
            for _ in 0..8 {
                let mut pair = [study.ask().unwrap(), study.ask().unwrap()];
                for trial in &mut pair {
                    seen.insert(two(trial, 4).unwrap());
                }
                for (trial, failed) in pair.iter_mut().zip([false, true]) {
                    let result = if failed {
                        Err(Stop::failed("planned"))
                    } else {
                        Ok(vec![1.0])
                    };
                    study.tell_result(trial, result).unwrap();
                }
            }
            // The last few points are hard to find by chance.
            assert!(seen.len() >= 15, "{}: {}", entry.name, seen.len());
            let mut more = study.ask().unwrap();
            two(&mut more, 4).unwrap();
        }
    }

    #[test]
    fn a_search_with_rules_that_is_resumed_is_the_one_that_was_not_interrupted() {
        for entry in sampler::SAMPLERS {
            let run = |resumes: bool| {
                let begin = || study(entry.name, rules(&["a <= b"], Duplicates::Avoid));
                let mut study = begin();
                for _ in 0..20 {
                    if resumes {
                        study = Study::load(study.storage().clone(), "s")
                            .unwrap()
                            .with_sampler(begin().sampler.clone())
                            .with_rules(rules(&["a <= b"], Duplicates::Avoid));
                    }
                    let mut trial = study.ask().unwrap();
                    let result = two(&mut trial, 9).map(|(a, b)| vec![(a * b) as f64 - a as f64]);
                    study
                        .tell_result(&mut trial, result.map_err(Stop::from))
                        .unwrap();
                }
                let trials = study.trials().unwrap();
                trials
                    .iter()
                    .map(|trial| trial.params.clone())
                    .collect::<Vec<_>>()
            };
            if entry.name != "grid" {
                assert_eq!(run(false), run(true), "{}", entry.name);
            }
        }
    }

    #[test]
    fn what_excludes_everything_is_told() {
        for sampler in ["random", "tpe", "gp", "cmaes"] {
            let study = study(sampler, rules(&["a + b < 0"], Duplicates::Avoid));
            let mut trial = study.ask().unwrap();
            let error = two(&mut trial, 4).unwrap_err().to_string();
            assert_eq!(
                error,
                "none of 10001 draws meets the constraint `a + b < 0`; widen it, or enqueue a \
                 trial that meets it"
            );
            assert!(trial.frozen().params.len() <= 2);
        }
    }

    #[test]
    fn what_is_enqueued_keeps_its_values() {
        let study = study("random", rules(&["a + b <= 3"], Duplicates::Avoid));
        let enqueue = |params: serde_json::Value| {
            study.enqueue(params.as_object().unwrap()).unwrap();
        };
        enqueue(json!({"a": 3}));
        enqueue(json!({"a": 3, "b": 3}));
        let mut first = study.ask().unwrap();
        assert_eq!(two(&mut first, 4).unwrap(), (3, 0));
        let mut second = study.ask().unwrap();
        let error = two(&mut second, 4).unwrap_err().to_string();
        assert_eq!(
            error,
            "its parameters, which are given, break the constraint `a + b <= 3`"
        );
    }

    #[test]
    fn a_twin_is_the_first_complete_trial_with_the_same_parameters() {
        let study = study("random", rules(&[], Duplicates::Reuse));
        let params = json!({"a": 1, "b": 2});
        for number in 0..4 {
            study.enqueue(params.as_object().unwrap()).unwrap();
            let mut trial = study.ask().unwrap();
            two(&mut trial, 4).unwrap();
            let twin = trial.twin().unwrap().map(|twin| twin.number);
            assert_eq!(twin, (number > 1).then_some(1));
            let failed = number == 0;
            let result = if failed {
                Err(Stop::failed("planned"))
            } else {
                Ok(vec![1.0])
            };
            study.tell_result(&mut trial, result).unwrap();
        }
        let mut other = study.ask().unwrap();
        other.suggest_int("a", 1..=1).unwrap();
        assert_eq!(other.twin().unwrap(), None);
    }

    #[test]
    fn a_space_that_became_smaller_is_soon_seen_to_be_tried() {
        let study = study("random", rules(&[], Duplicates::Avoid));
        for n in [9, 9, 9, 9, 9, 9, 9, 9, 9, 3, 3, 3, 3, 3, 3] {
            let mut trial = study.ask().unwrap();
            let suggest = |trial: &mut Trial| trial.suggest_int("a", 1..=n);
            let a = trial.suggest_together(suggest).unwrap();
            study.tell(&mut trial, &[a as f64]).unwrap();
        }
        let mut trial = study.ask().unwrap();
        trial.suggest_int("a", 1..=3).unwrap();
        let history = study.history().unwrap();
        assert!(!was_tried(&history, trial.frozen()));
    }

    #[test]
    fn gp_knows_what_is_given_when_it_looks_at_constraints() {
        let study = study(
            "gp",
            rules(&["a * k + b <= 12", "c + b >= 8"], Duplicates::Avoid),
        );
        for number in 0..20 {
            if number % 2 == 1 {
                study.enqueue(json!({"c": 3}).as_object().unwrap()).unwrap();
            }
            let mut trial = study.ask().unwrap();
            let (a, b) = trial
                .suggest_together(|trial| {
                    trial.suggest_int("k", 4..=4)?;
                    trial.suggest_int("c", 0..=9)?;
                    two(trial, 10)
                })
                .unwrap();
            assert!(4 * a + b <= 12, "{a}, {b}");
            study.tell(&mut trial, &[-(a as f64)]).unwrap();
        }
    }

    #[test]
    fn constraints_are_checked_against_the_space() {
        let study = study("random", rules(&["a + c <= 3"], Duplicates::Avoid));
        let space = SearchSpace::from(&{
            let mut trial = study.ask().unwrap();
            two(&mut trial, 4).unwrap();
            trial.frozen().clone()
        });
        let error = study.ask_with(&space).unwrap_err().to_string();
        assert!(
            error.starts_with("constraint `a + c <= 3`, column 5: "),
            "{error}"
        );
        assert_eq!(study.trials().unwrap().len(), 1);
    }
}
