//! What keeps a journal's records: one sequence, the same for everybody who reads it.

use crate::error::Result;
use crate::storage::Details;
use crate::storage::check::Check;

/// Whether records are on the disk when they have been appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    Flushed,
    /// With the next that are flushed; every process sees them at once.
    Later,
}

/// A sequence of JSON records that only grows. Several processes append to it at once, so
/// what an appended record does is known when it is read back, and not before.
pub(super) trait Log: Send + std::fmt::Debug {
    /// Appends the records, one after the other with none of others between them.
    fn append(&mut self, records: &[String], durability: Durability) -> Result<()>;

    /// Shows all records from `position` on, which moves behind each that was shown, also
    /// if the next can't be read. Positions are the log's own; the first is 0. What is
    /// shown is JSON.
    fn read(&mut self, position: &mut u64, show: &mut dyn FnMut(&str)) -> Result<()>;

    /// What is damaged up to where the log was read; mended if `repair` says so, which leaves
    /// all positions as they are. A log that can't be damaged has nothing to do.
    fn check(&mut self, _repair: bool) -> Result<Check> {
        Ok(Check::default())
    }

    /// What was found that is no JSON, one line each.
    fn notes(&self) -> Vec<String>;

    /// Adds what it tells of itself, and advice.
    fn details(&mut self, _details: &mut Details) -> Result<()> {
        Ok(())
    }

    /// The log's URL, without its password.
    fn describe(&self) -> String;
}
