//! Parameters that not every trial has: `"if": "optimizer == 'sgd'"` beside `type` and
//! `attributes`.

use std::sync::Arc;

use opah::expression::{Expression, ExpressionError};
use opah::{ParamValue, SearchSpace, Trial};

use super::Parameter;
use crate::positioned_json::Node;
use crate::problem::{Problems, did_you_mean};

/// The values of one trial, in the order of suggestion.
pub(crate) type Values = Vec<(Arc<str>, ParamValue)>;

/// The condition of an entry, which may name only parameters that stand before it.
pub(super) fn read(
    entry: &Node,
    before: &SearchSpace,
    problems: &mut Problems,
) -> Option<Expression> {
    let given = entry.get("if")?;
    let Some(text) = given.text() else {
        let message = format!("`if` must be a condition in quotes, not {given}");
        problems.add(given.at, message);
        return None;
    };
    let parsed = Expression::parse(text).map_err(|error| error.to_string());
    let checked = parsed.and_then(|condition| {
        let names = || before.iter().map(|(name, _)| &**name);
        let unknown = condition.names().find(|name| before.get(name).is_none());
        if let Some(unknown) = unknown {
            let meant = did_you_mean(unknown, names());
            return Err(format!(
                "no parameter `{unknown}` stands before this one{meant}"
            ));
        }
        condition
            .check(before)
            .map_err(|error| error.to_string())
            .map(|()| condition)
    });
    checked
        .map_err(|problem| problems.add(given.at, format!("`if`: {problem}")))
        .ok()
}

impl Parameter {
    /// Whether a trial has the parameter, if it has these values before it. A condition on
    /// what the trial goes without does not hold.
    pub(crate) fn belongs_to(
        &self,
        values: &[(Arc<str>, ParamValue)],
    ) -> Result<bool, ExpressionError> {
        let Some(condition) = &self.condition else {
            return Ok(true);
        };
        let lookup = |name: &str| {
            let found = values.iter().find(|(known, _)| **known == *name);
            found.map(|(_, value)| value.clone())
        };
        Ok(condition.holds(&lookup)? == Some(true))
    }
}

/// Suggests the parameters that the trial has, in their order.
pub(crate) fn suggest(parameters: &[Parameter], trial: &mut Trial) -> opah::Result<Values> {
    let mut values = Values::with_capacity(parameters.len());
    for parameter in parameters {
        let belongs = parameter.belongs_to(&values);
        let belongs = belongs.map_err(|error| opah::Error::SenselessConstraint {
            problem: error.to_string(),
        })?;
        if belongs {
            let value = trial.suggest(&parameter.name, &parameter.distribution)?;
            values.push((parameter.name.clone(), value));
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use opah::{Direction, Study};
    use opah_train::config::ExtVars;

    use super::*;
    use crate::algorithm::Algorithm;
    use crate::hparams::parse;

    const SPACE: &str = r#"[
  {"type": "categorical", "attributes": {"name": "opt", "choices": ["adam", "sgd"]}},
  {"type": "float", "attributes": {"name": "momentum", "low": 0, "high": 1}, "if": "opt == 'sgd'"},
  {"type": "categorical", "attributes": {"name": "nesterov", "choices": [true, false]}, "if": "momentum > 0.5"}
]"#;

    #[test]
    fn a_trial_has_the_parameters_whose_conditions_hold() {
        let space = parse(Path::new("space.json"), SPACE, &ExtVars::new()).unwrap();
        let random = Algorithm::sampler(r#"random:{"seed": 1}"#).unwrap();
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        let study = study.with_sampler(random.build_sampler().unwrap());
        let mut seen = [false; 3];
        for _ in 0..60 {
            let mut trial = study.ask().unwrap();
            let values = suggest(&space.parameters, &mut trial).unwrap();
            study.tell(&mut trial, &[1.0]).unwrap();
            let is_sgd = values[0].1.to_string() == "sgd";
            let momentum = values.get(1).and_then(|(_, value)| value.as_f64());
            assert_eq!(momentum.is_some(), is_sgd);
            let has_nesterov = momentum.is_some_and(|momentum| momentum > 0.5);
            assert_eq!(values.len() == 3, has_nesterov);
            seen[values.len() - 1] = true;
        }
        assert_eq!(seen, [true; 3]);
    }

    #[test]
    fn wrong_conditions_are_told_with_their_place() {
        let told = |from: &str, to: &str| {
            let text = SPACE.replace(from, to);
            let parsed = parse(Path::new("space.json"), &text, &ExtVars::new());
            parsed.unwrap_err().to_string()
        };
        assert_eq!(
            told("\"opt == 'sgd'\"", "\"otp == 'sgd'\""),
            "space.json:3:84: `if`: no parameter `otp` stands before this one; did you mean `opt`?"
        );
        assert_eq!(
            told("\"opt == 'sgd'\"", "\"nesterov\""),
            "space.json:3:84: `if`: no parameter `nesterov` stands before this one"
        );
        let never = told("'sgd'\"", "'sdg'\"");
        assert!(
            never.contains("`opt` is never `'sdg'`, did you mean `sgd`?"),
            "{never}"
        );
        let no_text = told("\"opt == 'sgd'\"", "true");
        assert!(
            no_text.contains("`if` must be a condition in quotes, not true"),
            "{no_text}"
        );
    }
}
