//! How the process sees a trial, whoever proposed it: what it expected of it before it was
//! told, what it is like, and which parameters count.

use std::sync::Arc;

use super::bend::Bend;
use super::covariance::{Columns, Covariance, Rows};
use super::cube::{Axis, Cube};
use super::data::Data;
use super::fitted;
use super::hypervolume_improvement::LogHypervolumeImprovement;
use super::likelihood::Noise;
use super::model::{self, Model};
use super::process::Expected;
use super::proposal::Acquisition;
use super::{pending, target, with_shape};
use crate::context::Context;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::math::normal;
use crate::multi_objective::{hypervolume, pareto_front};

/// How sure an interval is.
const CONFIDENCE: f64 = 0.95;
/// How far two values of a number are apart in the mean, as a share of its range.
const USUAL_STEP: f64 = 1.0 / 3.0;

/// What the process expects of one objective, in the objective's own units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The median of what the trial may be told, as likely too small as too large.
    pub predicted: f64,
    /// Where the interval of 95 % begins, the objective's noise included. Minus infinity if
    /// there is no end: the model takes all values alike that are so far away.
    pub low: f64,
    /// Where it ends; infinity if nowhere.
    pub high: f64,
    /// How many standard deviations of the model the trial's value is above the predicted
    /// one, negative below; `None` unless the trial is complete.
    pub deviations: Option<f64>,
}

impl Prediction {
    /// Whether a value is one that was to be expected, at 95 %; NaN never is.
    pub fn is_inside(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// How much better than what was known the process expected a trial to be, beside those that
/// were running; noise is no improvement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Improvement {
    /// Of one objective.
    OfValue {
        /// The value to improve on: the best that was known, or, if values are noisy, the
        /// best that the process expects of a known trial.
        on: f64,
        /// How probable an improvement is, 0 to 1.
        probability: f64,
        /// The expected improvement, at least 0, in the objective's units.
        expected: f64,
    },
    /// Of several objectives.
    OfFront {
        /// By what share the hypervolume that the front dominates was expected to grow, in the
        /// process's bent units; at least 0.
        growth: f64,
    },
}

/// What was expected of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// By objective.
    pub predictions: Vec<Prediction>,
    /// What made it worth trying; `None` if the front dominates nothing.
    pub improvement: Option<Improvement>,
}

/// Why nothing can be expected of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoOutlook {
    /// The model needs more trials.
    #[error("a model needs 3 finished trials with finite values, and there were {0}")]
    TooFewValues(usize),
    /// All values were equal.
    #[error("all values that were known were equal")]
    EqualValues,
    /// There is nothing to compare trials by.
    #[error("no finished trial had a parameter with several values")]
    NoParameters,
    /// The trial has no parameter.
    #[error("the trial has no parameters")]
    NoValues,
    /// The numbers are too large, or the rare case that no covariance explains them.
    #[error("no model explained the values that were known")]
    NoModel,
}

/// A trial and what was known when it began.
#[derive(Debug)]
pub(crate) struct View {
    /// What was expected of it.
    pub(crate) outlook: Result<Outlook, NoOutlook>,
    cube: Cube,
    /// The trial's.
    point: Vec<f64>,
    /// By objective: the logarithms of the covariance's parameters; empty without a model.
    theta: Vec<Vec<f64>>,
}

/// How much a trial is like another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Likeness {
    /// The mean over objectives of the process's correlation, 0 to 1; `None` without a model.
    pub(crate) correlation: Option<f64>,
    /// The Euclidean distance, with ranges of width 1, and 1 between choices.
    pub(crate) distance: f64,
}

impl View {
    /// The view of the context's trial, of which the context's history knows nothing more than
    /// was known when it began.
    pub(crate) fn of(context: &Context) -> Self {
        let cube = with_shape(context, Cube::new);
        let point = cube.point(context.trial);
        let mut theta = Vec::new();
        let outlook = fitted_model(context, &cube).and_then(|model| {
            theta.clone_from(&model.theta);
            outlook(context, &cube, model, &point)
        });
        Self {
            outlook,
            cube,
            point,
            theta,
        }
    }

