//! A worker on a stored study: what its trials cost, and how long a study takes to open.
//!
//!     cargo bench -p opah --bench storage --features postgres,mysql -- run URL STUDY SECONDS SEED
//!
//! - `create URL STUDY`: makes a study, to be minimized
//! - `run URL STUDY SECONDS SEED`: runs trials of five parameters, drawn at random, for so
//!   long. It has run one, says `ready` and waits for a line before it begins, so that many
//!   processes begin together.
//! - `open URL STUDY N`: opens the study and reads all its trials, N times
//! - `sleep URL STUDY N_THREADS N_TRIALS SECONDS SEED`: as many workers, each with a connection
//!   of its own, whose trials sleep for about so long, until the study has so many trials
//!
//! Each prints a line of JSON. `tools/bench/storage.sh` runs them beside Optuna,
//! `tools/bench/sleeping_workers.sh` a thousand workers.
#![expect(clippy::print_stdout, reason = "a benchmark that prints its results")]

mod opening;
mod process;
mod sleepers;
mod trials;

use opah::{Direction, Study};
use serde_json::{Value, json};

/// Why something could not be measured.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    println!("{}", measured(&arguments)?);
    Ok(())
}

fn measured(arguments: &[&str]) -> Result<Value, Failure> {
    match *arguments {
        ["create", url, study] => {
            Study::create(opah::storage::open(url)?, study, &[Direction::Minimize])?;
            Ok(json!({}))
        }
        ["run", url, study, seconds, seed] => {
            trials::run(url, study, seconds.parse()?, seed.parse()?)
        }
        ["open", url, study, n] => opening::open(url, study, n.parse()?),
        ["sleep", url, study, n_threads, n_trials, seconds, seed] => sleepers::run(
            &sleepers::Search {
                url,
                study,
                n_trials: n_trials.parse()?,
                seconds: seconds.parse()?,
                seed: seed.parse()?,
            },
            n_threads.parse()?,
        ),
        // Without arguments, as `cargo bench` runs everything: there is nothing to say.
        [] => Ok(json!({"absent": "tools/bench/storage.sh gives it something to measure"})),
        _ => Err("unknown arguments; the source says which there are".into()),
    }
}
