//! A program and all that it starts: a process group of its own, which ends as a whole.

use std::io;
use std::process::{Child, Command, ExitStatus};

/// A running program. Dropped before it has ended, it is killed.
#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    /// How the program ended, once it is reaped.
    status: Option<ExitStatus>,
}

impl Group {
    pub(super) fn start(command: &mut Command) -> io::Result<Self> {
        system::in_own_group(command);
        Ok(Self {
            child: command.spawn()?,
            status: None,
        })
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether the program has ended. It is not reaped by that, so that its number, which is
    /// the group's, stays taken.
    pub(super) fn has_ended(&mut self) -> bool {
        self.status.is_some() || system::has_ended(&mut self.child)
    }

    /// Whether the program and all that it started have ended.
    pub(super) fn is_gone(&mut self) -> bool {
        if !self.has_ended() {
            return false;
        }
        // As long as the program is not reaped, the group is never empty.
        self.reap().is_ok() && !system::has_members(&mut self.child)
    }

    /// Asks the group to end.
    pub(super) fn terminate(&mut self) {
        system::terminate(&mut self.child);
    }

    /// Kills what is left of the group, and says how the program ended.
    pub(super) fn end(&mut self) -> io::Result<ExitStatus> {
        // The number of an empty group could be another's by now.
        if self.status.is_none() || system::has_members(&mut self.child) {
            system::kill(&mut self.child);
        }
        self.reap()
    }

    fn reap(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        let status = self.child.wait()?;
        self.status = Some(status);
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.status.is_none() {
            // Nobody is left to be told.
            let _ = self.end();
        }
    }
}

#[cfg(unix)]
mod system {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use rustix::process::{
        Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
    };

    pub(super) fn in_own_group(command: &mut Command) {
        command.process_group(0);
    }

    pub(super) fn has_ended(child: &mut Child) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // An error means that there is nothing to wait for.
        !matches!(
            waitid(WaitId::Pid(Pid::from_child(child)), options),
            Ok(None)
        )
    }

    pub(super) fn has_members(child: &mut Child) -> bool {
        test_kill_process_group(Pid::from_child(child)).is_ok()
    }

    pub(super) fn terminate(child: &mut Child) {
        // One that has ended by now is as it should be.
        let _ = kill_process_group(Pid::from_child(child), Signal::TERM);
    }

    pub(super) fn kill(child: &mut Child) {
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
}

/// Where there are no process groups, the program alone is ended.
#[cfg(not(unix))]
mod system {
    use std::process::{Child, Command};

    pub(super) fn in_own_group(_command: &mut Command) {}

    pub(super) fn has_ended(child: &mut Child) -> bool {
        !matches!(child.try_wait(), Ok(None))
    }

    pub(super) fn has_members(_child: &mut Child) -> bool {
        false
    }

    pub(super) fn terminate(child: &mut Child) {
        let _ = child.kill();
    }

    pub(super) fn kill(child: &mut Child) {
        let _ = child.kill();
    }
}
