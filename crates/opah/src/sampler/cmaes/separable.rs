//! Separable CMA-ES: no covariances, so that a generation costs as many steps as there are
//! parameters, and variances are learned faster.
//!
//! Ros and Hansen, "A Simple Modification in CMA-ES Achieving Linear Time and Space
//! Complexity", PPSN X (2008), section 3; equations are those of the tutorial
//! (arXiv:1604.00772) with a diagonal `C`.

use super::eigen::add_scaled;
use super::optimizer::extremes;
use super::parameters::Parameters;
use super::paths::Paths;

/// The distribution `N(m, σ²·diag(C))`.
#[derive(Debug, Clone)]
pub(super) struct Separable {
    pub(super) parameters: Parameters,
    pub(super) paths: Paths,
    /// `m`.
    pub(super) mean: Vec<f64>,
    /// The diagonal of `C`.
    pub(super) variances: Vec<f64>,
    /// `D`: its square roots.
    deviations: Vec<f64>,
}

impl Separable {
    /// Begins at `mean` with the step size `sigma`, which is positive.
    pub(super) fn new(mean: Vec<f64>, sigma: f64, popsize: usize) -> Self {
        let n = mean.len();
        Self {
            parameters: Parameters::separable(n, popsize),
            paths: Paths::new(n, sigma),
            mean,
            variances: vec![1.0; n],
            deviations: vec![1.0; n],
        }
    }

    /// `m + σ·D·z` for standard normal `z`: `n_dims`.
    pub(super) fn point(&self, normal: &[f64]) -> Vec<f64> {
        let axes = self.mean.iter().zip(&self.deviations).zip(normal);
        axes.map(|((mean, deviation), z)| mean + self.paths.sigma * deviation * z)
            .collect()
    }

    /// `‖C^(-1/2)·step‖` of a step that is divided by `σ` already.
    pub(super) fn length(&self, step: &[f64]) -> f64 {
        let along = step.iter().zip(&self.deviations);
        along.map(|(y, d)| (y / d).powi(2)).sum::<f64>().sqrt()
    }

    /// Takes in a generation: `steps` are `(x - m)/σ` of its points, the best first:
    /// `popsize × n_dims`.
    pub(super) fn tell(&mut self, steps: &[f64]) {
        let parameters = &self.parameters;
        let mean_step = parameters.mean_step(steps); // eq. 41
        add_scaled(&mut self.mean, self.paths.sigma, &mean_step); // eq. 42
        let along = mean_step.iter().zip(&self.deviations);
        let whitened: Vec<f64> = along.map(|(y, deviation)| y / deviation).collect();
        let decay = self.paths.update(parameters, &mean_step, &whitened); // eq. 43 to 45
        let kept = parameters.kept_share(decay);
        for (variance, path) in self.variances.iter_mut().zip(&self.paths.covariance) {
            *variance = kept * *variance + parameters.rank_one_rate * path * path; // eq. 47
        }
        let ranked = steps.chunks_exact(parameters.n_dims);
        for (weight, step) in parameters.weights.iter().zip(ranked) {
            for (variance, y) in self.variances.iter_mut().zip(step) {
                *variance += parameters.rank_mu_rate * weight * y * y; // eq. 47
            }
        }
        let positive = |variance: &f64| variance.max(f64::MIN_POSITIVE).sqrt();
        self.deviations = self.variances.iter().map(positive).collect();
    }

    /// The standard deviation along dimension `k`, `σ` included.
    pub(super) fn deviation(&self, k: usize) -> f64 {
        self.paths.sigma * self.deviations[k]
    }

    /// The smallest and the largest element of `D`.
    pub(super) fn extreme_deviations(&self) -> (f64, f64) {
        extremes(&self.deviations)
    }

    /// Whether everything is a number.
    pub(super) fn is_finite(&self) -> bool {
        let numbers = self.mean.iter().chain(&self.variances);
        numbers.chain(&self.deviations).all(|x| x.is_finite()) && self.paths.is_finite()
    }
}
