//! CMA-ES: a normal distribution that moves towards good points and takes their shape.
//!
//! Equations are those of Hansen, "The CMA Evolution Strategy: A Tutorial",
//! arXiv:1604.00772 (2016), figure 6, negative weights included. Vectors, not trials.

use super::eigen::{Eigen, add_scaled, dot, identity};
use super::learning_rate::LearningRates;
use super::parameters::Parameters;
use super::paths::Paths;

/// Eigenvalues are kept above this share of the largest one, so that there is always an
/// inverse; a search whose matrix comes near it is over.
const SMALLEST_SHARE: f64 = 1e-30;

/// The distribution `N(m, σ²·C)` and what it learned its changes from.
#[derive(Debug, Clone)]
pub(super) struct Optimizer {
    pub(super) parameters: Parameters,
    pub(super) paths: Paths,
    /// `m`.
    pub(super) mean: Vec<f64>,
    /// `C`: symmetric, `n_dims × n_dims`.
    pub(super) covariance: Vec<f64>,
    /// Of `C = B·D²·Bᵀ`.
    eigen: Eigen,
    /// `D`: the square roots of the eigenvalues.
    deviations: Vec<f64>,
    rates: Option<LearningRates>,
}

impl Optimizer {
    /// Begins at `mean` with the step size `sigma` (positive) and, if given, a positive
    /// definite `covariance`, `n_dims × n_dims`.
    pub(super) fn new(
        mean: Vec<f64>,
        sigma: f64,
        covariance: Option<Vec<f64>>,
        popsize: usize,
    ) -> Self {
        let n = mean.len();
        let mut new = Self {
            parameters: Parameters::full(n, popsize),
            paths: Paths::new(n, sigma),
            mean,
            covariance: identity(n),
            eigen: Eigen::identity(n),
            deviations: vec![1.0; n],
            rates: None,
        };
        if let Some(covariance) = covariance {
            new.covariance = covariance;
            new.decompose();
        }
        new
    }

    /// The same with learning rates that adapt themselves.
    pub(super) fn with_adapting_rates(mut self) -> Self {
        self.rates = Some(LearningRates::new(self.mean.len()));
        self
    }

    /// `m + σ·B·D·z` (eq. 38 to 40), for standard normal `z`: `n_dims`.
    pub(super) fn point(&self, normal: &[f64]) -> Vec<f64> {
        let mut point = self.mean.clone();
        let axes = self.eigen.vectors.chunks_exact(self.mean.len());
        for ((axis, deviation), z) in axes.zip(&self.deviations).zip(normal) {
            add_scaled(&mut point, self.paths.sigma * deviation * z, axis);
        }
        point
    }

    /// `‖C^(-1/2)·step‖` of a step that is divided by `σ` already.
    pub(super) fn length(&self, step: &[f64]) -> f64 {
        let axes = self.eigen.vectors.chunks_exact(step.len());
        let along = axes.zip(&self.deviations);
        let squares = along.map(|(axis, deviation)| (dot(axis, step) / deviation).powi(2));
        squares.sum::<f64>().sqrt()
    }

    /// Takes in a generation: `steps` are `(x - m)/σ` of its points, the best first:
    /// `popsize × n_dims`.
    pub(super) fn tell(&mut self, steps: &[f64]) {
        let before = self.rates.is_some().then(|| self.clone());
        let parameters = &self.parameters;
        let n = parameters.n_dims;
        let mean_step = parameters.mean_step(steps); // eq. 41
        add_scaled(&mut self.mean, self.paths.sigma, &mean_step); // eq. 42
        let whitened = self.eigen.apply(&mean_step, |k| 1.0 / self.deviations[k]);
        let decay = self.paths.update(parameters, &mean_step, &whitened); // eq. 43 to 45

        let weights: Vec<f64> = parameters
            .weights
            .iter()
            .zip(steps.chunks_exact(n))
            .map(|(weight, step)| {
                if *weight >= 0.0 {
                    *weight
                } else {
                    weight * n as f64 / (self.length(step).powi(2) + 1e-8) // eq. 46
                }
            })
            .collect();
        let kept = parameters.kept_share(decay);
        let path = &self.paths.covariance;
        for row in 0..n {
            // eq. 47, of the lower triangle
            let below = &mut self.covariance[row * n..=row * n + row];
            for element in below.iter_mut() {
                *element *= kept;
            }
            add_scaled(below, parameters.rank_one_rate * path[row], path);
            for (weight, step) in weights.iter().zip(steps.chunks_exact(n)) {
                add_scaled(below, parameters.rank_mu_rate * weight * step[row], step);
            }
        }
        for row in 0..n {
            for column in 0..row {
                self.covariance[column * n + row] = self.covariance[row * n + column];
            }
        }
        match before {
            Some(before) => self.slow_down(&before),
            None => self.decompose(),
        }
    }

