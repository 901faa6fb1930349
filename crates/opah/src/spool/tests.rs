//! A storage that goes away when it is told to.

use std::sync::Mutex;

use super::*;
use crate::frozen_trial::{Direction, FrozenStudy, StudyId, TrialId};
use crate::storage::{AttrKind, Cursor, MemoryStorage, Storage, TrialUpdate};
use crate::trial::Trial;

/// What happens to those who want to finish a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Weather {
    Fair,
    /// Nothing is done.
    Gone,
    /// It is done, but the answer is lost.
    AnswerLost,
}

#[derive(Debug)]
struct Flaky {
    inner: MemoryStorage,
    weather: Mutex<Weather>,
}

impl Flaky {
    fn set(&self, weather: Weather) {
        *self.weather.lock().unwrap() = weather;
    }

    fn lost() -> Error {
        Error::Storage {
            store: "flaky:".to_owned(),
            problem: "the server can't be reached".to_owned(),
            source: None,
        }
    }
}

impl Storage for Flaky {
    fn create_study(&self, name: &str, directions: &[Direction]) -> Result<StudyId> {
        self.inner.create_study(name, directions)
    }

    fn delete_study(&self, study: StudyId) -> Result<()> {
        self.inner.delete_study(study)
    }

    fn studies(&self) -> Result<Vec<FrozenStudy>> {
        self.inner.studies()
    }

    fn set_study_attr(
        &self,
        study: StudyId,
        kind: AttrKind,
        key: &str,
        value: &Json,
    ) -> Result<()> {
        self.inner.set_study_attr(study, kind, key, value)
    }

    fn create_trial(&self, study: StudyId, start: &TrialStart) -> Result<FrozenTrial> {
        self.inner.create_trial(study, start)
    }

    fn claim_waiting(&self, study: StudyId, now: Timestamp) -> Result<Option<FrozenTrial>> {
        self.inner.claim_waiting(study, now)
    }

    fn update_trial(&self, trial: TrialId, update: &TrialUpdate) -> Result<()> {
        self.inner.update_trial(trial, update)
    }

    fn finish_trial(
        &self,
        trial: TrialId,
        update: &TrialUpdate,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<()> {
        let weather = *self.weather.lock().unwrap();
        if weather == Weather::Gone {
            return Err(Self::lost());
        }
        self.inner.finish_trial(trial, update, outcome, now)?;
        match weather {
            Weather::AnswerLost => Err(Self::lost()),
            Weather::Fair | Weather::Gone => Ok(()),
        }
    }

    fn release_trial(
        &self,
        trial: TrialId,
        since: Option<Timestamp>,
        update: &TrialUpdate,
    ) -> Result<()> {
        self.inner.release_trial(trial, since, update)
    }

    fn changes(&self, study: StudyId, cursor: &Cursor) -> Result<Vec<Arc<FrozenTrial>>> {
        self.inner.changes(study, cursor)
    }

    fn describe(&self) -> String {
        "flaky:".to_owned()
    }
}

struct Desk {
    storage: Arc<Flaky>,
    folder: tempfile::TempDir,
    study: Study,
}

fn desk() -> Desk {
    let storage = Arc::new(Flaky {
        inner: MemoryStorage::default(),
        weather: Mutex::new(Weather::Fair),
    });
    let folder = tempfile::tempdir().unwrap();
    let study = Study::create(storage.clone(), "s", &[Direction::Minimize]).unwrap();
    let study = study.with_spool(folder.path().join("spool"));
    Desk {
        storage,
        folder,
        study,
    }
}

impl Desk {
    fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("spool")) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    /// A trial whose result is kept.
    fn kept(&self, value: f64) -> Trial {
        let mut trial = self.study.ask().unwrap();
        trial.suggest_float("x", 0.0..=1.0).unwrap();
        trial.set_user_attr("k", &Json::new("v"));
        self.storage.set(Weather::Gone);
        let error = self.study.tell(&mut trial, &[value]).unwrap_err();
        self.storage.set(Weather::Fair);
        let told = error.to_string();
        let expected = format!(
            "flaky:: the server can't be reached; the result of trial {} is kept in ",
            trial.number()
        );
        assert!(told.starts_with(&expected), "{told}");
        trial
    }

