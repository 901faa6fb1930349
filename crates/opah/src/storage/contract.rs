//! Random histories on which every storage must agree with the one in memory.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{
    AttrKind, Cursor, HEARTBEAT_ATTR, MemoryStorage, Outcome, Storage, TrialStart, TrialUpdate,
};
use crate::distribution::{Distribution, FloatDistribution};
use crate::frozen_trial::{
    Direction, FIXED_PARAMS_ATTR, FrozenTrial, Param, StudyId, TrialId, TrialState,
};
use crate::json::Json;

/// Microseconds since 1970: a time of which no digit may be lost.
pub(super) const NOW: i64 = 1_700_000_000_123_456;

#[derive(Debug, Clone)]
pub(super) enum Step {
    Create(TrialState),
    Claim,
    Update(usize, i64, f64),
    Finish(usize, u8, f64),
    Note(usize, String),
    Release(usize, i64, f64),
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let special = prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        any::<f64>()
    ];
    let finite_or_infinite = prop_oneof![Just(f64::INFINITY), -1e300..1e300];
    let step = prop_oneof![
        prop_oneof![Just(TrialState::Running), Just(TrialState::Waiting)].prop_map(Step::Create),
        Just(Step::Claim),
        (0..6_usize, 0..5_i64, special).prop_map(|(trial, step, value)| {
            // SQLite keeps whole numbers as integers, so that -0.0 comes back as 0.0.
            Step::Update(trial, step, value + 0.0)
        }),
        (0..6_usize, 0..5_i64, -1.0..1.0)
            .prop_map(|(trial, step, value)| Step::Release(trial, step, value)),
        (0..6_usize, 0..3_u8, finite_or_infinite)
            .prop_map(|(t, kind, value)| Step::Finish(t, kind, value)),
        // No server keeps the character NUL.
        (0..6_usize, "[^\\x00\\n]{0,8}").prop_map(|(trial, text)| Step::Note(trial, text)),
    ];
    proptest::collection::vec(step, 0..25)
}

/// What a step did, in words that are the same for all storages.
fn run(
    storage: &dyn Storage,
    study: StudyId,
    trials: &mut Vec<TrialId>,
    step: &Step,
    now: Timestamp,
) -> String {
    let result = match step {
        Step::Create(TrialState::Running) => storage
            .create_trial(study, &TrialStart::running(now))
            .map(|trial| {
                trials.push(trial.id);
                trial.number.to_string()
            }),
        Step::Create(_) => storage
            .create_trial(study, &TrialStart::waiting(TrialUpdate::default()))
            .map(|trial| {
                trials.push(trial.id);
                trial.number.to_string()
            }),
        Step::Claim => storage
            .claim_waiting(study, now)
            .map(|trial| format!("{:?}", trial.map(|t| t.number))),
        Step::Update(at, step, value) => on(trials, *at, |id| {
            let distribution =
                Distribution::Float(FloatDistribution::new(0.0, 1.0, false, None).unwrap());
            let param = Param {
                name: format!("p{step}").into(),
                value: 0.5,
                distribution: distribution.into(),
            };
            storage.update_trial(
                id,
                &TrialUpdate {
                    params: vec![param],
                    reports: vec![(*step, *value)],
                    ..TrialUpdate::default()
                },
            )
        }),
        Step::Finish(at, kind, value) => on(trials, *at, |id| {
            let outcome = match kind {
                0 => Outcome::Complete(vec![*value]),
                1 => Outcome::Pruned(None),
                _ => Outcome::Failed,
            };
            storage.finish_trial(id, &TrialUpdate::default(), &outcome, now)
        }),
        Step::Note(at, text) => on(trials, *at, |id| {
            let user_attrs = vec![(text.clone(), Json::new(text))];
            let system_attrs =
                ["state", FIXED_PARAMS_ATTR].map(|key| (key.to_owned(), Json::new(text)));
            storage.update_trial(
                id,
                &TrialUpdate {
                    user_attrs,
                    system_attrs: system_attrs.to_vec(),
                    ..TrialUpdate::default()
                },
            )
        }),
        Step::Release(at, step, value) => on(trials, *at, |id| {
            let reports = vec![(*step, *value)];
            storage.release_trial(
                id,
                None,
                &TrialUpdate {
                    reports,
                    ..TrialUpdate::default()
                },
            )
        }),
    };
    // Ids differ between storages; whether and why a step is refused does not.
    result.unwrap_or_else(|error| match error {
        crate::Error::WrongState { state, needed, .. } => format!("{state}: {needed}"),
        other => other.to_string(),
    })
}

