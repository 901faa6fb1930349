//! A study as it was when a trial began.

use std::sync::Arc;

use crate::frozen_trial::{FrozenTrial, Timestamp, TrialState};
use crate::history::History;

/// The other trials as they were when `trial` began: those that had finished, and those that
/// ran, which have all parameters that they drew in the end. Of two times of which one is
/// missing, or which are equal, the trial with the smaller number comes first.
pub(super) fn history_before(trials: &[Arc<FrozenTrial>], trial: &FrozenTrial) -> History {
    let others = trials.iter().filter(|other| other.number != trial.number);
    History::of(others.filter_map(|other| as_it_was(other, trial)))
}

/// The other trial when `trial` began; `None` if it had not begun.
fn as_it_was(other: &FrozenTrial, trial: &FrozenTrial) -> Option<FrozenTrial> {
    let is_before = |time: Option<Timestamp>| match (time, trial.datetime_start) {
        (Some(time), Some(start)) if time != start => time < start,
        _ => other.number < trial.number,
    };
    if other.state == TrialState::Waiting || !is_before(other.datetime_start) {
        return None;
    }
    let mut then = other.clone();
    if !(other.state.is_finished() && is_before(other.datetime_complete)) {
        then.state = TrialState::Running;
        then.values.clear();
        then.intermediate_values.clear();
        then.datetime_complete = None;
    }
    Some(then)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction;
    use crate::study::Study;

    /// A complete trial, or one that runs, from and to these seconds.
    fn trial(number: u64, start: Option<i64>, end: Option<i64>) -> FrozenTrial {
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        let mut trial = study.ask().unwrap();
        trial.suggest_float("x", 0.0..=1.0).unwrap();
        let mut frozen = trial.frozen().clone();
        let time = |second: i64| Timestamp::from_second(second).unwrap();
        frozen.number = number;
        frozen.datetime_start = start.map(time);
        frozen.datetime_complete = end.map(time);
        if end.is_some() {
            frozen.state = TrialState::Complete;
            frozen.values = vec![1.0];
        }
        frozen
    }

    fn numbers<'a>(trials: impl Iterator<Item = &'a Arc<FrozenTrial>>) -> Vec<u64> {
        trials.map(|trial| trial.number).collect()
    }

    #[test]
    fn trials_are_as_they_were() {
        let trials = [
            trial(0, Some(1), Some(5)),
            trial(1, Some(2), Some(20)),
            trial(2, Some(3), None),
            // Times without parts of seconds: it ended when the one in question began.
            trial(3, Some(4), Some(10)),
            trial(4, Some(10), None),
            trial(5, Some(10), Some(10)),
            trial(6, Some(11), Some(12)),
            // It waited before, for the number is small.
            trial(7, Some(6), Some(7)),
        ]
        .map(Arc::new);
        let then = history_before(&trials, &trials[4]);
        assert_eq!(numbers(then.finished().iter()), [0, 3, 7]);
        assert_eq!(numbers(then.running()), [1, 2]);
        let ran = then.get(1).unwrap();
        assert!(ran.values.is_empty() && ran.params.len() == 1);
    }

    #[test]
    fn without_times_numbers_count() {
        let trials = [
            trial(0, None, Some(5)),
            trial(1, None, None),
            trial(2, None, None),
        ]
        .map(Arc::new);
        let then = history_before(&trials, &trials[1]);
        assert_eq!((then.finished().len(), then.len()), (1, 1));
    }
}
