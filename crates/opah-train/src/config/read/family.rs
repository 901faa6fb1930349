//! What is chosen by `type`: encoders, optimizers, …

use serde_json::Value;

use super::node::{Node, Result};
use super::object::{Keys, Object};
use crate::config::error::{ConfigError, Problem};
use crate::config::suggestion::nearest;

/// Things that are chosen by `type`.
pub(super) struct Family {
    /// "encoder".
    pub(super) what: &'static str,
    /// The type when none is given.
    pub(super) default: Option<&'static str>,
    /// The types that opah has.
    pub(super) known: &'static [&'static str],
    /// AllenNLP's types that it does not have, and what to use instead.
    pub(super) unsupported: &'static [(&'static str, &'static str)],
}

impl<'a> Node<'a> {
    /// The type of an object of a family; a string is short for `{type: …}`.
    pub(super) fn typed(&self, family: &Family) -> Result<Typed<'a>> {
        let object = Object { node: self.clone() };
        let (name, named_at) = match self.value {
            Value::String(name) => (name.as_str(), self.clone()),
            Value::Object(_) => match (object.given("type"), family.default) {
                (Some(node), _) => (node.text()?, node),
                (None, Some(default)) => (default, self.clone()),
                (None, None) => return Err(object.missing("type")),
            },
            _ => return Err(self.wrong(&format!("{} {}", article(family.what), family.what))),
        };
        Ok(Typed {
            name,
            named_at,
            object,
        })
    }
}

/// An object with the type it says it has.
pub(super) struct Typed<'a> {
    pub(super) name: &'a str,
    named_at: Node<'a>,
    object: Object<'a>,
}

impl<'a> Typed<'a> {
    /// The object, of which every key is `type` or one of `keys`.
    pub(super) fn object(self, keys: &Keys) -> Result<Object<'a>> {
        self.object.check(keys)?;
        Ok(self.object)
    }

    /// The error for a type that opah does not have.
    pub(super) fn refuse(&self, family: &Family) -> ConfigError {
        let known_elsewhere = family
            .unsupported
            .iter()
            .find(|(name, _)| *name == self.name);
        if let Some((_, advice)) = known_elsewhere {
            let what = format!("the {} `{}`", family.what, self.name);
            return self.named_at.unsupported(what, advice);
        }
        if self.name.contains('.') {
            let what = format!("`{}`, a Python class,", self.name);
            let advice = format!("opah has these: {}", super::list(family.known));
            return self.named_at.unsupported(what, &advice);
        }
        let problem = Problem::UnknownType {
            family: family.what,
            name: self.name.to_owned(),
            suggestion: nearest(self.name, family.known.iter().copied()).map(str::to_owned),
            known: family.known.to_vec(),
        };
        let reading = self.named_at.reading;
        reading.error(&self.named_at.path, problem)
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}
