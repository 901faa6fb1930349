//! The flags that choose a sampler and a pruner, the same for every command.

use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args as Group;
use opah::Study;
use opah::sampler::DEFAULT_SAMPLER;
use opah_tune::algorithm::Algorithm;
use serde_json::Value;

use crate::json_argument;

/// Which sampler draws.
#[derive(Debug, Group)]
pub(crate) struct Sampler {
    /// The sampler, perhaps with options: `NAME` or `NAME:{"option": value}`; `opah samplers`
    /// lists them [default: auto]
    #[arg(long, value_name = "NAME")]
    sampler: Option<String>,
    /// The sampler's options as JSON or `@FILE`, e.g. `{"multivariate": true}`
    #[arg(
        long,
        value_name = "JSON",
        requires = "sampler",
        alias = "sampler-kwargs"
    )]
    sampler_options: Option<String>,
}

/// Which pruner decides.
#[derive(Debug, Group)]
pub(crate) struct Pruner {
    /// The pruner, perhaps with options: `NAME` or `NAME:{"option": value}`; `opah pruners`
    /// lists them [default: median; none for several objectives]
    #[arg(long, value_name = "NAME")]
    pruner: Option<String>,
    /// The pruner's options as JSON or `@FILE`, e.g. `{"n_warmup_steps": 5}`
    #[arg(
        long,
        value_name = "JSON",
        requires = "pruner",
        alias = "pruner-kwargs"
    )]
    pruner_options: Option<String>,
}

impl Sampler {
    /// The sampler that is chosen, if one is.
    pub(crate) fn algorithm(&self) -> Result<Option<Algorithm>> {
        let (name, options) = (self.sampler.as_deref(), self.sampler_options.as_deref());
        let given = joined("--sampler-options", name, options)?;
        Ok(given.as_deref().map(Algorithm::sampler).transpose()?)
    }

    /// The sampler that draws for the study, by the seed that is given, or the study's.
    pub(crate) fn for_study(
        &self,
        study: &Study,
        seed: Option<u64>,
    ) -> Result<Arc<dyn opah::Sampler>> {
        let chosen = self.algorithm()?;
        let mut algorithm = chosen.unwrap_or_else(|| Algorithm::named(DEFAULT_SAMPLER));
        match (seed, algorithm.options.get("seed").cloned()) {
            (Some(seed), Some(option)) if option != seed => bail!(
                "--seed is {seed}, but the sampler's options say {option}; leave one of them out"
            ),
            (_, None) if algorithm.has_seed() => {
                let seed = match seed {
                    Some(seed) => seed,
                    None => opah_tune::seed::of_study(study)?,
                };
                algorithm.options.insert("seed".to_owned(), seed.into());
            }
            _ => {}
        }
        Ok(algorithm.build_sampler()?)
    }
}

impl Pruner {
    /// The pruner that is chosen, if one is.
    pub(crate) fn algorithm(&self) -> Result<Option<Algorithm>> {
        let (name, options) = (self.pruner.as_deref(), self.pruner_options.as_deref());
        let given = joined("--pruner-options", name, options)?;
        Ok(given.as_deref().map(Algorithm::pruner).transpose()?)
    }

    /// The study with the pruner, if one is chosen. One that can't judge trials of so many
    /// objectives is refused.
    pub(crate) fn for_study(&self, study: Study) -> Result<Study> {
        Ok(match self.algorithm()? {
            Some(algorithm) => {
                let pruner = algorithm.build_pruner()?;
                opah::pruner::check_objectives(pruner.as_ref(), study.directions().len())?;
                study.with_pruner(pruner)
            }
            None => study,
        })
    }
}

/// A name and the options of `flag` as `NAME:{"option": value}`.
fn joined(flag: &str, name: Option<&str>, options: Option<&str>) -> Result<Option<String>> {
    let (Some(name), Some(options)) = (name, options) else {
        return Ok(name.map(str::to_owned));
    };
    if name.contains(':') {
        bail!("`{name}` has options, and {flag} has others; leave one of them out");
    }
    let options = json_argument::object(flag, options)?;
    Ok(Some(format!("{name}:{}", Value::Object(options))))
}
