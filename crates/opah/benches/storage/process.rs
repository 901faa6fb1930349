//! What this process has used so far, and when it may begin.

use std::fs;
use std::io::{self, Write};

use crate::Failure;

/// The seconds that its threads have run on a processor; Linux only.
pub(crate) fn processor_seconds() -> Result<f64, Failure> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let schedule = fs::read_to_string(thread?.path().join("schedstat"))?;
        let first = schedule.split_whitespace().next();
        let first = first.ok_or("the kernel does not tell how long a thread ran")?;
        nanoseconds += first.parse::<u64>()?;
    }
    Ok(nanoseconds as f64 * 1e-9)
}

/// The memory that it has; Linux only.
pub(crate) fn resident_bytes() -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes = kibibytes.ok_or("the kernel does not tell how much memory is resident")?;
    Ok(kibibytes.parse::<f64>()? * 1024.0)
}

/// Says that it is ready, and waits for a line or the end of the input.
pub(crate) fn wait_for_start() -> io::Result<()> {
    let mut output = io::stdout();
    writeln!(output, "ready")?;
    output.flush()?;
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
