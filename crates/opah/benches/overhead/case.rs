//! One case: what is measured, and how large.

use std::str::FromStr;

use opah::importance::EVALUATORS;
use opah::pruner::PRUNERS;

use crate::clock::Clock;
use crate::{Failure, batch, importance, memory, objectives, pruner, sampler};

/// What is measured, and two sizes, as in `tpe 1000x10`.
#[derive(Debug)]
pub(crate) struct Case {
    what: String,
    /// Trials or points.
    n: usize,
    /// Parameters, steps or objectives.
    width: usize,
}

/// What a case costs.
#[derive(Debug)]
pub(crate) enum Cost {
    /// Of processor time.
    Seconds(f64),
    /// Of resident memory.
    Bytes(f64),
    /// opah refuses it, for this reason.
    Absent(String),
}

impl FromStr for Case {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let parts = text
            .split_once(' ')
            .and_then(|(what, sizes)| Some((what, sizes.split_once('x')?)));
        let Some((what, (n, width))) = parts else {
            return Err(format!("`{text}` is no case; one is `tpe 1000x10`").into());
        };
        Ok(Self {
            what: what.to_owned(),
            n: n.parse()?,
            width: width.parse()?,
        })
    }
}

impl Case {
    pub(crate) fn measure(&self, clock: &Clock) -> Result<Cost, Failure> {
        let Self { what, n, width } = self;
        let (n, width) = (*n, *width);
        match what.as_str() {
            "memory" => memory::a_trial(n, width),
            "hypervolume" => objectives::hypervolume(clock, n, width),
            "ranks" => objectives::ranks(clock, n, width),
            name if EVALUATORS.iter().any(|entry| entry.name == name) => {
                importance::all(clock, name, n, width)
            }
            name if PRUNERS.iter().any(|entry| entry.name == name) => {
                pruner::a_report(clock, name, n, width)
            }
            name => match name.strip_suffix("-batch") {
                Some(sampler) => batch::of_ten(clock, sampler, n, width),
                None => sampler::a_trial(clock, name, n, width),
            },
        }
    }
}
