//! How long this thread has run on a processor.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::time::Duration;

/// Counts only while this thread runs, in nanoseconds; Linux only.
#[derive(Debug)]
pub(crate) struct Clock(File);

impl Clock {
    pub(crate) fn of_this_thread() -> io::Result<Self> {
        File::open("/proc/thread-self/schedstat").map(Self)
    }

    /// How long the thread has run.
    pub(crate) fn now(&self) -> io::Result<Duration> {
        // The kernel counts when it chooses who runs next.
        std::thread::yield_now();
        let mut file = &self.0;
        file.rewind()?;
        let mut text = [0; 80];
        let n_read = file.read(&mut text)?;
        let text = String::from_utf8_lossy(&text[..n_read]);
        let first = text.split_whitespace().next();
        first
            .and_then(|nanoseconds| nanoseconds.parse().ok())
            .map(Duration::from_nanos)
            .ok_or_else(|| io::Error::other("the kernel does not tell how long a thread ran"))
    }

    /// The seconds that `work` takes.
    pub(crate) fn seconds<E: From<io::Error>>(
        &self,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<f64, E> {
        let begin = self.now()?;
        work()?;
        Ok(self.now()?.saturating_sub(begin).as_secs_f64())
    }

    /// The median over some windows of the seconds that a call takes, each window long
    /// enough to be measured; just one call if that takes seconds.
    pub(crate) fn seconds_a_call<E: From<io::Error>>(
        &self,
        mut call: impl FnMut() -> Result<(), E>,
    ) -> Result<f64, E> {
        const WINDOW: f64 = 0.02;
        let once = self.seconds(&mut call)?;
        if once > 3.0 {
            return Ok(once);
        }
        let n_calls = (WINDOW / once.max(1e-9)).ceil().max(1.0) as u32;
        let mut windows = Vec::new();
        for _ in 0..5 {
            let window = self.seconds(|| (0..n_calls).try_for_each(|_| call()))?;
            windows.push(window / f64::from(n_calls));
        }
        Ok(median(windows))
    }
}

/// The middle value; of an even number of values, the greater of both.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
