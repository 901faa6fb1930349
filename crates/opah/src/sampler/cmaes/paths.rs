//! The step size, and the two paths that tell whether the last steps point the same way.
//!
//! Hansen, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772 (2016), eq. 43 to 45.

use super::eigen::{add_scaled, dot};
use super::parameters::Parameters;

/// Between these, squares and quotients of a step stay finite.
const SIGMAS: (f64, f64) = (1e-60, 1e32);

/// How far the search goes at a time, and what it went lately.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    /// Generations so far.
    pub(super) generation: usize,
    /// `σ`.
    pub(super) sigma: f64,
    /// `p_σ`.
    step: Vec<f64>,
    /// `p_c`.
    pub(super) covariance: Vec<f64>,
}

impl Paths {
    pub(super) fn new(n_dims: usize, sigma: f64) -> Self {
        Self {
            generation: 0,
            sigma: sigma.clamp(SIGMAS.0, SIGMAS.1),
            step: vec![0.0; n_dims],
            covariance: vec![0.0; n_dims],
        }
    }

    /// Takes in the mean's step `y_w` and `C^(-1/2)·y_w`; answers `δ(h_σ)`, what the
    /// covariance matrix keeps more because the path stalled.
    pub(super) fn update(
        &mut self,
        parameters: &Parameters,
        mean_step: &[f64],
        whitened: &[f64],
    ) -> f64 {
        self.generation += 1;
        let (rate, n) = (parameters.step_rate, parameters.n_dims as f64);
        let gain = (rate * (2.0 - rate) * parameters.effective_parents).sqrt();
        follow(&mut self.step, 1.0 - rate, gain, whitened); // eq. 43
        let length = dot(&self.step, &self.step).sqrt();
        let excess = length / parameters.expected_length - 1.0;
        let grown = self.sigma * (rate / parameters.damping * excess).exp(); // eq. 44
        self.sigma = grown.clamp(SIGMAS.0, SIGMAS.1);

        // h_σ: a long path is one of a step size that is still too small.
        let begun = 1.0 - (1.0 - rate).powf(2.0 * (self.generation as f64 + 1.0));
        let limit = (1.4 + 2.0 / (n + 1.0)) * parameters.expected_length;
        let is_short = length / begun.sqrt() < limit;
        let rate = parameters.path_rate;
        let gain = (rate * (2.0 - rate) * parameters.effective_parents).sqrt();
        let gain = if is_short { gain } else { 0.0 };
        follow(&mut self.covariance, 1.0 - rate, gain, mean_step); // eq. 45
        if is_short { 0.0 } else { rate * (2.0 - rate) }
    }

    /// Whether everything is a number.
    pub(super) fn is_finite(&self) -> bool {
        let paths = self.step.iter().chain(&self.covariance);
        self.sigma.is_finite() && paths.copied().all(f64::is_finite)
    }
}

/// `path = kept·path + gain·step`.
fn follow(path: &mut [f64], kept: f64, gain: f64, step: &[f64]) {
    for along in path.iter_mut() {
        *along *= kept;
    }
    add_scaled(path, gain, step);
}
