//! Which sampler and pruner: from allennlp-optuna's `optuna.json` or from flags.
//!
//! ```json
//! {"sampler": {"type": "TPESampler", "attributes": {"n_startup_trials": 5}},
//!  "pruner": {"type": "HyperbandPruner"}}
//! ```
//!
//! allennlp-optuna looks over a missing file and drops the sampler's attributes; here
//! both count. Names are those of the registries, Optuna's class names included.

use std::path::Path;
use std::sync::Arc;

use opah::pruner::PRUNERS;
use opah::registry::{self, Entry};
use opah::sampler::SAMPLERS;
use opah::{Pruner, Sampler};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::positioned_json::{Node, NodeValue, place};
use crate::problem::{Problem, Problems, did_you_mean};

/// A sampler or pruner by its name in the registry, with the options that were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Algorithm {
    /// The name.
    pub name: String,
    /// The options that were given; the others have their defaults.
    pub options: Map<String, Value>,
}

/// What a file chooses.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Algorithms {
    /// The sampler, if it is chosen.
    pub sampler: Option<Algorithm>,
    /// The pruner, if it is chosen.
    pub pruner: Option<Algorithm>,
}

impl Algorithm {
    /// This one with its defaults.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            options: Map::new(),
        }
    }

    /// A sampler by `NAME` or `NAME:{"option": …}`.
    pub fn sampler(given: &str) -> Result<Self> {
        Self::of_flag("sampler", SAMPLERS, given)
    }

    /// A pruner by `NAME` or `NAME:{"option": …}`.
    pub fn pruner(given: &str) -> Result<Self> {
        Self::of_flag("pruner", PRUNERS, given)
    }

    /// The sampler that it names.
    pub fn build_sampler(&self) -> Result<Arc<dyn Sampler>> {
        Ok(opah::sampler::build(&self.name, &self.options())?)
    }

    /// The pruner that it names.
    pub fn build_pruner(&self) -> Result<Arc<dyn Pruner>> {
        Ok(opah::pruner::build(&self.name, &self.options())?)
    }

    /// Whether the sampler of this name draws by a seed.
    pub fn has_seed(&self) -> bool {
        let entry = registry::find("sampler", SAMPLERS, &self.name);
        entry.is_ok_and(|entry| (entry.defaults)().get("seed").is_some())
    }

    /// `{"type": …, "attributes": {…}}`.
    pub fn to_json(&self) -> Value {
        json!({"type": self.name, "attributes": self.options})
    }

    /// From what [`to_json`](Self::to_json) gives.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        Some(Self {
            name: value.get("type")?.as_str()?.to_owned(),
            options: value.get("attributes")?.as_object()?.clone(),
        })
    }

    fn options(&self) -> Value {
        Value::Object(self.options.clone())
    }

    fn of_flag<T: ?Sized>(kind: &'static str, entries: &[Entry<T>], given: &str) -> Result<Self> {
        let wrong = |problem: String| Error::Flag {
            given: format!("--{kind} {given}"),
            problem,
        };
        let (name, options) = match given.split_once(':') {
            Some((name, options)) => (name, options),
            None => (given, "{}"),
        };
        let options: Map<String, Value> = serde_json::from_str(options).map_err(|error| {
            let example = format!("{kind} options are a JSON object, as in `{name}:{{…}}`");
            wrong(format!("{example}; {error}"))
        })?;
        let entry =
            registry::find(kind, entries, name).map_err(|error| wrong(error.to_string()))?;
        check(entry, &options).map_err(|(_, problem)| wrong(problem))?;
        Ok(Self {
            name: entry.name.to_owned(),
            options,
        })
    }
}

/// Whether an entry takes the options: the option that it does not take, and why.
fn check<T: ?Sized>(
    entry: &Entry<T>,
    options: &Map<String, Value>,
) -> std::result::Result<(), (Option<String>, String)> {
    let Err(error) = (entry.build)(Value::Object(options.clone())) else {
        return Ok(());
    };
    let defaults = (entry.defaults)();
    let known = || defaults.as_object().into_iter().flat_map(Map::keys);
    let unknown = options.keys().find(|key| known().all(|name| name != *key));
    if let Some(key) = unknown {
        let meant = did_you_mean(key, known().map(String::as_str));
        let all = known().cloned().collect::<Vec<_>>().join(", ");
        let of = entry.name;
        let has = if all.is_empty() {
            "has no options".to_owned()
        } else {
            format!("has {all}")
        };
        let problem = format!("unknown option `{key}`{meant} (`{of}` {has})");
        return Err((Some(key.clone()), problem));
    }
    // Which option is at fault: the one without which the others are fine.
    let culprit = options.keys().find(|key| {
        let mut others = options.clone();
        others.remove(*key);
        (entry.build)(Value::Object(others)).is_ok()
    });
    let text = error.to_string();
    let named = culprit.filter(|key| !text.contains(&format!("`{key}`")));
    let named = named.map_or_else(String::new, |key| format!("`{key}`: "));
    Err((culprit.cloned(), format!("{named}{text}")))
}

/// Reads a file of the form above.
pub fn read(file: &Path) -> Result<Algorithms> {
    let text = std::fs::read_to_string(file)
        .map_err(Error::unreadable("file of --optuna-param-path", file))?;
    parse(file, &text)
}

