//! How often and for how long an operation on a server is tried.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may be away before an operation gives up. A result that took hours is
/// not to be lost because the database is restarted.
pub(super) const PATIENCE: Duration = Duration::from_mins(10);

/// How long a server that answers, but does not work yet, is waited for at first.
pub(super) const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// The first and the longest pause between two tries.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(5)];

/// How often and since when an operation is tried.
pub(super) struct Tries {
    since: Instant,
    pause: Duration,
}

impl Tries {
    pub(super) fn new() -> Self {
        Self {
            since: Instant::now(),
            pause: PAUSES[0],
        }
    }

    /// Pauses before another try; `false` if there is to be none.
    pub(super) fn again(&mut self, patience: Duration) -> bool {
        if self.elapsed() + self.pause > patience {
            return false;
        }
        // Processes that failed together should not try together.
        let spread = std::process::id() % 16 + 8;
        sleep(self.pause * spread / 16);
        self.pause = (self.pause * 2).min(PAUSES[1]);
        true
    }

    /// For how long it has been tried.
    pub(super) fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

/// What to do about a server that is away, and for how long it was tried.
pub(super) fn unreachable(waited: Option<Duration>) -> String {
    let problem = "the server can't be reached; check that it runs, and the host and port";
    let waited = waited.map_or(String::new(), |waited| {
        format!(" (tried for {} s)", waited.as_secs())
    });
    format!("{problem}{waited}")
}
