//! Trials that are not drawn: those that wait with given values, and those that were run
//! elsewhere.

use serde_json::{Map, Value};

use crate::distribution::ParamValue;
use crate::error::{Error, Result};
use crate::frozen_trial::{Attrs, FIXED_PARAMS_ATTR, FrozenTrial, TrialState};
use crate::json::Json;
use crate::storage::{TrialStart, TrialUpdate};
use crate::study::Study;
use crate::suggestion::nearest;

/// How a trial is enqueued.
#[derive(Debug, Clone, Default)]
pub struct Enqueue {
    /// What is noted with it.
    pub user_attrs: Attrs,
    /// Whether nothing is added when some trial, in whatever state, has the same values
    /// of the same parameters. Two processes at the same moment may still add both.
    pub skip_if_exists: bool,
}

impl Study {
    /// Adds a trial that waits for a worker, with some values fixed, as JSON by name;
    /// other parameters will be drawn.
    pub fn enqueue(&self, params: &Map<String, Value>) -> Result<FrozenTrial> {
        self.add_waiting(params, &Attrs::new())
    }

    /// As [`enqueue`](Self::enqueue), with user attributes; `None` if the trial exists
    /// and is to be skipped.
    ///
    /// Numbers are the same if they differ by less than a hundred-thousandth, as in
    /// Optuna; 1 and 1.0 are the same here.
    ///
    /// ```
    /// use opah::queue::Enqueue;
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let params = serde_json::json!({"x": 0.5});
    /// let params = params.as_object().expect("an object");
    /// let once = Enqueue { skip_if_exists: true, ..Enqueue::default() };
    /// assert!(study.enqueue_with(params, &once)?.is_some());
    /// assert!(study.enqueue_with(params, &once)?.is_none());
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn enqueue_with(
        &self,
        params: &Map<String, Value>,
        options: &Enqueue,
    ) -> Result<Option<FrozenTrial>> {
        if options.skip_if_exists {
            let trials = self.trials()?;
            if trials.iter().any(|trial| are_same(&given(trial), params)) {
                return Ok(None);
            }
        }
        self.add_waiting(params, &options.user_attrs).map(Some)
    }

    /// What is doubtful of values that are to be enqueued, one sentence each, by what the
    /// study's trials have: a name that none has, a value out of a range.
    /// [`Error::OutOfDomain`] for a value that no trial could take, because the kind and the
    /// choices of a parameter don't change within a study.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let mut trial = study.ask()?;
    /// trial.suggest_float("rate", 0.0..=1.0)?;
    /// trial.flush()?;
    /// let doubts = |params: serde_json::Value| {
    ///     study.doubts_of_enqueued(params.as_object().expect("an object"))
    /// };
    /// assert!(doubts(serde_json::json!({"rate": 0.5}))?.is_empty());
    /// assert_eq!(doubts(serde_json::json!({"rate": 2, "raet": 0.5}))?.len(), 2);
    /// assert!(doubts(serde_json::json!({"rate": "high"})).is_err());
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn doubts_of_enqueued(&self, params: &Map<String, Value>) -> Result<Vec<String>> {
        let history = self.history()?;
        let known = history.known_distributions();
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let mut doubts = Vec::new();
        for (name, value) in params {
            let Some(distribution) = known.get(name) else {
                let names = known.iter().map(|(name, _)| &**name);
                let meant = nearest(name, names);
                let meant =
                    meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
                doubts.push(format!(
                    "no trial of the study has a parameter `{name}`{meant}"
                ));
                continue;
            };
            let internal = distribution.to_internal(&ParamValue::from_json(value));
            let internal = internal.ok_or_else(|| Error::OutOfDomain {
                name: name.clone(),
                value: value.to_string(),
                distribution: distribution.to_string(),
            })?;
            if !distribution.contains(internal) {
                doubts.push(format!(
                    "`{name}`: {value} is not in {distribution}; it will be used all the same"
                ));
            }
        }
        Ok(doubts)
    }