fn on(
    trials: &[TrialId],
    at: usize,
    act: impl FnOnce(TrialId) -> crate::Result<()>,
) -> crate::Result<String> {
    match trials.get(at) {
        Some(id) => act(*id).map(|()| "done".to_owned()),
        None => Ok("no such trial".to_owned()),
    }
}

/// A storage in memory whose study `s` has attributes and this history.
pub(super) fn random_study(steps: &[Step]) -> MemoryStorage {
    let memory = MemoryStorage::default();
    let study = memory.create_study("s", &[Direction::Maximize]).unwrap();
    for (kind, key) in [(AttrKind::User, "k"), (AttrKind::System, "é")] {
        let value = Json::new(key);
        memory.set_study_attr(study, kind, key, &value).unwrap();
    }
    let mut trials = Vec::new();
    for step in steps {
        run(
            &memory,
            study,
            &mut trials,
            step,
            Timestamp::from_microsecond(NOW).unwrap(),
        );
    }
    memory
}

/// The trials without ids, NaN made comparable.
pub(super) fn comparable(trials: Vec<Arc<FrozenTrial>>) -> String {
    let without_ids = trials.into_iter().map(|trial| FrozenTrial {
        id: TrialId(0),
        ..Arc::unwrap_or_clone(trial)
    });
    format!("{:#?}", without_ids.collect::<Vec<_>>())
}

/// Both must answer and keep the same; `other` holds no study, before and after.
pub(super) fn check_agreement(other: &dyn Storage, steps: &[Step], now: Timestamp) {
    let memory = MemoryStorage::default();
    let studies = [&memory as &dyn Storage, other].map(|storage| {
        let study = storage.create_study("s", &[Direction::Minimize]).unwrap();
        storage
            .set_study_attr(study, AttrKind::User, "k", &Json::new("v"))
            .unwrap();
        study
    });
    let mut trials = [Vec::new(), Vec::new()];
    for step in steps {
        let [in_memory, in_other] = &mut trials;
        let expected = run(&memory, studies[0], in_memory, step, now);
        assert_eq!(
            run(other, studies[1], in_other, step, now),
            expected,
            "{step:?}"
        );
    }
    let all = |storage: &dyn Storage, study| {
        comparable(storage.changes(study, &Cursor::default()).unwrap())
    };
    assert_eq!(all(other, studies[1]), all(&memory, studies[0]));
    for (storage, study) in [&memory as &dyn Storage, other].into_iter().zip(studies) {
        for trial in storage.changes(study, &Cursor::default()).unwrap() {
            let alone = storage.trial(study, trial.number).unwrap();
            assert_eq!(format!("{alone:?}"), format!("{trial:?}"));
        }
        for number in [trials[0].len() as u64, u64::MAX] {
            let unknown = storage.trial(study, number).unwrap_err().to_string();
            let trial = number as i64;
            assert_eq!(unknown, format!("no trial {trial} in this study"));
        }
    }
    for (storage, study) in [&memory as &dyn Storage, other].into_iter().zip(studies) {
        assert!(storage.create_study("s", &[Direction::Minimize]).is_err());
        storage.delete_study(study).unwrap();
        assert!(storage.studies().unwrap().is_empty());
        let trial = storage.create_trial(study, &TrialStart::running(Timestamp::UNIX_EPOCH));
        let attr = storage.set_study_attr(study, AttrKind::User, "k", &Json::new("v"));
        let again = storage.delete_study(study);
        for refused in [trial.map(|_| ()), attr, again] {
            let error = refused.unwrap_err().to_string();
            assert_eq!(error, "the study was deleted");
        }
    }
}

