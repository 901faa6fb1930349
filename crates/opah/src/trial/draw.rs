//! How a trial gets a value: it has it, it is given, or the sampler draws it.

use std::sync::Arc;

use super::Trial;
use super::together::MOST_OF_SAMPLER;
use crate::context::{Context, Saved};
use crate::distribution::{Distribution, ParamValue};
use crate::error::{Error, Result};
use crate::frozen_trial::Param;
use crate::history::History;
use crate::sampler::{Draw, random};
use crate::study::Study;

impl Trial {
    /// The one place where a value is chosen: already suggested → fixed by the queue
    /// → only one possible → in the joint draw → drawn by itself.
    pub(crate) fn suggest_internal(
        &mut self,
        name: &str,
        distribution: Distribution,
    ) -> Result<f64> {
        if let Some(known) = self.frozen.params.get(name) {
            if !known.distribution.is_compatible(&distribution) {
                return Err(incompatible(name, &known.distribution, &distribution));
            }
            return Ok(known.value);
        }
        let (name, distribution) = self.shared(name, distribution)?;
        let value = match self.fixed_value(&name, &distribution)? {
            Some(value) => value,
            None if distribution.is_single() => distribution.lowest(),
            None => self.draw(&name, &distribution)?,
        };
        let param = Param {
            name,
            value,
            distribution,
        };
        self.study.storage().check_param(&param)?;
        self.frozen.params.insert(param.clone());
        self.study
            .note_drawn(self.frozen.number, std::slice::from_ref(&param));
        self.pending.params.push(param);
        Ok(value)
    }

    /// The name and the distribution as the study's trials share them, if they have them.
    fn shared(
        &mut self,
        name: &str,
        distribution: Distribution,
    ) -> Result<(Arc<str>, Arc<Distribution>)> {
        let history = self.look()?;
        let Some((known_name, known)) = history.known_distributions().get_key_value(name) else {
            return Ok((name.into(), Arc::new(distribution)));
        };
        if !known.is_compatible(&distribution) {
            return Err(incompatible(name, known, &distribution));
        }
        let is_known = **known == distribution;
        let shared = if is_known {
            known.clone()
        } else {
            Arc::new(distribution)
        };
        Ok((known_name.clone(), shared))
    }

    fn fixed_value(&mut self, name: &str, distribution: &Distribution) -> Result<Option<f64>> {
        let Some(fixed) = self.fixed.get(name) else {
            return Ok(None);
        };
        let value = ParamValue::from_json(fixed);
        let Some(internal) = distribution.to_internal(&value) else {
            return Err(Error::OutOfDomain {
                name: name.to_owned(),
                value: fixed.to_string(),
                distribution: distribution.to_string(),
            });
        };
        if !distribution.contains(internal) {
            self.warnings.push(format!(
                "the enqueued value {fixed} of `{name}` is not in {distribution}; it is used all the same"
            ));
        }
        Ok(Some(internal))
    }

    fn draw(&mut self, name: &str, distribution: &Distribution) -> Result<f64> {
        if let Some(priors) = &self.study.priors {
            priors.check(name, distribution)?;
        }
        self.has_drawn = true;
        if self.attempt >= MOST_OF_SAMPLER {
            // What the sampler likes can't be had.
            let history = self.study.known_history();
            return self.consult(&history, |study, context| {
                let mut rng = context.rng(study.sampler.seed(), name);
                Ok(random::draw(&mut rng, distribution))
            });
        }
        let relative = match self.relative.take() {
            Some(relative) => relative,
            None => self.draw_relative()?,
        };
        let drawn = relative
            .iter()
            .find(|(known, _)| known.as_ref() == name)
            .map(|(_, value)| *value);
        self.relative = Some(relative);
        if let Some(value) = drawn.filter(|value| distribution.contains(*value)) {
            return Ok(value);
        }
        let history = self.look()?;
        let value = self.consult(&history, |study, context| {
            study
                .sampler
                .sample_independent(context, name, distribution)
        })?;
        if distribution.contains(value) {
            return Ok(value);
        }
        Err(Error::OutOfDomain {
            name: name.to_owned(),
            value: value.to_string(),
            distribution: distribution.to_string(),
        })
    }

    fn draw_relative(&mut self) -> Result<Draw> {
        let history = self.look()?;
        let (space, draw) = self.consult(&history, |study, context| {
            let space = study.sampler.relative_search_space(context);
            let draw = study.sampler.sample_relative(context, &space)?;
            Ok((space, draw))
        })?;
        let drawn: Vec<Param> = draw
            .iter()
            .filter_map(|(name, value)| {
                Some(Param {
                    name: name.clone(),
                    value: *value,
                    distribution: space.get(name)?.clone(),
                })
            })
            .collect();
        self.study.note_drawn(self.frozen.number, &drawn);
        Ok(draw)
    }

    /// The study's trials, for which the storage is asked at the first suggestion.
    pub(super) fn look(&mut self) -> Result<History> {
        if self.has_looked {
            return Ok(self.study.known_history());
        }
        self.has_looked = true;
        self.study.history()
    }

    /// Lets the sampler or pruner look, and notes what it wants to be remembered.
    pub(super) fn consult<T>(
        &mut self,
        history: &History,
        look: impl FnOnce(&Study, &Context) -> Result<T>,
    ) -> Result<T> {
        let saved = Saved::default();
        let context = self
            .study
            .context(&self.frozen, history, self.attempt, &saved);
        let answer = look(&self.study, &context)?;
        self.warnings.extend(saved.take_warnings());
        for (key, value) in saved.into_attrs() {
            self.note(&key, &value);
        }
        Ok(answer)
    }
}

fn incompatible(name: &str, before: &Distribution, now: &Distribution) -> Error {
    Error::IncompatibleDistribution {
        name: name.to_owned(),
        before: before.to_string(),
        now: now.to_string(),
    }
}
