//! Learning rates that adapt themselves, so that the usual number of points also does on
//! noisy and multimodal functions.
//!
//! Nomura, Akimoto and Ono, "CMA-ES with Learning Rate Adaptation: Can CMA-ES with Default
//! Population Size Solve Multimodal and Noisy Problems?", GECCO 2023, arXiv:2304.03473,
//! section 3 and algorithm 1: the mean and the covariance matrix each have a rate `η` that
//! keeps the ratio of signal to noise of their changes at `α·η`.

use std::f64::consts::FRAC_1_SQRT_2;

use super::eigen::dot;

/// `α`: the ratio of signal to noise that is wanted, divided by the rate.
const WANTED_RATIO: f64 = 1.4;
/// `γ`: how fast a rate changes.
const RATE_OF_RATES: f64 = 0.1;
/// `β_m` and `β_Σ`: what the newest change weighs.
const SMOOTHING: (f64, f64) = (0.1, 0.03);

/// The two rates.
#[derive(Debug, Clone)]
pub(super) struct LearningRates {
    mean: Rate,
    covariance: Rate,
}

/// What a generation may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    /// `η_m`, in `(0, 1]`.
    pub(super) mean: f64,
    /// `η_Σ`, in `(0, 1]`.
    pub(super) covariance: f64,
    /// What `σ` is multiplied by, because its best value is inversely proportional to `η_m`.
    pub(super) step_correction: f64,
}

impl LearningRates {
    pub(super) fn new(n_dims: usize) -> Self {
        Self {
            mean: Rate::new(n_dims, SMOOTHING.0),
            covariance: Rate::new(n_dims * n_dims, SMOOTHING.1),
        }
    }

    /// Takes in what a generation would change: the mean by `mean_change` (`n_dims`) and
    /// `σ²·C` by `covariance_change` (`n_dims × n_dims`). `root` is the inverse square root
    /// of `σ²·C` before (`n_dims × n_dims`, symmetric).
    pub(super) fn adapt(
        &mut self,
        mean_change: &[f64],
        covariance_change: &[f64],
        root: &[f64],
    ) -> Rates {
        let before = self.mean.eta;
        self.mean.see(&product(root, mean_change, 1));
        // All three matrices are symmetric.
        let n_dims = mean_change.len();
        let half = product(root, covariance_change, n_dims);
        let mut whitened = product(&half, root, n_dims);
        for element in &mut whitened {
            *element *= FRAC_1_SQRT_2;
        }
        self.covariance.see(&whitened);
        Rates {
            mean: self.mean.eta,
            covariance: self.covariance.eta,
            step_correction: before / self.mean.eta,
        }
    }
}

/// `left·right`; `right` has `n_columns` columns, and `left` as many as `right` has rows.
fn product(left: &[f64], right: &[f64], n_columns: usize) -> Vec<f64> {
    let n_inner = right.len() / n_columns;
    let mut result = Vec::with_capacity(left.len() / n_inner * n_columns);
    for row in left.chunks_exact(n_inner) {
        let mut sum = vec![0.0; n_columns];
        for (factor, other) in row.iter().zip(right.chunks_exact(n_columns)) {
            super::eigen::add_scaled(&mut sum, *factor, other);
        }
        result.extend(sum);
    }
    result
}

/// One learning rate.
#[derive(Debug, Clone)]
struct Rate {
    /// `η`: the rate itself.
    eta: f64,
    /// `β`.
    smoothing: f64,
    /// `E`: the mean of changes.
    drift: Vec<f64>,
    /// `V`: the mean of their squared lengths.
    power: f64,
}

impl Rate {
    fn new(n: usize, smoothing: f64) -> Self {
        Self {
            eta: 1.0,
            smoothing,
            drift: vec![0.0; n],
            power: 0.0,
        }
    }

    fn see(&mut self, change: &[f64]) {
        let beta = self.smoothing;
        for (drift, change) in self.drift.iter_mut().zip(change) {
            *drift = (1.0 - beta) * *drift + beta * change;
        }
        self.power = (1.0 - beta) * self.power + beta * dot(change, change);
        let squared = dot(&self.drift, &self.drift);
        let noise = self.power - squared;
        let ratio = (squared - beta / (2.0 - beta) * self.power) / noise;
        let excess = (ratio / WANTED_RATIO / self.eta - 1.0).clamp(-1.0, 1.0);
        // Where nothing changes, there is no ratio.
        if excess.is_finite() {
            let speed = (RATE_OF_RATES * self.eta).min(beta);
            self.eta = (self.eta * (speed * excess).exp()).min(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_changes_keep_the_rate_and_noise_lowers_it() {
        let mut rates = LearningRates::new(2);
        let root = [1.0, 0.0, 0.0, 1.0];
        for at in 0..200 {
            let sign = if at % 2 == 0 { 1.0 } else { -1.0 };
            let steady = [0.1, 0.2, 0.2, 0.1];
            let rates = rates.adapt(&[sign, -sign], &steady, &root);
            assert!(rates.mean > 0.0 && rates.step_correction.is_finite());
        }
        assert!(rates.mean.eta < 0.1, "{}", rates.mean.eta);
        assert_eq!(rates.covariance.eta, 1.0);
        let mut still = LearningRates::new(2);
        let rates = still.adapt(&[0.0; 2], &[0.0; 4], &root);
        assert_eq!((rates.mean, rates.covariance), (1.0, 1.0));
    }
}
