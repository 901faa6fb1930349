//! A study opened, with all its trials.

use std::time::Instant;

use opah::{History, Study};
use serde_json::{Value, json};

use crate::Failure;
use crate::process::resident_bytes;

/// How long it takes each of `n` times, with a connection of its own, and the memory that a
/// trial takes.
pub(crate) fn open(url: &str, name: &str, n: usize) -> Result<Value, Failure> {
    // What is there once, whatever the number of trials.
    drop(opah::storage::open(url)?.studies()?);
    let before = resident_bytes()?;
    let (study, history) = opened(url, name)?;
    let bytes = (resident_bytes()? - before) / history.len().max(1) as f64;
    drop((study, history));
    let mut seconds = Vec::new();
    for _ in 0..n {
        let begin = Instant::now();
        let opened = opened(url, name)?;
        seconds.push(begin.elapsed().as_secs_f64());
        drop(opened);
    }
    Ok(json!({"seconds": seconds, "bytes": bytes}))
}

fn opened(url: &str, name: &str) -> opah::Result<(Study, History)> {
    let study = Study::load(opah::storage::open(url)?, name)?;
    let history = study.history()?;
    Ok((study, history))
}
