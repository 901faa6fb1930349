//! A declared search space: its parameters in order, each with its distribution and perhaps a
//! condition on parameters before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use opah::{Distribution, FrozenTrial, ParamValue, SearchSpace, Trial};
use serde_json::{Map, Value};

use super::protocol::did_you_mean;
use crate::output;

/// What `type` may be, and the members that such a parameter may have besides `name`,
/// `type` and `if`.
static TYPES: [(&str, &[&str]); 3] = [
    ("float", &["low", "high", "log", "step"]),
    ("int", &["low", "high", "log", "step"]),
    ("categorical", &["choices"]),
];

/// A declared search space.
#[derive(Debug)]
pub(super) struct Space(Vec<Parameter>);

#[derive(Debug)]
struct Parameter {
    name: String,
    distribution: Distribution,
    /// All must hold, or the trial goes without this parameter.
    conditions: Vec<Condition>,
}

/// An earlier parameter has one of some values.
#[derive(Debug)]
struct Condition {
    /// The earlier parameter's place in the list.
    parent: usize,
    values: Vec<ParamValue>,
}

impl Space {
    /// The space of a list such as
    /// `[{"name":"kernel","type":"categorical","choices":["rbf","poly"]},
    /// {"name":"degree","type":"int","low":2,"high":4,"if":{"kernel":["poly"]}}]`.
    pub(super) fn new(declared: &[Map<String, Value>]) -> Result<Self> {
        let mut space = Self(Vec::with_capacity(declared.len()));
        // By name: the place in the list, which may be long.
        let mut places = BTreeMap::new();
        for (at, fields) in declared.iter().enumerate() {
            let Some(name) = fields.get("name").and_then(Value::as_str) else {
                bail!("parameter {at} of `space` has no `name`");
            };
            let name = name.to_owned();
            let parameter = space
                .parameter(name.clone(), fields.clone(), &places)
                .map_err(|error| error.context(format!("parameter `{name}`")))?;
            space.0.push(parameter);
            if places.insert(name.clone(), at).is_some() {
                bail!("`space` has two parameters named `{name}`");
            }
        }
        Ok(space)
    }

