//! Every point of a given grid, once.
//!
//! Best for a handful of values of two or three parameters, all of which are wanted; for
//! more, random points tell more at the same cost (Bergstra and Bengio, "Random Search for
//! Hyper-Parameter Optimization", JMLR 13, 2012, section 1).
//!
//! A point's id, and the order into which the seed shuffles the ids, are those of Optuna
//! 5's `GridSampler`, and a trial's id is noted in its attributes, so that processes of
//! both go through one grid together. Different from Optuna: a point that an enqueued trial
//! has tried, or that another process runs, is not tried again; an enqueued trial may leave
//! parameters open, which get the values of a point that has its others; a value that is
//! not in its parameter's domain is an error, not a warning.
//!
//! - `points`: the combinations and their order
//! - `visits`: which of them are no longer free

mod points;
mod visits;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::visits::{GRID_ATTR, GRID_ID_ATTR, Grid, Taken};
use super::{Draw, Sampler};
use crate::context::Context;
use crate::distribution::{Distribution, ParamValue};
use crate::error::{Error, Result};
use crate::frozen_trial::{FIXED_PARAMS_ATTR, FrozenTrial, Param};
use crate::history::History;
use crate::json::Json;
use crate::registry::{self, Configured};
use crate::search_space::SearchSpace;

/// More points than this would take more memory than they are worth.
const MOST_POINTS: usize = 10_000_000;

/// The system attribute of a trial whose given values are none of the grid: the id of the
/// point from which its other values are.
const OPEN_ATTR: &str = "opah:grid_point";

/// Tries every combination of the given values, in a shuffled order.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GridSampler {
    /// The values of each parameter, as in `{"layers": [1, 2], "kind": ["cnn", "boe"]}`;
    /// every parameter that can have more than one value is to be here.
    pub search_space: BTreeMap<String, Vec<Value>>,
    /// Shuffles the order; processes that go through a grid together need the same.
    pub seed: u64,
    /// What is made of the options when it is first needed; no option.
    #[serde(skip)]
    pub memory: Memory,
}

/// The grid of a [`GridSampler`] that was asked before.
#[derive(Debug, Default)]
pub struct Memory(OnceLock<Grid>);

impl Configured for GridSampler {
    const NAME: &'static str = "grid";
    const CLASS: &'static str = "GridSampler";
    const SUMMARY: &'static str = "every point of a given grid, once";

    fn objection(&self) -> Option<String> {
        if self.search_space.is_empty() {
            return Some("`search_space` has no parameter".to_owned());
        }
        let without = self.search_space.iter().find(|(_, list)| list.is_empty());
        if let Some((name, _)) = without {
            return Some(format!("`search_space` has no value for `{name}`"));
        }
        let mut lengths = self.search_space.values().map(Vec::len);
        let n_points = lengths.try_fold(1, |n: usize, length| n.checked_mul(length));
        n_points.is_none_or(|n| n > MOST_POINTS).then(|| {
            format!("`search_space` has more than {MOST_POINTS} points; use another sampler")
        })
    }
}

impl Sampler for GridSampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    /// Chooses the trial's point and notes it; the values are taken one by one, for each
    /// parameter's domain is known only then.
    fn sample_relative(&self, context: &Context, _space: &SearchSpace) -> Result<Draw> {
        let grid = self.grid()?;
        if chosen_point(grid, context.trial).is_none() {
            let given = given_places(grid, context.trial);
            let id = Json::new(&self.choose(grid, context, &given));
            if given.contains(&Given::Elsewhere) {
                context.save_state(OPEN_ATTR, id);
            } else {
                context.save_state(GRID_ATTR, grid.json.clone());
                context.save_state(GRID_ID_ATTR, id);
            }
        }
        Ok(Draw::new())
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        let grid = self.grid()?;
        let Some(parameter) = grid.names.iter().position(|known| known == name) else {
            let known = grid.names.join("`, `");
            let problem = format!("`search_space` has no values for `{name}`, only for `{known}`");
            return Err(Error::InvalidOptions {
                kind: "sampler",
                name: Self::NAME,
                problem: serde::de::Error::custom(problem),
            });
        };
        let id = chosen_point(grid, context.trial).unwrap_or_else(|| {
            let given = given_places(grid, context.trial);
            self.choose(grid, context, &given)
        });
        let value = &grid.values[parameter][grid.points.places(id)[parameter]];
        let internal = distribution.to_internal(value);
        internal
            .filter(|internal| distribution.contains(*internal))
            .ok_or_else(|| Error::OutOfDomain {
                name: name.to_owned(),
                value: value.to_string(),
                distribution: distribution.to_string(),
            })
    }

    fn draws_anew(&self) -> bool {
        false
    }

    fn is_exhausted(&self, history: &dyn Fn() -> Result<History>) -> Result<bool> {
        let grid = self.grid()?;
        Ok(Taken::of(grid, &history()?, None, |taken| {
            taken.is_everything()
        }))
    }
}