    /// By trial: how much it is like the viewed one.
    pub(crate) fn likeness(&self, others: &[Arc<FrozenTrial>]) -> Vec<Likeness> {
        let points: Vec<Vec<f64>> = others.iter().map(|trial| self.cube.point(trial)).collect();
        let correlations = self.correlations(&self.point, &points);
        let likeness = points.iter().enumerate().map(|(at, point)| Likeness {
            correlation: correlations.as_ref().map(|all| all[at]),
            distance: self.distance(point),
        });
        likeness.collect()
    }

    /// By parameter, by name: its share in how much less alike trials become when one
    /// parameter alone is changed, a number by a third of its range; `None` without a model.
    pub(crate) fn relevance(&self) -> Option<Vec<(Arc<str>, f64)>> {
        let origin = vec![0.0; self.cube.n_axes()];
        let moved = self.cube.axes.iter().enumerate().map(|(at, axis)| {
            let mut moved = origin.clone();
            moved[at] = if axis.is_choice() { 1.0 } else { USUAL_STEP };
            moved
        });
        let moved: Vec<Vec<f64>> = moved.collect();
        let correlations = self.correlations(&origin, &moved)?;
        let losses: Vec<f64> = correlations
            .iter()
            .map(|one| (1.0 - one).max(0.0))
            .collect();
        let sum: f64 = losses.iter().sum();
        let names = self.cube.axes.iter().map(|axis| axis.name.clone());
        let shares = losses
            .iter()
            .map(|loss| if sum > 0.0 { loss / sum } else { 0.0 });
        Some(names.zip(shares).collect())
    }

    /// The process's correlation of a point with others, in the mean over objectives.
    fn correlations(&self, point: &[f64], others: &[Vec<f64>]) -> Option<Vec<f64>> {
        if self.theta.is_empty() {
            return None;
        }
        let mut means = vec![0.0; others.len()];
        let columns = Columns::new(others, self.choices());
        let row = || vec![0.0; columns.stride];
        let (mut joint, mut slope, mut total) = (row(), row(), row());
        for theta in &self.theta {
            let covariance = Covariance::new(theta, &columns);
            let rows = Rows {
                joint: &mut joint,
                slope: &mut slope,
                total: &mut total,
            };
            covariance.row(&columns, point, columns.n, rows);
            let share = 1.0 / (covariance.variance() * self.theta.len() as f64);
            for (mean, one) in means.iter_mut().zip(&total) {
                *mean += one * share;
            }
        }
        Some(means)
    }

    fn distance(&self, other: &[f64]) -> f64 {
        let both = self.point.iter().zip(other).zip(self.choices());
        let squares = both.map(|((a, b), is_choice)| {
            if is_choice {
                f64::from(u8::from(a != b))
            } else {
                (a - b).powi(2)
            }
        });
        squares.sum::<f64>().sqrt()
    }

    fn choices(&self) -> Vec<bool> {
        self.cube.axes.iter().map(Axis::is_choice).collect()
    }
}

/// Whether covariance parameters were noted with the trial: it was proposed by a model.
pub(crate) fn has_model(trial: &FrozenTrial) -> bool {
    trial.system_attrs.contains_key(fitted::KEY)
}

/// The model of what was known.
fn fitted_model<'a>(context: &Context, cube: &'a Cube) -> Result<Model<'a>, NoOutlook> {
    if context.trial.params.is_empty() {
        return Err(NoOutlook::NoValues);
    }
    let data = Data::new(context, cube);
    if data.n_finite() < 3 {
        return Err(NoOutlook::TooFewValues(data.n_finite()));
    }
    if cube.n_axes() == 0 {
        return Err(NoOutlook::NoParameters);
    }
    let mut objectives = 0..context.directions.len();
    if objectives.all(|at| data.targets(at).iter().all(|target| *target == 0.0)) {
        return Err(NoOutlook::EqualValues);
    }
    // What a sampler that fits none has noted with its trials is taken as it is.
    Model::new(context, cube, data, Noise::Fitted).ok_or(NoOutlook::NoModel)
}

