//! The sampler of those who choose none: it looks at the study and takes the one that is
//! known to find most for what it costs there.
//!
//! - Up to a thousand trials of up to a hundred parameters: [`gp`](super::gp), which learns
//!   most from each trial.
//! - Otherwise: [`tpe`](super::tpe), whose suggestions stay cheap when there are many trials
//!   or parameters.
//!
//! What was chosen and why is kept with the first trials of each choice, as the system
//! attribute `opah:auto`. `docs/results/quality.md` compares it with the samplers of others.
//!
//! Durations are not looked at: they differ from run to run, and a suggestion must not.

use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Draw, GpSampler, RandomSampler, Sampler, TpeSampler};
use crate::context::Context;
use crate::derived::Derived;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::frozen_trial::FrozenTrial;
use crate::json::Json;
use crate::registry::Configured;
use crate::search_space::SearchSpace;

/// The system attribute in which a choice is kept, as a sentence that begins with the
/// sampler's name.
pub const CHOICE_ATTR: &str = "opah:auto";

/// A Gaussian process looks at so many trials at most.
const MOST_TRIALS: usize = 1_000;
/// A Gaussian process has so many parameters at most.
const MOST_PARAMETERS: usize = 100;

/// Chooses a sampler by the space and the number of trials.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AutoSampler {
    /// The seed of all draws; by default another one in every process.
    pub seed: u64,
    /// The samplers that it chooses from; no option.
    #[serde(skip)]
    pub samplers: Samplers,
}

/// The samplers that are chosen from, made when they are needed.
#[derive(Debug, Default)]
pub struct Samplers {
    gp: OnceLock<GpSampler>,
    tpe: OnceLock<TpeSampler>,
}

impl Default for AutoSampler {
    fn default() -> Self {
        Self {
            seed: RandomSampler::default().seed,
            samplers: Samplers::default(),
        }
    }
}

impl Configured for AutoSampler {
    const NAME: &'static str = "auto";
    const CLASS: &'static str = "AutoSampler";
    const SUMMARY: &'static str = "the best of the others for the space and the number of trials";
}

impl Sampler for AutoSampler {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn takes_priors(&self) -> bool {
        true
    }

    fn relative_search_space(&self, context: &Context) -> SearchSpace {
        let choice = Choice::of(context);
        choice.sampler(self).relative_search_space(context)
    }

    fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
        let choice = Choice::of(context);
        let last = context.history.derived(|last: &Last| last.choice.clone());
        let sentence = choice.sentence();
        if last.as_deref() != Some(sentence) {
            context.save_state(CHOICE_ATTR, Json::new(sentence));
        }
        choice.sampler(self).sample_relative(context, space)
    }

    fn sample_independent(
        &self,
        context: &Context,
        name: &str,
        distribution: &Distribution,
    ) -> Result<f64> {
        let choice = Choice::of(context);
        let sampler = choice.sampler(self);
        sampler.sample_independent(context, name, distribution)
    }
}

/// What is chosen, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Gp,
    TpeOfManyTrials,
    TpeOfManyParameters,
}

impl Choice {
    fn of(context: &Context) -> Self {
        let n_parameters = context
            .history
            .derived(|parameters: &Parameters| parameters.most);
        if n_parameters > MOST_PARAMETERS {
            Self::TpeOfManyParameters
        } else if context.history.finished().len() >= MOST_TRIALS {
            Self::TpeOfManyTrials
        } else {
            Self::Gp
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Gp => "gp, a Gaussian process, which learns most from few trials",
            Self::TpeOfManyTrials => {
                "tpe, because there are 1,000 trials or more, of which a Gaussian process would be slow"
            }
            Self::TpeOfManyParameters => {
                "tpe, because there are more than 100 parameters, of which a Gaussian process would learn little"
            }
        }
    }

    fn sampler(self, auto: &AutoSampler) -> &dyn Sampler {
        let seed = auto.seed;
        match self {
            Self::Gp => auto.samplers.gp.get_or_init(|| GpSampler {
                seed,
                ..GpSampler::default()
            }),
            Self::TpeOfManyTrials | Self::TpeOfManyParameters => {
                auto.samplers.tpe.get_or_init(|| TpeSampler {
                    seed,
                    ..TpeSampler::default()
                })
            }
        }
    }
}

/// The most parameters that a trial has.
#[derive(Debug, Default)]
struct Parameters {
    most: usize,
}

impl Derived for Parameters {
    fn add(&mut self, trial: &FrozenTrial) {
        self.most = self.most.max(trial.params.len());
    }
}

/// The choice that was kept last.
#[derive(Debug, Default)]
struct Last {
    number: Option<u64>,
    choice: Option<Arc<str>>,
}

impl Derived for Last {
    fn add(&mut self, trial: &FrozenTrial) {
        let kept = trial.system_attrs.get(CHOICE_ATTR);
        let Some(choice) = kept.and_then(Json::parse::<String>) else {
            return;
        };
        if self.number.is_none_or(|known| known < trial.number) {
            self.number = Some(trial.number);
            self.choice = Some(choice.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction;
    use crate::optimize::Optimize;
    use crate::study::{Stop, Study};
    use crate::trial::Trial;

    fn study(n_parameters: usize, n_trials: usize) -> Study {
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(Arc::new(AutoSampler {
                seed: 1,
                ..AutoSampler::default()
            }));
        let objective = |trial: &mut Trial| -> std::result::Result<f64, Stop> {
            let mut sum = 0.0;
            for at in 0..n_parameters {
                sum += trial.suggest_float(&format!("x{at}"), 0.0..=1.0)?;
            }
            Ok(sum)
        };
        study
            .optimize(&Optimize::trials(n_trials), objective)
            .unwrap();
        study
    }

    fn choices(study: &Study) -> Vec<(u64, String)> {
        let trials = study.trials().unwrap();
        let kept = trials.iter().filter_map(|trial| {
            let choice: String = trial.system_attrs.get(CHOICE_ATTR)?.parse()?;
            Some((trial.number, choice))
        });
        kept.collect()
    }

    #[test]
    fn a_choice_is_kept_once_with_its_reason() {
        let kept = choices(&study(2, 12));
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert!(kept[0].1.starts_with("gp, "), "{kept:?}");
    }

    #[test]
    fn many_parameters_are_for_tpe() {
        let kept = choices(&study(101, 4));
        let (number, last) = kept.last().unwrap();
        assert!(*number > 0 && last.starts_with("tpe, because there are more than 100"));
    }
}