#[cfg(feature = "sqlite")]
pub(super) fn sqlite(path: &Path) -> Box<dyn Storage> {
    Box::new(super::SqliteStorage::open(path).unwrap())
}

pub(super) fn journal(path: &Path) -> Box<dyn Storage> {
    Box::new(super::JournalStorage::open(path).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite_agrees_with_memory(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let storage = super::SqliteStorage::open(&folder.path().join("trial.db")).unwrap();
        check_agreement(&storage, &steps, Timestamp::from_microsecond(NOW).unwrap());
    }

    #[test]
    fn journal_agrees_with_memory(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let storage = super::JournalStorage::open(&folder.path().join("trial.log")).unwrap();
        check_agreement(&storage, &steps, Timestamp::from_microsecond(NOW).unwrap());
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_gives_a_waiting_trial_to_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.db");
    check_claims(&|| Box::new(super::SqliteStorage::open(&path).unwrap()));
}

#[test]
fn journal_gives_a_waiting_trial_to_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.log");
    check_claims(&|| Box::new(super::JournalStorage::open(&path).unwrap()));
}

#[test]
fn memory_begins_no_more_trials_than_it_may() {
    let storage = Arc::new(MemoryStorage::default());
    check_budget(&|| storage.clone());
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_begins_no_more_trials_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.db");
    check_budget(&|| Arc::new(super::SqliteStorage::open(&path).unwrap()));
}

#[test]
fn journal_begins_no_more_trials_than_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.log");
    check_budget(&|| Arc::new(super::JournalStorage::open(&path).unwrap()));
}

