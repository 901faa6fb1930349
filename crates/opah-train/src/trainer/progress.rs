//! How far a run has come: all that its checkpoints hold beside weights and moments, so
//! that a later process goes on to the same bits.

use std::time::Duration;

use serde_json::{Value, json};

use crate::metrics::{Metrics, Tracker};

/// A run between two epochs, but for its arrays.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Progress {
    pub(crate) epochs_done: usize,
    pub(crate) tracker: Tracker,
    pub(crate) order_seed: u64,
    pub(crate) dropout_seed: u64,
    /// In all processes that had a part in the run.
    pub(crate) trained_for: Duration,
    pub(crate) metrics: Metrics,
}

impl Progress {
    /// As it is stored.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "epochs_done": self.epochs_done,
            // As bits: JSON has no NaN.
            "best": self.tracker.best().map(f64::to_bits),
            "epochs_without_best": self.tracker.epochs_without_best(),
            "order_seed": self.order_seed,
            "dropout_seed": self.dropout_seed,
            "trained_for": self.trained_for.as_secs_f64(),
            "metrics": self.metrics.as_json(),
        })
    }

    /// What was stored; `None` if something is missing or of the wrong kind. The patience
    /// is the configuration's.
    pub(crate) fn from_json(stored: &Value, patience: Option<usize>) -> Option<Self> {
        let whole = |name: &str| stored[name].as_u64();
        let best = whole("best").map(f64::from_bits);
        let epochs_without_best = whole("epochs_without_best")? as usize;
        let trained_for = stored["trained_for"].as_f64()?;
        Some(Self {
            epochs_done: whole("epochs_done")? as usize,
            tracker: Tracker::restore(patience, best, epochs_without_best),
            order_seed: whole("order_seed")?,
            dropout_seed: whole("dropout_seed")?,
            trained_for: Duration::try_from_secs_f64(trained_for).ok()?,
            metrics: Metrics::from_json(stored["metrics"].as_object()?.clone()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_comes_back() {
        let mut metrics = Metrics::default();
        metrics.set("best_epoch", Value::Null);
        metrics.set_number("training_loss", f64::NAN);
        let mut progress = Progress {
            epochs_done: 3,
            tracker: Tracker::restore(Some(2), Some(f64::NEG_INFINITY), 1),
            order_seed: 13370,
            dropout_seed: (1 << 52) - 1,
            trained_for: Duration::from_millis(2500),
            metrics,
        };
        let again = |progress: &Progress| {
            let text = progress.to_json().to_string();
            let stored: Value = serde_json::from_str(&text).unwrap();
            Progress::from_json(&stored, Some(2))
        };
        assert_eq!(again(&progress).as_ref(), Some(&progress));
        progress.tracker = Tracker::new(Some(2));
        assert_eq!(again(&progress).as_ref(), Some(&progress));
        progress.tracker = Tracker::restore(Some(2), Some(f64::NAN), 1);
        let best = again(&progress).unwrap().tracker.best();
        assert!(best.is_some_and(f64::is_nan));
        assert_eq!(Progress::from_json(&json!({"epochs_done": 3}), None), None);
    }
}
