//! Beliefs of where the good values of a parameter are, by which samplers begin and which
//! they forget as trials tell more.
//!
//! A [`Prior`] is what a user thinks, or what an earlier study found
//! ([`WarmStart`](crate::warm_start::WarmStart)); [`Density`] is its density over the values
//! of one distribution. A model-based sampler adds the logarithm of that density, times
//! [`influence`], to the logarithm of what a point is worth (Hvarfner et al., "πBO:
//! Augmenting Acquisition Functions with User Beliefs for Bayesian Optimization", ICLR 2022,
//! equation 6). As the factor falls with every trial, a wrong prior costs time, not the
//! result; and as a tenth of every prior is uniform, nothing is excluded.
//!
//! The samplers `auto`, `random`, `gp` and `tpe` take notice of priors, others do not.
//! `docs/priors.md` tells how to use them.

mod density;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::density::Density;
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::search_space::SearchSpace;
use crate::suggestion::nearest;

/// The factor β of πBO's equation 6, when nobody says how many trials there will be. With a
/// budget it is a tenth of that, as in the paper's section 5.
const BETA: f64 = 10.0;

/// How a prior is written.
const FORMS: &str = "a prior is {\"normal\": {\"mean\": …, \"sd\": …}} of a number, \
                     {\"weights\": {choice: weight, …}} of choices, or {\"points\": [value, …]}";

/// A belief of where the good values of one parameter are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Prior {
    /// Of a number: near `mean`, two times of three within `sd`.
    Normal {
        /// The most probable value; outside of the range, it counts as the nearer end.
        mean: f64,
        /// The standard deviation, positive. Of a logarithmic parameter it is a factor,
        /// greater than 1: with 3, two of three values are between a third of the mean and
        /// three times the mean.
        sd: f64,
    },
    /// Of choices, by their texts: how often one is good, in any unit. A choice that is not
    /// named has the weight 0.
    Weights(BTreeMap<String, f64>),
    /// Values that were good, as JSON: of numbers a kernel around each (outside of the range,
    /// it is at the nearer end), of choices how often each is there.
    Points(Vec<Value>),
}

impl Prior {
    /// Why no parameter can have it.
    fn objection(&self) -> Option<String> {
        let is_weight = |weight: f64| weight.is_finite() && weight >= 0.0;
        match self {
            Self::Normal { mean, sd } if !mean.is_finite() || !sd.is_finite() => {
                Some(format!("`mean` = {mean} and `sd` = {sd} must be finite"))
            }
            Self::Normal { sd, .. } if *sd <= 0.0 => Some(format!("`sd` = {sd} must be positive")),
            Self::Normal { .. } => None,
            Self::Weights(weights) => {
                let wrong = weights.iter().find(|(_, weight)| !is_weight(**weight));
                let sum: f64 = weights.values().sum();
                match wrong {
                    Some((choice, weight)) => Some(format!(
                        "the weight of `{choice}` is {weight}; weights are 0 or greater, and finite"
                    )),
                    None if sum <= 0.0 => Some("no weight is greater than 0".to_owned()),
                    None if sum.is_infinite() => Some("the weights are too large".to_owned()),
                    None => None,
                }
            }
            Self::Points(points) => points.is_empty().then(|| "`points` is empty".to_owned()),
        }
    }
}

/// Priors by parameter name; each is one that some parameter can have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Priors(BTreeMap<String, Prior>);

