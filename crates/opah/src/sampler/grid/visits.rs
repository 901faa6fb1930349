//! Which points of a grid were tried, and which are being tried.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::points::Points;
use crate::derived::Derived;
use crate::distribution::ParamValue;
use crate::frozen_trial::{FIXED_PARAMS_ATTR, FrozenTrial, Params};
use crate::history::History;
use crate::json::Json;

/// The system attributes in which Optuna and opah note a trial's grid and its point.
pub(super) const GRID_ATTR: &str = "search_space";
pub(super) const GRID_ID_ATTR: &str = "grid_id";

/// A grid, as it is given and as it is stored.
#[derive(Debug)]
pub(super) struct Grid {
    /// The parameters' names, sorted.
    pub(super) names: Vec<String>,
    /// By parameter: its values.
    pub(super) values: Vec<Vec<ParamValue>>,
    /// The combinations of values.
    pub(super) points: Points,
    /// What is noted with a trial.
    pub(super) json: Json,
}

impl Grid {
    pub(super) fn new(search_space: &BTreeMap<String, Vec<Value>>, seed: u64) -> Self {
        let lists = search_space.values();
        Self {
            names: search_space.keys().cloned().collect(),
            values: lists
                .clone()
                .map(|list| list.iter().map(ParamValue::from_json).collect())
                .collect(),
            points: Points::new(lists.map(Vec::len).collect(), seed),
            json: Json::new(search_space),
        }
    }

    /// The place of a value in its parameter's list; 1, 1.0 and true are the same.
    pub(super) fn place(&self, parameter: usize, value: &ParamValue) -> Option<usize> {
        let mut known = self.values[parameter].iter();
        known.position(|known| is_same(known, value))
    }

    /// The point of a trial that has a value of this grid for each of its parameters.
    fn point(&self, params: &Params) -> Option<usize> {
        let places = self.names.iter().enumerate().map(|(parameter, name)| {
            let param = params.get(name)?;
            self.place(parameter, &param.external())
        });
        let places: Vec<usize> = places.collect::<Option<_>>()?;
        Some(self.points.id(&places))
    }

    /// The point that a trial noted, if it was of this grid.
    pub(super) fn noted_point(&self, trial: &FrozenTrial) -> Option<usize> {
        let (json, id) = noted(trial)?;
        (id < self.points.len() && self.is_stored_as(json)).then_some(id)
    }

    /// Whether a stored grid is this one, even if Optuna spelled it otherwise.
    fn is_stored_as(&self, json: &Json) -> bool {
        if self.json == *json {
            return true;
        }
        let Some(stored) = json.parse::<BTreeMap<String, Vec<Value>>>() else {
            return false;
        };
        let mut lists = stored.values().zip(&self.values);
        stored.keys().eq(&self.names)
            && lists.all(|(stored, list)| {
                let mut both = stored.iter().map(ParamValue::from_json).zip(list);
                stored.len() == list.len() && both.all(|(a, b)| is_same(&a, b))
            })
    }
}

fn is_same(a: &ParamValue, b: &ParamValue) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// The grid and the point's id that a trial noted.
fn noted(trial: &FrozenTrial) -> Option<(&Json, usize)> {
    let grid = trial.system_attrs.get(GRID_ATTR)?;
    Some((grid, trial.system_attrs.get(GRID_ID_ATTR)?.parse()?))
}

/// What finished trials tell, of every grid.
#[derive(Debug, Default)]
pub(super) struct Visits {
    /// By stored grid: the points that trials noted.
    noted: Vec<(Json, BTreeSet<usize>)>,
    /// What trials have that noted none, such as enqueued ones.
    others: Vec<Params>,
}

impl Derived for Visits {
    fn add(&mut self, trial: &FrozenTrial) {
        let Some((grid, id)) = noted(trial) else {
            if !trial.params.is_empty() {
                self.others.push(trial.params.clone());
            }
            return;
        };
        match self.noted.iter_mut().find(|(known, _)| known == grid) {
            Some((_, ids)) => {
                ids.insert(id);
            }
            None => self.noted.push((grid.clone(), BTreeSet::from([id]))),
        }
    }
}

/// The points of one grid that are no longer free. A trial that failed or was pruned has
/// tried its point too.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    n_points: usize,
    /// Noted by finished trials in the words in which this grid is stored.
    noted: Option<&'a BTreeSet<usize>>,
    /// Tried by other finished trials.
    others: BTreeSet<usize>,
    /// Of running trials.
    running: BTreeSet<usize>,
}

impl Taken<'_> {
    /// Shows `look` the points that are taken by trials other than the one of the number
    /// `asking`.
    pub(super) fn of<T>(
        grid: &Grid,
        history: &History,
        asking: Option<u64>,
        look: impl FnOnce(&Taken) -> T,
    ) -> T {
        let running = history
            .running()
            .filter(|trial| Some(trial.number) != asking)
            .filter_map(|trial| running_point(grid, trial))
            .collect();
        history.derived(|visits: &Visits| {
            let here = visits.noted.iter().find(|(json, _)| *json == grid.json);
            let elsewhere = visits.noted.iter().filter(|(json, _)| *json != grid.json);
            let spelled_otherwise = elsewhere
                .filter(|(json, _)| grid.is_stored_as(json))
                .flat_map(|(_, ids)| ids.iter().copied());
            let by_values = visits.others.iter();
            let by_values = by_values.filter_map(|params| grid.point(params));
            look(&Taken {
                n_points: grid.points.len(),
                noted: here.map(|(_, ids)| ids),
                others: spelled_otherwise.chain(by_values).collect(),
                running,
            })
        })
    }

    /// Whether a finished trial has tried the point.
    pub(super) fn is_tried(&self, id: usize) -> bool {
        self.others.contains(&id) || self.is_noted(id)
    }

    /// Whether it was tried or is being tried.
    pub(super) fn contains(&self, id: usize) -> bool {
        self.running.contains(&id) || self.is_tried(id)
    }

    /// Whether no point is free.
    pub(super) fn is_everything(&self) -> bool {
        let is_new = |id: &&usize| **id < self.n_points && !self.is_noted(**id);
        let n_more = self.others.union(&self.running).filter(is_new).count();
        let n_noted = self
            .noted
            .map_or(0, |ids| ids.range(..self.n_points).count());
        n_noted + n_more == self.n_points
    }

    fn is_noted(&self, id: usize) -> bool {
        self.noted.is_some_and(|ids| ids.contains(&id))
    }
}

/// The point of a running trial. One that has not noted it yet has the point of its
/// number, unless it was enqueued.
fn running_point(grid: &Grid, trial: &FrozenTrial) -> Option<usize> {
    let by_number = || {
        let is_enqueued = trial.system_attrs.contains_key(FIXED_PARAMS_ATTR);
        let number = trial.number as usize;
        (!is_enqueued && number < grid.points.len()).then_some(number)
    };
    let noted = grid.noted_point(trial);
    noted
        .or_else(|| grid.point(&trial.params))
        .or_else(by_number)
}
