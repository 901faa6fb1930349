//! One run of a program, from its first word to its value.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use super::Program;
use super::group::Group;
use super::log::{Log, Tail};
use super::metric::{Metric, Numbered, last_number};
use super::output::{Heard, Lines, Stream};
use super::rows::Rows;
use crate::executor::{Ended, Failure, Watcher};

/// A program that ends with this exit code is pruned: that of `opah report` and
/// `opah should-prune`, so that `opah report … || exit $?` does what is meant.
const PRUNED: i32 = 3;

/// The longest time without a look at the program and the clock.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The time from one look at files to the next.
const FILES_EVERY: Duration = Duration::from_millis(200);

/// When the program and its group are gone, what others print in its name is waited for so
/// long.
const AFTER_THE_END: Duration = Duration::from_secs(1);
/// More pieces of output than can wait when a program ends; one that goes on without end, in a
/// group of its own, is not listened to for ever.
const MOST_AFTER_THE_END: usize = 1024;

/// So many lines of the log tell of a failure.
const LINES_OF_FAILURE: usize = 20;

/// Why a program is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Pruned,
    Interrupted,
    TimedOut,
}

/// A run, and what is known of it so far.
pub(super) struct Attempt<'a> {
    program: &'a Program,
    /// The program's own folder.
    folder: &'a Path,
    watcher: &'a mut dyn Watcher,
    log: Log,
    /// The end of standard output.
    printed: Tail,
    lines: Lines,
    /// The step of a report that tells none.
    next_step: usize,
    rows: Rows,
    /// The last step of numbered files.
    last_step: Option<usize>,
    /// The last value that was reported.
    value: Option<f64>,
    /// Why the last file could not be read.
    problem: Option<String>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(
        program: &'a Program,
        folder: &'a Path,
        log: Log,
        watcher: &'a mut dyn Watcher,
    ) -> Self {
        Self {
            program,
            folder,
            watcher,
            log,
            printed: Tail::default(),
            lines: Lines::default(),
            next_step: 0,
            rows: Rows::default(),
            last_step: None,
            value: None,
            problem: None,
        }
    }

    /// Follows the program to its end, or ends it.
    pub(super) fn run(
        mut self,
        group: &mut Group,
        heard: &Heard,
        stop: &AtomicBool,
    ) -> Result<Ended, Failure> {
        let stopped = self.watch(group, heard, stop);
        if stopped.is_some() {
            self.wind_down(group, heard);
        }
        let status = group.end();
        let goes_on = self.hear_out(heard, stopped.is_some());
        match stopped {
            Some(Stop::Pruned) => Ok(Ended::Pruned),
            Some(Stop::Interrupted) => Ok(Ended::Interrupted),
            Some(Stop::TimedOut) => {
                let limit = self.program.trial_timeout.unwrap_or_default();
                Err(self.failure(&format!("stopped after {limit:?}, its --trial-timeout")))
            }
            None if !goes_on => Ok(Ended::Pruned),
            None => self.outcome(status),
        }
    }

    /// Listens until the program ends, which is `None`, or must be stopped.
    fn watch(&mut self, group: &mut Group, heard: &Heard, stop: &AtomicBool) -> Option<Stop> {
        let begun = Instant::now();
        let mut looked = begun;
        let mut pause = Duration::from_millis(1);
        loop {
            let goes_on = match heard.recv_timeout(LOOK_EVERY) {
                Ok((stream, bytes)) => self.hear(stream, &bytes),
                Err(RecvTimeoutError::Timeout) => true,
                // Mostly it is about to end; but it may go on for hours and say nothing.
                Err(RecvTimeoutError::Disconnected) => {
                    thread::sleep(pause);
                    pause = (pause * 2).min(LOOK_EVERY);
                    true
                }
            };
            let is_late = |limit: Duration| begun.elapsed() >= limit;
            if !goes_on {
                return Some(Stop::Pruned);
            } else if group.has_ended() {
                return None;
            } else if stop.load(Ordering::SeqCst) {
                return Some(Stop::Interrupted);
            } else if self.program.trial_timeout.is_some_and(is_late) {
                return Some(Stop::TimedOut);
            }
            if looked.elapsed() >= FILES_EVERY {
                if !self.look_at_files(false) {
                    return Some(Stop::Pruned);
                }
                looked = Instant::now();
            }
        }
    }

    /// Asks the program and its children to end, and gives them time for that; what they print
    /// meanwhile is kept.
    fn wind_down(&mut self, group: &mut Group, heard: &Heard) {
        group.terminate();
        let begun = Instant::now();
        let mut pause = Duration::from_millis(1);
        while begun.elapsed() < self.program.grace && !group.is_gone() {
            match heard.recv_timeout(pause) {
                Ok((_, bytes)) => self.log.write(&bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(pause),
            }
            pause = (pause * 2).min(LOOK_EVERY);
        }
    }

    /// Listens to what is left when the program has ended. False if the trial should have
    /// stopped, so that it does not depend on how fast the program was.
    fn hear_out(&mut self, heard: &Heard, was_stopped: bool) -> bool {
        // Only waiting counts, not the work with what comes, of which there is an end.
        let mut patience = AFTER_THE_END;
        let mut goes_on = true;
        for _ in 0..MOST_AFTER_THE_END {
            let asked = Instant::now();
            let next = heard.recv_timeout(patience);
            patience = patience.saturating_sub(asked.elapsed());
            match next {
                Ok((stream, bytes)) if goes_on && !was_stopped => {
                    goes_on = self.hear(stream, &bytes);
                }
                Ok((_, bytes)) => self.log.write(&bytes),
                Err(_) => break,
            }
        }
        if was_stopped || !goes_on {
            return goes_on;
        }
        let last = self.lines.last();
        self.match_lines(last.as_slice()) && self.look_at_files(true)
    }

    /// False when the trial should stop.
    fn hear(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        self.log.write(bytes);
        match (&self.program.metric, stream) {
            (Metric::LastNumber, Stream::Out) => {
                self.printed.push(bytes);
                true
            }
            (Metric::Pattern(_), Stream::Out) => {
                let lines = self.lines.push(bytes);
                self.match_lines(&lines)
            }
            _ => true,
        }
    }

    fn match_lines(&mut self, lines: &[String]) -> bool {
        let Metric::Pattern(pattern) = &self.program.metric else {
            return true;
        };
        lines.iter().all(|line| match pattern.find(line) {
            Some((step, value)) => self.report(step, value),
            None => true,
        })
    }

    fn look_at_files(&mut self, is_over: bool) -> bool {
        match &self.program.metric {
            Metric::File(file) if file.has_rows() => {
                let values = self.rows.new_values(file, self.folder, is_over);
                values.into_iter().all(|value| self.report(None, value))
            }
            Metric::Numbered(files) => self.look_at_numbered(files, is_over),
            _ => true,
        }
    }

    fn look_at_numbered(&mut self, files: &Numbered, is_over: bool) -> bool {
        let files_there = files.files(self.folder);
        let newest = files_there.last().map(|(step, _)| *step);
        for (step, file) in files_there {
            if self.last_step.is_some_and(|last| step <= last) {
                continue;
            }
            match files.value(&file) {
                Ok(value) => {
                    self.last_step = Some(step);
                    if !self.report(Some(step), value) {
                        return false;
                    }
                }
                Err(problem) => {
                    self.problem = Some(problem);
                    // Only the newest may be half written.
                    if !is_over && Some(step) == newest {
                        break;
                    }
                }
            }
        }
        true
    }

    fn report(&mut self, step: Option<usize>, value: f64) -> bool {
        let step = step.unwrap_or(self.next_step);
        self.next_step = step.saturating_add(1);
        self.value = Some(value);
        self.watcher.epoch(step, Some(value))
    }

    fn outcome(&self, status: io::Result<ExitStatus>) -> Result<Ended, Failure> {
        let status = status.map_err(|error| Failure::Surroundings(error.to_string()))?;
        if status.code() == Some(PRUNED) {
            return Ok(Ended::Pruned);
        }
        if !status.success() {
            return Err(self.failure(&how(status)));
        }
        let value = match &self.program.metric {
            Metric::LastNumber => last_number(&self.printed.text())
                .ok_or_else(|| "there is no number on its standard output".to_owned()),
            Metric::Pattern(_) => self
                .value
                .ok_or_else(|| "no line of its standard output fits --metric-regex".to_owned()),
            Metric::File(file) if file.has_rows() => {
                let problem = || self.rows.problem(file, self.folder);
                self.value.ok_or_else(problem)
            }
            Metric::File(file) => file.value(self.folder),
            Metric::Numbered(_) => self.value.ok_or_else(|| {
                let problem = self.problem.clone();
                problem.unwrap_or_else(|| "no file fits --metric-glob".to_owned())
            }),
        };
        value
            .map(Ended::Finished)
            .map_err(|problem| self.failure(&format!("no value: {problem}")))
    }

    /// The failure with the last lines of the log. It is not the trial's fault if there was no
    /// room for them.
    fn failure(&self, what: &str) -> Failure {
        if let Some(error) = self.log.error() {
            return Failure::Surroundings(format!("{what}; its log can't be written: {error}"));
        }
        let lines = self.log.last_lines(LINES_OF_FAILURE);
        Failure::Trial(if lines.is_empty() {
            format!("{what}; it printed nothing")
        } else {
            format!("{what}; the end of its log:\n  {}", lines.join("\n  "))
        })
    }
}

/// How a program ended that did not end well.
fn how(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        let hint = match code {
            126 => " (of a shell: a program can't be executed)",
            127 => " (of a shell: there is no such program)",
            _ => "",
        };
        return format!("exit code {code}{hint}");
    }
    by_signal(status)
}

#[cfg(unix)]
fn by_signal(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    let Some(signal) = status.signal() else {
        return status.to_string();
    };
    let name = match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL), perhaps because the memory was used up",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    };
    format!("killed by signal {signal}{name}")
}

#[cfg(not(unix))]
fn by_signal(status: ExitStatus) -> String {
    status.to_string()
}
