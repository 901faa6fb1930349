//! Numbers in a range: real or whole, on a grid or uniform in the logarithm.

use super::invalid;
use crate::error::Result;
use crate::json::python_float;

/// Real numbers in `[low, high]`.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatDistribution {
    low: f64,
    high: f64,
    log: bool,
    step: Option<f64>,
}

impl FloatDistribution {
    /// Uniform in `[low, high]`; uniform in the logarithm when `log`; on the grid
    /// `low + k·step` when there is a step, `high` lowered to the grid.
    pub fn new(low: f64, high: f64, log: bool, step: Option<f64>) -> Result<Self> {
        let float = python_float;
        if !low.is_finite() || !high.is_finite() {
            return invalid(format!(
                "low = {} and high = {} must be finite",
                float(low),
                float(high)
            ));
        }
        if low > high {
            return invalid(format!(
                "low = {} is greater than high = {}",
                float(low),
                float(high)
            ));
        }
        if !(high - low).is_finite() {
            return invalid(format!(
                "low = {} and high = {} are too far apart",
                float(low),
                float(high)
            ));
        }
        if log && low <= 0.0 {
            return invalid(format!(
                "low = {} must be positive when log is true",
                float(low)
            ));
        }
        if log && step.is_some() {
            return invalid("log and step exclude each other".to_owned());
        }
        let high = match step {
            Some(step) if step.is_nan() || step <= 0.0 => {
                return invalid(format!("step = {} must be positive", float(step)));
            }
            Some(step) if step.is_infinite() => {
                return invalid(format!("step = {} must be finite", float(step)));
            }
            Some(step) => {
                // A quotient within 1e-8 of a whole number is one: 0.3 / 0.1 is 3 steps.
                let steps = ((high - low) / step + 1e-8).floor();
                if !steps.is_finite() {
                    return invalid(format!(
                        "step = {} is too small for low = {} and high = {}",
                        float(step),
                        float(low),
                        float(high)
                    ));
                }
                if (low + steps * step - high).abs() <= 1e-8 * step {
                    high
                } else {
                    low + steps * step
                }
            }
            None => high,
        };
        Ok(Self {
            low,
            high,
            log,
            step,
        })
    }

    /// The smallest value.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The greatest value.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Whether it is uniform in the logarithm.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The distance of neighbouring values.
    pub fn step(&self) -> Option<f64> {
        self.step
    }
}

/// Whole numbers in `[low, high]`.
#[derive(Debug, Clone, PartialEq)]
pub struct IntDistribution {
    low: i64,
    high: i64,
    log: bool,
    step: i64,
}

impl IntDistribution {
    /// Every `step`-th number of `[low, high]`; uniform in the logarithm when `log`.
    pub fn new(low: i64, high: i64, log: bool, step: i64) -> Result<Self> {
        if low > high {
            return invalid(format!("low = {low} is greater than high = {high}"));
        }
        if step < 1 {
            return invalid(format!("step = {step} must be at least 1"));
        }
        if log && low < 1 {
            return invalid(format!("low = {low} must be at least 1 when log is true"));
        }
        if log && step != 1 {
            return invalid("log and step exclude each other".to_owned());
        }
        let Some(width) = high.checked_sub(low) else {
            return invalid(format!("low = {low} and high = {high} are too far apart"));
        };
        Ok(Self {
            low,
            high: high - width % step,
            log,
            step,
        })
    }

    /// The smallest value.
    pub fn low(&self) -> i64 {
        self.low
    }

    /// The greatest value.
    pub fn high(&self) -> i64 {
        self.high
    }

    /// Whether it is uniform in the logarithm.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The distance of neighbouring values.
    pub fn step(&self) -> i64 {
        self.step
    }
}
