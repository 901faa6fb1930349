//! What values a parameter may take, in both representations.
//!
//! The *external* value ([`ParamValue`]) is what the user sees. The *internal*
//! value is one `f64`: the number itself, or the index of a choice. Only internal
//! values and distributions cross the storage boundary, in Optuna's JSON.

mod categorical;
mod numeric;
mod optuna_json;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;

pub use categorical::{CategoricalDistribution, Choice};
pub use numeric::{FloatDistribution, IntDistribution};
pub use value::ParamValue;

use crate::error::{Error, Result};
use crate::json::python_float;

/// What values a parameter may take.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Real numbers.
    Float(FloatDistribution),
    /// Whole numbers.
    Int(IntDistribution),
    /// Choices.
    Categorical(CategoricalDistribution),
}

impl Distribution {
    /// Whether the internal value is one of this distribution's. NaN never is. On a
    /// grid of floats a distance of 1e-8 steps is tolerated.
    pub fn contains(&self, internal: f64) -> bool {
        match self {
            Self::Float(d) => {
                let on_grid = d.step().is_none_or(|step| {
                    let steps = (internal - d.low()) / step;
                    (steps - steps.round()).abs() < 1e-8
                });
                (d.low()..=d.high()).contains(&internal) && on_grid
            }
            Self::Int(d) => {
                internal.fract() == 0.0
                    && (d.low() as f64..=d.high() as f64).contains(&internal)
                    && (internal as i128 - i128::from(d.low())) % i128::from(d.step()) == 0
            }
            Self::Categorical(d) => {
                internal.fract() == 0.0 && (0.0..d.choices().len() as f64).contains(&internal)
            }
        }
    }

    /// Whether there is just one value.
    pub fn is_single(&self) -> bool {
        match self {
            Self::Float(d) => d.low() >= d.high(),
            Self::Int(d) => d.low() == d.high(),
            Self::Categorical(d) => d.choices().len() == 1,
        }
    }

    /// The internal value of [`is_single`](Self::is_single) distributions, and the
    /// lowest of all others.
    pub fn lowest(&self) -> f64 {
        match self {
            Self::Float(d) => d.low(),
            Self::Int(d) => d.low() as f64,
            Self::Categorical(_) => 0.0,
        }
    }

    /// Whether both may be distributions of one parameter in one study: the same kind; the
    /// same log of numbers. Ranges and steps may change, and choices may be added after the
    /// others, so that each keeps its internal value. Optuna allows the same but for choices,
    /// which it refuses to draw from once they have grown.
    pub fn is_compatible(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a.is_log() == b.is_log(),
            (Self::Int(a), Self::Int(b)) => a.is_log() == b.is_log(),
            (Self::Categorical(a), Self::Categorical(b)) => {
                let (a, b) = (a.choices(), b.choices());
                a.iter().zip(b).all(|(a, b)| a == b)
            }
            _ => false,
        }
    }

    /// Whether it has the choices of `before`, and more after them.
    pub(crate) fn has_grown(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Categorical(now), Self::Categorical(then)) => {
                now.choices().len() > then.choices().len() && self.is_compatible(before)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(d) => {
                write!(
                    f,
                    "float({}, {}",
                    python_float(d.low()),
                    python_float(d.high())
                )?;
                if let Some(step) = d.step() {
                    write!(f, ", step={}", python_float(step))?;
                }
                f.write_str(if d.is_log() { ", log)" } else { ")" })
            }
            Self::Int(d) => {
                write!(f, "int({}, {}", d.low(), d.high())?;
                if d.step() != 1 {
                    write!(f, ", step={}", d.step())?;
                }
                f.write_str(if d.is_log() { ", log)" } else { ")" })
            }
            Self::Categorical(d) => {
                let choices: Vec<String> = d.choices().iter().map(ToString::to_string).collect();
                write!(f, "categorical({})", choices.join(", "))
            }
        }
    }
}

fn invalid<T>(reason: String) -> Result<T> {
    Err(Error::InvalidDistribution { reason })
}