impl Priors {
    /// From JSON: an object of priors by parameter name. [`Error::InvalidPrior`] names the
    /// parameter whose prior is none.
    ///
    /// ```
    /// use opah::prior::Priors;
    ///
    /// let given = serde_json::json!({
    ///     "lr": {"normal": {"mean": 1e-3, "sd": 3}},
    ///     "optimizer": {"weights": {"adam": 3, "sgd": 1}},
    /// });
    /// let priors = Priors::from_json(given.as_object().expect("an object"))?;
    /// assert_eq!(priors.to_json().len(), 2);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn from_json(given: &Map<String, Value>) -> Result<Self> {
        let mut priors = Self::default();
        for (name, value) in given {
            let read = serde_json::from_value::<Prior>(value.clone());
            let prior = read.map_err(|error| invalid(name, &format!("{error}; {FORMS}")))?;
            priors.insert(name, prior)?;
        }
        Ok(priors)
    }

    /// What [`from_json`](Self::from_json) reads.
    pub fn to_json(&self) -> Map<String, Value> {
        let all = self.0.iter();
        all.map(|(name, prior)| {
            let json = serde_json::to_value(prior).unwrap_or_default();
            (name.clone(), json)
        })
        .collect()
    }

    /// Adds the prior of a parameter, or replaces it. [`Error::InvalidPrior`] if no parameter
    /// can have it.
    pub fn insert(&mut self, name: &str, prior: Prior) -> Result<()> {
        if let Some(objection) = prior.objection() {
            return Err(invalid(name, &objection));
        }
        self.0.insert(name.to_owned(), prior);
        Ok(())
    }

    /// Adds those of `others`. Of a parameter that has one in both, the points of both count,
    /// if both are points; otherwise the prior of `others` is left out.
    pub fn extend(&mut self, others: Self) {
        for (name, other) in others.0 {
            let Some(known) = self.0.get_mut(&name) else {
                self.0.insert(name, other);
                continue;
            };
            if let (Prior::Points(points), Prior::Points(more)) = (known, other) {
                points.extend(more);
            }
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The density of a parameter's prior; `None` if it has none that fits, or one value only.
    pub fn density(&self, name: &str, distribution: &Distribution) -> Option<Density> {
        let prior = self.0.get(name)?;
        if distribution.is_single() {
            return None;
        }
        Density::new(prior, distribution).ok()
    }

    /// [`Error::InvalidPrior`] if the parameter has a prior, and it is not one of this
    /// distribution.
    pub fn check(&self, name: &str, distribution: &Distribution) -> Result<()> {
        let Some(prior) = self.0.get(name) else {
            return Ok(());
        };
        match Density::new(prior, distribution) {
            Ok(_) => Ok(()),
            Err(problem) => Err(invalid(name, &problem)),
        }
    }

    /// The same for a whole space, in which each prior must be that of a parameter.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use opah::prior::Priors;
    /// use opah::{Distribution, FloatDistribution, SearchSpace};
    ///
    /// let lr = Distribution::Float(FloatDistribution::new(1e-5, 1.0, true, None)?);
    /// let space = SearchSpace::from_iter([("lr".into(), Arc::new(lr))]);
    /// let given = serde_json::json!({"rl": {"normal": {"mean": 1e-3, "sd": 3}}});
    /// let priors = Priors::from_json(given.as_object().expect("an object"))?;
    /// let error = priors.check_space(&space).unwrap_err().to_string();
    /// assert!(error.contains("did you mean `lr`?"));
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn check_space(&self, space: &SearchSpace) -> Result<()> {
        for name in self.0.keys() {
            let Some(distribution) = space.get(name) else {
                let known = space.iter().map(|(known, _)| known.as_ref());
                let meant = did_you_mean(name, known);
                let problem = format!("the search space has no such parameter{meant}");
                return Err(invalid(name, &problem));
            };
            self.check(name, distribution)?;
        }
        Ok(())
    }
}

/// How much a log density counts beside the logarithm of what a point is worth, after so many
/// finished trials: β/n (πBO, equation 6).
pub fn influence(n_finished: usize, budget: Option<u64>) -> f64 {
    let beta = budget.map_or(BETA, |budget| budget as f64 / 10.0);
    beta / n_finished.max(1) as f64
}

/// `; did you mean …?` if one of the candidates is near.
fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let meant = nearest(word, candidates);
    meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

fn invalid(name: &str, problem: &str) -> Error {
    Error::InvalidPrior {
        name: name.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::distribution::{
        CategoricalDistribution, Choice, FloatDistribution, IntDistribution,
    };

    fn read(given: &Value) -> Result<Priors> {
        Priors::from_json(given.as_object().unwrap())
    }

    #[test]
    fn what_is_read_is_written_back() {
        let given = json!({
            "lr": {"normal": {"mean": 1e-3, "sd": 3.0}},
            "optimizer": {"weights": {"adam": 3.0, "sgd": 1.0}},
            "width": {"points": [8, 16, 16]},
        });
        let priors = read(&given).unwrap();
        assert_eq!(Value::Object(priors.to_json()), given);
    }

    #[test]
    fn what_is_no_prior_is_refused_by_name() {
        for (prior, said) in [
            (
                json!({"normal": {"mean": 1, "sd": 0}}),
                "`sd` = 0 must be positive",
            ),
            (
                json!({"normal": {"mean": 1, "sd": -2}}),
                "`sd` = -2 must be positive",
            ),
            (json!({"normal": {"mean": 1}}), "missing field `sd`"),
            (
                json!({"normal": {"mean": 1, "sd": 1, "df": 3}}),
                "unknown field `df`",
            ),
            (
                json!({"norml": {"mean": 1, "sd": 1}}),
                "unknown variant `norml`",
            ),
            (
                json!({"weights": {"a": -1, "b": 2}}),
                "the weight of `a` is -1; weights are 0 or greater, and finite",
            ),
            (json!({"weights": {"a": 0}}), "no weight is greater than 0"),
            (json!({"weights": {}}), "no weight is greater than 0"),
            (json!({"points": []}), "`points` is empty"),
            (json!(3), "a prior is {\"normal\""),
        ] {
            let error = read(&json!({"x": prior})).unwrap_err().to_string();
            assert!(error.starts_with("the prior of `x`: "), "{error}");
            assert!(error.contains(said), "{error}");
        }
        let mut priors = Priors::default();
        for (mean, sd) in [(f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert!(priors.insert("x", Prior::Normal { mean, sd }).is_err());
        }
        assert!(priors.is_empty());
    }

    #[test]
    fn what_a_parameter_can_not_have_is_refused_with_what_was_meant() {
        let choices = ["adam", "sgd"].map(Choice::from).to_vec();
        let all: [(&str, Distribution); 3] = [
            (
                "lr",
                Distribution::Float(FloatDistribution::new(1e-5, 1.0, true, None).unwrap()),
            ),
            (
                "n",
                Distribution::Int(IntDistribution::new(1, 9, false, 1).unwrap()),
            ),
            (
                "optimizer",
                Distribution::Categorical(CategoricalDistribution::new(choices).unwrap()),
            ),
        ];
        let space: SearchSpace = all
            .into_iter()
            .map(|(name, distribution)| (Arc::from(name), Arc::new(distribution)))
            .collect();
        for (given, said) in [
            (json!({"rl": {"points": [1]}}), "did you mean `lr`?"),
            (
                json!({"lr": {"normal": {"mean": -1, "sd": 2}}}),
                "`mean` = -1 must be positive",
            ),
            (
                json!({"lr": {"normal": {"mean": 0.1, "sd": 0.5}}}),
                "`sd` = 0.5 must be greater than 1",
            ),
            (
                json!({"lr": {"points": [0.1, 0]}}),
                "0 in `points` must be positive",
            ),
            (
                json!({"n": {"points": [1, "two"]}}),
                "\"two\" in `points` is no number",
            ),
            (
                json!({"n": {"weights": {"1": 1}}}),
                "`weights` are for choices",
            ),
            (
                json!({"optimizer": {"normal": {"mean": 0, "sd": 1}}}),
                "`normal` is for numbers",
            ),
            (
                json!({"optimizer": {"weights": {"adan": 1}}}),
                "no choice `adan`; did you mean `adam`?",
            ),
        ] {
            let error = read(&given).unwrap().check_space(&space).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        let fine = json!({
            "lr": {"normal": {"mean": 1e-9, "sd": 1.5}},
            "n": {"points": [100, 2.5]},
            "optimizer": {"points": ["adagrad", "sgd"]},
        });
        read(&fine).unwrap().check_space(&space).unwrap();
    }

    #[test]
    fn points_of_two_are_joined_and_others_stay() {
        let mut priors = read(&json!({
            "a": {"points": [1]}, "b": {"normal": {"mean": 0.0, "sd": 1.0}},
        }))
        .unwrap();
        let points = json!({"a": {"points": [2]}, "b": {"points": [3]}, "c": {"points": [4]}});
        priors.extend(read(&points).unwrap());
        let expected = json!({
            "a": {"points": [1, 2]}, "b": {"normal": {"mean": 0.0, "sd": 1.0}},
            "c": {"points": [4]},
        });
        assert_eq!(Value::Object(priors.to_json()), expected);
    }

    #[test]
    fn influence_falls_with_every_trial() {
        assert_eq!(influence(0, None), 10.0);
        assert_eq!(influence(5, None), 2.0);
        assert_eq!(influence(5, Some(30)), 0.6);
    }
}