fn parse(file: &Path, text: &str) -> Result<Algorithms> {
    let node = Node::parse(text).map_err(|refused| {
        Error::Algorithms(vec![Problem {
            place: place(file, Some(refused.at)),
            message: refused.message,
        }])
    })?;
    let mut problems = Problems::of(file);
    let mut algorithms = Algorithms::default();
    match node.fields() {
        None => problems.add(
            node.at,
            format!("must be an object with `sampler` and `pruner`, not {node}"),
        ),
        Some(fields) => {
            for (key, at, value) in fields {
                match key.as_str() {
                    "sampler" => {
                        algorithms.sampler = block("sampler", SAMPLERS, value, &mut problems);
                    }
                    "pruner" => {
                        algorithms.pruner = block("pruner", PRUNERS, value, &mut problems);
                    }
                    other => {
                        let meant = did_you_mean(other, ["sampler", "pruner"]);
                        problems.add(*at, format!("unknown key `{other}`{meant}"));
                    }
                }
            }
        }
    }
    if problems.count() == 0 {
        Ok(algorithms)
    } else {
        Err(Error::Algorithms(problems.into_found()))
    }
}

/// One of the two blocks.
fn block<T: ?Sized>(
    kind: &'static str,
    entries: &[Entry<T>],
    node: &Node,
    problems: &mut Problems,
) -> Option<Algorithm> {
    let Some(fields) = node.fields() else {
        problems.add(
            node.at,
            format!("`{kind}` must be an object with `type`, not {node}"),
        );
        return None;
    };
    for (key, at, _) in fields {
        if key != "type" && key != "attributes" {
            let meant = did_you_mean(key, ["type", "attributes"]);
            problems.add(*at, format!("unknown key `{key}` of the {kind}{meant}"));
        }
    }
    let Some(given) = node.get("type") else {
        problems.add(node.at, format!("the {kind} needs a `type`"));
        return None;
    };
    let Some(name) = given.text() else {
        problems.add(given.at, format!("`type` must be a text, not {given}"));
        return None;
    };
    let entry = match registry::find(kind, entries, name) {
        Ok(entry) => entry,
        Err(error) => {
            problems.add(given.at, error.to_string());
            return None;
        }
    };
    let attributes = node.get("attributes");
    let options = match attributes.map(Node::to_json) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(options)) => options,
        Some(_) => {
            let at = attributes.and_then(|node| node.at);
            problems.add(at, format!("`attributes` of the {kind} must be an object"));
            return None;
        }
    };
    if let Err((option, problem)) = check(entry, &options) {
        let attributes = attributes.unwrap_or(node);
        let at = option.and_then(|option| key_position(attributes, &option));
        problems.add(
            at.or(attributes.at),
            format!("{kind} `{}`: {problem}", entry.name),
        );
        return None;
    }
    Some(Algorithm {
        name: entry.name.to_owned(),
        options,
    })
}

fn key_position(node: &Node, key: &str) -> Option<crate::positioned_json::Position> {
    let NodeValue::Object(fields) = &node.value else {
        return None;
    };
    let found = fields.iter().find(|(known, _, _)| known == key);
    found.and_then(|(_, at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Algorithms> {
        parse(Path::new("optuna.json"), text)
    }

    #[test]
    fn optunas_names_and_attributes_count() {
        let read = parse_text(
            r#"{"pruner": {"type": "MedianPruner", "attributes": {"n_warmup_steps": 3}},
                "sampler": {"type": "RandomSampler", "attributes": {"seed": 7}}}"#,
        )
        .unwrap();
        let sampler = read.sampler.unwrap();
        assert_eq!(
            sampler.to_json(),
            json!({"type": "random", "attributes": {"seed": 7}})
        );
        assert_eq!(sampler.build_sampler().unwrap().seed(), 7);
        assert!(sampler.has_seed());
        let pruner = read.pruner.unwrap();
        assert!(format!("{:?}", pruner.build_pruner().unwrap()).contains('3'));
        assert_eq!(Algorithm::from_json(&pruner.to_json()), Some(pruner));
        for text in [
            "{}",
            r#"{"pruner": {"type": "nop"}}"#,
            r#"{"sampler": {"type": "random", "attributes": null}}"#,
        ] {
            parse_text(text).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let told: Vec<String> = [
            "[]",
            "{\n \"smapler\": {}}",
            "{\"sampler\": {}}",
            "{\"sampler\": 3}",
            "{\"sampler\": {\"type\":\n \"TPF\"}}",
            "{\"pruner\": {\"type\": \"MedianPruner\", \"attributes\": {\n\"n_warmup_step\": 3}}}",
            "{\"pruner\": {\"type\": \"median\", \"attributes\": {\"n_startup_trials\": 1,\n \"n_warmup_steps\": \"3\"}}}",
            "{\"pruner\": {\"type\": \"median\", \"attributes\": []}}",
            "{\"pruner\": }",
        ]
        .map(|text| parse_text(text).unwrap_err().to_string())
        // The list grows with every new sampler.
        .map(|told| match told.split_once(" the samplers are ") {
            Some((before, _)) => format!("{before} the samplers are …"),
            None => told,
        })
        .to_vec();
        insta::assert_snapshot!(told.join("\n---\n"));
        let missing = read(Path::new("no/such.json")).unwrap_err().to_string();
        assert!(missing.starts_with("can't read the file of --optuna-param-path no/such.json"));
    }

    #[test]
    fn flags_have_a_name_and_perhaps_options() {
        let median = Algorithm::pruner(r#"median:{"n_warmup_steps": 2}"#).unwrap();
        assert_eq!(median.options["n_warmup_steps"], 2);
        assert_eq!(
            Algorithm::sampler("RandomSampler").unwrap(),
            Algorithm::named("random")
        );
        for wrong in ["tpf", "random:{", "random:3", r#"random:{"sede": 1}"#] {
            let error = Algorithm::sampler(wrong).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("in `--sampler {wrong}`: ")),
                "{error}"
            );
        }
    }
}
