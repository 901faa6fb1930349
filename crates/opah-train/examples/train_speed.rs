//! How fast the chapter's classifier trains on the real reviews: one size, one line of
//! JSON. `tools/bench/trainer.sh` compares it with PyTorch.
//!
//!     cargo run --release -p opah-train --example train_speed -- \
//!         --data ../shared/data/imdb --size 128/4/128/128 --threads 2 --seconds 10
//!
//! `--optimizer adam` trains by Adam instead of the chapter's SGD; `--evaluate` measures
//! evaluation instead of training; `--dump FILE` writes the token numbers of the training
//! data for another program and ends.
#![expect(clippy::print_stdout, reason = "an example that prints its result")]

use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use opah_train::config::{self, Config, ExtVars};
use opah_train::data::{self, Dataset};
use opah_train::metrics::peak_memory_mb;
use opah_train::model::{Model, Step};
use opah_train::optimizer::Optimizer;
use rayon::ThreadPoolBuilder;
use serde_json::json;

/// Batches that are not measured.
const WARM_UP: usize = 10;

type Failure = Box<dyn Error + Send + Sync>;

struct Arguments {
    data: PathBuf,
    /// Embedding, widest filter, filters, output.
    size: [String; 4],
    threads: usize,
    seconds: f64,
    optimizer: String,
    evaluate: bool,
    dump: Option<PathBuf>,
}

fn arguments() -> Result<Arguments, Failure> {
    let mut found = Arguments {
        data: PathBuf::from("../shared/data/imdb"),
        size: ["128", "4", "128", "128"].map(str::to_owned),
        threads: 2,
        seconds: 10.0,
        optimizer: "sgd".to_owned(),
        evaluate: false,
        dump: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(flag) = given.next() {
        let mut value = || given.next().ok_or(format!("`{flag}` needs a value"));
        match flag.as_str() {
            "--data" => found.data = value()?.into(),
            "--size" => {
                let parts: Vec<String> = value()?.split('/').map(str::to_owned).collect();
                found.size = parts
                    .try_into()
                    .map_err(|_| "`--size` is like 128/4/128/128")?;
            }
            "--threads" => found.threads = value()?.parse()?,
            "--seconds" => found.seconds = value()?.parse()?,
            "--optimizer" => found.optimizer = value()?,
            "--evaluate" => found.evaluate = true,
            "--dump" => found.dump = Some(value()?.into()),
            _ => return Err(format!("unknown argument `{flag}`").into()),
        }
    }
    Ok(found)
}

/// The chapter's configuration at a size, with the reviews in a local folder.
fn configuration(arguments: &Arguments) -> Result<Config, Failure> {
    let [embedding_dim, max_filter_size, num_filters, output_dim] = &arguments.size;
    let ext_vars = ExtVars::new()
        .with("embedding_dim", embedding_dim)
        .with("max_filter_size", max_filter_size)
        .with("num_filters", num_filters)
        .with("output_dim", output_dim)
        .with("dropout", "0.2")
        .with(
            "lr",
            if arguments.optimizer == "sgd" {
                "0.1"
            } else {
                "0.001"
            },
        );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join("examples/imdb/config/imdb_optuna.jsonnet");
    let mut document = config::evaluate(&file, &ext_vars)?;
    for (key, file) in [
        ("train_data_path", "train.jsonl.gz"),
        ("validation_data_path", "dev.jsonl.gz"),
    ] {
        document.set(&format!("{key}={}", arguments.data.join(file).display()))?;
    }
    document.set(&format!("trainer.optimizer.type={}", arguments.optimizer))?;
    Ok(document.read()?)
}

/// Writes the number of documents, their offsets, labels and tokens, as little-endian
/// 32-bit numbers.
fn dump(dataset: &Dataset, file: &Path) -> Result<(), Failure> {
    let mut out = BufWriter::new(fs::File::create(file)?);
    out.write_all(&u32::try_from(dataset.len())?.to_le_bytes())?;
    for offset in &dataset.offsets {
        out.write_all(&u32::try_from(*offset)?.to_le_bytes())?;
    }
    for number in dataset.labels.iter().chain(&dataset.tokens) {
        out.write_all(&number.to_le_bytes())?;
    }
    Ok(out.flush()?)
}

/// Seconds of processor time this process has used.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<f64>().ok())
    };
    // User and system time, in hundredths of a second.
    (ticks(11).unwrap_or(f64::NAN) + ticks(12).unwrap_or(f64::NAN)) / 100.0
}

fn main() -> Result<(), Failure> {
    let arguments = arguments()?;
    let config = configuration(&arguments)?;
    let start = Instant::now();
    let corpus = data::prepare(&config, arguments.threads)?;
    let prepared = start.elapsed().as_secs_f64();
    if let Some(file) = &arguments.dump {
        return dump(&corpus.train, file);
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(arguments.threads)
        .build()?;
    pool.install(|| measure(&arguments, &config, &corpus, prepared))
}

fn measure(
    arguments: &Arguments,
    config: &Config,
    corpus: &data::Corpus,
    prepared: f64,
) -> Result<(), Failure> {
    let n_tokens = corpus.vocabulary.size("tokens");
    let mut model = Model::new(&config.model, n_tokens, 2, 42)?;
    let mut optimizer = Optimizer::new(&config.trainer.optimizer, &model);
    let dev = corpus.validation.as_ref().ok_or("no validation data")?;
    let dataset = if arguments.evaluate {
        dev
    } else {
        &corpus.train
    };
    let mut logits = Vec::new();
    let (mut n_batches, mut n_examples, mut loss) = (0, 0, 0.0);
    let mut start = (Instant::now(), processor_seconds());
    'epochs: for epoch in 0.. {
        let batches = data::batches(dataset, &config.data_loader, 42, epoch);
        for (batch, documents) in batches.iter().enumerate() {
            if n_batches == WARM_UP {
                (n_examples, loss) = (0, 0.0);
                start = (Instant::now(), processor_seconds());
            }
            let result = if arguments.evaluate {
                model.evaluate(dataset, documents, &mut logits)
            } else {
                let step = Step {
                    seed: 42,
                    epoch,
                    batch,
                    grad_norm: None,
                    grad_clipping: None,
                };
                model.train_batch(dataset, documents, &mut optimizer, &step)
            };
            n_batches += 1;
            n_examples += documents.len();
            loss += result.loss;
            if n_batches > WARM_UP && start.0.elapsed().as_secs_f64() >= arguments.seconds {
                break 'epochs;
            }
        }
        model.settle(&mut optimizer);
    }
    let seconds = start.0.elapsed().as_secs_f64();
    let processor = processor_seconds() - start.1;
    let line = json!({
        "size": arguments.size.join("/"),
        "threads": arguments.threads,
        "examples_per_second": n_examples as f64 / seconds,
        "examples_per_processor_second": n_examples as f64 / processor,
        "peak_megabytes": peak_memory_mb(),
        "n_batches": n_batches - WARM_UP,
        "mean_loss": loss / (n_batches - WARM_UP) as f64,
        "seconds_to_prepare_data": prepared,
    });
    println!("{line}");
    Ok(())
}
