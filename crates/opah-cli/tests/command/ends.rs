//! Programs that end badly, late or never, and searches that end before them.

use std::time::{Duration, Instant};

use opah::TrialState;

use crate::ONE;
use crate::desk::{Desk, assert_ends, refused, success};

#[test]
fn a_program_that_fails_says_how_and_shows_its_last_lines() {
    let desk = Desk::new();
    let script = "for n in $(seq 30); do echo line $n; done; sleep 0.2; echo Traceback >&2; exit 7";
    success(&mut desk.script(&ONE, script));
    let told = desk.failure();
    assert!(
        told.starts_with("exit code 7; the end of its log:\n"),
        "{told}"
    );
    assert!(
        told.contains("Traceback") && !told.contains("line 9\n"),
        "{told}"
    );
    let desk = Desk::new();
    success(&mut desk.script(&ONE, "echo 1; kill -KILL $$"));
    assert!(
        desk.failure().starts_with("killed by signal 9 (SIGKILL)"),
        "{}",
        desk.failure()
    );
    let desk = Desk::new();
    let told = refused(&mut desk.script(&["--n-trials", "9"], "exit 1"));
    assert!(told.contains("the last 3 trials failed"), "{told}");
}

#[test]
fn output_without_end_is_cut_off_in_the_log_only() {
    let desk = Desk::new();
    let script = "head -c 200000000 /dev/zero | tr '\\0' x; echo; echo 0.5";
    success(&mut desk.script(&["--n-trials", "1", "--log-limit", "1k"], script));
    assert_eq!(desk.trial(0).value(), Some(0.5));
    let log = desk.read("opah-trials/trial_0/log.txt");
    assert!(log.starts_with("xxx") && log.len() < 1200);
    assert!(log.ends_with("[the log ends here: --log-limit is 1024 bytes]\n"));
}

#[test]
fn children_end_with_their_program() {
    let desk = Desk::new();
    success(&mut desk.script(&ONE, "sleep 300 & echo $! > child; echo 1"));
    assert_eq!(desk.trial(0).value(), Some(1.0));
    assert_ends(&desk.read("child"));
}

#[test]
fn a_program_that_hangs_is_stopped() {
    let desk = Desk::new();
    // It does not listen to SIGTERM.
    let script = "trap '' TERM; echo $$ > process; while :; do sleep 1; done";
    let flags = ["--trial-timeout", "3", "--grace", "0.1", "--n-trials", "1"];
    let begun = Instant::now();
    success(&mut desk.script(&flags, script));
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(
        desk.failure().starts_with("stopped after 3s"),
        "{}",
        desk.failure()
    );
    assert_ends(&desk.read("process"));
}

#[test]
fn a_program_that_is_stopped_may_say_goodbye() {
    let desk = Desk::new();
    // The shell ends at once, and its child a little later.
    let script = "sh -c \"trap 'sleep 0.2; echo saved; exit 0' TERM; while :; do sleep 0.01; done\"; \
                  true";
    let flags = ["--trial-timeout", "3", "--n-trials", "1"];
    success(&mut desk.script(&flags, script));
    assert!(desk.failure().contains("\n  saved"), "{}", desk.failure());
}

/// Waits for somebody, but not when it runs again.
const PATIENT: &str = "echo $$ > process.tmp; echo old > \"$OPAH_TRIAL_DIR/old\"; \
                       [ -e again ] || { mv process.tmp process; exec sleep 300; }; echo $1";

#[test]
fn a_search_that_is_killed_goes_on() {
    let desk = Desk::new();
    let mut search = desk.begin(&["--n-trials", "3"], PATIENT);
    desk.wait_for("process");
    desk.wait_for("opah-trials/trial_0/process");
    search.kill().unwrap();
    search.wait().unwrap();
    std::fs::write(desk.path("again"), "").unwrap();
    let left = desk.read("process");
    let x = desk.trial(0).params.get("x").unwrap().value;
    success(&mut desk.script(&["--n-trials", "3"], PATIENT));
    let study = desk.study();
    assert_eq!(study.count(&[TrialState::Complete]).unwrap(), 3);
    assert_eq!(desk.trial(0).value(), Some(x));
    // It does not run beside the next attempt.
    if cfg!(target_os = "linux") {
        assert_ends(&left);
    } else {
        std::process::Command::new("kill")
            .arg(left.trim())
            .status()
            .unwrap();
    }
}

#[test]
fn a_search_that_is_interrupted_stops_its_programs() {
    let desk = Desk::new();
    let mut search = desk.begin(&["--n-trials", "3"], PATIENT);
    desk.wait_for("process");
    let id = search.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(search.wait().unwrap().code(), Some(130));
    assert_ends(&desk.read("process"));
    assert_eq!(desk.study().count(&[TrialState::Waiting]).unwrap(), 1);
    std::fs::write(desk.path("again"), "").unwrap();
    success(&mut desk.script(&["--n-trials", "3"], PATIENT));
    assert_eq!(desk.study().count(&[TrialState::Complete]).unwrap(), 3);
}

#[test]
fn an_interrupted_trial_may_find_its_files() {
    // The second attempt counts what the first one left.
    let script = "ls \"$OPAH_TRIAL_DIR\" | wc -l > found; touch \"$OPAH_TRIAL_DIR/checkpoint\"; \
                  [ -e again ] || { touch process; exec sleep 300; }; cat found";
    let cases: Vec<(&[&str], f64)> = vec![(&[], 0.0), (&["--continue-trials"], 1.0)];
    for (more, expected) in cases {
        let desk = Desk::new();
        let flags = [&ONE[..], more].concat();
        let mut search = desk.begin(&flags, script);
        desk.wait_for("process");
        search.kill().unwrap();
        search.wait().unwrap();
        std::fs::write(desk.path("again"), "").unwrap();
        success(&mut desk.script(&flags, script));
        assert_eq!(desk.trial(0).value(), Some(expected), "{more:?}");
    }
}