    /// A parameter that comes after all that the space has so far.
    fn parameter(
        &self,
        name: String,
        mut fields: Map<String, Value>,
        places: &BTreeMap<String, usize>,
    ) -> Result<Parameter> {
        fields.remove("name");
        let conditions = match fields.remove("if") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Object(conditions)) => conditions
                .into_iter()
                .map(|(parent, values)| self.condition(&parent, &values, places))
                .collect::<Result<_>>()?,
            Some(other) => {
                bail!("`if` must be an object like {{\"kernel\":[\"poly\"]}}, not {other}")
            }
        };
        let known = TYPES.map(|(name, _)| name);
        let Some(kind) = fields.get("type").and_then(Value::as_str) else {
            bail!("it has no `type`; the types are {}", known.join(", "));
        };
        let Some((_, members)) = TYPES.iter().find(|(name, _)| *name == kind) else {
            let meant = did_you_mean(kind, known);
            bail!(
                "no type is named `{kind}`{meant}; the types are {}",
                known.join(", ")
            );
        };
        for member in fields.keys().filter(|key| *key != "type") {
            if !members.contains(&member.as_str()) {
                let meant = did_you_mean(member, members.iter().copied());
                output::warn(&format!(
                    "`{member}` of parameter `{name}` is ignored{meant}"
                ));
            }
        }
        let distribution = Distribution::from_json(&Value::Object(fields).to_string())?;
        Ok(Parameter {
            name,
            distribution,
            conditions,
        })
    }

    fn condition(
        &self,
        parent: &str,
        values: &Value,
        places: &BTreeMap<String, usize>,
    ) -> Result<Condition> {
        let Some(&at) = places.get(parent) else {
            let meant = did_you_mean(parent, places.keys().map(String::as_str));
            bail!("`if` names `{parent}`, but no parameter before it has this name{meant}");
        };
        let Some(values) = values.as_array() else {
            bail!("`if` needs a list of the values of `{parent}`, not {values}");
        };
        let distribution = &self.0[at].distribution;
        // As the parameter will have it, so that 1 is 1.0.
        let canonical = |value: &Value| {
            internal(distribution, value)
                .map(|internal| distribution.to_external(internal))
                .ok_or_else(|| {
                    anyhow!("`if` wants `{parent}` = {value}, which is not in {distribution}")
                })
        };
        let values = values.iter().map(canonical).collect::<Result<_>>()?;
        Ok(Condition { parent: at, values })
    }

    /// All parameters by name, whatever their conditions.
    pub(super) fn search_space(&self) -> SearchSpace {
        let parameters = self.0.iter();
        parameters
            .map(|parameter| {
                let name: Arc<str> = Arc::from(parameter.name.as_str());
                (name, Arc::new(parameter.distribution.clone()))
            })
            .collect()
    }

    /// Asks the trial for a value of each parameter whose conditions hold, in order.
    pub(super) fn suggest(&self, trial: &mut Trial) -> opah::Result<Map<String, Value>> {
        let mut given: Vec<Option<ParamValue>> = Vec::with_capacity(self.0.len());
        let mut params = Map::new();
        for parameter in &self.0 {
            let mut conditions = parameter.conditions.iter();
            let value = if conditions.all(|condition| condition.holds(&given)) {
                let value = trial.suggest(&parameter.name, &parameter.distribution)?;
                params.insert(parameter.name.clone(), value.to_json());
                Some(value)
            } else {
                None
            };
            given.push(value);
        }
        Ok(params)
    }

    /// The parameters of this space that a trial has, in order.
    pub(super) fn params(&self, trial: &FrozenTrial) -> Map<String, Value> {
        let declared = self.0.iter().filter_map(|parameter| {
            let param = trial.params.get(&parameter.name)?;
            Some((parameter.name.clone(), param.external().to_json()))
        });
        declared.collect()
    }

    /// Refuses values that no trial of this space can have.
    pub(super) fn check(&self, params: &Map<String, Value>) -> Result<()> {
        for (name, value) in params {
            let Some(parameter) = self.0.iter().find(|parameter| parameter.name == *name) else {
                let meant = did_you_mean(name, self.0.iter().map(|known| known.name.as_str()));
                bail!("the space has no parameter `{name}`{meant}");
            };
            if internal(&parameter.distribution, value).is_none() {
                bail!(
                    "parameter `{name}`: {value} is not in {}",
                    parameter.distribution
                );
            }
        }
        Ok(())
    }
}

impl Condition {
    /// Whether it holds for what the parameters before have, `None` if they are not there.
    fn holds(&self, given: &[Option<ParamValue>]) -> bool {
        let parent = given[self.parent].as_ref();
        parent.is_some_and(|value| self.values.contains(value))
    }
}

/// The internal value that a JSON value stands for, if it is in the distribution.
fn internal(distribution: &Distribution, value: &Value) -> Option<f64> {
    let internal = distribution.to_internal(&ParamValue::from_json(value))?;
    distribution.contains(internal).then_some(internal)
}

#[cfg(test)]
mod tests {
    use opah::{Direction, Study};
    use serde_json::json;

    use super::*;

    fn declared(space: Value) -> Result<Space> {
        let list: Vec<Map<String, Value>> = serde_json::from_value(space).unwrap();
        Space::new(&list)
    }

    fn refused(space: Value) -> String {
        format!("{:#}", declared(space).unwrap_err())
    }

    /// What a trial has in which these values are enqueued.
    fn suggested(space: &Space, enqueued: &Value) -> Map<String, Value> {
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        study.enqueue(enqueued.as_object().unwrap()).unwrap();
        space.suggest(&mut study.ask().unwrap()).unwrap()
    }

