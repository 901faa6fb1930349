//! What objectives do, decided beforehand: what they report, and how they end.

use opah::Stop;
use proptest::prelude::*;

/// What one trial does with its values.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Steps, negative ones among them and in any order, and what is reported at them.
    pub(crate) reports: Vec<(i64, f64)>,
    pub(crate) end: End,
}

/// How a trial ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    /// With a value, or two if the study has two objectives.
    Values([f64; 2]),
    Pruned,
    Failed,
}

impl Script {
    /// A trial that ends with this value and reports nothing.
    pub(crate) fn of_value(value: f64) -> Self {
        Self {
            reports: Vec::new(),
            end: End::Values([value, value]),
        }
    }

    /// The result that is told.
    pub(crate) fn result(&self, n_objectives: usize, is_pruned: bool) -> Result<Vec<f64>, Stop> {
        match self.end {
            End::Values(values) if !is_pruned => Ok(values[..n_objectives].to_vec()),
            End::Failed if !is_pruned => Err(Stop::failed("planned")),
            _ => Err(Stop::Pruned),
        }
    }
}

/// A script for each of so many trials, with at most so many reports each.
pub(crate) fn scripts(n_trials: usize, most_reports: usize) -> impl Strategy<Value = Vec<Script>> {
    let end = prop_oneof![
        6 => [value(), value()].prop_map(End::Values),
        1 => Just(End::Pruned),
        1 => Just(End::Failed),
    ];
    let reports = proptest::collection::vec((-2..16_i64, value()), 0..=most_reports);
    let script = (reports, end).prop_map(|(reports, end)| Script { reports, end });
    proptest::collection::vec(script, n_trials)
}

/// Objective values: often ordinary or equal, else extreme, infinite or NaN.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -10.0..10.0_f64,
        2 => Just(1.0),
        1 => Just(0.0),
        1 => Just(-0.0),
        1 => Just(1e308),
        1 => Just(-1e308),
        1 => Just(1e-308),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::NAN),
    ]
}
