//! The flag that tells where good values are believed to be, the same for every command.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args as Group;
use opah::{SearchSpace, Study, prior};

use crate::{json_argument, output};

/// What is believed.
#[derive(Debug, Group)]
pub(crate) struct Priors {
    /// Where good values are believed to be, by parameter, as JSON or `@FILE`:
    /// `{"normal": {"mean", "sd"}}` of a number (of a logarithmic one, `sd` is a factor),
    /// `{"weights": {CHOICE: WEIGHT}}` of choices
    #[arg(long, value_name = "JSON")]
    priors: Option<String>,
}

impl Priors {
    /// The priors that are given, if some are.
    pub(crate) fn read(&self) -> Result<Option<prior::Priors>> {
        let Some(given) = &self.priors else {
            return Ok(None);
        };
        let fields = json_argument::object("--priors", given)?;
        let priors = prior::Priors::from_json(&fields).context("in --priors")?;
        Ok(Some(priors))
    }

    /// The study with the priors that are given; those that the space can't have are refused.
    pub(crate) fn for_study(&self, study: Study, space: &SearchSpace) -> Result<Study> {
        let Some(priors) = self.read()? else {
            return Ok(study);
        };
        priors.check_space(space).context("in --priors")?;
        let study = study.with_priors(Arc::new(priors));
        if let Some(doubt) = study.doubt_of_priors() {
            output::warn(&doubt);
        }
        Ok(study)
    }
}
