//! Another run when one is over: with more points, or in turn with more and with few.
//!
//! Auger and Hansen, "A Restart CMA Evolution Strategy With Increasing Population Size",
//! CEC 2005 (IPOP). Hansen, "Benchmarking a BI-Population CMA-ES on the BBOB-2009 Function
//! Testbed", GECCO 2009 (BIPOP), section 2.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Generations don't grow beyond this.
pub(super) const LARGEST_POPSIZE: usize = 100_000;

/// How a run that is over is followed by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RestartStrategy {
    /// Each with more points than the last.
    Ipop,
    /// In turn with more points, and with few and a small step size, each kind getting as
    /// many trials as the other.
    Bipop,
}

/// The runs so far.
#[derive(Debug, Clone)]
pub(super) struct Restarts {
    strategy: RestartStrategy,
    first_popsize: usize,
    /// What the number of points is multiplied by.
    growth: usize,
    /// The number of points of the last run that had more.
    large_popsize: usize,
    /// Points of all runs with more, and of those with few.
    spent: (usize, usize),
    /// Whether the current run is the first, with more points, or with few.
    kind: Kind,
    /// Restarts so far.
    pub(super) count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    First,
    Large,
    Small,
}

/// What the next run begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    /// `λ`.
    pub(super) popsize: usize,
    /// What the first step size is multiplied by.
    pub(super) sigma_factor: f64,
}

impl Restarts {
    pub(super) fn new(strategy: RestartStrategy, first_popsize: usize, growth: usize) -> Self {
        Self {
            strategy,
            first_popsize,
            growth,
            large_popsize: first_popsize,
            spent: (0, 0),
            kind: Kind::First,
            count: 0,
        }
    }

    /// The run after one of `n_points`; `uniform` are two numbers in `[0, 1)`.
    pub(super) fn next(&mut self, n_points: usize, uniform: (f64, f64)) -> Plan {
        self.count += 1;
        match self.kind {
            Kind::First => {}
            Kind::Large => self.spent.0 += n_points,
            Kind::Small => self.spent.1 += n_points,
        }
        if self.strategy == RestartStrategy::Ipop || self.spent.0 <= self.spent.1 {
            let larger = self.large_popsize.saturating_mul(self.growth);
            self.large_popsize = larger.min(LARGEST_POPSIZE).max(self.large_popsize);
            self.kind = Kind::Large;
            return Plan {
                popsize: self.large_popsize,
                sigma_factor: 1.0,
            };
        }
        self.kind = Kind::Small;
        let first = self.first_popsize as f64;
        let half = 0.5 * self.large_popsize as f64 / first;
        let popsize = (first * half.powf(uniform.0 * uniform.0)).floor();
        Plan {
            popsize: (popsize as usize).max(2),
            sigma_factor: 10_f64.powf(-2.0 * uniform.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipop_grows_to_the_largest_number_and_stays_there() {
        let mut restarts = Restarts::new(RestartStrategy::Ipop, 10, 2);
        let mut popsizes = (0..20).map(|_| restarts.next(100, (0.0, 0.0)).popsize);
        assert_eq!((popsizes.next(), popsizes.next()), (Some(20), Some(40)));
        assert_eq!(popsizes.last(), Some(LARGEST_POPSIZE));
    }

    #[test]
    fn bipop_gives_both_kinds_as_many_points() {
        let mut restarts = Restarts::new(RestartStrategy::Bipop, 10, 2);
        let mut next = |n_points| restarts.next(n_points, (0.5, 0.5));
        let plan = |popsize, sigma_factor| Plan {
            popsize,
            sigma_factor,
        };
        assert_eq!(next(500), plan(20, 1.0));
        assert_eq!(next(1_000), plan(10, 0.1));
        assert_eq!(next(600), plan(10, 0.1));
        assert_eq!(next(600), plan(40, 1.0));
        // 10·(½·40/10)^¼
        assert_eq!(next(2_000), plan(11, 0.1));
    }
}
