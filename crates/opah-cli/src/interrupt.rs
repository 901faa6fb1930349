//! Ctrl-C: once to stop in good order, twice to stop at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

/// The exit code of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// A flag that the first Ctrl-C sets; the second one ends the program.
pub(crate) fn stop_flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = flag.clone();
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            exit();
        }
    })
    .context("can't handle Ctrl-C")?;
    Ok(flag)
}

/// Ends the program as one that was interrupted.
pub(crate) fn exit() -> ! {
    std::process::exit(INTERRUPTED)
}
