//! The way back from what the process models to losses: what it expects, in the units of the
//! objective.
//!
//! Losses are scaled and bent before they are modelled (`target`). A bend keeps their order, so
//! a quantile of a target is the target of a quantile, and the mean of a target becomes the
//! median of the loss. The mean of an improvement has to be integrated.

use super::process::Expected;
use super::target::{FAR, yeo_johnson};
use crate::math::normal;

/// How the losses of one objective became targets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bend {
    /// What was subtracted from a loss.
    pub median: f64,
    /// By what it was then divided.
    pub scale: f64,
    /// The power of Yeo and Johnson by which it was then bent.
    pub power: f64,
    /// What was subtracted from it then.
    pub mean: f64,
    /// By what it was then multiplied; 0 if the losses did not differ.
    pub factor: f64,
}

/// Draws of a normal distribution are less than so many deviations from its mean.
const REACH: f64 = 9.0;
/// The number of Simpson's intervals; even.
const N_INTERVALS: usize = 2048;

impl Bend {
    /// Whether losses of common size come back as numbers.
    pub(super) fn is_finite(&self) -> bool {
        self.median.is_finite() && self.scale.is_finite() && self.mean.is_finite()
    }

    /// The target of a loss, which may be infinite.
    pub(super) fn target(&self, loss: f64) -> f64 {
        let scaled = ((loss - self.median) / self.scale).clamp(-FAR, FAR);
        (yeo_johnson(scaled, self.power) - self.mean) * self.factor
    }

    /// The loss of a target; infinite where losses are no longer told apart, and beyond all
    /// that a loss can be bent to.
    pub(super) fn loss(&self, target: f64) -> f64 {
        match self.scaled(target) {
            scaled if scaled >= FAR => f64::INFINITY,
            scaled if scaled <= -FAR => f64::NEG_INFINITY,
            scaled => self.median + self.scale * scaled,
        }
    }

    /// By how much a draw is less than the loss of the target `best` in the mean, in units of
    /// losses; a draw that is not less counts as 0.
    pub(super) fn improvement(&self, expected: Expected, best: f64) -> f64 {
        let end = ((best - expected.mean) / expected.deviation).min(REACH);
        let start = end.min(0.0) - REACH;
        let step = (end - start) / N_INTERVALS as f64;
        let goal = self.scaled(best);
        let height = |place: usize| {
            let z = start + place as f64 * step;
            let density = (-0.5 * z * z - normal::LN_SQRT_TAU).exp();
            let scaled = self.scaled(expected.mean + expected.deviation * z);
            (goal - scaled).max(0.0) * density
        };
        // Simpson's rule.
        let weight = |place: usize| if place % 2 == 1 { 4.0 } else { 2.0 };
        let inner: f64 = (1..N_INTERVALS)
            .map(|place| weight(place) * height(place))
            .sum();
        self.scale * (height(0) + inner + height(N_INTERVALS)) * step / 3.0
    }

    fn scaled(&self, target: f64) -> f64 {
        if self.factor == 0.0 {
            return unbent(self.mean, self.power);
        }
        unbent(self.mean + target / self.factor, self.power)
    }
}

/// The inverse of [`yeo_johnson`]; infinite beyond all its values.
fn unbent(value: f64, power: f64) -> f64 {
    if value >= 0.0 {
        if power == 0.0 {
            return value.exp_m1();
        }
        let base = 1.0 + power * value;
        if base <= 0.0 {
            return f64::INFINITY;
        }
        base.powf(1.0 / power) - 1.0
    } else if power == 2.0 {
        -(-value).exp_m1()
    } else {
        let other = 2.0 - power;
        1.0 - (1.0 - other * value).powf(1.0 / other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::improvement::log_h;
    use super::super::target;
    use super::*;

    #[test]
    fn what_was_bent_comes_back() {
        for power in -6_i8..=8 {
            let power = f64::from(power) * 0.25;
            for value in [-30.0, -2.0, -0.1, 0.0, 0.3, 4.0] {
                let back = unbent(yeo_johnson(value, power), power);
                assert!((back - value).abs() < 1e-9 * value.abs().max(1.0), "{back}");
            }
        }
        // Yeo and Johnson's values with a negative power end at -1/power.
        assert_eq!(unbent(1.0, -1.0), f64::INFINITY);
    }

    #[test]
    fn losses_and_targets_are_two_words_for_the_same() {
        let losses: Vec<f64> = (0..30).map(|i| (f64::from(i) * 0.2).exp()).collect();
        let (targets, bend) = target::bent(&losses).unwrap();
        assert!(bend.is_finite());
        for (loss, target) in losses.iter().zip(targets) {
            assert!((bend.target(*loss) - target).abs() < 1e-12);
            assert!((bend.loss(target) / loss - 1.0).abs() < 1e-9, "{loss}");
        }
        assert!(bend.target(f64::INFINITY).is_finite());
        assert_eq!(bend.loss(1e30), f64::INFINITY);
        assert_eq!(bend.loss(-1e30), f64::NEG_INFINITY);
        let (_, flat) = target::bent(&[3.0; 4]).unwrap();
        assert_eq!((flat.target(5.0), flat.loss(1.0)), (0.0, 3.0));
    }

    /// Without a bend, it is the closed form.
    #[test]
    fn improvements_are_in_units_of_losses() {
        let straight = Bend {
            median: 7.0,
            scale: 10.0,
            power: 1.0,
            mean: 0.0,
            factor: 1.0,
        };
        let expected = Expected {
            mean: 0.5,
            deviation: 0.2,
        };
        for z in [-5.0, -1.0, 0.0, 2.0] {
            let closed = 10.0 * 0.2 * log_h(z).exp();
            let integrated = straight.improvement(expected, 0.5 + 0.2 * z);
            assert!((integrated / closed - 1.0).abs() < 1e-6, "{z}");
        }
    }
}
