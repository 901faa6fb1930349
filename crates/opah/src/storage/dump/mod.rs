//! Studies as lines of JSON, to be kept, sent or read by other programs: `docs/dump.md`.
//!
//! A dump says exactly what a [`Snapshot`] says: numbers come back with all their bits, and
//! attributes with their spelling. Each line is JSON as RFC 8259 has it, without `NaN`. Equal
//! studies make equal dumps.

mod read;
mod record;

use std::io::{self, Write};

use super::Snapshot;
use crate::frozen_trial::FrozenTrial;
use record::{Record, VERSION};

pub use read::read;
pub(crate) use read::read_trial;

/// Writes the line that a dump begins with.
pub fn write_header(out: &mut dyn Write) -> io::Result<()> {
    write_line(out, &Record::Dump { version: VERSION })
}

/// Writes a study: its line, and one for each trial.
///
/// ```
/// use opah::storage::{Snapshot, dump};
/// use opah::{Direction, Study};
///
/// let study = Study::in_memory("s", &[Direction::Minimize])?;
/// let mut trial = study.ask()?;
/// study.tell(&mut trial, &[0.1 + 0.2])?;
/// let snapshot = Snapshot::read(study.storage().as_ref(), "s")?;
///
/// let mut text = Vec::new();
/// dump::write_header(&mut text)?;
/// dump::write_study(&mut text, &snapshot)?;
/// let read = dump::read(text.as_slice())?;
/// assert_eq!(read[0].trials()[0].values, [0.1 + 0.2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_study(out: &mut dyn Write, snapshot: &Snapshot) -> io::Result<()> {
    write_line(out, &Record::of_study(snapshot))?;
    let mut trials = snapshot.trials().iter();
    trials.try_for_each(|trial| write_line(out, &Record::of_trial(trial)))
}

/// A trial by itself, as its line in a dump.
pub(crate) fn trial_line(trial: &FrozenTrial) -> String {
    // Texts and numbers can't fail to be written to a text.
    serde_json::to_string(&Record::of_trial(trial)).unwrap_or_default()
}

fn write_line(out: &mut dyn Write, record: &Record) -> io::Result<()> {
    let line = serde_json::to_string(record)?;
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::storage::contract::{comparable, random_study, steps};

    fn dump(snapshot: &Snapshot) -> Vec<u8> {
        let mut text = Vec::new();
        write_header(&mut text).unwrap();
        write_study(&mut text, snapshot).unwrap();
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_written_is_read(steps in steps()) {
            let snapshot = Snapshot::read(&random_study(&steps), "s").unwrap();
            let text = dump(&snapshot);
            let read = read(text.as_slice()).unwrap();
            assert_eq!(read.len(), 1);
            assert_eq!(dump(&read[0]), text);
            assert_eq!(read[0].study.name, snapshot.study.name);
            assert_eq!(read[0].study.directions, snapshot.study.directions);
            assert_eq!(read[0].study.user_attrs, snapshot.study.user_attrs);
            assert_eq!(read[0].study.system_attrs, snapshot.study.system_attrs);
            assert_eq!(comparable(read[0].trials.clone()), comparable(snapshot.trials.clone()));
        }
    }
}
