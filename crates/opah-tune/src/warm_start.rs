//! The earlier studies that a search begins with.
//!
//! What was found in them is kept with the study, so that a search that goes on is the same
//! when they are gone, or have grown.

use std::path::Path;

use opah::json::Json;
use opah::prior::Priors;
use opah::storage::{AttrKind, masked};
use opah::warm_start::WarmStart;
use opah::{SearchSpace, Study};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::event::Event;

/// The study's attribute of the sources whose points were enqueued.
const ENQUEUED: &str = "opah:warm-start-enqueued";

/// An earlier study, and what is known from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Source {
    /// `NAME@URL` as it was given, without the password of the URL.
    pub(crate) from: String,
    pub(crate) found: WarmStart,
}

/// The sources that are asked for; those that are stored if none or the same are. Only others
/// are read.
pub(crate) fn resolve(
    given: &[String],
    stored: Option<&[Source]>,
    space: &SearchSpace,
) -> Result<Vec<Source>> {
    let stored = stored.unwrap_or_default();
    let is_stored = given
        .iter()
        .map(|given| masked(given))
        .eq(stored.iter().map(|source| source.from.clone()));
    if given.is_empty() || is_stored {
        return Ok(stored.to_vec());
    }
    given
        .iter()
        .map(|given| Source::read(given, space))
        .collect()
}

/// Lets the points of the sources wait to be tried, once in the life of the study.
pub(crate) fn enqueue_once(study: &Study, sources: &[Source]) -> Result<()> {
    let names: Vec<&str> = sources.iter().map(|source| source.from.as_str()).collect();
    let names = Json::new(&names);
    if sources.is_empty() || study.frozen()?.system_attrs.get(ENQUEUED) == Some(&names) {
        return Ok(());
    }
    for source in sources {
        source.found.enqueue(study)?;
    }
    // Afterwards, so that a search that is killed here goes on with those that are missing.
    Ok(study.set_attr(AttrKind::System, ENQUEUED, &names)?)
}

impl Source {
    /// What is known from the study `NAME@URL` for a search of this space.
    fn read(given: &str, space: &SearchSpace) -> Result<Self> {
        let wrong = |problem: String| Error::Flag {
            given: format!("--warm-start {}", masked(given)),
            problem,
        };
        let (name, url) = parts(given).ok_or_else(|| {
            let form = "a study and its storage are NAME@URL, as in `first@sqlite:///first.db`";
            wrong(form.to_owned())
        })?;
        // To open a path that is misspelt would make a file.
        if let Some(path) = url.strip_prefix("sqlite:///")
            && !Path::new(path).exists()
        {
            return Err(wrong(format!("there is no file {path}")));
        }
        let read = || -> opah::Result<WarmStart> {
            let study = Study::load(opah::storage::open(url)?, name)?;
            WarmStart::of(&study, 1, space)
        };
        Ok(Self {
            from: masked(given),
            found: read().map_err(|error| wrong(error.to_string()))?,
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "from": self.from,
            "trials": self.found.trials,
            "priors": self.found.priors.to_json(),
        })
    }

    /// From what [`to_json`](Self::to_json) gives.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let trials = value.get("trials")?.as_array()?.iter();
        let trials: Option<Vec<Map<String, Value>>> =
            trials.map(|trial| trial.as_object().cloned()).collect();
        Some(Self {
            // Some were stored before passwords were left out.
            from: masked(value.get("from")?.as_str()?),
            found: WarmStart {
                trials: trials?,
                priors: Priors::from_json(value.get("priors")?.as_object()?).ok()?,
            },
        })
    }

    /// What it does for the search.
    pub(crate) fn event(&self) -> Event {
        Event::WarmStart {
            from: self.from.clone(),
            n_trials: self.found.trials.len(),
            priors: self.found.priors.to_json().keys().cloned().collect(),
        }
    }
}

/// The study's name and the storage's URL, in which there may be an `@` too.
fn parts(given: &str) -> Option<(&str, &str)> {
    let end_of_scheme = given.find("://").unwrap_or(given.len());
    let at = given[..end_of_scheme].rfind('@')?;
    let (name, url) = (&given[..at], &given[at + 1..]);
    (!name.is_empty() && !url.is_empty()).then_some((name, url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_urls_may_have_an_at() {
        for (given, expected) in [
            ("a@sqlite:///b.db", Some(("a", "sqlite:///b.db"))),
            (
                "a@b@postgres://u:p@h/d",
                Some(("a@b", "postgres://u:p@h/d")),
            ),
            ("a@memory:", Some(("a", "memory:"))),
            ("sqlite:///b.db", None),
            ("@sqlite:///b.db", None),
            ("a@", None),
            ("", None),
        ] {
            assert_eq!(parts(given), expected, "{given}");
        }
    }

    #[test]
    fn what_is_stored_comes_back() {
        let value = json!({
            "from": "a@sqlite:///b.db",
            "trials": [{"x": 0.1, "kind": "a"}, {"x": 3}],
            "priors": {"x": {"points": [0.1, 1e-7]}, "kind": {"points": ["a"]}},
        });
        let stored = Json::new(&value).to_value();
        let source = Source::from_json(&stored).unwrap();
        assert_eq!(source.to_json(), stored);
        assert_eq!(Source::from_json(&json!({"from": "a"})), None);
    }
}
