//! `opah evaluate`: accuracy and loss of a trained model on labelled data.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use opah_train::archive::Archive;
use opah_train::metrics::Metrics;
use opah_train::predict::Predictor;

use crate::{args, output};

/// The flags of `opah evaluate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  opah evaluate result dev.jsonl\n  opah evaluate result/model.tar.gz dev.jsonl,test.jsonl --output-file metrics.json"
)]
pub(crate) struct Args {
    /// A directory that `opah train` left, or the `model.tar.gz` in it
    #[arg(value_name = "ARCHIVE")]
    archive: PathBuf,
    /// Labelled files, separated by commas
    #[arg(value_name = "INPUT", value_delimiter = ',', required = true)]
    inputs: Vec<String>,
    /// Write the metrics to a file, too
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Weights to use instead of the best ones
    #[arg(long, value_name = "FILE")]
    weights_file: Option<PathBuf>,
    /// Documents a batch; the configuration's if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    /// Accepted for AllenNLP's sake: the CPU computes
    #[arg(long, value_name = "N", hide = true, allow_negative_numbers = true)]
    cuda_device: Option<i64>,
    #[command(flatten)]
    threads: args::Threads,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let prefixes = prefixes(&args.inputs)?;
    let archive = Archive::open(&args.archive, args.weights_file.as_deref())?;
    let mut predictor = Predictor::new(archive, args.threads.count())?;
    let mut metrics = Metrics::default();
    let batch_size = args.batch_size.map(|size| size as usize);
    for (input, prefix) in args.inputs.iter().zip(&prefixes) {
        let totals = predictor.evaluate(input, batch_size, &super::downloads())?;
        totals.write(&mut metrics, prefix);
    }
    let text = metrics.to_text() + "\n";
    if let Some(path) = &args.output_file {
        std::fs::write(path, &text).with_context(|| format!("can't write {}", path.display()))?;
    }
    output::print(&text)
}

/// What stands before the names of each file's metrics; nothing if there is just one file.
fn prefixes(inputs: &[String]) -> Result<Vec<String>> {
    if let [_] = inputs {
        return Ok(vec![String::new()]);
    }
    let mut prefixes: Vec<String> = Vec::new();
    for input in inputs {
        let prefix = format!("{}_", stem(input));
        if prefixes.contains(&prefix) {
            bail!(
                "the metrics of {input} and of another file would both begin with `{prefix}`; evaluate them one by one"
            );
        }
        prefixes.push(prefix);
    }
    Ok(prefixes)
}

/// A file's name up to its first dot.
fn stem(input: &str) -> &str {
    let name = Path::new(input).file_name().and_then(|name| name.to_str());
    let name = name.unwrap_or(input);
    name.split('.')
        .find(|part| !part.is_empty())
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{prefixes, stem};

    #[test]
    fn metrics_are_named_for_the_file() {
        assert_eq!(stem("data/dev.jsonl.gz"), "dev");
        assert_eq!(stem(".hidden.jsonl"), "hidden");
    }

    #[test]
    fn no_file_hides_the_metrics_of_another() {
        let of = |inputs: &[&str]| {
            let inputs: Vec<String> = inputs.iter().map(|input| (*input).to_owned()).collect();
            prefixes(&inputs).map_err(|error| error.to_string())
        };
        assert_eq!(of(&["a/dev.jsonl"]), Ok(vec![String::new()]));
        let two = vec!["dev_".to_owned(), "test_".to_owned()];
        assert_eq!(of(&["dev.jsonl", "test.jsonl"]), Ok(two));
        let refused = of(&["a/dev.jsonl", "b/dev.jsonl.gz"]).unwrap_err();
        assert!(refused.contains("b/dev.jsonl.gz"), "{refused}");
    }
}
