//! What opah costs beside the objective: processor time or memory of one case, a line of
//! JSON each.
//!
//!     cargo bench -p opah --bench overhead -- "tpe 1000x10" "fanova 1000x10"
//!
//! A case is what is measured and two sizes:
//! - a sampler's name, `tpe-univariate` or `tpe-two-objectives`, trials × parameters: a
//!   trial's ask, suggestions and tell after so many other trials
//! - the same with `-mixed`, as in `gp-mixed`: parameters of all kinds, one in a branch
//! - a sampler's name with `-batch`: ten asks and their suggestions, before any is told
//! - an evaluator's name, trials × parameters: all importances
//! - a pruner's name, trials × steps: a report and the decision after so many trials, each
//!   with so many reports
//! - `hypervolume` or `ranks`, points × objectives
//! - `memory`, trials × parameters: bytes a trial
//!
//! Without cases, those of [`CASES`]. `tools/bench/overhead.sh` runs them beside Optuna.
#![expect(clippy::print_stdout, reason = "a benchmark that prints its results")]

mod batch;
mod case;
mod clock;
mod importance;
mod memory;
mod objectives;
mod pruner;
mod sampler;
mod space;
mod study;

use serde_json::json;

use crate::case::{Case, Cost};
use crate::clock::Clock;

/// Why a case could not be measured.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Memory first, because what other cases leave could be used again.
const CASES: &[&str] = &[
    "memory 10000x10",
    "random 1000x10",
    "qmc 1000x10",
    "tpe 1000x10",
    "tpe 10000x30",
    "tpe 10000x100",
    "tpe 100000x5",
    "tpe-univariate 10000x30",
    "tpe-two-objectives 10000x30",
    "gp 200x10",
    "gp-mixed 200x10",
    "gp-batch 200x10",
    "cmaes 1000x10",
    "nsga2 1000x10",
    "fanova 1000x10",
    "fanova 10000x30",
    "mean_decrease_impurity 1000x10",
    "mean_decrease_impurity 10000x30",
    "ped_anova 1000x10",
    "ped_anova 10000x30",
    "hypervolume 1000x2",
    "hypervolume 1000x3",
    "hypervolume 1000x4",
    "ranks 10000x2",
    "ranks 10000x3",
    "ranks 10000x4",
    "median 1000x100",
    "percentile 1000x100",
    "threshold 1000x100",
    "patient 1000x100",
    "successive_halving 1000x100",
    "hyperband 1000x100",
    "wilcoxon 1000x100",
];

fn main() -> Result<(), Failure> {
    // Cargo adds `--bench`.
    let mut cases: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    if cases.is_empty() {
        cases = CASES.iter().map(|case| (*case).to_owned()).collect();
    }
    let clock = Clock::of_this_thread()?;
    for name in cases {
        let cost = name.parse::<Case>()?.measure(&clock)?;
        let line = match cost {
            Cost::Seconds(seconds) => json!({"case": name, "seconds": seconds}),
            Cost::Bytes(bytes) => json!({"case": name, "bytes": bytes}),
            Cost::Absent(reason) => json!({"case": name, "absent": reason}),
        };
        println!("{line}");
    }
    Ok(())
}
