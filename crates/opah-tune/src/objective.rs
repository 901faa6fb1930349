//! What is searched for: a metric of the training, and whether more of it is better.
//!
//! Both come from the config's `trainer.validation_metric` unless they are given.
//! allennlp-optuna minimizes the loss by default, whatever the config says, and the
//! tutorial's own command thus looks for the worst one; here a direction that contradicts
//! its metric is refused.

use opah::Direction;
use opah_train::config::Config;

use crate::error::{ObjectiveError, Result};

/// A metric of the training and its direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objective {
    /// Its name in `metrics.json`, e.g. `best_validation_accuracy`.
    pub metric: String,
    /// Whether small or large values are good.
    pub direction: Direction,
}

/// The objective of a config, of which the metric and the direction may be given.
pub fn resolve(
    config: &Config,
    metric: Option<&str>,
    direction: Option<Direction>,
) -> Result<Objective> {
    let (metric, hint) = match metric {
        Some(name) => {
            config.check_metric(name)?;
            (name.to_owned(), String::new())
        }
        None => derived(config)?,
    };
    match directed(&metric, direction, hint)? {
        Some(direction) => Ok(Objective { metric, direction }),
        None => Err(ObjectiveError::NoDirection { metric }.into()),
    }
}

/// The objective of a program, whose metric may have any name; it is minimized if neither its
/// name nor anybody says otherwise.
pub(crate) fn of_program(metric: &str, direction: Option<Direction>) -> Result<Objective> {
    let direction = directed(metric, direction, String::new())?;
    Ok(Objective {
        metric: metric.to_owned(),
        direction: direction.unwrap_or(Direction::Minimize),
    })
}

/// The direction that is given, or that of the metric; they must not contradict each other.
fn directed(metric: &str, direction: Option<Direction>, hint: String) -> Result<Option<Direction>> {
    let natural = natural_direction(metric);
    match (direction, natural) {
        (Some(direction), Some(natural)) if direction != natural => {
            let contradiction = ObjectiveError::Contradiction {
                metric: metric.to_owned(),
                direction,
                natural,
                hint,
            };
            Err(contradiction.into())
        }
        _ => Ok(direction.or(natural)),
    }
}

/// More accuracy and less loss are better; of other numbers nothing is known.
pub fn natural_direction(metric: &str) -> Option<Direction> {
    if metric.ends_with("loss") {
        Some(Direction::Minimize)
    } else if metric.ends_with("accuracy") {
        Some(Direction::Maximize)
    } else {
        None
    }
}

/// The metric of `trainer.validation_metric`, and a sentence that says where it comes from.
fn derived(config: &Config) -> Result<(String, String)> {
    let (metric, increases) = config.primary_metric()?;
    let name = metric.rsplit('_').next().unwrap_or_default().to_owned();
    let spelled = |increases| format!("{}{name}", if increases { '+' } else { '-' });
    let natural = natural_direction(&metric) == Some(Direction::Maximize);
    if increases != natural {
        let wrong = ObjectiveError::WrongSign {
            metric: spelled(increases),
            natural: spelled(natural),
        };
        return Err(wrong.into());
    }
    let other = if natural { "loss" } else { "accuracy" };
    let hint = format!(
        " (the metric is that of `trainer.validation_metric`, `{}`; to search for another, pass for example --metrics best_validation_{other})",
        spelled(increases)
    );
    Ok((metric, hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opah_train::config::{ExtVars, evaluate_text};

    fn config(validation_metric: &str, validation_data: bool) -> Config {
        let path = if validation_data {
            "validation_data_path: 'dev.jsonl',"
        } else {
            ""
        };
        let text = format!(
            "{{
              dataset_reader: {{ type: 'text_classification_json', tokenizer: 'whitespace' }},
              train_data_path: 'train.jsonl',
              {path}
              model: {{
                type: 'basic_classifier',
                text_field_embedder: {{ token_embedders: {{ tokens: {{ embedding_dim: 2 }} }} }},
                seq2vec_encoder: {{ type: 'boe', embedding_dim: 2 }},
              }},
              data_loader: {{ batch_size: 2 }},
              trainer: {{ {validation_metric} }},
            }}"
        );
        let file = std::path::Path::new("c.jsonnet");
        let document = evaluate_text(file, text.as_bytes(), &ExtVars::new()).unwrap();
        document.read().unwrap()
    }

    const ACCURACY: &str = "validation_metric: '+accuracy'";

    #[test]
    fn metric_and_direction_come_from_the_config() {
        let found = |validation_metric, metric, direction| {
            let found = resolve(&config(validation_metric, true), metric, direction).unwrap();
            format!("{} {}", found.direction, found.metric)
        };
        let maximize = Some(Direction::Maximize);
        let best_accuracy = "maximize best_validation_accuracy";
        assert_eq!(found(ACCURACY, None, None), best_accuracy);
        // The tutorial's own command.
        assert_eq!(found(ACCURACY, None, maximize), best_accuracy);
        assert_eq!(found("", None, None), "minimize best_validation_loss");
        assert_eq!(
            found("", Some("training_accuracy"), None),
            "maximize training_accuracy"
        );
        assert_eq!(
            found("", Some("best_validation_accuracy"), maximize),
            best_accuracy
        );
    }

    #[test]
    fn a_programs_metric_is_small_unless_something_says_otherwise() {
        let maximize = Some(Direction::Maximize);
        let found = |metric: &str, direction| of_program(metric, direction).unwrap().direction;
        assert_eq!(found("value", None), Direction::Minimize);
        assert_eq!(found("value", maximize), Direction::Maximize);
        assert_eq!(found("dev_accuracy", None), Direction::Maximize);
        assert!(of_program("dev_loss", maximize).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_an_explanation() {
        let (minimize, maximize) = (Some(Direction::Minimize), Some(Direction::Maximize));
        let cases = [
            (ACCURACY, true, None, minimize),
            ("", true, None, maximize),
            (ACCURACY, true, Some("best_validation_loss"), maximize),
            (ACCURACY, true, Some("best_validation_acuracy"), None),
            (ACCURACY, true, Some("accuracy"), None),
            (ACCURACY, true, Some("f1"), None),
            (ACCURACY, true, Some("best_epoch"), None),
            (ACCURACY, true, Some("test_accuracy"), None),
            ("", false, None, None),
            ("", false, Some("validation_loss"), None),
            (
                "validation_metric: ['+accuracy', '-loss']",
                true,
                None,
                None,
            ),
            ("validation_metric: '-accuracy'", true, None, None),
        ];
        let told = cases.map(|(validation_metric, data, metric, direction)| {
            let config = config(validation_metric, data);
            resolve(&config, metric, direction).unwrap_err().to_string()
        });
        insta::assert_snapshot!(told.join("\n---\n"));
    }
}