/// What is given of one parameter of the grid before its value is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    /// Nothing.
    Open,
    /// The value at this place of its list.
    At(usize),
    /// A value that is not in its list.
    Elsewhere,
}

impl GridSampler {
    fn grid(&self) -> Result<&Grid> {
        registry::check("sampler", self)?;
        let memory = &self.memory.0;
        Ok(memory.get_or_init(|| Grid::new(&self.search_space, self.seed)))
    }

    /// The point that has the trial's number, if it is free and has what is given; or else
    /// any that is free, that is not tried to the end, or that has what is given.
    fn choose(&self, grid: &Grid, context: &Context, given: &[Given]) -> usize {
        let has_given = |id: usize| {
            let places = grid.points.places(id);
            let mut both = given.iter().zip(places);
            both.all(|(given, place)| !matches!(given, Given::At(at) if *at != place))
        };
        let number = context.trial.number as usize;
        Taken::of(grid, context.history, Some(context.trial.number), |taken| {
            if number < grid.points.len() && !taken.contains(number) && has_given(number) {
                return number;
            }
            let fitting: Vec<usize> = (0..grid.points.len()).filter(|id| has_given(*id)).collect();
            let is_free = |id: &usize| !taken.contains(*id);
            let is_open = |id: &usize| !taken.is_tried(*id);
            let free: Vec<usize> = fitting.iter().copied().filter(is_free).collect();
            let open: Vec<usize> = fitting.iter().copied().filter(is_open).collect();
            let mut choices = [free, open, fitting].into_iter();
            let choices = choices.find(|ids| !ids.is_empty()).unwrap_or_default();
            let at = context.rng(self.seed, "grid_id").below(choices.len());
            choices.get(at).copied().unwrap_or(0)
        })
    }
}

/// The point that was chosen for the trial before.
fn chosen_point(grid: &Grid, trial: &FrozenTrial) -> Option<usize> {
    let open = trial.system_attrs.get(OPEN_ATTR);
    let open = open.and_then(Json::parse::<usize>);
    let noted = grid.noted_point(trial);
    noted.or(open.filter(|id| *id < grid.points.len()))
}

