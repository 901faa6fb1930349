//! Beginning with what an earlier study of a similar question found.
//!
//! Its best trials are tried first, and where its good trials were is the prior of the rest.
//! The two studies' values are never compared: what was a good loss on one data set need not
//! be one on another, but good points are often good again.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::history::History;
use crate::multi_objective::{losses, ranks};
use crate::prior::{Prior, Priors};
use crate::queue::Enqueue;
use crate::search_space::SearchSpace;
use crate::study::Study;
use crate::transform;

/// So many of the best points are tried again.
const MOST_TRIED: usize = 5;
/// The best quarter of the trials is good, but at least and at most so many.
const GOOD: (usize, usize) = (5, 50);

/// What a study begins with.
///
/// ```
/// use std::sync::Arc;
///
/// use opah::warm_start::WarmStart;
/// use opah::{Direction, SearchSpace, Study};
///
/// let earlier = Study::in_memory("earlier", &[Direction::Minimize])?;
/// for _ in 0..10 {
///     let mut trial = earlier.ask()?;
///     let x = trial.suggest_float("x", 0.0..=1.0)?;
///     earlier.tell(&mut trial, &[(x - 0.3).powi(2)])?;
/// }
/// let best = earlier.best_trial()?;
/// let space = SearchSpace::from(&*best);
///
/// let warm = WarmStart::of(&earlier, 1, &space)?;
/// let study = Study::in_memory("s", &[Direction::Minimize])?
///     .with_priors(Arc::new(warm.priors.clone()));
/// warm.enqueue(&study)?;
/// let mut first = study.ask()?;
/// assert_eq!(first.suggest_float("x", 0.0..=1.0)?, best.params.get("x").unwrap().value);
/// # Ok::<(), opah::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WarmStart {
    /// The best points, the best first, as JSON by parameter name; each has all values of its
    /// trial of parameters that the new study has, and these are in their domains.
    pub trials: Vec<Map<String, Value>>,
    /// Where good values of each parameter were.
    pub priors: Priors,
}

impl WarmStart {
    /// What is known from a study for a new one with so many objectives and this search space,
    /// by the feasible complete trials: up to five points to try, and as priors the values of
    /// the best quarter (at least 5 trials, at most 50) that are in the new ranges. Of several
    /// objectives, those that none dominates are the best, and so on by rank; of equals, the
    /// earlier trial.
    ///
    /// [`Error::NotAvailable`] if the study has another number of objectives, no such trial,
    /// or none with a value of a parameter that both have by name.
    pub fn of(source: &Study, n_objectives: usize, space: &SearchSpace) -> Result<Self> {
        let refused = |reason: String| {
            let name = source.name();
            Error::NotAvailable(format!(
                "study `{name}` {reason}, so it can't begin another"
            ))
        };
        let n_of_source = source.directions().len();
        if n_of_source != n_objectives {
            return Err(refused(format!(
                "has {n_of_source} objective(s), and the new one {n_objectives}"
            )));
        }
        let good = good(&source.history()?, source.directions());
        if good.is_empty() {
            return Err(refused("has no feasible complete trial".to_owned()));
        }
        let mut warm = Self::default();
        for trial in &good {
            let point = point(trial, space).filter(|point| !warm.trials.contains(point));
            warm.trials.extend(point);
        }
        warm.trials.truncate(MOST_TRIED);
        for (name, distribution) in space {
            let values = good.iter().filter_map(|trial| {
                let value = value_in_range(trial, name, distribution)?;
                Some(distribution.to_external(value).to_json())
            });
            let values: Vec<Value> = values.collect();
            if !values.is_empty() && !distribution.is_single() {
                warm.priors.insert(name, Prior::Points(values))?;
            }
        }
        if warm.trials.is_empty() && warm.priors.is_empty() {
            return Err(refused(
                "has in its good trials no parameter of the new search space with a value that \
                 is in its range"
                    .to_owned(),
            ));
        }
        Ok(warm)
    }

    /// Lets the points wait to be tried, but for those that are there already; how many were
    /// added.
    pub fn enqueue(&self, study: &Study) -> Result<usize> {
        let once = Enqueue {
            skip_if_exists: true,
            ..Enqueue::default()
        };
        let mut n_added = 0;
        for point in &self.trials {
            n_added += usize::from(study.enqueue_with(point, &once)?.is_some());
        }
        Ok(n_added)
    }
}

/// The good trials, the best first.
fn good(history: &History, directions: &[Direction]) -> Vec<Arc<FrozenTrial>> {
    let told = history
        .complete()
        .filter(|trial| trial.values.len() == directions.len() && trial.violation() == 0.0);
    let mut told: Vec<(&Arc<FrozenTrial>, Vec<f64>)> = told
        .map(|trial| (trial, losses(&trial.values, directions)))
        .filter(|(_, losses)| losses.iter().all(|loss| *loss < f64::INFINITY))
        .collect();
    told.sort_by_key(|(trial, _)| trial.number);
    let losses: Vec<&[f64]> = told.iter().map(|(_, losses)| losses.as_slice()).collect();
    let ranks = ranks(&losses);
    let mut order: Vec<usize> = (0..told.len()).collect();
    order.sort_by_key(|at| ranks[*at]);
    let (least, most) = GOOD;
    order.truncate((told.len() / 4).clamp(least, most));
    order.into_iter().map(|at| told[at].0.clone()).collect()
}

/// The values of a trial that the new space has; `None` if there is none, or one is not in
/// its domain.
fn point(trial: &FrozenTrial, space: &SearchSpace) -> Option<Map<String, Value>> {
    let mut point = Map::new();
    for param in &trial.params {
        if let Some(distribution) = space.get(&param.name) {
            let internal = distribution.to_internal(&param.external())?;
            if !distribution.contains(internal) {
                return None;
            }
            let value = distribution.to_external(internal).to_json();
            point.insert(param.name.to_string(), value);
        }
    }
    (!point.is_empty()).then_some(point)
}

/// The internal value that a trial's parameter has in the new distribution; `None` if it has
/// none, or one outside of the range. It need not be on the grid.
fn value_in_range(trial: &FrozenTrial, name: &str, distribution: &Distribution) -> Option<f64> {
    let param = trial.params.get(name)?;
    let internal = distribution.to_internal(&param.external())?;
    let (low, high) = transform::interval(distribution);
    let coordinate = transform::to_coordinate(distribution, internal);
    (low..=high).contains(&coordinate).then_some(internal)
}
