//! The search space: a JSON or Jsonnet file in allennlp-optuna's format.
//!
//! ```json
//! [
//!   {"type": "int", "attributes": {"name": "num_filters", "low": 32, "high": 256}},
//!   {"type": "float", "attributes": {"name": "lr", "low": 5e-3, "high": 0.5, "log": true}},
//!   {"type": "categorical", "attributes": {"name": "encoder", "choices": ["cnn", "boe"]}}
//! ]
//! ```
//!
//! The order of the file is the order of suggestion. The rules of ranges are Optuna's;
//! every entry is checked, and all that is wrong is told at once. An entry may have a
//! condition, `"if": "encoder == 'cnn'"`: trials of which it does not hold go without the
//! parameter. In a shell, a parameter is typed as `lr=float(5e-3, 0.5, log)` (`inline`).

mod attributes;
mod condition;
mod inline;
mod kind;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use opah::{Distribution, Expression, SearchSpace};
use opah_train::config::{self, ExtVars};

use self::attributes::Attributes;
pub(crate) use self::condition::{Values, suggest};
use self::kind::Kind;
use crate::error::{Error, Result};
use crate::positioned_json::{Node, NodeValue, place};
use crate::problem::{Problem, Problems, did_you_mean};

/// The parameters of a search, in the order of suggestion.
#[derive(Debug, Clone)]
pub struct Space {
    /// The file that it was read from.
    pub file: PathBuf,
    /// At least one; every name once.
    pub parameters: Vec<Parameter>,
    /// What was accepted with a doubt, such as a range that is no multiple of its step.
    pub warnings: Vec<String>,
}

/// One parameter of a [`Space`].
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The name of the external variable.
    pub name: Arc<str>,
    /// Where its value is drawn from.
    pub distribution: Distribution,
    /// What must hold of the parameters before it for a trial to have it.
    pub condition: Option<Expression>,
    /// `file:line:column` of the name, or as much of it as is known.
    pub place: String,
}

/// Where a search space stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// On the command line: a text for each parameter, such as `layers=int(1, 6)`.
    Inline(Vec<String>),
}

impl Source {
    /// Reads the space; a file of Jsonnet is evaluated with these external variables.
    pub fn read(&self, ext_vars: &ExtVars) -> Result<Space> {
        match self {
            Self::File(file) => read(file, ext_vars),
            Self::Inline(texts) => typed(texts),
        }
    }
}

/// Reads parameters that were typed one by one.
fn typed(texts: &[String]) -> Result<Space> {
    let mut space = Space::empty(Path::new("--param"));
    let mut found = Vec::new();
    for text in texts {
        let place = PathBuf::from(format!("--param {text}"));
        let mut problems = Problems::of(&place);
        space.file.clone_from(&place);
        match inline::entry(text) {
            Ok(entry) => space.read_entry(&Node::without_positions(&entry), &mut problems),
            Err(problem) => problems.add(None, problem),
        }
        found.extend(problems.into_found());
    }
    if texts.is_empty() {
        let mut problems = Problems::of(Path::new("--param"));
        problems.add(None, NO_PARAMETER);
        found.extend(problems.into_found());
    }
    space.file = PathBuf::from("--param");
    space.unless(found)
}

const NO_PARAMETER: &str = "the search space has no parameter";

/// Reads a file; Jsonnet is evaluated with these external variables.
pub fn read(file: &Path, ext_vars: &ExtVars) -> Result<Space> {
    let text = std::fs::read_to_string(file).map_err(Error::unreadable("search space", file))?;
    parse(file, &text, ext_vars)
}

/// Reads a text as if it were the file's.
pub fn parse(file: &Path, text: &str, ext_vars: &ExtVars) -> Result<Space> {
    let node = match Node::parse(text) {
        Ok(node) => node,
        Err(refused) => match config::evaluate_text(file, text.as_bytes(), ext_vars) {
            Ok(document) => Node::without_positions(&document.value),
            // A file that says it is JSON is told what JSON says.
            Err(_)
                if file
                    .extension()
                    .is_some_and(|extension| extension == "json") =>
            {
                return Err(Error::HParams(vec![Problem {
                    place: place(file, Some(refused.at)),
                    message: refused.message,
                }]));
            }
            Err(error) => return Err(error.into()),
        },
    };
    let mut problems = Problems::of(file);
    let mut space = Space::empty(file);
    match &node.value {
        NodeValue::Array(entries) if entries.is_empty() => problems.add(node.at, NO_PARAMETER),
        NodeValue::Array(entries) => {
            for entry in entries {
                space.read_entry(entry, &mut problems);
            }
        }
        _ => problems.add(
            node.at,
            format!("the search space must be an array of parameters, not {node}"),
        ),
    }
    space.unless(problems.into_found())
}

