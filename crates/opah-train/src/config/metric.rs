//! Which numbers a training will give, and which of them it is about.

use super::error::ConfigError;
use super::schema::{Config, SignedMetric};
use super::suggestion::nearest;

/// What the classifier measures on any data.
pub(super) const MEASURED: [&str; 2] = ["accuracy", "loss"];

impl Config {
    /// The keys of the numbers that `metrics.json` will have and a study may go by, in the
    /// record's order. Those of the memory are missing on systems that don't tell it.
    pub fn metric_keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = [
            "best_epoch",
            "peak_worker_0_memory_MB",
            "epoch",
            "training_accuracy",
            "training_loss",
            "training_worker_0_memory_MB",
        ]
        .map(str::to_owned)
        .into();
        let mut prefixes = Vec::new();
        if self.validation_data_path.is_some() {
            prefixes.extend(["validation", "best_validation"]);
        }
        if self.evaluate_on_test {
            prefixes.push("test");
        }
        for prefix in prefixes {
            keys.extend(MEASURED.map(|name| format!("{prefix}_{name}")));
        }
        keys
    }

    /// Refuses the key of a number that the training does not give.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownMetric`], with the key that may have been meant.
    pub fn check_metric(&self, key: &str) -> Result<(), ConfigError> {
        let known = self.metric_keys();
        if known.iter().any(|name| name == key) {
            return Ok(());
        }
        // A bare `accuracy` means the best on validation data.
        let best = known
            .iter()
            .find(|name| name.strip_prefix("best_validation_") == Some(key));
        let suggestion = best
            .cloned()
            .or_else(|| nearest(key, known.iter().map(String::as_str)).map(str::to_owned));
        Err(ConfigError::UnknownMetric {
            name: key.to_owned(),
            suggestion,
            known,
        })
    }

    /// The key of what `trainer.validation_metric` is about, and whether more of it is
    /// better: `+accuracy` gives `best_validation_accuracy` and true.
    ///
    /// # Errors
    ///
    /// When it is a sum of several metrics, or there is no validation data.
    pub fn primary_metric(&self) -> Result<(String, bool), ConfigError> {
        let metrics = &self.trainer.validation_metric;
        let [metric] = metrics.as_slice() else {
            return Err(ConfigError::SeveralMetrics {
                metrics: metrics.iter().map(signed).collect(),
                example: metrics.first().map(best_key).unwrap_or_default(),
            });
        };
        if self.validation_data_path.is_none() {
            return Err(ConfigError::NoValidationMetric {
                metric: signed(metric),
            });
        }
        Ok((best_key(metric), metric.increases))
    }
}

fn best_key(metric: &SignedMetric) -> String {
    format!("best_validation_{}", metric.name)
}

fn signed(metric: &SignedMetric) -> String {
    let sign = if metric.increases { '+' } else { '-' };
    format!("{sign}{}", metric.name)
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::config;

    #[test]
    fn the_sign_tells_the_direction() {
        let accuracy = config("trainer.validation_metric=+accuracy");
        let expected = ("best_validation_accuracy".to_owned(), true);
        assert_eq!(accuracy.primary_metric().unwrap(), expected);
        let loss = config("trainer.validation_metric=-loss");
        let expected = ("best_validation_loss".to_owned(), false);
        assert_eq!(loss.primary_metric().unwrap(), expected);
    }

    #[test]
    fn keys_depend_on_the_data() {
        let keys = config("trainer.validation_metric=+accuracy").metric_keys();
        let expected = [
            "best_epoch",
            "peak_worker_0_memory_MB",
            "epoch",
            "training_accuracy",
            "training_loss",
            "training_worker_0_memory_MB",
            "validation_accuracy",
            "validation_loss",
            "best_validation_accuracy",
            "best_validation_loss",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn impossible_metrics_are_refused() {
        let config = config("trainer.validation_metric=+accuracy");
        let refused = |key: &str| config.check_metric(key).unwrap_err().to_string();
        assert!(config.check_metric("best_validation_accuracy").is_ok());
        insta::assert_snapshot!(refused("accuracy"), @r"the training gives no metric `accuracy`; did you mean `best_validation_accuracy`? (known: `best_epoch`, `peak_worker_0_memory_MB`, `epoch`, `training_accuracy`, `training_loss`, `training_worker_0_memory_MB`, `validation_accuracy`, `validation_loss`, `best_validation_accuracy` and `best_validation_loss`)");
        insta::assert_snapshot!(refused("best_validation_acuracy"), @r"the training gives no metric `best_validation_acuracy`; did you mean `best_validation_accuracy`? (known: `best_epoch`, `peak_worker_0_memory_MB`, `epoch`, `training_accuracy`, `training_loss`, `training_worker_0_memory_MB`, `validation_accuracy`, `validation_loss`, `best_validation_accuracy` and `best_validation_loss`)");
        insta::assert_snapshot!(refused("f1"), @r"the training gives no metric `f1`; known: `best_epoch`, `peak_worker_0_memory_MB`, `epoch`, `training_accuracy`, `training_loss`, `training_worker_0_memory_MB`, `validation_accuracy`, `validation_loss`, `best_validation_accuracy` and `best_validation_loss`");
    }

    #[test]
    fn a_sum_of_metrics_is_none_to_tune_by() {
        let config = config(r#"trainer.validation_metric=["+accuracy", "-loss"]"#);
        let error = config.primary_metric().unwrap_err();
        insta::assert_snapshot!(error, @r"`trainer.validation_metric` is the sum of `+accuracy` and `-loss`, which is no metric of its own; say which one counts, for example `best_validation_accuracy`");
    }
}
