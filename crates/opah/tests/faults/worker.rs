//! A worker in a process of its own, so that it can be killed: this program again, with the
//! test `worker` and the storage in an environment variable.

use std::collections::BTreeMap;
use std::env;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use opah::{Direction, Result, Study};

pub(crate) const STUDY: &str = "faults";

/// The storage; without it the test does nothing.
const URL: &str = "OPAH_FAULT_URL";
/// How many trials are run; without it as many as can be.
const N_TRIALS: &str = "OPAH_FAULT_TRIALS";
/// A file for which the worker waits before it opens the storage.
const GATE: &str = "OPAH_FAULT_GATE";

/// The other processes.
#[test]
#[ignore = "it is a part of the other tests"]
fn worker() {
    let Ok(url) = env::var(URL) else {
        return;
    };
    let n_trials = env::var(N_TRIALS).map_or(u64::MAX, |n_trials| n_trials.parse().unwrap());
    if let Ok(gate) = env::var(GATE) {
        while !Path::new(&gate).exists() {
            thread::sleep(Duration::from_millis(1));
        }
    }
    if let Err(error) = run(&url, n_trials) {
        // Whoever began this process reads it.
        writeln!(std::io::stdout(), "failed: {error} .").unwrap();
        std::process::exit(3);
    }
}

/// Tells trials, and acknowledges each when it is told.
fn run(url: &str, n_trials: u64) -> Result<()> {
    let storage = opah::storage::open(url)?;
    let study = Study::load_or_create(storage, STUDY, &[Direction::Minimize])?;
    let mut stdout = std::io::stdout();
    for _ in 0..n_trials {
        let mut trial = study.ask()?;
        let x = trial.suggest_float("x", 0.0..=1.0)?;
        trial.report(0, x)?;
        study.tell(&mut trial, &[x])?;
        writeln!(stdout, "told {} {x} .", trial.number()).unwrap();
        stdout.flush().unwrap();
    }
    Ok(())
}

/// A command that runs a worker.
pub(crate) fn command(url: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    set_up(&mut command, url);
    command
}

/// The same through a shell that first runs `limits`.
pub(crate) fn limited(url: &str, limits: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{limits}; exec \"$0\" \"$@\""))
        .arg(env::current_exe().unwrap());
    set_up(&mut command, url);
    command
}

fn set_up(command: &mut Command, url: &str) {
    command
        .args(["worker::worker", "--exact", "--ignored", "--nocapture"])
        .env(URL, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
}

/// Stops the worker after so many trials.
pub(crate) fn with_trials(mut command: Command, n_trials: u64) -> Command {
    command.env(N_TRIALS, n_trials.to_string());
    command
}

/// Lets the worker wait for a file.
pub(crate) fn with_gate(mut command: Command, gate: &Path) -> Command {
    command.env(GATE, gate);
    command
}

/// A worker that runs, and a thread that reads what it writes.
pub(crate) struct Worker {
    child: Child,
    output: JoinHandle<String>,
}

/// What a worker told, and why it ended, if it told that.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) told: BTreeMap<u64, f64>,
    pub(crate) failure: Option<String>,
}

impl Worker {
    pub(crate) fn begin(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let output = thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        });
        Self { child, output }
    }

    /// Kills the process, wherever it is.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits for the process to end.
    pub(crate) fn said(mut self) -> Said {
        self.child.wait().unwrap();
        let output = self.output.join().unwrap();
        let mut said = Said::default();
        // A line that is not whole says nothing. What runs tests may begin one.
        for line in output.lines().filter_map(|line| line.strip_suffix(" .")) {
            if let Some((_, failure)) = line.split_once("failed: ") {
                said.failure = Some(failure.to_owned());
            } else if let Some((_, told)) = line.split_once("told ") {
                let (number, value) = told.split_once(' ').unwrap();
                let number = number.parse().unwrap();
                said.told.insert(number, value.parse().unwrap());
            }
        }
        said
    }
}