/// By parameter: what the trial has because it was enqueued or has run before.
fn given_places(grid: &Grid, trial: &FrozenTrial) -> Vec<Given> {
    let fixed = trial.system_attrs.get(FIXED_PARAMS_ATTR);
    let fixed: Map<String, Value> = fixed.and_then(Json::parse).unwrap_or_default();
    let names = grid.names.iter().enumerate();
    let given = names.map(|(parameter, name)| {
        let drawn = trial.params.get(name).map(Param::external);
        let value = drawn.or_else(|| fixed.get(name).map(ParamValue::from_json));
        match value {
            None => Given::Open,
            Some(value) => grid
                .place(parameter, &value)
                .map_or(Given::Elsewhere, Given::At),
        }
    });
    given.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::frozen_trial::{Direction, TrialState};
    use crate::optimize::Optimize;
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    fn study() -> Study {
        let options = json!({"search_space": {"b": [1, 2, 3], "a": ["x", "y"]}});
        Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(crate::sampler::build("GridSampler", &options).unwrap())
    }

    fn objective(trial: &mut Trial) -> std::result::Result<f64, Stop> {
        let b = trial.suggest_int("b", 1..=3)?;
        trial.suggest_categorical("a", &["x", "y"])?;
        Ok(b as f64)
    }

    fn tried(study: &Study) -> Vec<String> {
        let trials = study.trials().unwrap();
        let points = trials.iter().map(|trial| {
            let values = trial.params.iter().map(Param::external);
            values.map(|value| value.to_string()).collect()
        });
        points.collect()
    }

    fn enqueue(study: &Study, params: &Value) {
        study.enqueue(params.as_object().unwrap()).unwrap();
    }

    /// The order is the one in which Optuna 5.0 runs this grid.
    #[test]
    fn every_point_is_tried_once_and_then_the_search_ends() {
        let study = study();
        study.optimize(&Optimize::default(), objective).unwrap();
        let all = ["y3", "x3", "x2", "y1", "x1", "y2"];
        assert_eq!(tried(&study), all);
        // Nothing is left for another call, but who asks gets a point again.
        study.optimize(&Optimize::default(), objective).unwrap();
        assert_eq!(tried(&study), all);
        let mut again = study.ask().unwrap();
        objective(&mut again).unwrap();
    }

    #[test]
    fn a_trial_notes_its_grid_and_point_as_in_optuna() {
        let study = study();
        study.optimize(&Optimize::trials(2), objective).unwrap();
        let attrs = &study.trials().unwrap()[1].system_attrs;
        assert_eq!(
            attrs[GRID_ATTR].as_str(),
            r#"{"a": ["x", "y"], "b": [1, 2, 3]}"#
        );
        assert_eq!(attrs[GRID_ID_ATTR].as_str(), "1");
    }

    #[test]
    fn a_point_that_was_enqueued_is_not_tried_again() {
        for given in [json!({"a": "x", "b": 2}), json!({"b": 1})] {
            let study = study();
            enqueue(&study, &given);
            study.optimize(&Optimize::default(), objective).unwrap();
            let mut all = tried(&study);
            assert!(["x2", "x1", "y1"].contains(&all[0].as_str()), "{all:?}");
            all.sort();
            assert_eq!(all, ["x1", "x2", "x3", "y1", "y2", "y3"]);
        }
        let study = study();
        enqueue(&study, &json!({"b": 9}));
        study.optimize(&Optimize::default(), objective).unwrap();
        let mut all = tried(&study);
        assert!(["x9", "y9"].contains(&all.remove(0).as_str()));
        all.sort();
        assert_eq!(all, ["x1", "x2", "x3", "y1", "y2", "y3"]);
    }

    #[test]
    fn threads_try_no_point_twice() {
        let study = study();
        let options = Optimize {
            n_jobs: 4,
            ..Optimize::default()
        };
        study.optimize(&options, objective).unwrap();
        let mut all = tried(&study);
        all.sort();
        assert_eq!(all, ["x1", "x2", "x3", "y1", "y2", "y3"]);
    }

    #[test]
    fn failed_and_waiting_trials_count() {
        let study = study();
        let fails = |trial: &mut Trial| {
            objective(trial)?;
            Err(Stop::Pruned)
        };
        study.optimize(&Optimize::trials(5), fails).unwrap();
        assert!(!study.is_exhausted().unwrap());
        let last = study.ask().unwrap();
        assert!(study.is_exhausted().unwrap(), "the last one runs");
        study.release(last.frozen(), &[]).unwrap();
        assert!(!study.is_exhausted().unwrap(), "it waits again");
        study.optimize(&Optimize::default(), objective).unwrap();
        assert_eq!(study.count(&[TrialState::Complete]).unwrap(), 1);
        assert_eq!(study.trials().unwrap().len(), 6);
    }

    #[test]
    fn what_the_grid_does_not_have_is_told() {
        let study = study();
        let mut trial = study.ask().unwrap();
        let error = trial.suggest_float("c", 0.0..=1.0).unwrap_err();
        let expected = "invalid options for sampler `grid`: `search_space` has no values for \
                        `c`, only for `a`, `b`";
        assert_eq!(error.to_string(), expected);
        let error = trial.suggest_int("b", 7..=9).unwrap_err();
        assert_eq!(error.to_string(), "parameter `b`: 3 is not in int(7, 9)");
        let error = trial.suggest_categorical("a", &[1_i64, 2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "parameter `a`: y is not in categorical(1, 2)"
        );
    }

    #[test]
    fn impossible_grids_are_refused() {
        let list: Vec<i64> = (0..1000).collect();
        for (search_space, said) in [
            (json!({}), "`search_space` has no parameter"),
            (
                json!({"a": [1], "b": []}),
                "`search_space` has no value for `b`",
            ),
            (
                json!({"a": list, "b": list, "c": list}),
                "more than 10000000 points",
            ),
        ] {
            let options = json!({"search_space": search_space});
            let error = crate::sampler::build("grid", &options).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        let study = study().with_sampler(Arc::new(GridSampler::default()));
        assert!(study.optimize(&Optimize::trials(1), objective).is_err());
    }
}
