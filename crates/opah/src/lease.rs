//! Who runs a trial, and whether that process is still alive.
//!
//! A worker says with each of its trials for how long it may be silent ([`LEASE_ATTR`]), and
//! a thread of its [`Keeper`] sends a heartbeat more often than that. Whoever looks at the
//! study again and again, as a [`Reaper`] does, sees the heartbeats change. A trial whose
//! heartbeat did not change for as long as its lease was left by a worker that died: it waits
//! again, to be run under its own number ([`Study::take_back`]).
//!
//! How long nothing changed is measured by the monotonic clock of the one who looks. Times
//! that others stored are never compared with it, so that a clock that is wrong, or a database
//! session in another time zone, can't make a living worker dead. Nor can a pause of the one
//! who looks: of the time between two looks no more counts than is usual.
//!
//! Trials without a lease are nobody's to take: they were asked for by programs that tell
//! them later, or are Optuna's, which has rules of its own. Optuna reads the heartbeats that
//! opah leaves in databases.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::frozen_trial::{FAILURE_ATTR, FrozenTrial, TrialId, TrialState};
use crate::json::Json;
use crate::storage::{Cursor, HEARTBEAT_ATTR, Outcome, TrialUpdate};
use crate::study::Study;
use crate::trial::Trial;

/// The system attribute of a trial that says for how many seconds its worker may be silent.
pub const LEASE_ATTR: &str = "opah:lease";
/// The system attribute of a trial in which programs note who runs it.
pub const WORKER_ATTR: &str = "opah:worker";
/// The system attribute of a trial that counts the workers that died while running it.
const DEATHS_ATTR: &str = "opah:deaths";

/// How often a worker sends a heartbeat if nothing else is said.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_mins(1);
/// A trial that so many workers died with is given up.
pub const MOST_DEATHS: u32 = 5;

/// So many heartbeats in a row may be late or lost.
const LATE_HEARTBEATS: u32 = 3;
/// Databases keep heartbeats in whole seconds: two of one second look the same.
const SHORTEST_LEASE: Duration = Duration::from_secs(3);
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
const LONGEST_INTERVAL: Duration = Duration::from_hours(24);

/// What became of a trial whose worker is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenBack {
    /// It waits to be run again.
    Waiting,
    /// It has failed, because [`MOST_DEATHS`] workers died while running it.
    GivenUp,
}