impl Space {
    /// The parameters' names, in the order of suggestion.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.parameters.iter().map(|parameter| &parameter.name)
    }

    fn empty(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            parameters: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The space, unless something is wrong with it.
    fn unless(self, problems: Vec<Problem>) -> Result<Self> {
        if problems.is_empty() {
            Ok(self)
        } else {
            Err(Error::HParams(problems))
        }
    }

    /// The same by name.
    pub fn search_space(&self) -> SearchSpace {
        let parameters = self.parameters.iter();
        parameters
            .map(|parameter| {
                let distribution = Arc::new(parameter.distribution.clone());
                (parameter.name.clone(), distribution)
            })
            .collect()
    }

    fn read_entry(&mut self, entry: &Node, problems: &mut Problems) {
        let Some(fields) = entry.fields() else {
            let needs = "must be an object with `type` and `attributes`";
            problems.add(entry.at, format!("a parameter {needs}, not {entry}"));
            return;
        };
        for (key, at, _) in fields {
            if !["type", "attributes", "if"].contains(&key.as_str()) {
                // allennlp-optuna's README calls the attributes "keyword".
                let meant = match key.as_str() {
                    "keyword" | "keywords" => "; did you mean `attributes`?".to_owned(),
                    other => did_you_mean(other, ["type", "attributes"]),
                };
                problems.add(*at, format!("unknown key `{key}`{meant}"));
            }
        }
        let kind = kind::read(entry, problems);
        let attributes = entry.get("attributes");
        match attributes {
            None => problems.add(entry.at, "`attributes` is missing"),
            Some(node) if node.fields().is_none() => {
                problems.add(
                    node.at,
                    format!("`attributes` must be an object, not {node}"),
                );
            }
            Some(node) => {
                let condition = condition::read(entry, &self.search_space(), problems);
                if let Some(kind) = kind {
                    self.read_attributes(kind, node, condition, problems);
                }
            }
        }
    }

    fn read_attributes(
        &mut self,
        kind: &Kind,
        node: &Node,
        condition: Option<Expression>,
        problems: &mut Problems,
    ) {
        let before = problems.count();
        let name = self.read_name(node, problems);
        let mut given = Attributes {
            node,
            label: name
                .clone()
                .map_or_else(String::new, |name| format!("`{name}`: ")),
            problems,
        };
        given.check_keys(kind);
        let made = (kind.build)(&mut given);
        if problems.count() > before {
            return;
        }
        let (Some(name), Some(made)) = (name, made) else {
            return;
        };
        match made {
            Ok(distribution) => {
                self.warnings.extend(lowered(&name, node, &distribution));
                let at = node.get("name").and_then(|name| name.at);
                self.parameters.push(Parameter {
                    place: place(&self.file, at),
                    name: name.into(),
                    distribution,
                    condition,
                });
            }
            Err(opah::Error::InvalidDistribution { reason }) => {
                // The reason begins with the attribute that it is about.
                let about = reason.split(' ').next().unwrap_or_default();
                let about = if about == "log" { "step" } else { about };
                let about = if about == "step" && kind.name == "discrete_uniform" {
                    "q"
                } else {
                    about
                };
                let at = node.get(about).map_or(node.at, |attribute| attribute.at);
                problems.add(at, format!("`{name}`: {reason}"));
            }
            Err(other) => problems.add(node.at, format!("`{name}`: {other}")),
        }
    }

    fn read_name(&self, node: &Node, problems: &mut Problems) -> Option<String> {
        let given = node.get("name")?;
        match given.text() {
            Some("") => problems.add(given.at, "`name` is empty"),
            None => problems.add(given.at, format!("`name` must be a text, not {given}")),
            Some(name) => {
                let before = self.parameters.iter().find(|known| &*known.name == name);
                if let Some(before) = before {
                    let where_before = &before.place;
                    let message = format!("`{name}` is given twice; first at {where_before}");
                    problems.add(given.at, message);
                    return None;
                }
                return Some(name.to_owned());
            }
        }
        None
    }
}

