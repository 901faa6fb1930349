//! What a sampler or pruner may see, draw and remember.

use crate::error::Result;
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::history::History;
use crate::json::Json;
use crate::math::random::Rng;
use crate::storage::{Storage, TrialUpdate};

/// One call's view of a study, given to samplers and pruners.
#[derive(Debug)]
pub struct Context<'a> {
    /// The study's name.
    pub study_name: &'a str,
    /// One direction per objective.
    pub directions: &'a [Direction],
    /// The trial that is being run, with all that was drawn and reported so far.
    pub trial: &'a FrozenTrial,
    /// The study's trials, narrowed to the trial's [peers](crate::pruner::Pruner::peers)
    /// when a sampler is asked.
    pub history: &'a History,
    /// Where state is saved.
    pub storage: &'a dyn Storage,
}

impl Context<'_> {
    /// The random stream of `name` in this trial: a function of the seed, the trial's
    /// number and the name alone.
    pub fn rng(&self, seed: u64, name: &str) -> Rng {
        Rng::keyed(seed, self.trial.number, name)
    }

    /// The direction of the only objective; of the first, if there are several.
    pub fn direction(&self) -> Direction {
        self.directions
            .first()
            .copied()
            .unwrap_or(Direction::Minimize)
    }

    /// Remembers `value` with the trial, for every process to see.
    pub fn save_state(&self, key: &str, value: &Json) -> Result<()> {
        let system_attrs = vec![(key.to_owned(), value.clone())];
        self.storage.update_trial(
            self.trial.id,
            &TrialUpdate {
                system_attrs,
                ..TrialUpdate::default()
            },
        )
    }
}