    fn fates(&self) -> Vec<Fate> {
        let delivered = self.study.deliver_spooled().unwrap();
        delivered.into_iter().map(|one| one.fate).collect()
    }
}

#[test]
fn a_result_waits_for_the_storage_and_is_told_whole() {
    let desk = desk();
    let trial = desk.kept(0.1 + 0.2);
    assert_eq!(
        desk.study.frozen_trial(0).unwrap().state,
        TrialState::Running
    );
    assert_eq!(desk.files().len(), 1);
    // Another process finds it there.
    let storage: Arc<dyn Storage> = desk.storage.clone();
    let study = Study::load(storage, "s").unwrap();
    let study = study.with_spool(desk.folder.path().join("spool"));
    let delivered = study.deliver_spooled().unwrap();
    assert_eq!(delivered[0].number, Some(0));
    assert_eq!(
        delivered[0].to_string(),
        "the kept result of trial 0 is told now"
    );
    let told = study.frozen_trial(0).unwrap();
    assert_eq!(
        (told.state, &told.values[..]),
        (TrialState::Complete, &[0.1 + 0.2][..])
    );
    assert_eq!(told.params, trial.frozen().params);
    assert_eq!(told.user_attrs["k"].as_str(), "\"v\"");
    assert!(desk.files().is_empty());
    assert!(study.deliver_spooled().unwrap().is_empty());
}

#[test]
fn the_next_result_brings_the_kept_ones_along() {
    let desk = desk();
    desk.kept(1.0);
    desk.kept(2.0);
    let mut trial = desk.study.ask().unwrap();
    desk.study.tell(&mut trial, &[3.0]).unwrap();
    let trials = desk.study.trials().unwrap();
    let values: Vec<_> = trials.iter().map(|trial| trial.value()).collect();
    assert_eq!(values, [Some(1.0), Some(2.0), Some(3.0)]);
    assert!(desk.files().is_empty());
}

#[test]
fn a_result_whose_answer_was_lost_is_told() {
    let desk = desk();
    let mut trial = desk.study.ask().unwrap();
    desk.storage.set(Weather::AnswerLost);
    let told = desk.study.tell(&mut trial, &[f64::INFINITY]).unwrap();
    assert_eq!(told.values, [f64::INFINITY]);
    assert!(desk.files().is_empty());
}

#[test]
fn what_was_told_in_the_meantime_counts() {
    let desk = desk();
    let mut trial = desk.kept(1.0);
    desk.study.tell(&mut trial, &[1.0]).unwrap();
    // Told with the next success: nothing is left to be done.
    assert!(desk.files().is_empty());

    let kept = desk.kept(2.0);
    desk.study.release(kept.frozen(), &[]).unwrap();
    let waits = Fate::Kept("the trial waits to be run again".to_owned());
    assert_eq!(desk.fates(), [waits]);
    assert_eq!(desk.files().len(), 1);
    let mut again = desk.study.ask().unwrap();
    desk.study.tell(&mut again, &[5.0]).unwrap();
    let late = "the trial is COMPLETE with the values [5.0], and [2.0] came too late";
    assert!(
        again.warnings()[0].ends_with(late),
        "{:?}",
        again.warnings()
    );
    assert!(desk.files()[0].ends_with(".refused"));
    assert!(desk.fates().is_empty());
}

#[test]
fn what_is_no_result_of_this_study_is_left_alone() {
    let desk = desk();
    desk.kept(1.0);
    let other = Study::create(desk.storage.clone(), "t", &[Direction::Minimize]).unwrap();
    let folder = desk.folder.path().join("spool");
    let other = other.with_spool(&folder);
    assert!(other.deliver_spooled().unwrap().is_empty());
    fs::write(
        folder.join("trial-9.json"),
        "\"s\"\n{\"record\":\"trial\"}\n",
    )
    .unwrap();
    let missing = "missing field `number`";
    assert_eq!(
        desk.fates(),
        [Fate::Refused(missing.to_owned()), Fate::Told]
    );
}
