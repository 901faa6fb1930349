//! What is kept of a history from one suggestion to the next.
//!
//! Everything here can be rebuilt, and is when the history is another one; it is a function
//! of the set of trials, not of the order in which they were seen to finish.

use std::sync::Arc;

use super::CmaEsSampler;
use super::replay::Replay;
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::sampler::histories::Histories;
use crate::search_space::SearchSpace;

/// As many spaces are remembered of each: the last ones that its trials have in common.
const N_SPACES: usize = 4;

/// The histories that a sampler has seen lately.
#[derive(Debug, Default)]
pub struct Memory(Histories<Replays>);

impl Memory {
    /// Runs `use_it` on the search in `space` after the trials in `finished`.
    pub(super) fn with<T>(
        &self,
        options: &CmaEsSampler,
        finished: &[Arc<FrozenTrial>],
        direction: Direction,
        space: &SearchSpace,
        use_it: impl FnOnce(&Replay) -> T,
    ) -> T {
        let new = Replays::default;
        self.0.with(finished, &[direction], new, |replays, _| {
            use_it(replays.replay(options, finished, direction, space))
        })
    }
}

/// The searches in one history, the last used first.
#[derive(Debug, Default)]
struct Replays(Vec<Replay>);

impl Replays {
    fn replay(
        &mut self,
        options: &CmaEsSampler,
        finished: &[Arc<FrozenTrial>],
        direction: Direction,
        space: &SearchSpace,
    ) -> &Replay {
        let known = self.0.iter().position(|known| known.space == *space);
        let mut replay = match known {
            Some(at) => self.0.remove(at),
            None => Replay::new(options, space),
        };
        replay.update(options, finished, direction);
        self.0.truncate(N_SPACES - 1);
        self.0.insert(0, replay);
        &self.0[0]
    }
}
