//! What algorithms compute from finished trials: grown by each new one, not computed
//! anew at every question.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use crate::frozen_trial::FrozenTrial;

/// Something that is computed from finished trials, one after the other.
///
/// The order in which trials are seen to finish differs between processes, so the
/// result must not depend on it: keep sums, sets and sorted lists.
pub trait Derived: Default + Send + 'static {
    /// Takes in one more finished trial.
    fn add(&mut self, trial: &FrozenTrial);
}

/// One value of each [`Derived`] type that was asked for, shared by all clones of a
/// history.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memo(Arc<Mutex<Vec<Kept>>>);

/// A [`Derived`] value, and what it was computed from.
#[derive(Debug)]
struct Kept {
    value: Box<dyn Any + Send>,
    n_seen: usize,
    last_seen: Option<Arc<FrozenTrial>>,
}

impl Memo {
    /// Shows `read` the `D` of exactly the trials in `finished`, a list that only grows.
    /// `read` must not ask for another one.
    pub(crate) fn read<D: Derived, T>(
        &self,
        finished: &[Arc<FrozenTrial>],
        read: impl FnOnce(&D) -> T,
    ) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().position(|kept| kept.value.is::<D>());
        let at = known.unwrap_or_else(|| {
            all.push(Kept::of::<D>());
            all.len() - 1
        });
        let kept = &mut all[at];
        let computed_from_these = match &kept.last_seen {
            None => true,
            Some(last) => finished
                .get(kept.n_seen - 1)
                .is_some_and(|trial| Arc::ptr_eq(trial, last)),
        };
        if let Some(value) = kept.value.downcast_mut::<D>()
            && computed_from_these
        {
            for trial in &finished[kept.n_seen..] {
                value.add(trial);
            }
            kept.n_seen = finished.len();
            kept.last_seen = finished.last().cloned();
            return read(value);
        }
        drop(all);
        // An older clone than the one that was asked last, or one with another future.
        let mut value = D::default();
        for trial in finished {
            value.add(trial);
        }
        read(&value)
    }
}

impl Kept {
    fn of<D: Derived>() -> Self {
        Self {
            value: Box::<D>::default(),
            n_seen: 0,
            last_seen: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction;
    use crate::study::Study;

    /// Sums numbers, and counts how often it was called.
    #[derive(Default)]
    struct Sum {
        sum: u64,
        n_calls: usize,
    }

    impl Derived for Sum {
        fn add(&mut self, trial: &FrozenTrial) {
            self.sum += trial.number;
            self.n_calls += 1;
        }
    }

    #[test]
    fn each_trial_is_taken_in_once_and_old_clones_stay_as_they_were() {
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        let mut old = study.history().unwrap();
        for number in 1..=4 {
            let mut trial = study.ask().unwrap();
            study.tell(&mut trial, &[0.0]).unwrap();
            let history = study.history().unwrap();
            assert_eq!(history.derived(|sum: &Sum| sum.n_calls), number);
            if number == 2 {
                old = history;
            }
        }
        assert_eq!(study.history().unwrap().derived(|sum: &Sum| sum.sum), 6);
        assert_eq!(old.derived(|sum: &Sum| (sum.sum, sum.n_calls)), (1, 2));
    }
}
