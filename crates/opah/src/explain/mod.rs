//! Why a trial was suggested, and what could be expected of it.
//!
//! [`Study::explain`] goes back to the moment at which a trial began. The Gaussian process of
//! the sampler [`gp`](crate::sampler::gp) is fitted to the trials that had finished then, and
//! asked about the trial, whoever proposed it: of a trial of `gp` (and of `auto` up to a
//! thousand trials) that is the very model that proposed it; of others, it is a second opinion.
//!
//! What was known is told by the trials' times. If the clocks of several machines differ, or
//! a trial waited after it was interrupted, it is told as well as these are right.
//!
//! - `before`: the study at that moment · `proposer`: who proposed the trial
//! - `sampler/gp/view`: what the process says

mod before;
mod proposer;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::proposer::Proposer;
pub use crate::sampler::gp::view::{Improvement, NoOutlook, Outlook, Prediction};

use self::before::history_before;
use self::proposer::enqueued;
use crate::context::Saved;
use crate::distribution::ParamValue;
use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenTrial, Param, TrialState};
use crate::history::History;
use crate::sampler::gp::view::View;
use crate::study::Study;

/// The nearest trials are looked for among so many.
const N_GOOD: usize = 10;
/// So many of them are told.
const N_NEAREST: usize = 3;

/// What is to be said of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The trial as it is now.
    pub trial: Arc<FrozenTrial>,
    /// Who proposed it.
    pub proposer: Proposer,
    /// How many trials had finished when it began, in whatever state.
    pub n_finished: usize,
    /// How many other ones ran then.
    pub n_running: usize,
    /// The best trial that was known: none before one is complete; of several objectives the
    /// Pareto front, by number.
    pub best: Vec<Arc<FrozenTrial>>,
    /// What was to be expected of it, or why nothing was.
    pub outlook: std::result::Result<Outlook, NoOutlook>,
    /// Its parameters, by name.
    pub params: Vec<Parameter>,
    /// The three most like it of the ten best that were known (of several objectives, of the
    /// front), the nearest first.
    pub nearest: Vec<Neighbour>,
}

/// One of the trial's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: ParamValue,
    /// Whether the value was enqueued.
    pub is_enqueued: bool,
    /// How much it matters to the process, by its length scales: the parameter's share, 0 to
    /// 1, in how much less alike trials become when one parameter alone is changed, a number
    /// by a third of its range. `None` without a model, or if no trial that was known had the
    /// parameter with several values.
    pub relevance: Option<f64>,
}

/// A trial that is like the one that is explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// The trial.
    pub trial: Arc<FrozenTrial>,
    /// The process's correlation of what is expected of the two, 0 to 1; `None` without a
    /// model.
    pub correlation: Option<f64>,
    /// The Euclidean distance, with ranges of width 1, and 1 between choices.
    pub distance: f64,
    /// The names of the parameters that differ, or that only one of them has.
    pub differences: Vec<Arc<str>>,
}