    fn add_waiting(&self, params: &Map<String, Value>, user_attrs: &Attrs) -> Result<FrozenTrial> {
        let update = TrialUpdate {
            user_attrs: user_attrs.clone().into_iter().collect(),
            system_attrs: vec![(FIXED_PARAMS_ATTR.to_owned(), Json::new(params))],
            ..TrialUpdate::default()
        };
        self.storage
            .create_trial(self.id(), &TrialStart::waiting(update))
    }

    /// Adds a trial that was run elsewhere, in any state, with all it has but its id and
    /// number, which are new. [`Error::InvalidTrial`] if it is not what a study holds.
    pub fn add_trial(&self, trial: &FrozenTrial) -> Result<FrozenTrial> {
        if let Some(reason) = objection(trial, self.directions().len()) {
            return Err(Error::InvalidTrial { reason });
        }
        self.storage
            .create_trial(self.id(), &TrialStart::from(trial))
    }
}

/// The values that a trial was given, or has.
fn given(trial: &FrozenTrial) -> Map<String, Value> {
    let fixed = trial
        .system_attrs
        .get(FIXED_PARAMS_ATTR)
        .and_then(Json::parse);
    fixed.unwrap_or_else(|| {
        let params = trial.params.iter();
        params
            .map(|param| (param.name.to_string(), param.external().to_json()))
            .collect()
    })
}

fn are_same(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    let is_same = |a: &Value, b: &Value| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-5 * a.abs(),
        _ => a == b,
    };
    a.len() == b.len()
        && a.iter()
            .all(|(name, value)| b.get(name).is_some_and(|other| is_same(value, other)))
}

