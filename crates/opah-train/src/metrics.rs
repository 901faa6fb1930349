//! What an epoch is judged by: AllenNLP's cumulative metrics record, and the rule by which
//! an epoch is the best so far.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::config::schema::SignedMetric;

/// AllenNLP's metrics record: names in order of insertion, JSON values. Numbers that JSON
/// has no word for (NaN, infinities) are the texts `NaN`, `Infinity` and `-Infinity`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics(Map<String, Value>);

impl Metrics {
    /// The record that a file holds.
    pub fn from_json(record: Map<String, Value>) -> Self {
        Self(record)
    }

    /// The whole record.
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A number by name, e.g. `best_validation_accuracy`.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.0.get(name)? {
            Value::String(word) => match word.as_str() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                _ => None,
            },
            other => other.as_f64(),
        }
    }

    /// The epoch that it describes, from 0.
    pub fn epoch(&self) -> usize {
        self.0.get("epoch").and_then(Value::as_u64).unwrap_or(0) as usize
    }

    /// The names of all values in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Sets a value, at the end when its name is new.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets a number that may be NaN or infinite.
    pub fn set_number(&mut self, name: &str, value: f64) {
        let word = || {
            let word = match value {
                _ if value.is_nan() => "NaN",
                _ if value > 0.0 => "Infinity",
                _ => "-Infinity",
            };
            Value::String(word.to_owned())
        };
        let value = serde_json::Number::from_f64(value).map_or_else(word, Value::Number);
        self.0.insert(name.to_owned(), value);
    }

    /// The text of a metrics file: indented by two.
    pub fn to_text(&self) -> String {
        // Writing a map of plain values into memory can't fail.
        serde_json::to_string_pretty(&self.0).unwrap_or_default()
    }
}

/// Accuracy and loss, summed over batches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    n_documents: usize,
    n_correct: usize,
    n_batches: usize,
    sum_of_losses: f64,
}

impl Totals {
    /// Adds a batch: its mean loss and how many of its documents were classified right.
    pub fn add(&mut self, n_documents: usize, n_correct: usize, loss: f64) {
        self.n_documents += n_documents;
        self.n_correct += n_correct;
        self.n_batches += 1;
        self.sum_of_losses += loss;
    }

    /// The share of documents that were classified right, 0 of none.
    pub fn accuracy(&self) -> f64 {
        self.n_correct as f64 / self.n_documents.max(1) as f64
    }

    /// The mean of the batches' losses: as in AllenNLP, a short last batch weighs as much
    /// as a full one.
    pub fn loss(&self) -> f64 {
        self.sum_of_losses / self.n_batches.max(1) as f64
    }

    /// Writes both under `prefix`, such as `training_`.
    pub fn write(&self, metrics: &mut Metrics, prefix: &str) {
        metrics.set_number(&format!("{prefix}accuracy"), self.accuracy());
        metrics.set_number(&format!("{prefix}loss"), self.loss());
    }

    /// The sum of the signed metrics; more is better.
    pub fn score(&self, signed: &[SignedMetric]) -> f64 {
        let term = |metric: &SignedMetric| {
            let value = match metric.name.as_str() {
                "accuracy" => self.accuracy(),
                _ => self.loss(),
            };
            if metric.increases { value } else { -value }
        };
        signed.iter().map(term).sum()
    }
}

/// Which epoch is the best so far, and whether to wait for a better one.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracker {
    patience: Option<usize>,
    best: Option<f64>,
    epochs_without_best: usize,
}

impl Tracker {
    /// Nothing was seen yet.
    pub fn new(patience: Option<usize>) -> Self {
        Self {
            patience,
            best: None,
            epochs_without_best: 0,
        }
    }

    /// A tracker in a stored state: the best score and the epochs since.
    pub fn restore(patience: Option<usize>, best: Option<f64>, epochs_without_best: usize) -> Self {
        Self {
            patience,
            best,
            epochs_without_best,
        }
    }

    /// The best score so far.
    pub fn best(&self) -> Option<f64> {
        self.best
    }

    /// Epochs since the best.
    pub fn epochs_without_best(&self) -> usize {
        self.epochs_without_best
    }

    /// Takes an epoch's score; true when it is strictly better than every one before. The
    /// first is always the best, and a NaN that is first is never beaten.
    pub fn see(&mut self, score: f64) -> bool {
        let is_best = self.best.is_none_or(|best| score > best);
        if is_best {
            self.best = Some(score);
            self.epochs_without_best = 0;
        } else {
            self.epochs_without_best += 1;
        }
        is_best
    }

    /// Whether as many epochs as the patience allows went by without a new best.
    pub fn is_out_of_patience(&self) -> bool {
        self.patience
            .is_some_and(|patience| self.epochs_without_best >= patience)
    }
}

/// A duration as Python prints a `timedelta` below a day: `H:MM:SS.ffffff`.
pub fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!(
        "{}:{:02}:{:02}.{:06}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        duration.subsec_micros()
    )
}

/// The most memory that the process ever used, in MiB; `None` where the system does not say.
pub fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_epoch_is_the_best_until_a_better_one() {
        let mut tracker = Tracker::new(Some(2));
        let best: Vec<bool> = [0.5, 0.5, 0.6, 0.4]
            .map(|score| tracker.see(score))
            .to_vec();
        assert_eq!(best, [true, false, true, false]);
        assert!(!tracker.is_out_of_patience());
        tracker.see(f64::NAN);
        assert!(tracker.is_out_of_patience());
        let mut tracker = Tracker::new(None);
        assert!(tracker.see(f64::NAN) && !tracker.see(1.0));
    }

    #[test]
    fn the_loss_is_the_mean_of_the_batches_means() {
        let mut totals = Totals::default();
        totals.add(64, 32, 1.0);
        totals.add(1, 1, 0.0);
        assert_eq!(totals.loss(), 0.5);
        assert_eq!(totals.accuracy(), 33.0 / 65.0);
        let signed = |name: &str, increases| SignedMetric {
            name: name.to_owned(),
            increases,
        };
        let both = [signed("accuracy", true), signed("loss", false)];
        assert_eq!(totals.score(&both), 33.0 / 65.0 - 0.5);
    }

    #[test]
    fn numbers_without_a_word_in_json_are_texts() {
        let mut metrics = Metrics::default();
        metrics.set_number("training_loss", f64::NEG_INFINITY);
        metrics.set_number("nan", f64::NAN);
        assert_eq!(metrics.number("training_loss"), Some(f64::NEG_INFINITY));
        assert!(metrics.number("nan").is_some_and(f64::is_nan));
        assert_eq!(metrics.number("absent"), None);
    }

    #[test]
    fn durations_are_spelled_as_in_python() {
        let duration = Duration::from_micros(3_723_000_042);
        assert_eq!(duration_text(duration), "1:02:03.000042");
    }
}
