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
        if let Ok(line) = serde_json::to_string(event) {
            // A reader that is gone does not end the search.
            let _ = output::print(&(line + "\n"));
        }
    }
}
