//! The distribution of a run: full or separable.

use super::optimizer::Optimizer;
use super::paths::Paths;
use super::separable::Separable;

/// Either kind, in the same words.
#[derive(Debug, Clone)]
pub(super) enum Model {
    Full(Box<Optimizer>),
    Separable(Box<Separable>),
}

impl Model {
    /// `λ`: how many points are told at a time.
    pub(super) fn popsize(&self) -> usize {
        match self {
            Self::Full(model) => model.parameters.popsize,
            Self::Separable(model) => model.parameters.popsize,
        }
    }

    /// `m`.
    pub(super) fn mean(&self) -> &[f64] {
        match self {
            Self::Full(model) => &model.mean,
            Self::Separable(model) => &model.mean,
        }
    }

    /// `m`, to be corrected.
    pub(super) fn mean_mut(&mut self) -> &mut [f64] {
        match self {
            Self::Full(model) => &mut model.mean,
            Self::Separable(model) => &mut model.mean,
        }
    }

    /// The step size, the evolution paths and the number of generations.
    pub(super) fn paths(&self) -> &Paths {
        match self {
            Self::Full(model) => &model.paths,
            Self::Separable(model) => &model.paths,
        }
    }

    /// The standard deviation of one dimension.
    pub(super) fn spread(&self, dimension: usize) -> f64 {
        let variance = match self {
            Self::Full(model) => model.variance(dimension),
            Self::Separable(model) => model.variances[dimension],
        };
        self.paths().sigma * variance.max(0.0).sqrt()
    }

    /// The point of standard normal numbers.
    pub(super) fn point(&self, normal: &[f64]) -> Vec<f64> {
        match self {
            Self::Full(model) => model.point(normal),
            Self::Separable(model) => model.point(normal),
        }
    }

    /// The length of `(x - m)/σ` in standard deviations.
    pub(super) fn length(&self, step: &[f64]) -> f64 {
        match self {
            Self::Full(model) => model.length(step),
            Self::Separable(model) => model.length(step),
        }
    }

    /// Takes in a generation, as [`Optimizer::tell`].
    pub(super) fn tell(&mut self, steps: &[f64]) {
        match self {
            Self::Full(model) => model.tell(steps),
            Self::Separable(model) => model.tell(steps),
        }
    }

    /// The principal axis `k` as a step of one standard deviation.
    pub(super) fn axis_step(&self, k: usize) -> Vec<f64> {
        match self {
            Self::Full(model) => {
                let (axis, deviation) = model.axis(k);
                axis.iter().map(|along| along * deviation).collect()
            }
            Self::Separable(model) => {
                let mut step = vec![0.0; model.mean.len()];
                step[k] = model.deviation(k);
                step
            }
        }
    }

    /// The shortest and the longest axis, without `σ`.
    pub(super) fn extreme_deviations(&self) -> (f64, f64) {
        match self {
            Self::Full(model) => model.extreme_deviations(),
            Self::Separable(model) => model.extreme_deviations(),
        }
    }

    /// Whether everything is a number.
    pub(super) fn is_finite(&self) -> bool {
        match self {
            Self::Full(model) => model.is_finite(),
            Self::Separable(model) => model.is_finite(),
        }
    }
}