    /// Takes a part of the step since `before`, as the learning rates say.
    fn slow_down(&mut self, before: &Self) {
        let Some(rates) = &mut self.rates else {
            return;
        };
        let n = self.mean.len();
        let difference = |now: &[f64], then: &[f64], now_scale: f64, then_scale: f64| {
            let pairs = now.iter().zip(then);
            pairs
                .map(|(now, then)| now_scale * now - then_scale * then)
                .collect::<Vec<f64>>()
        };
        let (now, then) = (self.paths.sigma.powi(2), before.paths.sigma.powi(2));
        let mean_change = difference(&self.mean, &before.mean, 1.0, 1.0);
        let change = difference(&self.covariance, &before.covariance, now, then);
        let mut root = identity(n);
        for row in root.chunks_exact_mut(n) {
            let inverse = |k: usize| 1.0 / (before.deviations[k] * before.paths.sigma);
            let whitened = before.eigen.apply(row, inverse);
            row.copy_from_slice(&whitened);
        }
        let rates = rates.adapt(&mean_change, &change, &root);

        self.mean.clone_from(&before.mean);
        add_scaled(&mut self.mean, rates.mean, &mean_change);
        self.covariance = before.covariance.iter().map(|c| then * c).collect();
        add_scaled(&mut self.covariance, rates.covariance, &change);
        // Σ = σ²·C with a determinant of C that is 1.
        self.decompose();
        let logarithms: f64 = self.deviations.iter().map(|deviation| deviation.ln()).sum();
        let sigma = (logarithms / n as f64).exp();
        for element in &mut self.covariance {
            *element /= sigma * sigma;
        }
        for deviation in &mut self.deviations {
            *deviation /= sigma;
        }
        self.paths.sigma = sigma.min(1e32) * rates.step_correction;
    }

    fn decompose(&mut self) {
        self.eigen = Eigen::of(&self.covariance, self.mean.len());
        let largest = self.eigen.values.iter().copied().fold(0.0, f64::max);
        let smallest = (largest * SMALLEST_SHARE).max(f64::MIN_POSITIVE);
        let values = self.eigen.values.iter();
        self.deviations = values.map(|value| value.max(smallest).sqrt()).collect();
    }

    /// The principal axis `k` and the standard deviation along it, `σ` included.
    pub(super) fn axis(&self, k: usize) -> (&[f64], f64) {
        let n = self.mean.len();
        let axis = &self.eigen.vectors[k * n..(k + 1) * n];
        (axis, self.paths.sigma * self.deviations[k])
    }

    /// `C_jj`.
    pub(super) fn variance(&self, dimension: usize) -> f64 {
        self.covariance[dimension * (self.mean.len() + 1)]
    }

    /// The smallest and the largest element of `D`.
    pub(super) fn extreme_deviations(&self) -> (f64, f64) {
        extremes(&self.deviations)
    }

    /// Whether everything is a number.
    pub(super) fn is_finite(&self) -> bool {
        let numbers = self.mean.iter().chain(&self.covariance);
        numbers.chain(&self.deviations).all(|x| x.is_finite()) && self.paths.is_finite()
    }
}

/// The smallest and the largest number.
pub(super) fn extremes(numbers: &[f64]) -> (f64, f64) {
    let first = (f64::INFINITY, f64::NEG_INFINITY);
    let wider = |(low, high): (f64, f64), x: &f64| (low.min(*x), high.max(*x));
    numbers.iter().fold(first, wider)
}
