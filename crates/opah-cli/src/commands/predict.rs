//! `opah predict`: the labels that a trained model gives to texts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use opah_train::archive::Archive;
use opah_train::predict::Predictor;
use serde_json::{Map, Value};

use crate::args;

/// The flags of `opah predict`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  echo '{\"sentence\": \"a moving film\"}' | opah predict result -\n  opah predict result/model.tar.gz dev.jsonl --batch-size 64 --output-file predictions.jsonl\n\n\
A line is a JSON object with the text under `sentence`, `text`, or the configuration's `text_key`."
)]
pub(crate) struct Args {
    /// A directory that `opah train` left, or the `model.tar.gz` in it
    #[arg(value_name = "ARCHIVE")]
    archive: PathBuf,
    /// A file of JSON lines, or `-` for standard input
    #[arg(value_name = "INPUT")]
    input: PathBuf,
    /// Write the predictions to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Weights to use instead of the best ones
    #[arg(long, value_name = "FILE")]
    weights_file: Option<PathBuf>,
    /// Texts a batch
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: u32,
    /// Print nothing
    #[arg(long)]
    silent: bool,
    /// Accepted for AllenNLP's sake: the CPU computes
    #[arg(long, value_name = "N", hide = true, allow_negative_numbers = true)]
    cuda_device: Option<i64>,
    #[command(flatten)]
    threads: args::Threads,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let archive = Archive::open(&args.archive, args.weights_file.as_deref())?;
    let keys = [
        archive.config.dataset_reader.text_key.clone(),
        "sentence".to_owned(),
        "text".to_owned(),
    ];
    let mut predictor = Predictor::new(archive, args.threads.count())?;
    let shown = args.input.display();
    let mut out = Output::open(args)?;
    let mut texts = Vec::new();
    for (number, line) in input(&args.input)?.lines().enumerate() {
        let line = line.with_context(|| format!("{shown}:{}", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        texts.push(text(&line, &keys).with_context(|| format!("{shown}:{}", number + 1))?);
        if texts.len() == args.batch_size as usize {
            predict(&mut predictor, &mut texts, &mut out)?;
        }
    }
    predict(&mut predictor, &mut texts, &mut out)?;
    out.finish()
}

fn input(path: &Path) -> Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let file = File::open(path).with_context(|| format!("can't read {}", path.display()))?;
    Ok(Box::new(BufReader::new(file)))
}

/// The text of a line, under the first of `keys` that it has.
fn text(line: &str, keys: &[String]) -> Result<String> {
    let object: Map<String, Value> = serde_json::from_str(line)?;
    let found = keys.iter().find_map(|key| object.get(key)?.as_str());
    found.map(str::to_owned).ok_or_else(|| {
        let known: Vec<&str> = object.keys().map(String::as_str).collect();
        anyhow!(
            "there is no text under `{}`; the keys are {}",
            keys[0],
            known.join(", ")
        )
    })
}

/// Predicts what was collected.
fn predict(predictor: &mut Predictor, texts: &mut Vec<String>, out: &mut Output) -> Result<()> {
    let batch: Vec<&str> = texts.iter().map(String::as_str).collect();
    if !batch.is_empty() {
        for prediction in predictor.predict(&batch) {
            out.line(&serde_json::to_string(&prediction)?)?;
        }
    }
    texts.clear();
    Ok(())
}

/// Where predictions go.
enum Output {
    File {
        path: PathBuf,
        lines: BufWriter<File>,
    },
    Stdout(io::Stdout),
    Nowhere,
}

impl Output {
    fn open(args: &Args) -> Result<Self> {
        Ok(match &args.output_file {
            Some(path) => {
                let file = File::create(path).with_context(|| cannot_write(path))?;
                Self::File {
                    path: path.clone(),
                    lines: BufWriter::new(file),
                }
            }
            None if args.silent => Self::Nowhere,
            None => Self::Stdout(io::stdout()),
        })
    }

    fn line(&mut self, line: &str) -> Result<()> {
        match self {
            Self::File { path, lines } => {
                writeln!(lines, "{line}").with_context(|| cannot_write(path))
            }
            Self::Stdout(out) => match writeln!(out, "{line}") {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
                written => Ok(written?),
            },
            Self::Nowhere => Ok(()),
        }
    }

    /// Writes what a file does not have yet.
    fn finish(self) -> Result<()> {
        match self {
            Self::File { path, mut lines } => lines.flush().with_context(|| cannot_write(&path)),
            Self::Stdout(_) | Self::Nowhere => Ok(()),
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!("can't write {}", path.display())
}
