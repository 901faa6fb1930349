//! A study with all its trials, taken from one storage and put into another.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;

use super::{AttrKind, Cursor, Storage, TrialStart};
use crate::error::{Error, Result};
use crate::frozen_trial::{
    Attrs, FAILURE_ATTR, FrozenStudy, FrozenTrial, Params, StudyId, TrialId, TrialState,
};
use crate::json::Json;

/// So many numbers in a row may be missing; more are a mistake of the storage's.
const MOST_MISSING: u64 = 100_000;

/// A study and its trials as they were at one moment: copied, [dumped](super::dump), or
/// [merged](Self::merge_into) into another one.
///
/// Trials are numbered 0, 1, 2, …: in place of one that can't be read stands a failed one that
/// says so, so that the others keep their numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub(super) study: FrozenStudy,
    pub(super) trials: Vec<Arc<FrozenTrial>>,
    n_unreadable: usize,
}

impl Snapshot {
    /// The study of this name as it is now; [`Error::UnknownStudy`] if there is none.
    pub fn read(storage: &dyn Storage, name: &str) -> Result<Self> {
        let mut snapshot = Self::of(storage.study(name)?);
        let mut trials = storage.changes(snapshot.study.id, &Cursor::default())?;
        trials.sort_by_key(|trial| trial.number);
        for trial in trials {
            let next = snapshot.trials.len() as u64;
            if trial.number.saturating_sub(next) > MOST_MISSING {
                return Err(Error::Storage {
                    store: storage.describe(),
                    problem: format!(
                        "study `{name}` has no trial between number {next} and {}; the numbers are damaged, restore them from a backup",
                        trial.number
                    ),
                    source: None,
                });
            }
            for number in next..trial.number {
                let missing = Arc::new(unreadable(number, snapshot.trials.last()));
                snapshot.trials.push(missing);
                snapshot.n_unreadable += 1;
            }
            if trial.number < next {
                snapshot.n_unreadable += 1;
            } else {
                snapshot.trials.push(trial);
            }
        }
        Ok(snapshot)
    }

    /// A study without trials.
    pub(super) fn of(study: FrozenStudy) -> Self {
        Self {
            study,
            trials: Vec::new(),
            n_unreadable: 0,
        }
    }

    /// The study; its id is of the storage that it was read from.
    pub fn study(&self) -> &FrozenStudy {
        &self.study
    }

    /// All trials, by number; ids are of the storage that they were read from.
    pub fn trials(&self) -> &[Arc<FrozenTrial>] {
        &self.trials
    }

    /// How many trials could not be read.
    pub fn n_unreadable(&self) -> usize {
        self.n_unreadable
    }