/// What the model expects at a point while other trials run.
fn outlook(
    context: &Context,
    cube: &Cube,
    mut model: Model,
    point: &[f64],
) -> Result<Outlook, NoOutlook> {
    let bends = (0..context.directions.len()).map(|at| {
        let told: Vec<f64> = model.told.iter().map(|losses| losses[at]).collect();
        let (_, bend) = target::bent(&told)?;
        bend.is_finite().then_some(bend)
    });
    let bends: Vec<Bend> = bends.collect::<Option<_>>().ok_or(NoOutlook::NoModel)?;
    let goal = Goal::of(&model);
    model
        .believe(&pending(context, cube))
        .ok_or(NoOutlook::NoModel)?;
    let at_point = [point.to_vec()];
    let expected: Vec<(Expected, f64)> = model
        .processes
        .iter()
        .map(|process| (process.expected(&at_point)[0], process.covariance.noise))
        .collect();
    let all = expected.iter().zip(&bends).enumerate();
    let predictions = all.map(|(at, ((expected, noise), bend))| {
        let is_complete = context.trial.state == TrialState::Complete;
        let value = context.trial.values.get(at).filter(|_| is_complete);
        prediction(
            *expected,
            *noise,
            bend,
            context.directions[at],
            value.copied(),
        )
    });
    let predictions = predictions.collect();
    let improvement = match goal {
        Goal::Least(best) => {
            let ((expected, _), bend) = (expected[0], &bends[0]);
            let z = (best - expected.mean) / expected.deviation;
            Some(Improvement::OfValue {
                on: value(bend.loss(best), context.direction()),
                probability: normal::cdf(z),
                expected: bend.improvement(expected, best),
            })
        }
        Goal::Front { front, reference } => {
            let before = hypervolume(&front, &reference);
            let acquisition = LogHypervolumeImprovement::new(&model.processes, &front, &reference);
            let growth = acquisition.scores(&at_point)[0].exp() / before;
            growth
                .is_finite()
                .then_some(Improvement::OfFront { growth })
        }
    };
    Ok(Outlook {
        predictions,
        improvement,
    })
}

/// What a trial is to improve on, in targets.
enum Goal {
    Least(f64),
    Front {
        front: Vec<Vec<f64>>,
        reference: Vec<f64>,
    },
}

impl Goal {
    /// As proposals are made.
    fn of(model: &Model) -> Self {
        if let [process] = &model.processes[..] {
            let means = process.means(&model.points);
            let counted = model.losses.iter().map(|losses| losses[0]);
            return Self::Least(counted.chain(means).fold(f64::INFINITY, f64::min));
        }
        let places = pareto_front(&model.losses);
        let front: Vec<Vec<f64>> = places.iter().map(|at| model.losses[*at].clone()).collect();
        let reference = model::reference(&front, &model.losses);
        Self::Front {
            front: model::thinned(front, &reference),
            reference,
        }
    }
}

/// What is expected of an objective, and how what came of it compares.
fn prediction(
    expected: Expected,
    noise: f64,
    bend: &Bend,
    direction: Direction,
    came: Option<f64>,
) -> Prediction {
    let deviation = (expected.deviation.powi(2) + noise).sqrt();
    let reach = normal::inverse_cdf(0.5 + 0.5 * CONFIDENCE) * deviation;
    let at = |target: f64| value(bend.loss(target), direction);
    let (a, b) = (at(expected.mean - reach), at(expected.mean + reach));
    let deviations = came.map(|came| {
        let target = bend.target(direction.to_loss(came));
        value((target - expected.mean) / deviation, direction)
    });
    Prediction {
        predicted: at(expected.mean),
        low: a.min(b),
        high: a.max(b),
        deviations,
    }
}

/// The value of a loss.
fn value(loss: f64, direction: Direction) -> f64 {
    // Adding 0.0 makes -0.0 equal to 0.0.
    direction.to_loss(loss) + 0.0
}
