//! A reader that keeps up with a log, and learns what became of its own records.

use std::collections::BTreeSet;

use super::log::{Durability, Log};
use super::parse::Parser;
use super::record::Operation;
use super::replay::Replay;
use super::replayed_study::ReplayedStudy;
use super::{unique, write};
use crate::error::{Error, Result};
use crate::storage::Details;
use crate::storage::check::{Check, Finding, Status};

/// A log as far as it was read, and what it amounts to.
#[derive(Debug)]
pub(super) struct Follower {
    log: Box<dyn Log>,
    parser: Parser,
    pub(super) replay: Replay,
    /// From where to read next.
    position: u64,
    /// Who this is in its records.
    worker: String,
    n_records: u64,
    warnings: BTreeSet<String>,
}

impl Follower {
    /// Reads the log from its beginning.
    pub(super) fn new(log: Box<dyn Log>) -> Result<Self> {
        let mut follower = Self {
            log,
            parser: Parser::default(),
            replay: Replay::default(),
            position: 0,
            worker: format!("{}-{}", unique(), std::process::id()),
            n_records: 0,
            warnings: BTreeSet::new(),
        };
        follower.sync()?;
        Ok(follower)
    }

    /// How many records were understood.
    pub(super) fn n_records(&self) -> u64 {
        self.n_records
    }

    /// Reads what is new, and gives what became of the own records in it.
    pub(super) fn sync(&mut self) -> Result<Vec<Result<i64>>> {
        let Self {
            log,
            parser,
            replay,
            position,
            worker,
            n_records,
            warnings,
        } = self;
        let mut own = Vec::new();
        log.read(position, &mut |text: &str| match parser.parse(text) {
            Ok(record) => {
                *n_records += 1;
                let is_own = record.worker == worker.as_str();
                let applied = replay.apply(record.entry);
                if is_own {
                    own.push(applied);
                }
            }
            Err(problem) => {
                warnings.insert(format!("a record is skipped: {problem}"));
            }
        })?;
        Ok(own)
    }

    /// Appends operations and gives for each the id of what it made or changed. The first
    /// that was refused, because others were faster, is the error.
    pub(super) fn write(
        &mut self,
        operations: &[Operation],
        durability: Durability,
    ) -> Result<Vec<i64>> {
        let records = operations
            .iter()
            .map(|operation| write::record(operation, &self.worker));
        let records: Vec<String> = records.collect();
        self.log.append(&records, durability)?;
        let own = self.sync()?;
        if own.len() != records.len() {
            return Err(Error::Storage {
                store: self.describe(),
                problem: "what was written can't be read back; another program has changed it"
                    .to_owned(),
                source: None,
            });
        }
        own.into_iter().collect()
    }

    /// What is wrong with the log, and with records of it that are JSON: those are left alone,
    /// as what follows them was written by programs that knew them.
    pub(super) fn check(&mut self, repair: bool) -> Result<Check> {
        let mut check = self.log.check(repair)?;
        let of_trials = self.replay.studies().flat_map(ReplayedStudy::warnings);
        let skipped = self.warnings.iter().cloned().chain(of_trials);
        check.findings.extend(skipped.map(|problem| Finding {
            place: "the journal's records".to_owned(),
            problem,
            remedy:
                "nothing is to be done; it is skipped, and a journal takes nothing back".to_owned(),
            status: Status::LeftAlone,
        }));
        Ok(check)
    }

    /// What could not be read so far, one line each.
    pub(super) fn warnings(&self) -> Vec<String> {
        let of_trials = self.replay.studies().flat_map(ReplayedStudy::warnings);
        let mut warnings = self.log.notes();
        warnings.extend(self.warnings.iter().cloned());
        warnings.extend(of_trials);
        warnings
    }

    /// How many records there are, and what the log tells of itself.
    pub(super) fn details(&mut self, details: &mut Details) -> Result<()> {
        details.fact("records", self.n_records);
        self.log.details(details)
    }

    pub(super) fn describe(&self) -> String {
        self.log.describe()
    }
}
