//! Sixteen processes that make a storage and a study at the same moment.

use std::collections::BTreeMap;
use std::fs;

use crate::worker::{self, Said, Worker};
use crate::{check_nothing_is_lost, rounds};

const N_WORKERS: u64 = 16;
const N_TRIALS: u64 = 2;

fn check(kind: &str, scheme: &str, name: &str) {
    let n_rounds = rounds().div_ceil(10);
    for _ in 0..n_rounds {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("{scheme}:///{}/{name}", folder.path().display());
        let gate = folder.path().join("gate");
        let begin = |_| {
            let command = worker::with_gate(worker::command(&url), &gate);
            Worker::begin(worker::with_trials(command, N_TRIALS))
        };
        let workers: Vec<Worker> = (0..N_WORKERS).map(begin).collect();
        fs::write(&gate, "").unwrap();
        let said: Vec<Said> = workers.into_iter().map(Worker::said).collect();
        let mut acknowledged = BTreeMap::new();
        for said in said {
            assert_eq!(said.failure, None);
            assert_eq!(said.told.len() as u64, N_TRIALS);
            acknowledged.extend(said.told);
        }
        assert_eq!(acknowledged.len() as u64, N_WORKERS * N_TRIALS);
        let n_trials = check_nothing_is_lost(&url, &acknowledged);
        assert_eq!(n_trials as u64, N_WORKERS * N_TRIALS);
    }
    eprintln!(
        "RESULT | {N_WORKERS} processes on a fresh storage | {kind} | {n_rounds} rounds | 0 errors, 0 trials lost |"
    );
}

#[test]
fn sixteen_processes_make_an_sqlite_file() {
    check("SQLite", "sqlite", "trial.db");
}

#[test]
fn sixteen_processes_make_a_journal() {
    check("journal", "journal", "trial.log");
}
