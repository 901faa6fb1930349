//! A sampler inside of another one, chosen by name.

use std::sync::{Arc, OnceLock};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Sampler;
use crate::error::{Error, Result};
use crate::registry::Configured;

/// A sampler inside of another one, which is made when the options are read.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Named", into = "Named")]
pub struct WrappedSampler {
    named: Named,
    sampler: Arc<dyn Sampler>,
    seeded: OnceLock<Arc<dyn Sampler>>,
}

/// A sampler's name in [`SAMPLERS`](super::SAMPLERS), and its options.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    attributes: Value,
}

impl WrappedSampler {
    /// The sampler called `name`, with these options (null: the defaults).
    pub fn new(name: &str, attributes: Value) -> Result<Self> {
        let name = name.to_owned();
        Named { name, attributes }.try_into()
    }

    /// A sampler with its defaults.
    pub(super) fn of_defaults<C: Configured + Sampler + 'static>() -> Self {
        Self {
            named: Named {
                name: C::NAME.to_owned(),
                attributes: Value::Null,
            },
            sampler: Arc::new(C::default()),
            seeded: OnceLock::new(),
        }
    }

    /// The sampler, with the seed of the outer one unless its options have one. It is made
    /// once: the seed of later calls is not looked at.
    pub(super) fn seeded(&self, seed: u64) -> &dyn Sampler {
        let seeded = self.seeded.get_or_init(|| {
            let Named { name, attributes } = &self.named;
            let mut options = attributes.as_object().cloned().unwrap_or_default();
            if options.contains_key("seed") {
                return self.sampler.clone();
            }
            options.insert("seed".to_owned(), seed.into());
            // It can be made without a seed; so it only fails if it knows none.
            let seeded = super::build(name, &Value::Object(options));
            seeded.unwrap_or_else(|_| self.sampler.clone())
        });
        seeded.as_ref()
    }
}

impl TryFrom<Named> for WrappedSampler {
    type Error = Error;

    fn try_from(named: Named) -> Result<Self> {
        let sampler = super::build(&named.name, &named.attributes)?;
        Ok(Self {
            named,
            sampler,
            seeded: OnceLock::new(),
        })
    }
}

impl From<WrappedSampler> for Named {
    fn from(wrapped: WrappedSampler) -> Self {
        wrapped.named
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_outer_seed_counts_unless_there_is_an_inner_one() {
        let plain = WrappedSampler::new("random", Value::Null).unwrap();
        assert_eq!(plain.seeded(7).seed(), 7);
        let own = WrappedSampler::new("TPESampler", json!({"seed": 3})).unwrap();
        assert_eq!(own.seeded(7).seed(), 3);
    }

    #[test]
    fn what_was_given_is_written_back_and_what_is_wrong_is_told() {
        let given = json!({"type": "tpe", "attributes": {"n_startup_trials": 4}});
        let wrapped: WrappedSampler = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(serde_json::to_value(wrapped).unwrap(), given);
        for (given, said) in [
            (json!({"type": "tpf"}), "did you mean `tpe`?"),
            (
                json!({"type": "tpe", "attributes": {"group": 1}}),
                "`group`",
            ),
            (json!({"type": "tpe", "attribute": {}}), "`attribute`"),
        ] {
            let error = serde_json::from_value::<WrappedSampler>(given).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
