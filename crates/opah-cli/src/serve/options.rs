//! With what a study is served: the `options` of its request choose the sampler, the pruner
//! and the storage; what they leave open is chosen here.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use opah::expression::Expression;
use opah::registry;
use opah::rules::{Duplicates, Rules};
use opah::sampler::{DEFAULT_SAMPLER, SAMPLERS};
use opah::{Pruner, Sampler, Study};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::protocol::{Create, did_you_mean};
use super::space::Space;
use crate::{credentials, output};

/// The pruner of a study that names none, has one objective and says how many steps its
/// trials have. All others have the one that [`Study::load`] gives them.
const PRUNER_OF_CURVES: &str = "forecast";
/// One over the share of the steps that every trial does.
const STEPS_OF_WARMUP: u64 = 4;

/// Where studies are kept that name no storage: one each, gone when they are closed.
const DEFAULT_STORAGE: &str = "memory:";

/// The `options` of a study.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_field_names,
    reason = "these are the names of the protocol's members"
)]
pub(super) struct Options {
    sampler: Option<String>,
    sampler_options: Map<String, Value>,
    pruner: Option<String>,
    pruner_options: Map<String, Value>,
    /// What must hold of parameters.
    constraints: Vec<Expression>,
    duplicates: Duplicates,
    /// A URL. The study is made there, or goes on if it is there.
    storage: Option<String>,
}

impl Options {
    /// The options that are given; unlike other members of requests, unknown ones are refused.
    pub(super) fn read(given: &Map<String, Value>) -> Result<Self> {
        let defaults = serde_json::to_value(Self::default())?;
        let known = || defaults.as_object().into_iter().flat_map(Map::keys);
        for name in given.keys() {
            if !known().any(|option| option == name) {
                let meant = did_you_mean(name, known().map(String::as_str));
                let all = known().cloned().collect::<Vec<_>>().join(", ");
                bail!("no option is named `{name}`{meant}; the options are {all}");
            }
        }
        serde_json::from_value(Value::Object(given.clone())).context("in `options`")
    }

    /// Whether the study outlives the conversation.
    pub(super) fn is_stored(&self) -> bool {
        let storage = self.storage.as_deref();
        storage.is_some_and(|url| url != DEFAULT_STORAGE)
    }

    /// The study that is asked for.
    pub(super) fn study(&self, create: &Create, space: &Space) -> Result<Study> {
        let n_objectives = create.directions.len();
        if n_objectives == 0 {
            bail!("`directions` is empty; a study has at least one objective");
        }
        // Before the storage, so that a wrong name leaves nothing there.
        let sampler = self.sampler(create.seed)?;
        let pruner = self.pruner(n_objectives, create.steps)?;
        let url = self.storage.as_deref().unwrap_or(DEFAULT_STORAGE);
        let storage = opah::storage::open(&credentials::complete(url))?;
        let mut study = Study::load_or_create(storage, &create.study, &create.directions)?;
        if study.directions() != create.directions {
            bail!(
                "study `{}` is there, and its directions are {}, not {}",
                create.study,
                output::directions(study.directions()),
                output::directions(&create.directions)
            );
        }
        study.history()?;
        for warning in study.storage().warnings() {
            output::warn(&warning);
        }
        let rules = Rules {
            constraints: self.constraints.clone(),
            duplicates: self.duplicates,
        };
        rules.check(&space.search_space())?;
        study = study
            .with_sampler(sampler)
            .with_budget(create.budget)
            .with_rules(rules);
        Ok(match pruner {
            Some(pruner) => study.with_pruner(pruner),
            None => study,
        })
    }

    fn sampler(&self, seed: Option<u64>) -> Result<Arc<dyn Sampler>> {
        let name = self.sampler.as_deref().unwrap_or(DEFAULT_SAMPLER);
        let entry = registry::find("sampler", SAMPLERS, name)?;
        let mut options = self.sampler_options.clone();
        if let Some(seed) = seed
            && (entry.defaults)().get("seed").is_some()
            && !options.contains_key("seed")
        {
            options.insert("seed".to_owned(), seed.into());
        }
        Ok(opah::sampler::build(name, &Value::Object(options))?)
    }

