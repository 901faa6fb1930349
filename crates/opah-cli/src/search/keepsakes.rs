//! What a search leaves for people beside its trials: a picture of it, and the best
//! configuration with its values filled in.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use opah_tune::retrain::BestTrial;
use opah_tune::session::Outcome;

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

/// Writes the keepsakes into `directory`; none without a complete trial.
pub(crate) fn write(
    outcome: &Outcome,
    config: &Path,
    directory: &Path,
) -> Result<Option<Keepsakes>> {
    let Ok(best) = BestTrial::of(&outcome.study) else {
        return Ok(None);
    };
    let kept = Keepsakes {
        history: directory.join("history.html"),
        config: directory.join("best_config.json"),
    };
    plot::draw(&outcome.study, "history", &kept.history)?;
    let experiment = retrain::experiment(config, &best, &ConfigChanges::default())?;
    std::fs::write(&kept.config, best.document(&experiment)?.to_exported_json())
        .with_context(|| format!("can't write {}", kept.config.display()))?;
    Ok(Some(kept))
}