#[test]
fn memory_releases_only_what_its_caller_saw() {
    check_leases(&MemoryStorage::default());
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_keeps_heartbeats() {
    let folder = tempfile::tempdir().unwrap();
    check_leases(sqlite(&folder.path().join("trial.db")).as_ref());
}

#[test]
fn journal_keeps_heartbeats() {
    let folder = tempfile::tempdir().unwrap();
    check_leases(journal(&folder.path().join("trial.log")).as_ref());
}

/// Heartbeats change while a trial runs, and only who saw it begin may release it.
pub(super) fn check_leases(storage: &dyn Storage) {
    let study = storage.create_study("s", &[Direction::Minimize]).unwrap();
    let time = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
    let nothing = TrialUpdate::default();
    let begin = || {
        let start = TrialStart::running(time(0));
        storage.create_trial(study, &start).unwrap().id
    };
    let (trial, ended) = (begin(), begin());
    storage
        .finish_trial(ended, &nothing, &Outcome::Failed, time(1))
        .unwrap();
    let heartbeat = || {
        let in_table = storage.heartbeats(study).unwrap().remove(&trial);
        let mut read = storage.trial(study, 0).unwrap();
        (in_table, read.system_attrs.remove(HEARTBEAT_ATTR))
    };
    let mut seen = vec![heartbeat()];
    for second in 2..4 {
        let beat = storage.record_heartbeats(&[trial, ended], time(second));
        beat.unwrap();
        seen.push(heartbeat());
        // Databases have them in whole seconds, by their own clock.
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    assert_eq!(seen[0], (None, None));
    assert!(seen[0] != seen[1] && seen[1] != seen[2], "{seen:?}");
    assert!(!storage.heartbeats(study).unwrap().contains_key(&ended));
    let release = |since| storage.release_trial(trial, Some(time(since)), &nothing);
    let refused = release(1).unwrap_err().to_string();
    let anew = "is RUNNING; another worker has begun it anew";
    assert!(refused.ends_with(anew), "{refused}");
    release(0).unwrap();
    let refused = release(0).unwrap_err().to_string();
    let waits = "is WAITING; only a running trial can wait again";
    assert!(refused.ends_with(waits), "{refused}");
    storage.claim_waiting(study, time(5)).unwrap().unwrap();
    // Whoever runs it now is not taken for the one before.
    assert_eq!(heartbeat(), (None, None));
    assert!(release(0).is_err());
    release(5).unwrap();
}

/// Workers that begin trials at the same time use a budget up, and never overdraw it; what is
/// given back may begin again.
pub(super) fn check_budget(open: &(dyn Fn() -> Arc<dyn Storage> + Sync)) {
    let first = open();
    let study = first.create_study("s", &[Direction::Minimize]).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    for _ in 0..5 {
        let waiting = TrialStart::waiting(TrialUpdate::default());
        first.create_trial(study, &waiting).unwrap();
    }
    let update = TrialUpdate {
        system_attrs: vec![("who".to_owned(), Json::new("me"))],
        ..TrialUpdate::default()
    };
    let n_begun = || {
        let trials = first.changes(study, &Cursor::default()).unwrap();
        let begun = trials.iter();
        let begun = begun.filter(|trial| trial.state != TrialState::Waiting);
        begun.count()
    };
    let begun = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let storage = open();
                while let Some(trial) = storage.begin_trial(study, now, &update, Some(20)).unwrap()
                {
                    assert_eq!(trial.state, TrialState::Running);
                    assert_eq!(trial.system_attrs["who"].as_str(), "\"me\"");
                    begun.lock().unwrap().push(trial);
                }
            });
        }
    });
    let begun = begun.into_inner().unwrap();
    let numbers: BTreeSet<u64> = begun.iter().map(|trial| trial.number).collect();
    assert_eq!((begun.len(), numbers.len(), n_begun()), (20, 20, 20));
    // Enqueued trials don't count, and finished ones do.
    let waiting = TrialStart::waiting(TrialUpdate::default());
    first.create_trial(study, &waiting).unwrap();
    let nothing = TrialUpdate::default();
    let ended = first.finish_trial(begun[0].id, &nothing, &Outcome::Failed, now);
    ended.unwrap();
    let again = |most| first.begin_trial(study, now, &nothing, Some(most)).unwrap();
    assert!(again(20).is_none());
    first.release_trial(begun[1].id, None, &nothing).unwrap();
    assert!(again(20).is_some());
    assert!(again(20).is_none());
    assert!(again(21).is_some());
    assert_eq!(n_begun(), 21);
    first.delete_study(study).unwrap();
    let error = first
        .begin_trial(study, now, &nothing, Some(20))
        .unwrap_err();
    assert_eq!(error.to_string(), "the study was deleted");
}

/// What workers claim and begin at the same time is claimed once, and numbered without a gap.
pub(super) fn check_claims(open: &(dyn Fn() -> Box<dyn Storage> + Sync)) {
    let first = open();
    let study = first.create_study("s", &[Direction::Minimize]).unwrap();
    for _ in 0..40 {
        first
            .create_trial(study, &TrialStart::waiting(TrialUpdate::default()))
            .unwrap();
    }
    let claimed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let storage = open();
                while let Some(trial) = storage.claim_waiting(study, Timestamp::UNIX_EPOCH).unwrap()
                {
                    claimed.lock().unwrap().push(trial.number);
                }
                for _ in 0..10 {
                    let start = TrialStart::running(Timestamp::UNIX_EPOCH);
                    let trial = storage.create_trial(study, &start).unwrap();
                    claimed.lock().unwrap().push(trial.number);
                }
            });
        }
    });
    let mut claimed = claimed.into_inner().unwrap();
    claimed.sort_unstable();
    assert_eq!(claimed, (0..80).collect::<Vec<_>>());
    let trials = first.changes(study, &Cursor::default()).unwrap();
    assert!(trials.is_sorted_by_key(|trial| trial.id));
    let numbers: Vec<u64> = trials.iter().map(|trial| trial.number).collect();
    assert_eq!(numbers, (0..80).collect::<Vec<_>>());
}
