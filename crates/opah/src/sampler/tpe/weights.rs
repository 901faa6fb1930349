//! What observations weigh, where the prior weighs 1.

/// A rule for the weights of observations, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// The newest 25 weigh 1; of `n` observations, weights rise linearly from `1/n` to 1 from
    /// the oldest on.
    OlderLighter,
    /// All weigh 1.
    Equal,
}

/// So many of the newest weigh 1.
const N_NEWEST: usize = 25;

/// The weights of so many observations, which are formulas of their positions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    n: usize,
    n_rising: usize,
    /// How many of the oldest weigh less than 1.
    n_lighter: usize,
    oldest: f64,
    step: f64,
}

impl Weights {
    pub(super) fn new(weighting: Weighting, n: usize) -> Self {
        let n_rising = match weighting {
            Weighting::OlderLighter => n.saturating_sub(N_NEWEST),
            Weighting::Equal => 0,
        };
        let oldest = 1.0 / n.max(1) as f64;
        Self {
            n,
            n_rising,
            n_lighter: if n_rising > 1 { n_rising - 1 } else { n_rising },
            oldest,
            step: (1.0 - oldest) / (n_rising.max(2) - 1) as f64,
        }
    }

    /// The weight of the observation at `position`. It is at least `(position + 1) / n`, as
    /// the line reaches 1 before the newest.
    pub(super) fn at(&self, position: usize) -> f64 {
        if position < self.n_lighter {
            self.oldest + position as f64 * self.step
        } else {
            1.0
        }
    }

    /// The sum of all weights, the prior's included.
    pub(super) fn total(&self) -> f64 {
        let rising = match self.n_rising {
            0 => 0.0,
            1 => self.oldest,
            n_rising => 0.5 * n_rising as f64 * (self.oldest + 1.0),
        };
        rising + (self.n - self.n_rising + 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `optuna.samplers._tpe.sampler.default_weights`, Optuna 5.0.0.
    #[test]
    fn the_oldest_weigh_least() {
        for n in 0..200 {
            let weights = Weights::new(Weighting::OlderLighter, n);
            let all: Vec<f64> = (0..n).map(|at| weights.at(at)).collect();
            let total = all.iter().sum::<f64>() + 1.0;
            assert!((weights.total() - total).abs() < 1e-12 * total, "{n}");
            assert!(all.iter().rev().take(N_NEWEST).all(|weight| *weight == 1.0));
            for (at, weight) in all.iter().enumerate() {
                assert!(*weight >= (at + 1) as f64 / n as f64 - 1e-12, "{at} of {n}");
            }
            assert_eq!(Weights::new(Weighting::Equal, n).total(), (n + 1) as f64);
        }
        let weights = Weights::new(Weighting::OlderLighter, 30);
        let oldest: Vec<f64> = (0..6).map(|at| weights.at(at)).collect();
        let expected = [
            1.0 / 30.0,
            0.275,
            0.516_666_666_666_666_7,
            0.758_333_333_333_333_3,
            1.0,
            1.0,
        ];
        assert!(
            oldest
                .iter()
                .zip(expected)
                .all(|(got, expected)| (got - expected).abs() < 1e-15)
        );
    }
}
