//! Which trials are good and which are bad.
//!
//! The best tenth is good, at most 25 trials. Feasible complete trials come first,
//! by value; then pruned ones, those that got further first; then infeasible ones, by
//! the sum of their violations (Watanabe and Hutter, "c-TPE", IJCAI 2023, is the idea;
//! the rule is Optuna's). Trials that are running are bad, so that others are drawn
//! away from them. Ties go to the lower number.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::history::History;

/// The most trials that are good.
const MOST_GOOD: usize = 25;

/// The numbers of good and bad trials, both ascending; failed ones are in neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The best tenth.
    pub good: Vec<u64>,
    /// The others, and those that are running.
    pub bad: Vec<u64>,
}

impl Split {
    /// Splits a history of one objective.
    pub fn of(history: &History, direction: Direction) -> Self {
        let mut ranking = Ranking::new(direction);
        ranking.extend(history.finished(), 0);
        let (best, rest) = ranking.ranks.split_at(ranking.n_good());
        let numbers = |ranks: &[Rank]| ranks.iter().map(|rank| rank.number).collect();
        let (mut good, mut bad): (Vec<u64>, Vec<u64>) = (numbers(best), numbers(rest));
        bad.extend(history.running().map(|trial| trial.number));
        good.sort_unstable();
        bad.sort_unstable();
        Self { good, bad }
    }
}

/// Whether a trial is observed: it ended, and not by a failure.
pub(super) fn is_observed(trial: &FrozenTrial) -> bool {
    matches!(trial.state, TrialState::Complete | TrialState::Pruned)
}

/// The observed trials, the best first.
#[derive(Debug)]
pub(super) struct Ranking {
    direction: Direction,
    ranks: Vec<Rank>,
}

/// A trial's place: the smaller, the better.
#[derive(Debug)]
struct Rank {
    /// 0 complete, 1 pruned, 2 infeasible.
    class: u8,
    /// Of pruned trials: minus the last step; 1 when nothing was reported.
    progress: i64,
    loss: f64,
    number: u64,
    /// Where it is among the finished trials.
    at: usize,
}

impl Rank {
    fn of(trial: &FrozenTrial, direction: Direction, at: usize) -> Self {
        let violation = trial.violation();
        let (class, progress, loss) = if violation > 0.0 {
            (2, 0, violation)
        } else if trial.state == TrialState::Complete {
            let value = trial.value().map(|value| direction.to_loss(value));
            (0, 0, value.unwrap_or(f64::INFINITY))
        } else {
            let last = trial.intermediate_values.last_key_value();
            let score =
                last.map(|(step, value)| (step.saturating_neg(), direction.to_loss(*value)));
            let (progress, loss) = score.unwrap_or((1, 0.0));
            (
                1,
                progress,
                if loss.is_nan() { f64::INFINITY } else { loss },
            )
        };
        Self {
            class,
            progress,
            // Adding 0.0 makes -0.0 equal to 0.0.
            loss: loss + 0.0,
            number: trial.number,
            at,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let (a, b) = (self, other);
        let by_class = a.class.cmp(&b.class).then(a.progress.cmp(&b.progress));
        by_class
            .then(a.loss.total_cmp(&b.loss))
            .then(a.number.cmp(&b.number))
    }
}

impl Ranking {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            direction,
            ranks: Vec::new(),
        }
    }

    /// Takes up trials that stand from `first` on among the finished ones.
    pub(super) fn extend(&mut self, trials: &[Arc<FrozenTrial>], first: usize) {
        let direction = self.direction;
        let numbered = trials.iter().zip(first..);
        let observed = numbered.filter(|(trial, _)| is_observed(trial));
        let ranks = observed.map(|(trial, at)| Rank::of(trial, direction, at));
        if trials.len() > 8 {
            self.ranks.extend(ranks);
            self.ranks.sort_unstable_by(Rank::compare);
            return;
        }
        for rank in ranks {
            let place = self
                .ranks
                .partition_point(|known| known.compare(&rank).is_lt());
            self.ranks.insert(place, rank);
        }
    }

    /// How many trials are observed.
    pub(super) fn len(&self) -> usize {
        self.ranks.len()
    }

    /// How many of them are good.
    fn n_good(&self) -> usize {
        let tenth = (0.1 * self.len() as f64).ceil();
        (tenth as usize).min(MOST_GOOD)
    }

    /// The good trials, by number: their numbers and places among the finished ones.
    pub(super) fn good(&self) -> Vec<(u64, usize)> {
        let best = self.ranks[..self.n_good()].iter();
        let mut good: Vec<_> = best.map(|rank| (rank.number, rank.at)).collect();
        good.sort_unstable();
        good
    }
}
