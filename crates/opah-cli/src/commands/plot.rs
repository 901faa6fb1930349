//! `opah plot`

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use opah::plot::render::{FORMATS, format_of};
use opah::plot::{PLOTS, Plot, PlotInput, PlotOptions, find};
use serde_json::Value;

use crate::args::Study;
use crate::output;

/// The flags of `opah plot`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = after_help(),
)]
pub(crate) struct Args {
    /// What to show; Optuna's function names are understood too
    #[arg(value_name = "PLOT")]
    name: String,
    #[command(flatten)]
    study: Study,
    /// The file to write; its extension is the format [default: PLOT.html]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A value to compare with, drawn as a dotted line
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    baseline: Option<f64>,
    /// Only these parameters, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    params: Option<Vec<String>>,
    /// How importances are computed
    #[arg(long, value_name = "NAME")]
    evaluator: Option<String>,
    /// The evaluator's options, as JSON
    #[arg(long, value_name = "JSON", requires = "evaluator")]
    evaluator_options: Option<Value>,
    /// Which objective is shown, from 0; needed if the study has several
    #[arg(long, value_name = "INDEX")]
    target: Option<usize>,
    /// What the value is called
    #[arg(long, value_name = "TEXT")]
    target_name: Option<String>,
}

fn after_help() -> String {
    let plots = PLOTS
        .iter()
        .map(|plot| format!("  {:<20} {}\n", plot.name, plot.summary));
    let formats = FORMATS
        .iter()
        .map(|format| format!("  .{:<19} {}\n", format.extension, format.summary));
    format!(
        "Plots:\n{}\nFormats:\n{}\nExample:\n  opah plot history --storage sqlite:///trial.db --baseline 0.828 --out history.png",
        plots.collect::<String>(),
        formats.collect::<String>(),
    )
}

pub(super) fn run(args: &Args) -> Result<()> {
    let plot = find(&args.name)?;
    let path = match &args.out {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("{}.html", plot.name)),
    };
    // A wrong name is told before the study is read.
    format_of(&path)?;
    let study = super::load(&args.study)?;
    let options = PlotOptions {
        target: args.target,
        target_name: args.target_name.clone(),
        baseline: args.baseline,
        params: args.params.clone(),
        evaluator: args.evaluator.clone(),
        evaluator_options: args.evaluator_options.clone().unwrap_or_default(),
    };
    draw_with(&study, plot, &options, &path)?;
    output::print(&format!("{}\n", path.display()))
}

/// Draws a study with the plot's defaults, in the format of the file's extension.
pub(crate) fn draw(study: &opah::Study, name: &str, path: &Path) -> Result<()> {
    draw_with(study, find(name)?, &PlotOptions::default(), path)
}

fn draw_with(study: &opah::Study, plot: &Plot, options: &PlotOptions, path: &Path) -> Result<()> {
    let figure = plot.figure(&PlotInput {
        study: &study.frozen()?,
        history: &study.history()?,
        options,
    })?;
    let bytes = (format_of(path)?.render)(&figure)?;
    write(path, &bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Replaces the file at once, so that a reader never sees half of it.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        // What is left of it helps nobody; the first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    Ok(written?)
}