/// Why a study of so many objectives can't hold the trial.
fn objection(trial: &FrozenTrial, n_objectives: usize) -> Option<String> {
    let (state, n_values) = (trial.state, trial.values.len());
    if state == TrialState::Complete && n_values != n_objectives {
        return Some(format!(
            "it is COMPLETE with {n_values} value(s), and the study has {n_objectives} objective(s)"
        ));
    }
    if state != TrialState::Complete && n_values != 0 && n_values != n_objectives {
        return Some(format!(
            "it has {n_values} value(s), and the study has {n_objectives} objective(s)"
        ));
    }
    if matches!(
        state,
        TrialState::Fail | TrialState::Running | TrialState::Waiting
    ) && n_values > 0
    {
        return Some(format!("it is {state}, but has a value"));
    }
    if trial.values.iter().any(|value| value.is_nan()) {
        return Some("a value is not a number (NaN)".to_owned());
    }
    if state != TrialState::Waiting && trial.datetime_start.is_none() {
        return Some(format!("it is {state}, but never began to run"));
    }
    if state.is_finished() != trial.datetime_complete.is_some() {
        let end = if state.is_finished() {
            "no end"
        } else {
            "an end"
        };
        return Some(format!("it is {state}, but has {end}"));
    }
    if let Some(step) = trial.intermediate_values.keys().find(|step| **step < 0) {
        return Some(Error::InvalidStep { step: *step }.to_string());
    }
    let mut params = trial.params.iter();
    let outside = params.find(|param| !param.distribution.contains(param.value))?;
    Some(format!(
        "parameter `{}`: {} is not in {}",
        outside.name, outside.value, outside.distribution
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::frozen_trial::{Direction, Timestamp};

    fn study() -> Study {
        Study::in_memory("s", &[Direction::Minimize]).unwrap()
    }

    #[test]
    fn an_enqueued_trial_is_skipped_only_if_it_exists() {
        let study = study();
        let mut sampled = study.ask().unwrap();
        let x = sampled.suggest_float("x", 0.0..=1.0).unwrap();
        sampled.suggest_categorical("c", &["a"]).unwrap();
        study.tell(&mut sampled, &[0.0]).unwrap();
        let once = Enqueue {
            user_attrs: Attrs::from([("why".to_owned(), Json::new("a guess"))]),
            skip_if_exists: true,
        };
        let enqueue = |params: Value| {
            let added = study
                .enqueue_with(params.as_object().unwrap(), &once)
                .unwrap();
            added.map(|trial| trial.user_attrs["why"].as_str().to_owned())
        };
        assert_eq!(enqueue(json!({"x": x * (1.0 + 1e-6), "c": "a"})), None);
        let added = Some("\"a guess\"".to_owned());
        assert_eq!(enqueue(json!({"x": x * (1.0 + 1e-4), "c": "a"})), added);
        assert_eq!(enqueue(json!({"x": x, "c": "b"})), added);
        assert_eq!(enqueue(json!({"x": x})), added);
        assert_eq!(enqueue(json!({"x": x})), None);
        assert_eq!(enqueue(json!({"n": 1})), added);
        assert_eq!(enqueue(json!({"n": 1.0})), None);
        assert_eq!(enqueue(json!({"n": null})), added);
        assert_eq!(enqueue(json!({"n": null})), None);
        assert_eq!(study.trials().unwrap().len(), 6);
    }

    #[test]
    fn a_trial_from_elsewhere_keeps_what_it_has() {
        let from = study();
        let mut trial = from.ask().unwrap();
        trial.suggest_int("n", 1..=9).unwrap();
        trial.report(3, f64::NAN).unwrap();
        trial.set_user_attr("k", &Json::new(&1));
        let told = from.tell(&mut trial, &[f64::INFINITY]).unwrap();
        let to = study();
        to.ask().unwrap();
        let added = to.add_trial(&told).unwrap();
        assert_eq!(added.number, 1);
        let renamed = FrozenTrial {
            id: told.id,
            number: told.number,
            ..added
        };
        assert_eq!(format!("{renamed:?}"), format!("{told:?}"));
    }

    type Change<'a> = &'a dyn Fn(&mut FrozenTrial);

    #[test]
    fn a_trial_that_no_study_holds_is_refused() {
        let from = study();
        let mut trial = from.ask().unwrap();
        trial.suggest_int("n", 1..=9).unwrap();
        let good = FrozenTrial::clone(&from.tell(&mut trial, &[1.0]).unwrap());
        let refused = |change: Change| {
            let mut bad = good.clone();
            change(&mut bad);
            study().add_trial(&bad).unwrap_err().to_string()
        };
        let cases: [(Change, &str); 7] = [
            (
                &|trial| trial.values.clear(),
                "it is COMPLETE with 0 value(s), and the study has 1 objective(s)",
            ),
            (
                &|trial| trial.values[0] = f64::NAN,
                "a value is not a number (NaN)",
            ),
            (
                &|trial| trial.state = TrialState::Fail,
                "it is FAIL, but has a value",
            ),
            (
                &|trial| trial.datetime_start = None,
                "it is COMPLETE, but never began to run",
            ),
            (
                &|trial| trial.datetime_complete = None,
                "it is COMPLETE, but has no end",
            ),
            (
                &|trial| {
                    trial.intermediate_values.insert(-1, 0.0);
                },
                "step -1 can't be reported; steps are 0, 1, 2, …",
            ),
            (
                &|trial| {
                    let mut param = trial.params.get("n").unwrap().clone();
                    param.value = 10.0;
                    trial.params.insert(param);
                },
                "parameter `n`: 10 is not in int(1, 9)",
            ),
        ];
        for (change, reason) in cases {
            assert_eq!(
                refused(change),
                format!("the trial can't be added: {reason}")
            );
        }
        let waiting = refused(&|trial| {
            trial.state = TrialState::Waiting;
            trial.values.clear();
            trial.datetime_complete = Some(Timestamp::UNIX_EPOCH);
        });
        assert_eq!(
            waiting,
            "the trial can't be added: it is WAITING, but has an end"
        );
    }
}
