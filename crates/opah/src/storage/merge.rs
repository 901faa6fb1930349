//! The trials of one study added to another.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Cursor, Snapshot, Storage, TrialStart};
use crate::distribution::Distribution;
use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenTrial, TrialState};
use crate::search_space::SearchSpace;
use crate::withdrawal::CORRECTS_ATTR;

/// What became of the trials of a study that was merged into another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Merged {
    /// Added, with new numbers.
    pub n_added: usize,
    /// There already.
    pub n_known: usize,
    /// Left out because they have not finished.
    pub n_unfinished: usize,
    /// Left out because they are withdrawn.
    pub n_withdrawn: usize,
}

/// Two trials of which this is the same are one trial: its state, parameters and values to the
/// bit, and times, to the microsecond or, where no more is kept, to the
/// second.
type Identity = (
    TrialState,
    Vec<(Arc<str>, u64)>,
    Vec<u64>,
    Option<i64>,
    Option<i64>,
);

impl Snapshot {
    /// Adds the finished trials to the study of the same name in another storage, but for those
    /// that are there already or are withdrawn here; to do it again adds nothing. Attributes of
    /// the study stay as they are there. `observe` is called after each trial of this study and
    /// may stop it; what was added until then stays.
    ///
    /// Before anything is added, [`Error::NotAvailable`] if the directions differ, and
    /// [`Error::IncompatibleDistribution`] if a parameter is of another kind there.
    ///
    /// Attributes of trials in which samplers name other trials by number are not translated,
    /// but opah's note of the trial that is corrected is left out.
    pub fn merge_into(
        &self,
        to: &dyn Storage,
        observe: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Merged> {
        let name = &self.study.name;
        let there = to.study(name)?;
        if there.directions != self.study.directions {
            return Err(Error::NotAvailable(format!(
                "study `{name}` has the directions {} in {}, and {} in the study to be merged",
                listed(&there.directions),
                to.describe(),
                listed(&self.study.directions)
            )));
        }
        let known = to.changes(there.id, &Cursor::default())?;
        check_distributions(known.iter().chain(&self.trials))?;
        // Some databases keep no fractions of a second.
        let times = known
            .iter()
            .flat_map(|trial| [trial.datetime_start, trial.datetime_complete]);
        let by_second = times.flatten().all(|time| time.subsec_nanosecond() == 0);
        let identity = |trial: &FrozenTrial| identity(trial, by_second);
        let known: BTreeSet<Identity> = known.iter().map(|trial| identity(trial)).collect();
        let withdrawn = self.study.withdrawn();
        let mut merged = Merged::default();
        for trial in &self.trials {
            if !trial.state.is_finished() {
                merged.n_unfinished += 1;
            } else if withdrawn.contains_key(&trial.number) {
                merged.n_withdrawn += 1;
            } else if known.contains(&identity(trial)) {
                merged.n_known += 1;
            } else {
                let mut start = TrialStart::from(trial.as_ref());
                let attrs = &mut start.update.system_attrs;
                attrs.retain(|(key, _)| key != CORRECTS_ATTR);
                to.create_trial(there.id, &start)?;
                merged.n_added += 1;
            }
            if observe().is_break() {
                return Err(Error::NotAvailable(format!(
                    "the merge of study `{name}` was stopped after {} trial(s) were added; to do it again adds the others",
                    merged.n_added
                )));
            }
        }
        Ok(merged)
    }
}

fn listed(directions: &[Direction]) -> String {
    let names: Vec<String> = directions.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// Each parameter against what it was in the trials before; of choices, the longest list.
fn check_distributions<'a>(trials: impl Iterator<Item = &'a Arc<FrozenTrial>>) -> Result<()> {
    let mut known = SearchSpace::empty();
    for param in trials.flat_map(|trial| &trial.params) {
        let before: Option<&Distribution> = known.get(&param.name).map(|known| &**known);
        if let Some(before) = before
            && !before.is_compatible(&param.distribution)
        {
            return Err(Error::IncompatibleDistribution {
                name: param.name.to_string(),
                before: before.to_string(),
                now: param.distribution.to_string(),
            });
        }
        if before.is_none_or(|before| param.distribution.has_grown(before)) {
            known.insert(param.name.clone(), param.distribution.clone());
        }
    }
    Ok(())
}

fn identity(trial: &FrozenTrial, by_second: bool) -> Identity {
    let time = |time: Timestamp| {
        if by_second {
            time.as_second()
        } else {
            time.as_microsecond()
        }
    };
    // SQLite has no negative zero.
    let bits = |value: f64| (value + 0.0).to_bits();
    let params = trial.params.iter();
    let values = trial.values.iter();
    (
        trial.state,
        params
            .map(|param| (param.name.clone(), bits(param.value)))
            .collect(),
        values.map(|value| bits(*value)).collect(),
        trial.datetime_start.map(time),
        trial.datetime_complete.map(time),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Study;
    use crate::storage::MemoryStorage;

    fn go_on() -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn study(direction: Direction) -> Study {
        let storage = Arc::new(MemoryStorage::default());
        Study::create(storage, "s", &[direction]).unwrap()
    }

    fn run(study: &Study, high: f64, log: bool, value: f64) {
        let mut trial = study.ask().unwrap();
        if log {
            trial.suggest_float_log("x", 0.1..=high).unwrap();
        } else {
            trial.suggest_float("x", 0.1..=high).unwrap();
        }
        study.tell(&mut trial, &[value]).unwrap();
    }

    fn merge(from: &Study, to: &Study) -> Result<Merged> {
        let snapshot = Snapshot::read(from.storage().as_ref(), "s")?;
        snapshot.merge_into(to.storage().as_ref(), &mut go_on)
    }

    #[test]
    fn a_merge_adds_what_is_new_once() {
        let (here, there) = (study(Direction::Minimize), study(Direction::Minimize));
        run(&there, 1.0, false, 9.0);
        for value in [1.0, 2.0, 3.0] {
            run(&here, 2.0, false, value);
        }
        here.correct(0, &[-1.0], "the sign").unwrap();
        here.ask().unwrap();
        let expected = Merged {
            n_added: 3,
            n_known: 0,
            n_unfinished: 1,
            n_withdrawn: 1,
        };
        assert_eq!(merge(&here, &there).unwrap(), expected);
        let again = Merged {
            n_added: 0,
            n_known: 3,
            ..expected
        };
        assert_eq!(merge(&here, &there).unwrap(), again);
        let trials = there.trials().unwrap();
        let values: Vec<Option<f64>> = trials.iter().map(|trial| trial.value()).collect();
        assert_eq!(values, [Some(9.0), Some(2.0), Some(3.0), Some(-1.0)]);
        assert!(!trials[3].system_attrs.contains_key(CORRECTS_ATTR));
        // What is withdrawn after the merge does not come back with the next.
        there.withdraw(3, "").unwrap();
        assert_eq!(merge(&here, &there).unwrap(), again);
        assert_eq!(there.trials().unwrap().len(), 3);
    }

    #[test]
    fn what_does_not_fit_adds_nothing() {
        let (here, there) = (study(Direction::Minimize), study(Direction::Minimize));
        run(&here, 1.0, false, 1.0);
        run(&there, 1.0, true, 1.0);
        let error = merge(&here, &there).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "parameter `x` was float(0.1, 1.0, log) before and is float(0.1, 1.0) now"
            ),
            "{error}"
        );
        assert_eq!(
            merge(&here, &study(Direction::Maximize))
                .unwrap_err()
                .to_string(),
            "study `s` has the directions maximize in memory:, and minimize in the study to be merged"
        );
        assert_eq!(there.trials().unwrap().len(), 1);
    }

    #[test]
    fn choices_that_were_added_at_the_end_fit() {
        let (here, there) = (study(Direction::Minimize), study(Direction::Minimize));
        for (study, choices) in [
            (&here, ["a", "b", "c"].as_slice()),
            (&there, ["a", "b"].as_slice()),
        ] {
            let mut trial = study.ask().unwrap();
            trial.suggest_categorical("c", choices).unwrap();
            study.tell(&mut trial, &[0.0]).unwrap();
        }
        assert_eq!(merge(&here, &there).unwrap().n_added, 1);
        assert_eq!(merge(&there, &here).unwrap().n_added, 1);
    }
}
