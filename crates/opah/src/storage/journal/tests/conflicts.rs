//! Two who write at once: the first record counts.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::distribution::{Distribution, FloatDistribution, IntDistribution};
use crate::error::Result;
use crate::frozen_trial::{Direction, Param, StudyId, TrialId, TrialState};
use crate::json::Json;
use crate::storage::journal::log::{Durability, Log};
use crate::storage::journal::record::Operation;
use crate::storage::journal::{JournalStorage, write};
use crate::storage::{Cursor, Outcome, Storage, TrialStart, TrialUpdate};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// A log in memory, and what a rival appends to it just before the next record.
#[derive(Debug, Clone, Default)]
struct ContestedLog {
    records: Arc<Mutex<Vec<String>>>,
    rivals: Arc<Mutex<Vec<String>>>,
}

impl ContestedLog {
    fn rival_is_faster(&self, operation: &Operation) {
        let record = write::record(operation, "rival");
        self.rivals.lock().unwrap().push(record);
    }
}

impl Log for ContestedLog {
    fn append(&mut self, records: &[String], _: Durability) -> Result<()> {
        let mut all = self.records.lock().unwrap();
        all.append(&mut self.rivals.lock().unwrap());
        all.extend(records.iter().cloned());
        Ok(())
    }

    fn read(&mut self, position: &mut u64, show: &mut dyn FnMut(&str)) -> Result<()> {
        let all = self.records.lock().unwrap();
        for record in &all[*position as usize..] {
            show(record);
            *position += 1;
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    fn describe(&self) -> String {
        "contested".to_owned()
    }
}

fn contested() -> (ContestedLog, JournalStorage, StudyId) {
    let log = ContestedLog::default();
    let storage = JournalStorage::of(Box::new(log.clone())).unwrap();
    let study = storage.create_study("s", &[Direction::Minimize]).unwrap();
    (log, storage, study)
}

fn set_state(trial: TrialId, state: TrialState, values: Option<Vec<f64>>) -> Operation {
    Operation::SetState {
        trial,
        state,
        values,
        time: Some(NOW),
        forgets: false,
    }
}

#[test]
fn a_waiting_trial_is_the_first_claimants() {
    let (log, storage, study) = contested();
    let waiting = TrialStart::waiting(TrialUpdate::default());
    let trials = [(); 2].map(|()| storage.create_trial(study, &waiting).unwrap());
    log.rival_is_faster(&set_state(trials[0].id, TrialState::Running, None));
    let claimed = storage.claim_waiting(study, NOW).unwrap().unwrap();
    assert_eq!(claimed.number, 1);
    assert!(storage.claim_waiting(study, NOW).unwrap().is_none());
}

#[test]
fn a_trial_has_the_first_result() {
    let (log, storage, study) = contested();
    let trial = storage
        .create_trial(study, &TrialStart::running(NOW))
        .unwrap();
    log.rival_is_faster(&set_state(trial.id, TrialState::Complete, Some(vec![1.0])));
    let update = TrialUpdate {
        user_attrs: vec![("late".to_owned(), Json::new("x"))],
        ..TrialUpdate::default()
    };
    let told = storage.finish_trial(trial.id, &update, &Outcome::Complete(vec![2.0]), NOW);
    let error = told.unwrap_err().to_string();
    assert!(error.starts_with("trial 0 is COMPLETE; "), "{error}");
    let trial = storage.trial(study, 0).unwrap();
    assert_eq!(trial.values, [1.0]);
    assert!(trial.user_attrs.is_empty());
}

#[test]
fn a_name_is_the_first_studys() {
    let (log, storage, _) = contested();
    log.rival_is_faster(&Operation::CreateStudy {
        name: "t".to_owned(),
        directions: vec![Direction::Maximize],
    });
    let error = storage
        .create_study("t", &[Direction::Minimize])
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a study named `t` exists already")
    );
    assert_eq!(storage.studies().unwrap().len(), 2);
}

#[test]
fn a_parameter_has_the_first_distribution() {
    let (log, storage, study) = contested();
    let trials = [(); 2].map(|()| {
        let start = TrialStart::running(NOW);
        storage.create_trial(study, &start).unwrap().id
    });
    let param = |distribution: Distribution| Param {
        name: "x".into(),
        value: 1.0,
        distribution: distribution.into(),
    };
    let int = IntDistribution::new(0, 3, false, 1).unwrap();
    log.rival_is_faster(&Operation::SetParam {
        trial: trials[0],
        param: param(Distribution::Int(int)),
    });
    let float = FloatDistribution::new(0.0, 1.0, false, None).unwrap();
    let update = TrialUpdate {
        params: vec![param(Distribution::Float(float))],
        ..TrialUpdate::default()
    };
    // The second time it is known before anything is written.
    for _ in 0..2 {
        let error = storage.update_trial(trials[1], &update).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("parameter `x` was int(0, 3) before")
        );
    }
    assert!(storage.trial(study, 1).unwrap().params.is_empty());
}

#[test]
fn four_threads_number_their_trials_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.log");
    let study = {
        let storage = JournalStorage::open(&path).unwrap();
        storage.create_study("s", &[Direction::Minimize]).unwrap()
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let storage = JournalStorage::open(&path).unwrap();
                for _ in 0..20 {
                    let start = TrialStart::running(NOW);
                    let trial = storage.create_trial(study, &start).unwrap();
                    let value = trial.number as f64;
                    let outcome = Outcome::Complete(vec![value]);
                    let told =
                        storage.finish_trial(trial.id, &TrialUpdate::default(), &outcome, NOW);
                    told.unwrap();
                }
            });
        }
    });
    let storage = JournalStorage::open(&path).unwrap();
    let trials = storage.changes(study, &Cursor::default()).unwrap();
    let values: Vec<f64> = trials.iter().map(|trial| trial.values[0]).collect();
    assert_eq!(values, (0..80).map(f64::from).collect::<Vec<_>>());
    // A record each for the study and for every ask and tell.
    let journal = std::fs::read_to_string(&path).unwrap();
    assert_eq!(journal.lines().count(), 1 + 2 * 80);
}
