//! What a look through a whole storage finds: things that Optuna would not have written,
//! and what becomes of them.

use std::path::PathBuf;

/// Whether a finding is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is there, and a repair mends it.
    Repairable,
    /// It was there, and is mended.
    Repaired,
    /// It is there, and a person must decide what to do.
    LeftAlone,
}

impl Status {
    /// The status in words: `repairable`, `repaired`, `left alone`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repairable => "repairable",
            Self::Repaired => "repaired",
            Self::LeftAlone => "left alone",
        }
    }
}

/// One thing that is not as Optuna would have written it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: the study and the trial, or the line.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
    /// What a repair does about it; if it is left alone, what a person can do.
    pub remedy: String,
    /// Whether it is mended.
    pub status: Status,
}

/// What a [check](super::Storage::check) found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// Everything that is or was wrong.
    pub findings: Vec<Finding>,
    /// The copy of the storage as it was before the repair, if anything was repaired.
    pub backup: Option<PathBuf>,
}

impl Check {
    /// Whether nothing is wrong, or not any more.
    pub fn is_fine(&self) -> bool {
        let mut statuses = self.findings.iter().map(|finding| finding.status);
        statuses.all(|status| status == Status::Repaired)
    }
}
