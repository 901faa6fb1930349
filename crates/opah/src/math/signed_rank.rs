//! Wilcoxon's signed-rank test.
//!
//! Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1 (1945).
//! Zeros are split between both signs, and probabilities are computed in the way that
//! SciPy's `wilcoxon(…, zero_method="zsplit", method="auto")` chooses: exactly for few
//! differences, by the normal approximation with its correction for ties otherwise.

use super::normal;

/// With more differences the distribution without ties is approximated.
const MOST_WITHOUT_TIES: usize = 50;
/// With more differences the distribution with ties or zeros is approximated.
const MOST_WITH_TIES: usize = 13;

/// The probability that differences as large as these, or larger, come from a
/// distribution that is symmetric about 0: small if they tend to be positive.
///
/// Infinite differences have the greatest rank. 1 if there are no differences.
///
/// # Panics
///
/// If a difference is NaN, when debug assertions are on; without, it counts as a zero.
pub fn probability_of_greater(differences: &[f64]) -> f64 {
    debug_assert!(differences.iter().all(|difference| !difference.is_nan()));
    let n = differences.len();
    let ranks = Ranks::of(differences);
    let has_ties = ranks.ties > 0 || differences.contains(&0.0);
    let most = if has_ties {
        MOST_WITH_TIES
    } else {
        MOST_WITHOUT_TIES
    };
    if n <= most {
        ranks.exact_probability()
    } else {
        ranks.approximate_probability(n as f64)
    }
}

/// Ranks of absolute differences, doubled: equal ones share the mean of theirs.
struct Ranks {
    /// Of the differences that are not 0.
    doubled: Vec<usize>,
    /// The sum of those of positive differences.
    positive: usize,
    /// The sum of those of zeros.
    of_zeros: usize,
    /// Σ t³ − t over groups of t equal ones.
    ties: usize,
}

impl Ranks {
    fn of(differences: &[f64]) -> Self {
        let mut sorted = differences.to_vec();
        sorted.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        let mut ranks = Self {
            doubled: Vec::with_capacity(sorted.len()),
            positive: 0,
            of_zeros: 0,
            ties: 0,
        };
        let mut before = 0;
        for equal in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
            // The mean of before + 1, …, before + t, times 2.
            let doubled = 2 * before + equal.len() + 1;
            for difference in equal {
                if *difference > 0.0 {
                    ranks.positive += doubled;
                    ranks.doubled.push(doubled);
                } else if *difference < 0.0 {
                    ranks.doubled.push(doubled);
                } else {
                    ranks.of_zeros += doubled;
                }
            }
            ranks.ties += equal.len().pow(3) - equal.len();
            before += equal.len();
        }
        ranks
    }

    /// The share of all signs of the differences that give so great a sum of positive
    /// ranks. Zeros add the same to all sums.
    fn exact_probability(&self) -> f64 {
        let total: usize = self.doubled.iter().sum();
        // As many signs give `positive` or more as give the rest or less.
        let most = total - self.positive;
        let mut probabilities = vec![0.0; most + 1];
        probabilities[0] = 1.0;
        for rank in &self.doubled {
            for sum in (0..=most).rev() {
                let with = sum
                    .checked_sub(*rank)
                    .map_or(0.0, |rest| probabilities[rest]);
                probabilities[sum] = 0.5 * (probabilities[sum] + with);
            }
        }
        probabilities.iter().sum()
    }

    /// By the normal distribution of the same mean and variance; `n` differences.
    fn approximate_probability(&self, n: f64) -> f64 {
        let positive = 0.5 * (self.positive as f64 + 0.5 * self.of_zeros as f64);
        let mean = n * (n + 1.0) / 4.0;
        let variance = (n * (n + 1.0) * (2.0 * n + 1.0) - 0.5 * self.ties as f64) / 24.0;
        normal::cdf((mean - positive) / variance.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::probability_of_greater;

    fn check(differences: &[f64], expected: f64) {
        let found = probability_of_greater(differences);
        let error = (found - expected).abs();
        assert!(error <= 1e-12 * expected, "{found} instead of {expected}");
    }

    /// `scipy.stats.wilcoxon(d, alternative="greater", zero_method="zsplit").pvalue` of
    /// SciPy 1.17.1.
    #[test]
    fn probabilities_are_scipys() {
        let series = |n: i32, value: fn(i32) -> f64| (0..n).map(value).collect::<Vec<_>>();
        check(
            &[0.59, 1.75, -0.43, 1.49, 0.24, 0.24, 2.4, 0.66, 0.46],
            0.009_765_625,
        );
        check(
            &[3.0, 1.0, 2.0, 4.0, 2.0, 1.0, 1.0, 3.0, 4.0, -1.0, -1.0, 3.0],
            0.003_906_25,
        );
        check(
            &series(40, |i| f64::from(i * 37 % 101) - 40.25),
            0.037_363_264_543_273_544,
        );
        check(
            &series(70, |i| f64::from(i * 37 % 101) - 40.25),
            0.005_878_342_068_627_365,
        );
        check(
            &series(30, |i| f64::from(i * 5 % 7 - 2)),
            0.012_345_487_864_250_48,
        );
        check(&[0.0; 20], 0.5);
    }

    #[test]
    fn signs_alone_decide_between_equals() {
        check(&[], 1.0);
        check(&[0.0], 1.0);
        check(&[1.0], 0.5);
        check(&[-1.0], 1.0);
        check(&[2.0; 4], 1.0 / 16.0);
        check(&[f64::INFINITY, 1.0], 0.25);
    }
}
