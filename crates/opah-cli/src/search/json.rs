//! Every event as a line of JSON on standard output, for programs.

use opah_tune::event::{Event, Observer};

use crate::output;

/// Writes lines of JSON.
pub(super) struct JsonLines;

impl Observer for JsonLines {
    fn observe(&self, event: &Event) {
        // Batches are for eyes only.
        if matches!(event, Event::Batch { .. }) {
            return;
        }
        // What can't be told does not end the search. A reader that is gone is no error.
        let told = serde_json::to_string(event).map_err(anyhow::Error::from);
        if let Err(error) = told.and_then(|line| output::print(&(line + "\n"))) {
            output::warn(&format!("an event could not be written: {error}"));
        }
    }
}