    /// Makes the study in another storage: with its attributes, and its trials with their
    /// numbers, states and times; running ones run there too, though perhaps for nobody.
    /// `observe` is called after each trial and may stop it.
    ///
    /// [`Error::DuplicateStudy`] if the name is taken. If it fails or is stopped, what is there
    /// of the study is deleted again.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use opah::storage::{MemoryStorage, Snapshot, Storage};
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let mut trial = study.ask()?;
    /// study.tell(&mut trial, &[0.1 + 0.2])?;
    /// let other = MemoryStorage::default();
    /// let snapshot = Snapshot::read(study.storage().as_ref(), "s")?;
    /// snapshot.write_to(&other, &mut || ControlFlow::Continue(()))?;
    /// let copy = other.study("s")?;
    /// assert_eq!(other.trial(copy.id, 0)?.value(), Some(0.1 + 0.2));
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn write_to(
        &self,
        to: &dyn Storage,
        observe: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<()> {
        let id = to.create_study(&self.study.name, &self.study.directions)?;
        let mut n_written = 0;
        let filled = self.fill(to, id, observe, &mut n_written);
        filled.map_err(|error| self.take_back(to, id, n_written, error))
    }

    fn fill(
        &self,
        to: &dyn Storage,
        id: StudyId,
        observe: &mut dyn FnMut() -> ControlFlow<()>,
        n_written: &mut usize,
    ) -> Result<()> {
        let name = &self.study.name;
        for trial in &self.trials {
            let made = to.create_trial(id, &TrialStart::from(trial.as_ref()))?;
            *n_written += 1;
            if made.number != trial.number {
                return Err(Error::NotAvailable(format!(
                    "another program adds trials to study `{name}` in {}; stop it first",
                    to.describe()
                )));
            }
            if observe().is_break() {
                let stopped = format!("the copy of study `{name}` was stopped");
                return Err(Error::NotAvailable(stopped));
            }
        }
        // These are the last, because they are flushed to the disk, and the trials with them.
        for (kind, attrs) in [
            (AttrKind::User, &self.study.user_attrs),
            (AttrKind::System, &self.study.system_attrs),
        ] {
            for (key, value) in attrs {
                to.set_study_attr(id, kind, key, value)?;
            }
        }
        Ok(())
    }

    /// Deletes what is there of the study, which would be taken for the whole one; not if
    /// somebody else has added to it.
    fn take_back(&self, to: &dyn Storage, id: StudyId, n_written: usize, error: Error) -> Error {
        let there = to.changes(id, &Cursor::default());
        let is_ours = there.is_ok_and(|trials| trials.len() <= n_written);
        if is_ours && to.delete_study(id).is_ok() {
            return error;
        }
        Error::Storage {
            store: to.describe(),
            problem: format!(
                "a part of study `{}` is there, which was not copied to its end; delete it with `opah delete-study`, and copy it again",
                self.study.name
            ),
            source: Some(Box::new(error)),
        }
    }
}

/// What stands for a trial that can't be read.
fn unreadable(number: u64, before: Option<&Arc<FrozenTrial>>) -> FrozenTrial {
    let time = before.and_then(|trial| trial.datetime_start);
    let time = time.unwrap_or(Timestamp::UNIX_EPOCH);
    let reason = Json::new("the trial could not be read when its study was copied");
    FrozenTrial {
        id: TrialId(-1),
        number,
        state: TrialState::Fail,
        values: Vec::new(),
        params: Params::default(),
        intermediate_values: BTreeMap::new(),
        user_attrs: Attrs::new(),
        system_attrs: Attrs::from([(FAILURE_ATTR.to_owned(), reason)]),
        datetime_start: Some(time),
        datetime_complete: Some(time),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frozen_trial::Direction;
    use crate::storage::MemoryStorage;
    use crate::storage::contract::{comparable, journal, random_study, steps};

    fn go_on() -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn check_copy(other: &dyn Storage, memory: &MemoryStorage) {
        let study = Snapshot::read(memory, "s").unwrap();
        study.write_to(other, &mut go_on).unwrap();
        let copy = Snapshot::read(other, "s").unwrap();
        assert_eq!(comparable(copy.trials), comparable(study.trials.clone()));
        assert_eq!(copy.study.directions, study.study.directions);
        assert_eq!(copy.study.user_attrs, study.study.user_attrs);
        assert_eq!(copy.study.system_attrs, study.study.system_attrs);
        let again = study.write_to(other, &mut go_on).unwrap_err();
        assert!(matches!(again, Error::DuplicateStudy { .. }), "{again}");
        assert_eq!(other.studies().unwrap().len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[cfg(feature = "sqlite")]
        #[test]
        fn a_copy_in_sqlite_is_the_study(steps in steps()) {
            let folder = tempfile::tempdir().unwrap();
            let other = crate::storage::contract::sqlite(&folder.path().join("trial.db"));
            check_copy(other.as_ref(), &random_study(&steps));
        }

        #[test]
        fn a_copy_in_a_journal_is_the_study(steps in steps()) {
            let folder = tempfile::tempdir().unwrap();
            let other = journal(&folder.path().join("trial.log"));
            check_copy(other.as_ref(), &random_study(&steps));
        }
    }

    /// A storage with a study of three trials.
    fn three() -> MemoryStorage {
        let memory = MemoryStorage::default();
        let study = memory.create_study("s", &[Direction::Minimize]).unwrap();
        for second in 0..3 {
            let now = Timestamp::from_second(second).unwrap();
            let start = TrialStart::running(now);
            memory.create_trial(study, &start).unwrap();
        }
        memory
    }

    #[test]
    fn half_a_copy_is_deleted() {
        let study = Snapshot::read(&three(), "s").unwrap();
        let other = MemoryStorage::default();
        let mut n_left = 2;
        let stopped = study.write_to(&other, &mut || {
            n_left -= 1;
            if n_left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!(
            stopped.unwrap_err().to_string(),
            "the copy of study `s` was stopped"
        );
        assert!(other.studies().unwrap().is_empty());
    }

    #[test]
    fn trials_of_somebody_else_are_not_deleted() {
        let study = Snapshot::read(&three(), "s").unwrap();
        let other = MemoryStorage::default();
        let intruded = study.write_to(&other, &mut || {
            let id = other.study("s").unwrap().id;
            let start = TrialStart::running(Timestamp::UNIX_EPOCH);
            other.create_trial(id, &start).unwrap();
            ControlFlow::Continue(())
        });
        let error = intruded.unwrap_err();
        assert!(error.to_string().contains("a part of study `s` is there"));
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("another program adds trials"), "{source}");
        assert_eq!(other.studies().unwrap().len(), 1);
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_trial_that_can_not_be_read_leaves_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.db");
        let damaged = crate::storage::contract::sqlite(&path);
        let study = Snapshot::read(&three(), "s").unwrap();
        study.write_to(damaged.as_ref(), &mut go_on).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        let damage = "UPDATE trials SET state = 'LOST' WHERE number = 1";
        assert_eq!(connection.execute(damage, []).unwrap(), 1);
        let read = Snapshot::read(damaged.as_ref(), "s").unwrap();
        assert_eq!(read.n_unreadable(), 1);
        assert_eq!(read.trials()[1].state, TrialState::Fail);
        let other = MemoryStorage::default();
        read.write_to(&other, &mut go_on).unwrap();
        let copy = Snapshot::read(&other, "s").unwrap();
        assert_eq!(copy.n_unreadable(), 0);
        for number in [0, 2] {
            assert_eq!(
                copy.trials()[number].datetime_start,
                study.trials()[number].datetime_start
            );
        }
    }
}
