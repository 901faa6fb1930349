//! What goes wrong around a storage, and is survived: kills, full disks, many programs that
//! begin at once, files that somebody has prepared.
//!
//! Few rounds are run unless `OPAH_FAULT_ROUNDS` says more (`tools/faults.sh`). Each test
//! prints a line that begins with `RESULT`, a row of `docs/results/reliability.md`.
#![cfg(all(feature = "sqlite", unix))]
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test; a skip and the results must be seen"
)]

mod full_disk;
mod hostile;
mod kills;
mod start;
mod worker;

use std::collections::BTreeMap;

use opah::{Study, TrialState};

/// How many rounds are run where nobody says.
const ROUNDS: u64 = 20;

fn rounds() -> u64 {
    let said = std::env::var("OPAH_FAULT_ROUNDS").ok();
    said.map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// Whether somebody runs these tests by themselves, to measure.
fn is_alone() -> bool {
    std::env::var_os("OPAH_FAULT_ROUNDS").is_some()
}

/// Random numbers that are the same in each run: `SplitMix64` (Steele et al. 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What was acknowledged is there, no number is missing or there twice, and a check is
/// content. Gives how many trials there are.
fn check_nothing_is_lost(url: &str, acknowledged: &BTreeMap<u64, f64>) -> usize {
    let storage = opah::storage::open(url).unwrap();
    let study = Study::load(storage.clone(), worker::STUDY).unwrap();
    let trials = study.trials().unwrap();
    for (place, trial) in (0_u64..).zip(trials.iter()) {
        assert_eq!(trial.number, place);
    }
    for (number, value) in acknowledged {
        let trial = &trials[*number as usize];
        assert_eq!(trial.state, TrialState::Complete, "trial {number}");
        assert_eq!(trial.values, [*value], "trial {number}");
    }
    assert_eq!(storage.warnings(), [""; 0]);
    let check = storage.check(false).unwrap();
    let findings = check.findings.iter();
    // The beginning of a record that a kill left is what the next writer removes.
    let others: Vec<_> = findings
        .filter(|finding| !finding.problem.starts_with("they are the beginning"))
        .collect();
    assert!(others.is_empty(), "{others:?}");
    trials.len()
}
