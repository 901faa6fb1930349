//! What a search leaves for people beside its trials: a picture of it, and the best
//! configuration with its values filled in.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use opah::Study;
use opah_tune::retrain::BestTrial;

use crate::args::ConfigChanges;
use crate::commands::{plot, retrain};

/// The files that were written.
#[derive(Debug)]
pub(crate) struct Keepsakes {
    /// The values from trial to trial, as a page.
    pub(crate) history: PathBuf,
    /// The best trial's configuration, which needs no environment.
    pub(crate) config: PathBuf,
}

/// Writes the keepsakes into `directory`.
pub(crate) fn write(
    study: &Study,
    best: &BestTrial,
    config: &Path,
    directory: &Path,
) -> Result<Keepsakes> {
    let kept = Keepsakes {
        history: directory.join("history.html"),
        config: directory.join("best_config.json"),
    };
    plot::draw(study, "history", &kept.history)?;
    let failed = || format!("can't write {}", kept.config.display());
    let experiment = retrain::experiment(config, best, &ConfigChanges::default())?;
    let document = best.document(&experiment).with_context(failed)?;
    std::fs::write(&kept.config, document.to_exported_json()).with_context(failed)?;
    Ok(kept)
}
