//! `kill -9` of one of four workers, again and again.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use opah::{Direction, Study};

use crate::worker::{self, Worker};
use crate::{Random, check_nothing_is_lost, is_alone, rounds};

const N_WORKERS: usize = 4;

fn check(kind: &str, url: &str) {
    let storage = opah::storage::open(url).unwrap();
    let study = Study::create(storage, worker::STUDY, &[Direction::Minimize]).unwrap();
    let begin = || Worker::begin(worker::command(url));
    let mut workers: Vec<Worker> = (0..N_WORKERS).map(|_| begin()).collect();
    let mut acknowledged = BTreeMap::new();
    let mut random = Random(4);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds() {
        thread::sleep(Duration::from_millis(random.below(200)));
        let mut victim = workers.swap_remove(random.below(N_WORKERS as u64) as usize);
        victim.kill();
        let killed = Instant::now();
        let mut trial = study.ask().unwrap();
        slowest = slowest.max(killed.elapsed());
        let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
        study.tell(&mut trial, &[x]).unwrap();
        let said = victim.said();
        assert_eq!(said.failure, None);
        acknowledged.extend(said.told);
        acknowledged.insert(trial.number(), x);
        workers.push(begin());
    }
    for mut worker in workers {
        worker.kill();
        let said = worker.said();
        assert_eq!(said.failure, None);
        acknowledged.extend(said.told);
    }
    let n_trials = check_nothing_is_lost(url, &acknowledged);
    assert!(acknowledged.len() as u64 > rounds(), "{acknowledged:?}");
    eprintln!(
        "RESULT | kill -9 of one of {N_WORKERS} workers | {kind} | {} kills | {} acknowledged trials of {n_trials}, 0 lost; slowest ask after a kill {} ms |",
        rounds(),
        acknowledged.len(),
        slowest.as_millis()
    );
    // Beside other tests the processor may be busy elsewhere.
    let limit = Duration::from_secs(if is_alone() { 1 } else { 10 });
    assert!(slowest < limit, "{slowest:?}");
}

#[test]
fn killed_workers_lose_nothing_that_was_told_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    check(
        "SQLite",
        &format!("sqlite:///{}/trial.db", folder.path().display()),
    );
}

#[test]
fn killed_workers_lose_nothing_that_was_told_in_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    check(
        "journal",
        &format!("journal:///{}/trial.log", folder.path().display()),
    );
}
