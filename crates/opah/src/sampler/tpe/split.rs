//! Which trials are good and which are bad.
//!
//! The best tenth is good, at most 25 trials if there is one objective. Feasible complete
//! trials come first, by value, or by their fronts; then pruned ones, those that
//! got further first; then infeasible ones, by the sum of their violations (Watanabe and
//! Hutter, "c-TPE", IJCAI 2023, is the idea; the rule is Optuna's). Trials that are running
//! are bad, so that others are drawn away from them. Ties go to the lower number.

use std::cmp::Ordering;
use std::sync::Arc;

use super::fronts::FrontRanking;
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::history::History;

/// The most trials of one objective that are good.
const MOST_GOOD: usize = 25;

/// The numbers of good and bad trials, both ascending; failed ones, which have no result and
/// count as bad where densities are estimated, are in neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The best tenth.
    pub good: Vec<u64>,
    /// The others, and those that are running.
    pub bad: Vec<u64>,
}

impl Split {
    /// Splits a history whose objectives have these directions.
    pub fn of(history: &History, directions: &[Direction]) -> Self {
        let mut ranking = Ranking::new(directions);
        ranking.extend(history.finished(), 0);
        let good: Vec<u64> = ranking.good().iter().map(|(number, _)| *number).collect();
        let observed = history.finished().iter().filter(|trial| is_observed(trial));
        let mut bad: Vec<u64> = observed
            .chain(history.running())
            .map(|trial| trial.number)
            .filter(|number| good.binary_search(number).is_err())
            .collect();
        bad.sort_unstable();
        Self { good, bad }
    }
}

/// A trial's number, and its place among the finished ones.
pub(super) type Place = (u64, usize);

/// Whether a trial is observed: it ended, and not by a failure.
pub(super) fn is_observed(trial: &FrozenTrial) -> bool {
    matches!(trial.state, TrialState::Complete | TrialState::Pruned)
}

/// The observed trials.
#[derive(Debug)]
pub(super) struct Ranking {
    /// Of the only objective.
    direction: Option<Direction>,
    /// Of several objectives: the feasible complete trials, before all others.
    fronts: Option<FrontRanking>,
    /// The best first.
    ranks: Vec<Rank>,
    /// The best tenth, by number.
    good: Vec<Place>,
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
    /// Of several objectives there is no `direction`, and reports are not looked at.
    fn of(trial: &FrozenTrial, direction: Option<Direction>, at: usize) -> Self {
        let violation = trial.violation();
        let (class, progress, loss) = if violation > 0.0 {
            (2, 0, violation)
        } else if trial.state == TrialState::Complete {
            let value = direction.zip(trial.value());
            let loss = value.map(|(direction, value)| direction.to_loss(value));
            (0, 0, loss.unwrap_or(f64::INFINITY))
        } else {
            let last = direction.zip(trial.intermediate_values.last_key_value());
            let score = last.map(|(direction, (step, value))| {
                (step.saturating_neg(), direction.to_loss(*value))
            });
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
    pub(super) fn new(directions: &[Direction]) -> Self {
        let direction = match directions {
            [only] => Some(*only),
            _ => None,
        };
        Self {
            direction,
            fronts: (directions.len() > 1).then(|| FrontRanking::new(directions)),
            ranks: Vec::new(),
            good: Vec::new(),
        }
    }

    /// Takes up trials that stand from `first` on among the finished ones.
    pub(super) fn extend(&mut self, trials: &[Arc<FrozenTrial>], first: usize) {
        if trials.is_empty() {
            return;
        }
        let direction = self.direction;
        let numbered = trials.iter().zip(first..);
        let observed = numbered.filter(|(trial, _)| is_observed(trial));
        let mut ranks: Vec<Rank> = observed
            .map(|(trial, at)| Rank::of(trial, direction, at))
            .collect();
        if let Some(fronts) = &mut self.fronts {
            let (complete, others): (Vec<Rank>, Vec<Rank>) =
                ranks.into_iter().partition(|rank| rank.class == 0);
            ranks = others;
            fronts.extend(complete.iter().map(|rank| {
                let values = trials[rank.at - first].values.as_slice();
                ((rank.number, rank.at), values)
            }));
        }
        self.insert(ranks);
        let n_good = self.n_good();
        self.good = self.best(n_good);
    }

    fn insert(&mut self, ranks: Vec<Rank>) {
        if ranks.len() > 8 {
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
        self.ranks.len() + self.fronts.as_ref().map_or(0, FrontRanking::len)
    }

    /// How many of them are good.
    fn n_good(&self) -> usize {
        let tenth = (0.1 * self.len() as f64).ceil() as usize;
        match self.fronts {
            Some(_) => tenth,
            None => tenth.min(MOST_GOOD),
        }
    }

    fn best(&mut self, count: usize) -> Vec<Place> {
        let of_fronts = self.fronts.as_mut().map(|fronts| fronts.best(count));
        let mut best = of_fronts.unwrap_or_default();
        let n_free = count - best.len();
        let others = self.ranks.iter().take(n_free);
        best.extend(others.map(|rank| (rank.number, rank.at)));
        best.sort_unstable();
        best
    }

    /// The good trials, by number.
    pub(super) fn good(&self) -> &[Place] {
        &self.good
    }
}
