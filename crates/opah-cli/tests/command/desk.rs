//! What the sessions work in: an empty folder, in which shell scripts are tuned.

use std::path::PathBuf;
use std::process::{self, Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use opah::{FrozenTrial, Study};
use opah_tune::worker::failure_of;

pub(crate) struct Desk(tempfile::TempDir);

/// Draws that cost nothing and are the same each time.
const FLAGS: [&str; 5] = ["tune", "--sampler", "random", "--seed", "1"];

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write_text(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        let read = std::fs::read_to_string(self.path(name));
        read.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// `opah tune FLAGS -- WORDS`
    pub(crate) fn tune(&self, flags: &[&str], words: &[&str]) -> Command {
        let mut command = Command::cargo_bin("opah").unwrap();
        command
            .args(FLAGS)
            .args(flags)
            .arg("--")
            .args(words)
            .current_dir(self.0.path())
            .env_remove("OPAH_STORAGE")
            .env("PATH", path_with_opah());
        command
    }

    /// The same with a parameter `x` and a script of a shell, whose `$1` it is.
    pub(crate) fn script(&self, flags: &[&str], script: &str) -> Command {
        let flags = [&["--param", "x=float(0, 1)"][..], flags].concat();
        self.tune(&flags, &["sh", "-c", script, "sh", "{x}"])
    }

    /// The same, running by itself.
    pub(crate) fn begin(&self, flags: &[&str], script: &str) -> Child {
        process::Command::new(assert_cmd::cargo::cargo_bin("opah"))
            .args(FLAGS)
            .args(["--param", "x=float(0, 1)"])
            .args(flags)
            .args(["--", "sh", "-c", script, "sh", "{x}"])
            .current_dir(self.0.path())
            .env_remove("OPAH_STORAGE")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    pub(crate) fn study(&self) -> Study {
        let url = format!("sqlite:///{}", self.path("opah-trials/trial.db").display());
        Study::load(opah::storage::open(&url).unwrap(), "sh").unwrap()
    }

    pub(crate) fn trial(&self, number: usize) -> Arc<FrozenTrial> {
        self.study().trials().unwrap()[number].clone()
    }

    /// Why the first trial failed.
    pub(crate) fn failure(&self) -> String {
        failure_of(&self.trial(0)).unwrap()
    }

    pub(crate) fn wait_for(&self, name: &str) {
        let begun = Instant::now();
        while !self.path(name).exists() {
            let waited = begun.elapsed();
            assert!(waited < Duration::from_mins(1), "{name} does not come");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The path of programs, on which the `opah` that is tested stands first.
fn path_with_opah() -> std::ffi::OsString {
    let opah = assert_cmd::cargo::cargo_bin("opah");
    let folder = opah.parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).unwrap()
}

pub(crate) fn success(command: &mut Command) -> String {
    let output = command.assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

pub(crate) fn refused(command: &mut Command) -> String {
    let output = command.assert().failure().get_output().stderr.clone();
    String::from_utf8(output).unwrap()
}

/// Whether the process of this number runs; one that nobody has reaped does not.
pub(crate) fn is_running(process: &str) -> bool {
    let shown = process::Command::new("ps")
        .args(["-o", "stat=", "-p", process.trim()])
        .output()
        .unwrap();
    let state = String::from_utf8_lossy(&shown.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

/// Waits until it has ended.
pub(crate) fn assert_ends(process: &str) {
    let begun = Instant::now();
    while is_running(process) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{process} runs");
        std::thread::sleep(Duration::from_millis(5));
    }
}
