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
    /// The best trial's configuration, which needs no environment; a command has none.
    pub(crate) config: Option<PathBuf>,
}

/// Writes the keepsakes into `directory`; `config` is what was tuned, unless it was a command.
pub(crate) fn write(
    study: &Study,
    best: &BestTrial,
    config: Option<&Path>,
    directory: &Path,
) -> Result<Keepsakes> {
    let history = directory.join("history.html");
    plot::draw(study, "history", &history)?;
    let Some(config) = config else {
        return Ok(Keepsakes {
            history,
            config: None,
        });
    };
    let file = directory.join("best_config.json");
    let failed = || format!("can't write {}", file.display());
    let experiment = retrain::experiment(config, best, &ConfigChanges::default())?;
    let document = best.document(&experiment).with_context(failed)?;
    std::fs::write(&file, document.to_exported_json()).with_context(failed)?;
    Ok(Keepsakes {
        history,
        config: Some(file),
    })
}
