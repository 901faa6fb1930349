//! What the storage asks of a driver: values, statements and three writes that each server
//! does in its own way. A driver is one file beside this one.
//!
//! SQL texts have placeholders `$1`, `$2`, …, and `= ANY($3)` for a list of ids; a driver
//! for another dialect rewrites these two.

use std::error::Error as StdError;

use jiff::Timestamp;

use crate::error::Error;
use crate::frozen_trial::{StudyId, TrialId, TrialState};

/// A value that goes to a statement or comes from a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Int(i64),
    Float(f64),
    Text(&'a str),
    Time(Timestamp),
    /// Only for `= ANY(…)`.
    Ids(&'a [i64]),
}

impl<'a> Value<'a> {
    pub(super) fn float(value: Option<f64>) -> Self {
        value.map_or(Self::Null, Self::Float)
    }

    pub(super) fn time(time: Option<Timestamp>) -> Self {
        time.map_or(Self::Null, Self::Time)
    }

    pub(super) fn as_int(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn as_float(self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn as_text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Whether a commit is on the server's disk when it returns. What is acknowledged to the
/// user always is; what is only begun need not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    Flushed,
    Later,
}

/// What kind of values a column has.
#[derive(Debug, Clone, Copy)]
pub(super) enum ColumnType {
    Int,
    Float,
    Text,
    /// A named type of Optuna's schema; its values are texts.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(dead_code, reason = "elsewhere an enumeration has no name")
    )]
    Enum(&'static str),
}

/// What becomes of a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// The old one stays.
    Keep,
    /// The new one takes its place.
    Replace,
}

/// Rows of a trial or a study for one of its tables. The key is the owner's id, which is
/// not in the rows, with the first column.
#[derive(Debug)]
pub(super) struct Insert<'a> {
    pub(super) table: &'static str,
    /// The column of the owner: `trial_id` or `study_id`.
    pub(super) owner: &'static str,
    pub(super) columns: &'static [(&'static str, ColumnType)],
    pub(super) rows: Vec<Vec<Value<'a>>>,
    pub(super) conflict: Conflict,
}

/// A statement about one trial or study, whose id is `$1`; what depends on it is written only if it
/// touches a row.
#[derive(Debug)]
pub(super) enum Guard<'a> {
    Update(&'a str, &'a [Value<'a>]),
    /// Selects the id.
    Select(&'a str, &'a [Value<'a>]),
}

/// A trial to be created; it gets its number from the server.
#[derive(Debug)]
pub(super) struct NewTrial {
    pub(super) study: StudyId,
    pub(super) state: TrialState,
    pub(super) datetime_start: Option<Timestamp>,
    pub(super) datetime_complete: Option<Timestamp>,
    /// It is only created if fewer trials of the study don't wait.
    pub(super) most: Option<u64>,
}

/// Why something was not done, or perhaps was.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server can't be reached, or went away in the middle: nobody knows whether it was
    /// done.
    Lost(Box<dyn StdError + Send + Sync>),
    /// It was not done, because of others who work at the same time.
    Again(Box<dyn StdError + Send + Sync>),
    /// The server does not do it. The text says what to do about it.
    Refused(String, Box<dyn StdError + Send + Sync>),
    /// A rule of the storage forbids it.
    Rule(Error),
}

pub(super) type Answer<T> = std::result::Result<T, Failure>;

/// A connection to a server.
pub(super) trait Connection: Send {
    /// What makes a text of an enumerated column.
    fn text_cast(&self) -> &'static str;

    /// Shows `each` the rows.
    fn query(&mut self, sql: &str, values: &[Value], each: &mut dyn FnMut(&[Value])) -> Answer<()>;

    /// The number of rows that were touched.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Answer<u64>;

    fn begin(&mut self, durability: Durability) -> Answer<()>;

    fn commit(&mut self) -> Answer<()>;

    /// Without a transaction it does nothing.
    fn rollback(&mut self) -> Answer<()>;

    /// Numbers a trial and inserts it with its rows, in a transaction of its own, holding
    /// the study's row: ids become visible in the order of the numbers. `None` if the study
    /// is gone, or has as many trials as it may.
    fn create_trial(
        &mut self,
        trial: &NewTrial,
        details: &[Insert],
    ) -> Answer<Option<(TrialId, u64)>>;

    /// Whether the guard touched its row; if it did, the rows are written. In a transaction
    /// of its own, if there is none.
    fn write_if(
        &mut self,
        guard: &Guard,
        details: &[Insert],
        durability: Durability,
    ) -> Answer<bool>;

    /// Which of Optuna's tables `trials`, `version_info` and `alembic_version` there are,
    /// and whether the indexes of opah are.
    fn tables(&mut self) -> Answer<Tables>;

    /// Makes Optuna's tables, unless another process does so at the same time.
    fn create_tables(&mut self) -> Answer<()>;

    /// Makes opah's indexes; without the right to it, does nothing.
    fn create_indexes(&mut self) -> Answer<()>;
}

/// What is in the database.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four things that are there or not"
)]
pub(super) struct Tables {
    pub(super) trials: bool,
    pub(super) version_info: bool,
    pub(super) alembic_version: bool,
    pub(super) indexes: bool,
}

/// Does `work` in a transaction: all or nothing.
pub(super) fn transaction<T>(
    connection: &mut dyn Connection,
    durability: Durability,
    work: impl FnOnce(&mut dyn Connection) -> Answer<T>,
) -> Answer<T> {
    connection.begin(durability)?;
    match work(connection) {
        Ok(done) => {
            connection.commit()?;
            Ok(done)
        }
        Err(lost @ Failure::Lost(_)) => Err(lost),
        Err(failure) => {
            connection.rollback()?;
            Err(failure)
        }
    }
}
