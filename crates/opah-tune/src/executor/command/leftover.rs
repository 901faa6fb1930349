//! A program that outlived its search, because that was killed: it must not run beside the
//! next attempt of its trial.
//!
//! A file of the trial says the process's number and when it began, which no other process
//! shares. Where that can't be looked up, which is elsewhere than on Linux, nothing is done.

use std::fs;
use std::io;
use std::path::Path;

use super::unless_missing;

/// Notes that this process runs the trial.
pub(super) fn note(file: &Path, process: u32) -> io::Result<()> {
    match system::beginning_of(process) {
        Some(begun) => fs::write(file, format!("{process} {begun}\n")),
        None => Ok(()),
    }
}

/// Notes that no process runs it any more.
pub(super) fn forget(file: &Path) -> io::Result<()> {
    unless_missing(fs::remove_file(file))
}

/// Kills the process that was noted, with its group, if it still runs.
pub(super) fn end(file: &Path) {
    // A note that is cut off was left before the trial did anything.
    let Ok(note) = fs::read_to_string(file) else {
        return;
    };
    if let Some((process, begun)) = note.trim_end().split_once(' ')
        && let Ok(process) = process.parse()
        && system::beginning_of(process).as_deref() == Some(begun)
    {
        system::kill(process);
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;

    use rustix::process::{Pid, Signal, kill_process_group};

    /// Field 22 of `/proc/N/stat`, in clock ticks since the machine began. The name, which is
    /// field 2, stands in parentheses and may hold anything.
    pub(super) fn beginning_of(process: u32) -> Option<String> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let (_, from_third) = stat.rsplit_once(')')?;
        from_third.split_whitespace().nth(19).map(str::to_owned)
    }

    pub(super) fn kill(process: u32) {
        let process = i32::try_from(process).ok().filter(|process| *process > 0);
        if let Some(group) = process.and_then(Pid::from_raw) {
            // If it has just ended, so much the better.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn beginning_of(_process: u32) -> Option<String> {
        None
    }

    pub(super) fn kill(_process: u32) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::executor::command::group::Group;

    #[test]
    fn only_the_process_that_was_noted_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("process");
        end(&file);
        let mut group = Group::start(Command::new("sleep").arg("60")).unwrap();
        let id = group.child().id();
        fs::write(&file, format!("{id} 1\n")).unwrap();
        end(&file);
        assert!(!group.has_ended());
        note(&file, id).unwrap();
        end(&file);
        assert_eq!(group.end().unwrap().code(), None);
        forget(&file).unwrap();
        forget(&file).unwrap();
    }
}
