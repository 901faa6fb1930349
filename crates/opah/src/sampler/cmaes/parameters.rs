//! The constants of a run: how many points, how much each rank weighs, how fast each part
//! of the distribution learns.
//!
//! Equations are those of Hansen, "The CMA Evolution Strategy: A Tutorial",
//! arXiv:1604.00772 (2016), appendix A; the separable variant's of Ros and Hansen, "A Simple
//! Modification in CMA-ES Achieving Linear Time and Space Complexity", PPSN X (2008).

/// `λ` for so many dimensions: `4 + ⌊3·ln n⌋` (eq. 48).
pub(super) fn default_popsize(n_dims: usize) -> usize {
    4 + (3.0 * (n_dims as f64).ln()).floor() as usize
}

/// What does not change during a run.
#[derive(Debug, Clone)]
pub(super) struct Parameters {
    /// `n`.
    pub(super) n_dims: usize,
    /// `λ`: points in a generation, at least 2.
    pub(super) popsize: usize,
    /// `w`, by rank: positive ones sum to 1; negative ones may follow.
    pub(super) weights: Vec<f64>,
    /// `μ`: the points of which the next mean is made.
    pub(super) n_parents: usize,
    /// `μ_eff`: as many equal points would have the mean's variance.
    pub(super) effective_parents: f64,
    /// `c_σ`.
    pub(super) step_rate: f64,
    /// `d_σ`.
    pub(super) damping: f64,
    /// `c_c`.
    pub(super) path_rate: f64,
    /// `c_1`.
    pub(super) rank_one_rate: f64,
    /// `c_μ`.
    pub(super) rank_mu_rate: f64,
    /// `E‖N(0, I)‖`.
    pub(super) expected_length: f64,
}

impl Parameters {
    /// Of the full covariance matrix.
    pub(super) fn full(n_dims: usize, popsize: usize) -> Self {
        let (n, n_parents) = (n_dims as f64, popsize / 2);
        let middle = ((popsize + 1) as f64 / 2.0).ln();
        let mut weights: Vec<f64> = (1..=popsize).map(|i| middle - (i as f64).ln()).collect(); // eq. 49
        let effective_parents = effective(&weights[..n_parents]);
        let effective_rest = effective(&weights[n_parents..]);
        let rank_one_rate = 2.0 / ((n + 1.3).powi(2) + effective_parents); // eq. 57
        let rank_mu_rate = (2.0 * (effective_parents - 2.0 + 1.0 / effective_parents)
            / ((n + 2.0).powi(2) + effective_parents))
            .min(1.0 - rank_one_rate - 1e-8); // eq. 58
        let negative_sum =
            (1.0 + rank_one_rate / rank_mu_rate) // eq. 50
                .min(1.0 + 2.0 * effective_rest / (effective_parents + 2.0)) // eq. 51
                .min((1.0 - rank_one_rate - rank_mu_rate) / (n * rank_mu_rate)); // eq. 52
        let sum = |sign: f64| -> f64 { weights.iter().map(|w| (sign * w).max(0.0)).sum() };
        let (positive, negative) = (1.0 / sum(1.0), negative_sum / sum(-1.0));
        for weight in &mut weights {
            *weight *= if *weight >= 0.0 { positive } else { negative }; // eq. 53
        }
        let step_rate = (effective_parents + 2.0) / (n + effective_parents + 5.0); // eq. 55
        Self {
            n_dims,
            popsize,
            weights,
            n_parents,
            effective_parents,
            step_rate,
            damping: damping(n, effective_parents, step_rate),
            path_rate: (4.0 + effective_parents / n) / (n + 4.0 + 2.0 * effective_parents / n), // eq. 56
            rank_one_rate,
            rank_mu_rate,
            expected_length: expected_length(n),
        }
    }

    /// Of a diagonal covariance matrix, which has fewer numbers to learn and learns faster.
    pub(super) fn separable(n_dims: usize, popsize: usize) -> Self {
        let (n, n_parents) = (n_dims as f64, popsize / 2);
        let end = ((n_parents + 1) as f64).ln();
        let mut weights: Vec<f64> = (1..=n_parents).map(|i| end - (i as f64).ln()).collect();
        let sum: f64 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= sum;
        }
        let effective_parents = effective(&weights);
        let m = effective_parents;
        let of_full = 2.0 / (m * (n + std::f64::consts::SQRT_2).powi(2))
            + (1.0 - 1.0 / m) * ((2.0 * m - 1.0) / ((n + 2.0).powi(2) + m)).min(1.0);
        let step_rate = (m + 2.0) / (n + m + 3.0);
        Self {
            n_dims,
            popsize,
            weights,
            n_parents,
            effective_parents,
            step_rate,
            damping: damping(n, m, step_rate),
            path_rate: 4.0 / (n + 4.0),
            rank_one_rate: 2.0 / ((n + 1.3).powi(2) + m),
            rank_mu_rate: (n + 2.0) / 3.0 * of_full,
            expected_length: expected_length(n),
        }
    }

    /// `Σ w_i·y_i` over the parents (eq. 41), of steps that follow each other, the best
    /// first: `popsize × n_dims`.
    pub(super) fn mean_step(&self, steps: &[f64]) -> Vec<f64> {
        let mut mean = vec![0.0; self.n_dims];
        let parents = steps.chunks_exact(self.n_dims).take(self.n_parents);
        for (step, weight) in parents.zip(&self.weights) {
            super::eigen::add_scaled(&mut mean, *weight, step);
        }
        mean
    }

    /// How much of the old covariance matrix stays, `decay` being
    /// [`Paths::update`](super::paths::Paths::update)'s answer (eq. 47).
    pub(super) fn kept_share(&self, decay: f64) -> f64 {
        let weights: f64 = self.weights.iter().sum();
        1.0 + self.rank_one_rate * decay - self.rank_one_rate - self.rank_mu_rate * weights
    }
}

/// `(Σ w)² / Σ w²`.
fn effective(weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    sum * sum / weights.iter().map(|w| w * w).sum::<f64>()
}

/// `d_σ` (eq. 55).
fn damping(n: f64, effective_parents: f64, step_rate: f64) -> f64 {
    let excess = ((effective_parents - 1.0) / (n + 1.0)).sqrt() - 1.0;
    1.0 + 2.0 * excess.max(0.0) + step_rate
}

fn expected_length(n: f64) -> f64 {
    n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_of_generation_has_sound_constants() {
        for n_dims in [1, 2, 10, 300] {
            for popsize in [2, 3, 4, default_popsize(n_dims), 1_000] {
                let full = Parameters::full(n_dims, popsize);
                let separable = Parameters::separable(n_dims, popsize);
                assert_eq!(full.weights.len(), popsize);
                for parameters in [full, separable] {
                    let positive = parameters.weights.iter().filter(|w| **w > 0.0);
                    assert!((positive.sum::<f64>() - 1.0).abs() < 1e-12);
                    assert!(parameters.weights.iter().all(|w| w.is_finite()));
                    let rates = [parameters.rank_one_rate, parameters.step_rate];
                    assert!(rates.iter().all(|rate| *rate > 0.0 && *rate < 1.0));
                    assert!(parameters.rank_mu_rate >= 0.0 && parameters.path_rate <= 1.0);
                }
            }
        }
        assert_eq!(default_popsize(10), 10);
    }
}