    /// `None`: the study's own is good.
    fn pruner(&self, n_objectives: usize, steps: Option<u64>) -> Result<Option<Arc<dyn Pruner>>> {
        if let Some(name) = self.pruner.as_deref() {
            let options = Value::Object(self.pruner_options.clone());
            let pruner = opah::pruner::build(name, &options)?;
            opah::pruner::check_objectives(pruner.as_ref(), n_objectives)?;
            return Ok(Some(pruner));
        }
        if !self.pruner_options.is_empty() {
            bail!("there are `pruner_options`, but no `pruner` is named");
        }
        let Some(steps) = steps.filter(|_| n_objectives == 1) else {
            return Ok(None);
        };
        let n_warmup_steps = u32::try_from(steps / STEPS_OF_WARMUP).unwrap_or(u32::MAX);
        let options = json!({ "n_warmup_steps": n_warmup_steps });
        Ok(Some(opah::pruner::build(PRUNER_OF_CURVES, &options)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a study with these members is served with: sampler, pruner.
    fn served(members: &Value) -> Result<(String, String)> {
        let mut request = json!({"study": "s", "seed": 7, "directions": ["minimize"], "space": []});
        let fields = members.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(fields);
        let create: Create = serde_json::from_value(request).unwrap();
        let study = Options::read(&create.options)?.study(&create, &Space::new(&create.space)?)?;
        let study = format!("{study:?}");
        let part = |from: &str, to: &str| {
            let after = study.split_once(from).unwrap().1;
            after.split_once(to).unwrap().0.to_owned()
        };
        Ok((
            part("sampler: ", ", pruner: "),
            part(", pruner: ", ", budget: "),
        ))
    }

    #[test]
    fn what_is_left_open_is_chosen() {
        let several = json!(["minimize", "maximize"]);
        for (members, sampler, pruner) in [
            (json!({}), "AutoSampler", "MedianPruner"),
            (json!({"steps": 9}), "AutoSampler", "ForecastPruner"),
            (json!({"directions": several}), "AutoSampler", "NeverPruner"),
            (
                json!({"directions": several, "steps": 9}),
                "AutoSampler",
                "NeverPruner",
            ),
            (
                json!({"directions": several, "options": {"pruner": "dominance_halving"}}),
                "AutoSampler",
                "DominanceHalvingPruner",
            ),
            (
                json!({"steps": 9, "options": {"sampler": "random", "pruner": "hyperband"}}),
                "RandomSampler",
                "HyperbandPruner",
            ),
        ] {
            let (of_sampler, of_pruner) = served(&members).unwrap();
            assert!(of_sampler.starts_with(sampler), "{of_sampler}");
            assert!(of_pruner.starts_with(pruner), "{of_pruner}");
            assert!(of_sampler.contains("seed: 7"), "{of_sampler}");
        }
        let own = json!({"options": {"sampler_options": {"seed": 3}}});
        let (sampler, _) = served(&own).unwrap();
        assert!(sampler.contains("seed: 3"), "{sampler}");
    }

    #[test]
    fn what_can_not_be_chosen_is_refused() {
        for (members, said) in [
            (json!({"directions": []}), "`directions` is empty"),
            (
                json!({"options": {"smapler": "tpe"}}),
                "no option is named `smapler`, did you mean `sampler`?; the options are sampler, ",
            ),
            (
                json!({"options": {"sampler": "tpf"}}),
                "no sampler is named `tpf`, did you mean `tpe`?",
            ),
            (
                json!({"options": {"sampler": "random", "sampler_options": {"sede": 1}}}),
                "invalid options for sampler `random`: unknown field `sede`",
            ),
            (
                json!({"options": {"pruner": "medain"}}),
                "no pruner is named `medain`, did you mean `median`?",
            ),
            (
                json!({"options": {"pruner_options": {"n_warmup_steps": 1}}}),
                "there are `pruner_options`, but no `pruner` is named",
            ),
            (
                json!({"options": {"sampler": 3}}),
                "in `options`: invalid type",
            ),
            (
                json!({
                    "directions": ["minimize", "minimize"], "options": {"pruner": "median"}
                }),
                "the pruner is for one objective, and the study has 2; pruners for several are \
                 never, dominance_halving",
            ),
            (
                json!({"options": {"storage": "http://host"}}),
                "http://…: unknown kind of storage",
            ),
        ] {
            let error = format!("{:#}", served(&members).unwrap_err());
            assert!(error.starts_with(said), "{error}");
        }
    }
}
