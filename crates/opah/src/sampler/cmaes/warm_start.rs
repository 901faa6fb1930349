//! Where a run begins, also as learned from trials that were run before.
//!
//! Nomura, Watanabe, Akimoto, Ozaki and Onishi, "Warm Starting CMA-ES for Hyperparameter
//! Optimization", AAAI 2021, arXiv:2012.06932: the best tenth of the earlier points, each
//! blurred by a small normal distribution, is the promising distribution; the normal
//! distribution that is nearest to it has its mean and its covariance matrix.

use super::eigen::{Eigen, add_scaled, identity};

/// `γ`: the share of points that is promising.
const BEST_SHARE: f64 = 0.1;
/// `α`: the standard deviation by which each is blurred, the space being 1 wide.
const BLUR: f64 = 0.1;

/// A first distribution `N(mean, sigma²·covariance)`.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// `n_dims`.
    pub(super) mean: Vec<f64>,
    /// Positive.
    pub(super) sigma: f64,
    /// `n_dims × n_dims`; by default the identity.
    pub(super) covariance: Option<Vec<f64>>,
}

impl Start {
    /// The distribution of the best tenth of `points`, which are ordered, the best first,
    /// and have `n_dims` finite coordinates each. `None` if there is no point.
    pub(super) fn from_best(points: &[Vec<f64>]) -> Option<Self> {
        let n_best = ((points.len() as f64 * BEST_SHARE).floor() as usize).max(1);
        let best = points.get(..n_best)?;
        let (n, share) = (best[0].len(), 1.0 / n_best as f64);
        let mut mean = vec![0.0; n];
        for point in best {
            add_scaled(&mut mean, share, point);
        }
        let mut covariance = identity(n);
        for element in &mut covariance {
            *element *= BLUR * BLUR;
        }
        for point in best {
            let from_mean: Vec<f64> = point.iter().zip(&mean).map(|(x, m)| x - m).collect();
            for (row, along) in covariance.chunks_exact_mut(n).zip(&from_mean) {
                add_scaled(row, share * along, &from_mean);
            }
        }
        // σ² is the n-th root of the determinant, so that C has the determinant 1.
        let values = Eigen::of(&covariance, n).values;
        let logarithms: f64 = values.iter().map(|value| value.max(1e-300).ln()).sum();
        let sigma = (logarithms / (2.0 * n as f64)).exp();
        for element in &mut covariance {
            *element /= sigma * sigma;
        }
        Some(Self {
            mean,
            sigma,
            covariance: Some(covariance),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_point_becomes_a_ball_around_it() {
        let start = Start::from_best(&[vec![0.2, 0.7], vec![0.9, 0.9]]).unwrap();
        assert_eq!(start.mean, [0.2, 0.7]);
        assert!((start.sigma - 0.1).abs() < 1e-15);
        let covariance = start.covariance.unwrap();
        for (element, expected) in covariance.iter().zip(identity(2)) {
            assert!((element - expected).abs() < 1e-12);
        }
        assert!(Start::from_best(&[]).is_none());
    }
}