    #[test]
    fn a_parameter_is_there_if_all_its_conditions_hold() {
        let space = declared(json!([
            {"name": "n", "type": "int", "low": 1, "high": 3},
            {"name": "on", "type": "categorical", "choices": [false, true]},
            {"name": "x", "type": "float", "low": 0, "high": 1, "if": {"n": [1.0, 3], "on": [true]}},
            {"name": "y", "type": "categorical", "choices": ["a", 2, 0.5], "if": {"x": [0.5]}},
            {"name": "z", "type": "int", "low": 7, "high": 7, "if": {"y": [2.0]}},
        ]))
        .unwrap();
        let with = |enqueued: Value| Value::Object(suggested(&space, &enqueued)).to_string();
        assert_eq!(with(json!({"n": 2, "on": true})), r#"{"n":2,"on":true}"#);
        assert_eq!(with(json!({"n": 1, "on": false})), r#"{"n":1,"on":false}"#);
        assert_eq!(
            with(json!({"n": 1, "on": true, "x": 0.25})),
            r#"{"n":1,"on":true,"x":0.25}"#
        );
        assert_eq!(
            with(json!({"n": 3, "on": true, "x": 0.5, "y": "a"})),
            r#"{"n":3,"on":true,"x":0.5,"y":"a"}"#
        );
        assert_eq!(
            with(json!({"n": 3, "on": true, "x": 0.5, "y": 2})),
            r#"{"n":3,"on":true,"x":0.5,"y":2,"z":7}"#
        );
    }

    #[test]
    fn what_can_not_be_declared_is_refused_by_name() {
        let k = json!({"name": "k", "type": "categorical", "choices": ["a", 1]});
        let of_k = |condition: Value| json!([k, {"name": "d", "type": "int", "low": 1, "high": 2, "if": condition}]);
        for (space, said) in [
            (
                json!([{"type": "int"}]),
                "parameter 0 of `space` has no `name`",
            ),
            (json!([k, k]), "`space` has two parameters named `k`"),
            (
                json!([{"name": "x", "low": 0, "high": 1}]),
                "parameter `x`: it has no `type`; the types are float, int, categorical",
            ),
            (
                json!([{"name": "x", "type": "flaot", "low": 0, "high": 1}]),
                "parameter `x`: no type is named `flaot`, did you mean `float`?; the types are float, int, categorical",
            ),
            (
                json!([{"name": "x", "type": "int", "low": 3, "high": 1}]),
                "parameter `x`: invalid distribution: low = 3 is greater than high = 1",
            ),
            (
                json!([{"name": "x", "type": "categorical", "choices": []}]),
                "parameter `x`: invalid distribution: choices is empty",
            ),
            (
                of_k(json!({"q": ["a"]})),
                "parameter `d`: `if` names `q`, but no parameter before it has this name, did you mean `k`?",
            ),
            (
                of_k(json!({"k": ["a", "b"]})),
                "parameter `d`: `if` wants `k` = \"b\", which is not in categorical(a, 1)",
            ),
            (
                of_k(json!({"k": "a"})),
                "parameter `d`: `if` needs a list of the values of `k`, not \"a\"",
            ),
            (
                of_k(json!(["k"])),
                "parameter `d`: `if` must be an object like {\"kernel\":[\"poly\"]}, not [\"k\"]",
            ),
        ] {
            assert_eq!(refused(space), said);
        }
        let low = refused(json!([{"name": "x", "type": "float", "high": 1}]));
        assert!(
            low.starts_with("parameter `x`: invalid distribution: `low` is missing"),
            "{low}"
        );
    }

    #[test]
    fn values_are_checked_before_they_are_enqueued() {
        let space = declared(json!([
            {"name": "rate", "type": "float", "low": 0, "high": 1},
            {"name": "k", "type": "categorical", "choices": ["a", 1]},
        ]))
        .unwrap();
        let check = |params: Value| {
            let checked = space.check(params.as_object().unwrap());
            checked.err().map(|error| error.to_string())
        };
        assert_eq!(check(json!({"rate": 1, "k": 1.0})), None);
        assert_eq!(check(json!({})), None);
        for (params, said) in [
            (
                json!({"rte": 1}),
                "the space has no parameter `rte`, did you mean `rate`?",
            ),
            (
                json!({"rate": 2}),
                "parameter `rate`: 2 is not in float(0.0, 1.0)",
            ),
            (
                json!({"k": "b"}),
                "parameter `k`: \"b\" is not in categorical(a, 1)",
            ),
        ] {
            assert_eq!(check(params).as_deref(), Some(said));
        }
    }
}
