//! The flags that say what must hold of a trial's parameters, the same for every command.

use anyhow::{Context as _, Result};
use clap::Args as Group;
use opah::expression::Expression;
use opah::rules::Duplicates;

/// What must hold of parameters.
#[derive(Debug, Group)]
pub(crate) struct Rules {
    /// What the parameters of every trial must meet, e.g. `lr * width <= 0.5 or opt != "sgd"`;
    /// may be given several times. docs/expressions.md tells what can be written
    #[arg(long = "constraint", value_name = "EXPRESSION")]
    constraints: Vec<String>,
    /// Whether a point of a space without real numbers is tried again [default: avoid]
    #[arg(long, value_enum, value_name = "POLICY")]
    duplicates: Option<Policy>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Policy {
    /// As the sampler likes
    Allow,
    /// Not as long as another one is easily found
    Avoid,
    /// As the sampler likes, but the values of the earlier trial are taken
    Reuse,
}

impl Rules {
    /// The constraints that are given.
    pub(crate) fn constraints(&self) -> Result<Vec<Expression>> {
        let given = self.constraints.iter();
        given
            .map(|text| Expression::parse(text).context("--constraint"))
            .collect()
    }

    /// What is said of duplicates.
    pub(crate) fn duplicates(&self) -> Option<Duplicates> {
        Some(match self.duplicates? {
            Policy::Allow => Duplicates::Allow,
            Policy::Avoid => Duplicates::Avoid,
            Policy::Reuse => Duplicates::Reuse,
        })
    }

    /// Both, with what is not said as it is by default.
    pub(crate) fn read(&self) -> Result<opah::rules::Rules> {
        Ok(opah::rules::Rules {
            constraints: self.constraints()?,
            duplicates: self.duplicates().unwrap_or_default(),
        })
    }
}
