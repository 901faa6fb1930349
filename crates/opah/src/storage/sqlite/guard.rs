//! Triggers that keep a claimed trial from being claimed again, and a finished one from
//! changing its state.
//!
//! opah's own updates ask for the state they need, so they need no guard (and its connections
//! run no triggers). Optuna 5 reads a waiting trial's state, and later sets it to RUNNING
//! whatever it is by then, so that on SQLite two of its workers may run one trial. With the
//! guard the second is refused, which Optuna takes for a trial that is not its own. Likewise of
//! two results for one trial the second is refused.

use super::file::{Durability, SqliteStorage};
use crate::error::Result;

/// The triggers by name.
const GUARD: [(&str, &str); 2] = [
    (
        "opah_guard_claim",
        "BEFORE UPDATE OF state ON trials
         WHEN OLD.state = 'RUNNING' AND NEW.state = 'RUNNING'
         BEGIN SELECT RAISE(ABORT, 'opah guard: another worker has begun this trial'); END",
    ),
    (
        "opah_guard_finish",
        "BEFORE UPDATE OF state ON trials
         WHEN OLD.state IN ('COMPLETE', 'PRUNED', 'FAIL')
         BEGIN SELECT RAISE(ABORT, 'opah guard: this trial has finished'); END",
    ),
];

impl SqliteStorage {
    /// Adds the guard, or removes it. Either is fine if it was done before.
    pub fn guard(&self, is_on: bool) -> Result<()> {
        self.write(Durability::Flushed, |transaction| {
            for (name, trigger) in GUARD {
                transaction.execute(&format!("DROP TRIGGER IF EXISTS {name}"), [])?;
                if is_on {
                    transaction.execute(&format!("CREATE TRIGGER {name} {trigger}"), [])?;
                }
            }
            Ok(())
        })
    }
}

/// Whether the guard has a trigger of this name.
pub(super) fn is_ours(name: &str) -> bool {
    GUARD.iter().any(|(ours, _)| *ours == name)
}