impl Study {
    /// Why the trial of this number was suggested: who proposed it, what a Gaussian process
    /// expects of it given the trials that had finished when it began, how much better than the
    /// best it might have been, and which good trials it is like. Nothing is stored.
    ///
    /// The same covariance parameters are used as when it was proposed, where they are stored;
    /// otherwise they are fitted. The answer depends on the stored trials alone.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// for _ in 0..12 {
    ///     let mut trial = study.ask()?;
    ///     let x = trial.suggest_float("x", 0.0..=1.0)?;
    ///     study.tell(&mut trial, &[(x - 0.3).powi(2)])?;
    /// }
    /// let explanation = study.explain(11)?;
    /// assert_eq!(explanation.n_finished, 11);
    /// assert_eq!(explanation.nearest.len(), 3);
    /// let prediction = explanation.outlook?.predictions[0];
    /// assert!(prediction.low <= prediction.predicted && prediction.predicted <= prediction.high);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownTrial`] if there is no such trial, [`Error::WrongState`] if it still
    /// waits.
    pub fn explain(&self, number: u64) -> Result<Explanation> {
        let trials = self.trials()?;
        let trial = trials.iter().find(|trial| trial.number == number);
        let trial = trial.cloned().ok_or(Error::UnknownTrial {
            trial: number as i64,
        })?;
        if trial.state == TrialState::Waiting {
            return Err(Error::WrongState {
                trial: number as i64,
                state: trial.state.name(),
                needed: "only a trial that has begun can be explained",
            });
        }
        let history = history_before(&trials, &trial);
        let proposer = Proposer::of(&self.frozen()?, &trials, history.finished(), &trial);
        let saved = Saved::default();
        let view = View::of(&self.context(&trial, &history, 0, &saved));
        let good = good_trials(&history, self.directions());
        let n_best = if self.directions().len() == 1 {
            1
        } else {
            good.len()
        };
        Ok(Explanation {
            proposer,
            n_finished: history.finished().len(),
            n_running: history.running().count(),
            best: good.iter().take(n_best).cloned().collect(),
            params: parameters(&trial, &view),
            nearest: nearest(&trial, &view, good),
            outlook: view.outlook,
            trial,
        })
    }
}

/// The best feasible complete trials, the best first; of several objectives all of the front,
/// by number.
fn good_trials(history: &History, directions: &[Direction]) -> Vec<Arc<FrozenTrial>> {
    let [direction] = directions else {
        return history
            .best_trials(directions)
            .into_iter()
            .cloned()
            .collect();
    };
    let feasible = history.complete().filter(|trial| trial.violation() == 0.0);
    let mut valued: Vec<(f64, &Arc<FrozenTrial>)> = feasible
        .filter_map(|trial| Some((direction.to_loss(trial.value()?), trial)))
        .collect();
    valued.sort_by(|(a, x), (b, y)| a.total_cmp(b).then(x.number.cmp(&y.number)));
    let best = valued.into_iter().take(N_GOOD);
    best.map(|(_, trial)| trial.clone()).collect()
}

fn parameters(trial: &FrozenTrial, view: &View) -> Vec<Parameter> {
    let given = enqueued(trial);
    let relevance = view.relevance().unwrap_or_default();
    let parameters = trial.params.iter().map(|param| {
        let known = relevance.iter().find(|(name, _)| *name == param.name);
        Parameter {
            name: param.name.clone(),
            value: param.external(),
            is_enqueued: given.contains_key(&*param.name),
            relevance: known.map(|(_, share)| *share),
        }
    });
    parameters.collect()
}

/// The most alike of the `good` ones, the nearest first.
fn nearest(trial: &FrozenTrial, view: &View, good: Vec<Arc<FrozenTrial>>) -> Vec<Neighbour> {
    let likeness = view.likeness(&good);
    let neighbours = good
        .into_iter()
        .zip(likeness)
        .map(|(other, likeness)| Neighbour {
            correlation: likeness.correlation,
            distance: likeness.distance,
            differences: differences(trial, &other),
            trial: other,
        });
    let mut neighbours: Vec<Neighbour> = neighbours.collect();
    // Without a model, all are equally correlated; what is equal stays in order, the best first.
    let correlation = |neighbour: &Neighbour| neighbour.correlation.unwrap_or(0.0);
    neighbours.sort_by(|a, b| {
        let by_correlation = correlation(b).total_cmp(&correlation(a));
        by_correlation.then(a.distance.total_cmp(&b.distance))
    });
    neighbours.truncate(N_NEAREST);
    neighbours
}

fn differences(a: &FrozenTrial, b: &FrozenTrial) -> Vec<Arc<str>> {
    let value = |trial: &FrozenTrial, name: &str| trial.params.get(name).map(Param::external);
    let of_a = a.params.iter().map(|param| &param.name);
    let of_b = b.params.iter().map(|param| &param.name);
    let mut names: Vec<&Arc<str>> = of_a.chain(of_b).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| value(a, name) != value(b, name));
    names.into_iter().cloned().collect()
}
