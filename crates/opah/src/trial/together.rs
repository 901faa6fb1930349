//! Parameters that are drawn together, so that they keep to the rules of the study.

use std::sync::Arc;

use super::Trial;
use crate::error::{Error, Result};
use crate::frozen_trial::{FrozenTrial, Param};
use crate::json::Json;
use crate::rules::{self, Duplicates};

/// The system attribute of a trial that holds the number of the one whose values it took.
pub const TWIN_ATTR: &str = "opah:twin";

/// How often the sampler is asked for other values; then they are drawn at random.
pub(super) const MOST_OF_SAMPLER: u64 = 10;
/// How many draws look for a point that was not tried.
const MOST_FOR_NEW: u64 = 100;
/// How many draws look for one that meets the constraints.
const MOST_ATTEMPTS: u64 = 10_000;

impl Trial {
    /// What `suggest` returns, which is called again, for other values, until the parameters
    /// keep to the study's [rules](Study::with_rules). Values that are enqueued or were drawn
    /// before stay.
    ///
    /// [`Error::NothingAllowed`] if none of ten thousand draws meets the constraints,
    /// [`Error::BreaksConstraint`] if it can't be met because the values are enqueued, or the
    /// sampler goes through a list of them. A new point is looked for in a hundred draws.
    /// `suggest` must do nothing but suggest: what it writes can't be taken back.
    pub fn suggest_together<T>(
        &mut self,
        suggest: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let attempt = self.attempt;
        let suggested = self.draw_together(suggest);
        // What is drawn afterwards is drawn for the first time; or, within another such call, for
        // the time that it has come to.
        self.attempt = attempt;
        suggested
    }

    fn draw_together<T>(&mut self, mut suggest: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let rules = self.study.rules.clone();
        let n_warnings = self.warnings.len();
        let n_pending = self.pending.params.len();
        let before = self.frozen.params.clone();
        loop {
            self.has_drawn = false;
            let suggested = suggest(self)?;
            let can_change = self.has_drawn && self.study.sampler.draws_anew();
            let broken = rules.broken_by(&self.frozen.params)?;
            if let Some(constraint) = broken {
                let constraint = constraint.to_string();
                if self.frozen.params.len() == before.len() {
                    // It has been run with them before.
                    return Ok(suggested);
                } else if !can_change {
                    return Err(Error::BreaksConstraint { constraint });
                } else if self.attempt >= MOST_ATTEMPTS {
                    let n_draws = self.attempt + 1;
                    return Err(Error::NothingAllowed {
                        constraint,
                        n_draws,
                    });
                }
            } else if !can_change
                || rules.duplicates != Duplicates::Avoid
                || self.attempt >= MOST_FOR_NEW
                || !rules::was_tried(&self.study.known_history(), &self.frozen)
            {
                return Ok(suggested);
            }
            self.frozen.params.clone_from(&before);
            self.pending.params.truncate(n_pending);
            self.warnings.truncate(n_warnings);
            self.study.forget_drawn(self.frozen.number);
            let kept: Vec<Param> = before.iter().cloned().collect();
            self.study.note_drawn(self.frozen.number, &kept);
            self.relative = None;
            self.attempt += 1;
        }
    }

    /// If the study [reuses](Duplicates::Reuse) values: the first complete trial with the
    /// parameters that this one has so far; its number is noted as [`TWIN_ATTR`].
    ///
    /// ```
    /// use opah::rules::{Duplicates, Rules};
    /// use opah::{Direction, Study};
    ///
    /// let rules = Rules {
    ///     duplicates: Duplicates::Reuse,
    ///     ..Rules::default()
    /// };
    /// let study = Study::in_memory("coin", &[Direction::Minimize])?.with_rules(rules);
    /// let mut n_runs = 0;
    /// for _ in 0..10 {
    ///     let mut trial = study.ask()?;
    ///     let side = *trial.suggest_categorical("side", &[1.0, 2.0])?;
    ///     let values = match trial.twin()? {
    ///         Some(twin) => twin.values.clone(),
    ///         None => {
    ///             n_runs += 1;
    ///             vec![side]
    ///         }
    ///     };
    ///     study.tell(&mut trial, &values)?;
    /// }
    /// assert!(n_runs <= 2);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn twin(&mut self) -> Result<Option<Arc<FrozenTrial>>> {
        if self.study.rules.duplicates != Duplicates::Reuse {
            return Ok(None);
        }
        let twin = rules::twin(&self.look()?, &self.frozen);
        if let Some(twin) = &twin {
            self.note(TWIN_ATTR, &Json::new(&twin.number));
        }
        Ok(twin)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::context::Context;
    use crate::distribution::Distribution;
    use crate::error::Result;
    use crate::expression::Expression;
    use crate::frozen_trial::Direction;
    use crate::rules::Rules;
    use crate::sampler::Sampler;
    use crate::study::Study;

    /// Always draws the lowest value.
    #[derive(Debug)]
    struct Lowest;

    impl Sampler for Lowest {
        fn seed(&self) -> u64 {
            1
        }

        fn sample_independent(
            &self,
            _context: &Context,
            _name: &str,
            distribution: &Distribution,
        ) -> Result<f64> {
            Ok(distribution.lowest())
        }
    }

    #[test]
    fn after_many_attempts_the_sampler_is_asked_again_and_nothing_is_forgotten() {
        let rules = Rules {
            constraints: vec![Expression::parse("a > 0.5").unwrap()],
            ..Rules::default()
        };
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(Arc::new(Lowest))
            .with_rules(rules);
        let mut trial = study.ask().unwrap();
        trial.suggest_float("before", 2.0..=3.0).unwrap();
        let suggest = |trial: &mut crate::Trial| trial.suggest_float("a", 0.0..=1.0);
        assert!(trial.suggest_together(suggest).unwrap() > 0.5);
        assert_eq!(trial.suggest_float("after", 4.0..=5.0).unwrap(), 4.0);
        // What other threads see of the trial, which is not written yet.
        let seen = study.frozen_trial(0).unwrap();
        let names: Vec<&str> = seen.params.iter().map(|param| &*param.name).collect();
        assert_eq!(names, ["a", "after", "before"]);
    }
}