/// The warning when a range is no multiple of its step, as Optuna gives it.
fn lowered(name: &str, node: &Node, distribution: &Distribution) -> Option<String> {
    let given = match &node.get("high")?.value {
        NodeValue::Number(number) => number.as_f64()?,
        _ => return None,
    };
    let (low, high, step) = match distribution {
        Distribution::Int(d) => (d.low().to_string(), d.high() as f64, d.step().to_string()),
        Distribution::Float(d) => {
            let float = opah::json::python_float;
            (float(d.low()), d.high(), float(d.step()?))
        }
        Distribution::Categorical(_) => return None,
    };
    (high < given).then(|| {
        format!(
            "`{name}`: {low} and {given} are no whole number of steps of {step} apart; the greatest value is {high}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Space> {
        parse(Path::new("hparams.json"), text, &ExtVars::new())
    }

    fn refused(text: &str) -> String {
        parse_text(text).unwrap_err().to_string()
    }

    #[test]
    fn every_type_is_read_in_the_order_of_the_file() {
        let space = parse_text(
            r#"[
              {"type": "int", "attributes": {"name": "b", "low": 32, "high": 256.0}},
              {"type": "int", "attributes": {"name": "a", "low": 1, "high": 8, "log": true}},
              {"type": "float", "attributes": {"name": "f", "low": 0, "high": 1, "step": 0.25}},
              {"type": "float", "attributes": {"name": "lr", "low": 5e-3, "high": 0.5, "log": true, "step": null}},
              {"type": "categorical", "attributes": {"name": "c", "choices": [null, true, 2, 0.5, "x"]}},
              {"type": "uniform", "attributes": {"name": "u", "low": 0, "high": 1}},
              {"type": "loguniform", "attributes": {"name": "l", "low": 0.1, "high": 1}},
              {"type": "discrete_uniform", "attributes": {"name": "d", "low": 0, "high": 1, "q": 0.5}}
            ]"#,
        )
        .unwrap();
        let shown: Vec<String> = space
            .parameters
            .iter()
            .map(|parameter| format!("{} {}", parameter.name, parameter.distribution))
            .collect();
        assert_eq!(
            shown,
            [
                "b int(32, 256)",
                "a int(1, 8, log)",
                "f float(0.0, 1.0, step=0.25)",
                "lr float(0.005, 0.5, log)",
                "c categorical(null, true, 2, 0.5, x)",
                "u float(0.0, 1.0)",
                "l float(0.1, 1.0, log)",
                "d float(0.0, 1.0, step=0.5)",
            ]
        );
        assert_eq!(space.parameters[0].place, "hparams.json:2:54");
        assert_eq!(space.warnings, [""; 0]);
    }

    /// One wrong entry each; the position is that of what is wrong.
    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let entry = |kind: &str, attributes: &str| {
            refused(&format!(
                "[{{\"type\": \"{kind}\", \"attributes\": {{{attributes}}}}}]"
            ))
        };
        let cases = [
            ("int", r#""name": "x", "low": 3, "high": 2"#),
            ("float", r#""name": "x", "low": 0, "high": 1, "log": true"#),
            (
                "float",
                r#""name": "x", "low": 1, "high": 2, "log": true, "step": 0.5"#,
            ),
            (
                "int",
                r#""name": "x", "low": 1, "high": 2, "log": true, "step": 2"#,
            ),
            ("int", r#""name": "x", "low": 0.5, "high": 2"#),
            ("int", r#""name": "x", "low": "1", "high": 2"#),
            ("float", r#""name": "x", "low": true, "high": 2"#),
            ("int", r#""name": "x", "low": 1, "hihg": 2"#),
            ("int", r#""name": "x", "low": 1, "high": 2, "step": 0"#),
            (
                "float",
                r#""name": "x", "low": 1, "high": 2, "log": "true""#,
            ),
            ("flaot", r#""name": "x", "low": 1, "high": 2"#),
            ("categorical", r#""name": "x", "choices": []"#),
            ("categorical", r#""name": "x", "choices": [1, [2]]"#),
            ("categorical", r#""name": "x", "choices": [1, 1.0]"#),
            (
                "discrete_uniform",
                r#""name": "x", "low": 0, "high": 1, "q": -1"#,
            ),
            ("uniform", r#""low": 0, "high": 1"#),
            ("uniform", r#""name": 7, "low": 0, "high": 1"#),
        ];
        let told: Vec<String> = cases.map(|(kind, given)| entry(kind, given)).to_vec();
        insta::assert_snapshot!(told.join("\n---\n"));
    }

    #[test]
    fn everything_is_told_at_once() {
        let told = refused(
            "[{\"type\": \"int\", \"attributes\": {\"name\": \"a\", \"low\": 1, \"high\": 2}},\n \
              {\"type\": \"int\", \"attributes\": {\"name\": \"a\", \"low\": 1, \"high\": 2}},\n \
              {\"typ\": \"int\", \"keyword\": {}},\n 7]",
        );
        insta::assert_snapshot!(told);
        assert!(refused("{}").ends_with("must be an array of parameters, not an object"));
        assert!(refused("[]").ends_with("has no parameter"));
        assert_eq!(
            refused("[\n{\"type\": \"int\" \"attributes\": {}}]"),
            "hparams.json:2:16: expected `,` or `}`, found `\"`"
        );
    }

    #[test]
    fn a_range_that_is_no_multiple_of_its_step_is_warned_of() {
        let text =
            r#"[{"type": "int", "attributes": {"name": "n", "low": 0, "high": 10, "step": 4}}]"#;
        let warnings = parse_text(text).unwrap().warnings;
        let expected =
            "`n`: 0 and 10 are no whole number of steps of 4 apart; the greatest value is 8";
        assert_eq!(warnings, [expected]);
    }

    #[test]
    fn jsonnet_is_evaluated() {
        let text = "local int(name) = { type: 'int', attributes: { name: name, low: 1, high: \
                    std.parseInt(std.extVar('most')) } };\n[int('a'), int('b')]";
        let ext_vars = ExtVars::new().with("most", "9");
        let space = parse(Path::new("space.jsonnet"), text, &ext_vars).unwrap();
        assert_eq!(space.parameters[1].distribution.to_string(), "int(1, 9)");
        let error = parse(Path::new("space.jsonnet"), text, &ExtVars::new()).unwrap_err();
        assert!(error.to_string().contains("`most`"), "{error}");
    }
}