impl Study {
    /// Takes a running trial back whose worker is gone, as the caller knows: it waits again, as
    /// if it was [released](Self::release), or has failed when too many workers died with it.
    /// `None` if another one was faster: the trial does not run any more, or runs anew.
    pub fn take_back(&self, trial: &FrozenTrial) -> Result<Option<TakenBack>> {
        let deaths = trial
            .system_attrs
            .get(DEATHS_ATTR)
            .and_then(Json::parse::<u32>);
        let deaths = deaths.unwrap_or(0).saturating_add(1);
        let counted = (DEATHS_ATTR.to_owned(), Json::new(&deaths));
        let done = if deaths < MOST_DEATHS {
            let worker = trial.system_attrs.get_key_value(WORKER_ATTR);
            let worker = worker.map(|(key, json)| (key.clone(), json.clone()));
            let noted: Vec<_> = worker.into_iter().chain([counted]).collect();
            self.release(trial, &noted).map(|()| TakenBack::Waiting)
        } else {
            let reason = format!("{MOST_DEATHS} workers died while running it (out of memory?)");
            let update = TrialUpdate {
                system_attrs: vec![counted, (FAILURE_ATTR.to_owned(), Json::new(&reason))],
                ..TrialUpdate::default()
            };
            let now = Timestamp::now();
            self.storage
                .finish_trial(trial.id, &update, &Outcome::Failed, now)
                .map(|()| TakenBack::GivenUp)
        };
        match done {
            Ok(became) => Ok(Some(became)),
            Err(Error::WrongState { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Renews the leases of the trials that this process runs, from a thread of its own, and takes
/// back those of others that died. It ends when it is dropped.
///
/// A study in memory ends with its process, so its trials get no leases.
#[derive(Debug)]
pub struct Keeper {
    shared: Arc<Shared>,
    lease: Vec<(String, Json)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: BTreeSet<TrialId>,
    taken_back: Vec<(u64, TakenBack)>,
    is_over: bool,
}

impl Keeper {
    /// Begins to send heartbeats, one per `interval`; none if that is `None`.
    pub fn start(study: &Study, interval: Option<Duration>) -> Self {
        let mut keeper = Self {
            shared: Arc::default(),
            lease: Vec::new(),
            thread: None,
        };
        let Some(interval) = interval.filter(|_| study.storage().is_shared()) else {
            return keeper;
        };
        let interval = interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        let (shared, mut reaper) = (keeper.shared.clone(), Reaper::new(study, interval));
        let thread = std::thread::Builder::new()
            .name("opah-leases".to_owned())
            .spawn(move || shared.run(&mut reaper, interval));
        // Nothing is promised that nobody keeps.
        if let Ok(thread) = thread {
            keeper.thread = Some(thread);
            keeper.lease.push(lease(interval));
        }
        keeper
    }

    /// What a trial is to be [asked](Study::ask_as) for with.
    pub fn lease(&self) -> &[(String, Json)] {
        &self.lease
    }

    /// Sends heartbeats for a trial until the result is dropped.
    pub fn hold(&self, trial: &Trial) -> Hold<'_> {
        let trial = trial.frozen().id;
        self.shared.state().held.insert(trial);
        Hold {
            shared: &self.shared,
            trial,
        }
    }

    /// By number: the trials of others that were taken back since this was last asked.
    pub fn taken_back(&self) -> Vec<(u64, TakenBack)> {
        std::mem::take(&mut self.shared.state().taken_back)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            // When it panicked, there is nothing left to end.
            let _ = thread.join();
        }
    }
}

/// A trial for which heartbeats are sent.
#[derive(Debug)]
pub struct Hold<'a> {
    shared: &'a Shared,
    trial: TrialId,
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        self.shared.state().held.remove(&self.trial);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, reaper: &mut Reaper, interval: Duration) {
        while let Some(held) = self.wait(interval) {
            // What fails now may succeed the next time: a lease outlasts lost heartbeats.
            let _ = Self::renew(reaper, &held);
            if let Ok(taken_back) = reaper.look_beside(&held) {
                self.state().taken_back.extend(taken_back);
            }
        }
    }

    fn renew(reaper: &Reaper, held: &BTreeSet<TrialId>) -> Result<()> {
        let held: Vec<TrialId> = held.iter().copied().collect();
        if held.is_empty() {
            return Ok(());
        }
        let storage = reaper.study.storage();
        storage.record_heartbeats(&held, Timestamp::now())
    }

    /// The trials that are held after the interval; `None` if it is over.
    fn wait(&self, interval: Duration) -> Option<BTreeSet<TrialId>> {
        let begun = Instant::now();
        let mut state = self.state();
        loop {
            if state.is_over {
                return None;
            }
            let left = interval.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Some(state.held.clone());
            }
            let woken = self.wake.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Looks at a study's running trials again and again, and takes back those of dead workers.
#[derive(Debug)]
pub struct Reaper {
    study: Study,
    /// The usual time between two looks.
    interval: Duration,
    last_look: Option<Instant>,
    cursor: Cursor,
    watched: BTreeMap<TrialId, Watched>,
}

#[derive(Debug)]
struct Watched {
    heartbeat: Heartbeat,
    /// For how long it was the same.
    silence: Duration,
}

/// All that changes while a trial is run, or run anew.
#[derive(Debug, PartialEq)]
struct Heartbeat {
    begun: Option<Timestamp>,
    noted: Option<Json>,
    in_table: Option<String>,
}

impl Reaper {
    /// For a program that looks once per `interval`.
    pub fn new(study: &Study, interval: Duration) -> Self {
        Self {
            study: study.clone(),
            interval,
            last_look: None,
            cursor: Cursor::default(),
            watched: BTreeMap::new(),
        }
    }

    /// Takes back, and gives by number, the trials whose workers were silent for as long as
    /// their leases. The first look only learns what there is.
    pub fn look(&mut self) -> Result<Vec<(u64, TakenBack)>> {
        self.look_beside(&BTreeSet::new())
    }

    /// The same, but for trials that are `held` by this process, which lives.
    fn look_beside(&mut self, held: &BTreeSet<TrialId>) -> Result<Vec<(u64, TakenBack)>> {
        let now = Instant::now();
        let last = self.last_look.replace(now).unwrap_or(now);
        // While this process stood still, the others may have stood still with it.
        let passed = now.saturating_duration_since(last).min(self.interval);
        self.look_after(passed, held)
    }

    fn look_after(
        &mut self,
        passed: Duration,
        held: &BTreeSet<TrialId>,
    ) -> Result<Vec<(u64, TakenBack)>> {
        let storage = self.study.storage().clone();
        let unfinished = storage.changes(self.study.id(), &self.cursor)?;
        let in_table = storage.heartbeats(self.study.id())?;
        let mut before = std::mem::take(&mut self.watched);
        let mut taken_back = Vec::new();
        let mut failed = None;
        for trial in unfinished {
            self.cursor.last = self.cursor.last.max(Some(trial.id));
            if trial.state.is_finished() {
                self.cursor.unfinished.remove(&trial.id);
                continue;
            }
            self.cursor.unfinished.insert(trial.id);
            let Some(lease) = lease_of(&trial).filter(|_| !held.contains(&trial.id)) else {
                continue;
            };
            let heartbeat = Heartbeat {
                begun: trial.datetime_start,
                noted: trial.system_attrs.get(HEARTBEAT_ATTR).cloned(),
                in_table: in_table.get(&trial.id).cloned(),
            };
            let silence = match before.remove(&trial.id) {
                Some(watched) if watched.heartbeat == heartbeat => watched.silence + passed,
                _ => Duration::ZERO,
            };
            if silence >= lease {
                match self.study.take_back(&trial) {
                    Ok(became) => taken_back.extend(became.map(|became| (trial.number, became))),
                    // It must not keep the others from being looked after.
                    Err(error) => failed = failed.or(Some(error)),
                }
            } else {
                let watched = Watched { heartbeat, silence };
                self.watched.insert(trial.id, watched);
            }
        }
        match failed {
            Some(error) if taken_back.is_empty() => Err(error),
            _ => Ok(taken_back),
        }
    }
}

/// The lease of a worker that sends a heartbeat per `interval`.
fn lease(interval: Duration) -> (String, Json) {
    let lease = (interval * LATE_HEARTBEATS).max(SHORTEST_LEASE);
    (LEASE_ATTR.to_owned(), Json::from_f64(lease.as_secs_f64()))
}

/// For how long the worker of a running trial may be silent.
fn lease_of(trial: &FrozenTrial) -> Option<Duration> {
    let is_running = trial.state == TrialState::Running;
    let noted = trial.system_attrs.get(LEASE_ATTR).filter(|_| is_running)?;
    let seconds = noted.to_f64()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen_trial::Direction;
    use crate::storage::JournalStorage;

    const SECOND: Duration = Duration::from_secs(1);

    fn study() -> Study {
        Study::in_memory("s", &[Direction::Minimize]).unwrap()
    }

    fn ask(study: &Study) -> Trial {
        study.ask_as(&[lease(SECOND)]).unwrap()
    }

    fn look(reaper: &mut Reaper, passed: Duration) -> Vec<(u64, TakenBack)> {
        reaper.look_after(passed, &BTreeSet::new()).unwrap()
    }

    #[test]
    fn only_silence_as_long_as_the_lease_is_death() {
        let study = study();
        let mut reaper = Reaper::new(&study, SECOND);
        let left = ask(&study);
        let alive = ask(&study);
        let _foreign = study.ask().unwrap();
        assert!(look(&mut reaper, 9 * SECOND).is_empty());
        for second in 0..3 {
            let now = Timestamp::from_second(second).unwrap();
            let storage = study.storage();
            storage
                .record_heartbeats(&[alive.frozen().id], now)
                .unwrap();
            let expected: &[(u64, TakenBack)] = if second < 2 {
                &[]
            } else {
                &[(0, TakenBack::Waiting)]
            };
            assert_eq!(look(&mut reaper, SECOND), expected, "{second}");
        }
        assert!(look(&mut reaper, SECOND).is_empty());
        // Who runs it now has a lease of its own, from its beginning.
        let again = ask(&study);
        assert_eq!(again.number(), left.number());
        assert_eq!(look(&mut reaper, 9 * SECOND), [(1, TakenBack::Waiting)]);
        assert!(look(&mut reaper, 2 * SECOND).is_empty());
        assert_eq!(look(&mut reaper, SECOND), [(0, TakenBack::Waiting)]);
    }

    #[test]
    fn a_pause_of_the_one_who_looks_is_nobodys_death() {
        let study = study();
        ask(&study);
        let mut reaper = Reaper::new(&study, Duration::from_millis(1));
        for _ in 0..3 {
            assert!(reaper.look().unwrap().is_empty());
            std::thread::sleep(Duration::from_millis(20));
        }
        let silence = reaper.watched.values().map(|watched| watched.silence);
        assert!(silence.max().unwrap() <= Duration::from_millis(2));
    }

    #[test]
    fn a_trial_is_taken_back_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.log");
        let open = || {
            let storage = Arc::new(JournalStorage::open(&path).unwrap());
            Study::load_or_create(storage, "s", &[Direction::Minimize]).unwrap()
        };
        let (study, rival) = (open(), open());
        let left = ask(&study).frozen().clone();
        assert_eq!(study.take_back(&left).unwrap(), Some(TakenBack::Waiting));
        assert_eq!(rival.take_back(&left).unwrap(), None);
        let again = ask(&rival);
        assert_eq!(again.number(), 0);
        // It runs, but not the run that was left.
        assert_eq!(study.take_back(&left).unwrap(), None);
        assert_eq!(
            study.release(&left, &[]).unwrap_err().to_string(),
            "trial 0 is RUNNING; another worker has begun it anew"
        );
    }

    #[test]
    fn a_trial_that_kills_its_workers_is_given_up() {
        let study = study();
        for death in 1..=MOST_DEATHS {
            let left = ask(&study);
            let became = study.take_back(left.frozen()).unwrap();
            let expected = if death < MOST_DEATHS {
                TakenBack::Waiting
            } else {
                TakenBack::GivenUp
            };
            assert_eq!(became, Some(expected));
        }
        let trial = study.frozen_trial(0).unwrap();
        assert_eq!(trial.state, TrialState::Fail);
        assert!(trial.system_attrs[FAILURE_ATTR].as_str().contains("died"));
    }

    #[test]
    fn a_keeper_sends_heartbeats_as_long_as_a_trial_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.log");
        let storage = Arc::new(JournalStorage::open(&path).unwrap());
        let study = Study::create(storage, "s", &[Direction::Minimize]).unwrap();
        let keeper = Keeper::start(&study, Some(Duration::from_millis(10)));
        let trial = study.ask_as(keeper.lease()).unwrap();
        assert_eq!(lease_of(trial.frozen()), Some(SHORTEST_LEASE));
        let heartbeat = || {
            let trial = study.frozen_trial(0).unwrap();
            trial.system_attrs.get(HEARTBEAT_ATTR).cloned()
        };
        let held = keeper.hold(&trial);
        let mut seen = BTreeSet::new();
        let begun = Instant::now();
        while seen.len() < 3 && begun.elapsed() < Duration::from_mins(1) {
            seen.extend(heartbeat().map(|json| json.as_str().to_owned()));
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(seen.len(), 3);
        drop(held);
        drop(keeper);
        let last = heartbeat();
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(heartbeat(), last);
    }

    #[test]
    fn a_study_in_memory_has_no_leases() {
        let study = study();
        let keeper = Keeper::start(&study, Some(HEARTBEAT_INTERVAL));
        assert!(keeper.lease().is_empty() && keeper.thread.is_none());
    }
}
