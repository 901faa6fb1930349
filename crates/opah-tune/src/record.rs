//! What a study was begun with, kept as its system attributes under `opah:`.
//!
//! When the search goes on, what is asked for is compared with it: a search never falls
//! back on another sampler, space or config without anybody noticing.

use std::sync::Arc;

use opah::Study;
use opah::frozen_trial::FrozenStudy;
use opah::json::Json;
use opah::prior::Priors;
use opah::rules::Rules;
use opah::storage::AttrKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::declared::{self, Declared};
use crate::difference::difference;
use crate::error::Result;
use crate::experiment::Change;
use crate::warm_start::Source;

/// The attribute of the study's metric, which retraining needs.
pub(crate) const METRIC: &str = "opah:metric";
/// The attribute of the changes made to the config.
pub(crate) const CHANGES: &str = "opah:changes";
/// The attribute of the config's text.
pub(crate) const CONFIG: &str = "opah:config";
/// The attribute of the command that is tuned instead of a config.
const PROGRAM: &str = "opah:program";
/// The attribute of the parameters, in the order of suggestion.
const SPACE: &str = "opah:space";
/// The config with every parameter at its low: what it comes to, imports and environment
/// included.
const FINGERPRINT: &str = "opah:config-fingerprint";
const SAMPLER: &str = opah::study::SAMPLER_ATTR;
const PRUNER: &str = "opah:pruner";
/// The constraints on parameters, and whether points are tried again.
const RULES: &str = "opah:rules";
/// The seed of all draws.
pub(crate) const SEED: &str = "opah:seed";
/// The attribute of the user's priors.
const PRIORS: &str = "opah:priors";
/// The attribute of what is known from earlier studies.
const WARM_START: &str = "opah:warm-start";
const TOKEN: &str = "opah:token";
const COMMAND: &str = "opah:command";
const VERSION: &str = "opah:version";

/// What a study is begun with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) metric: String,
    /// Without its seed.
    pub(crate) sampler: Algorithm,
    /// `None` when nothing would ask it.
    pub(crate) pruner: Option<Algorithm>,
    pub(crate) rules: Rules,
    pub(crate) seed: u64,
    /// The user's.
    pub(crate) priors: Priors,
    pub(crate) warm_start: Vec<Source>,
    /// In the order of suggestion.
    pub(crate) space: Vec<Declared>,
    pub(crate) tuned: Tuned,
    /// Tells this study from another of the same name.
    pub(crate) token: String,
    pub(crate) command: Vec<String>,
}

/// What is tuned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tuned {
    Config {
        text: String,
        fingerprint: String,
        changes: Vec<Change>,
    },
    Program(Command),
}

/// A command, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Command {
    pub(crate) words: Vec<String>,
    /// Where a trial's value comes from.
    pub(crate) value: String,
}

impl Command {
    /// A line per word.
    fn lines(&self) -> String {
        format!("{}\nvalue: {}", self.words.join("\n"), self.value)
    }
}

impl Record {
    /// The study with the sampler, the pruner and the priors; a user's prior goes before that
    /// of an earlier study.
    pub(crate) fn equip(&self, study: Study) -> Result<Study> {
        let mut priors = self.priors.clone();
        for source in &self.warm_start {
            priors.extend(source.found.priors.clone());
        }
        let sampler = self.seeded().build_sampler()?;
        let study = study
            .with_sampler(sampler)
            .with_rules(self.rules.clone())
            .with_priors(Arc::new(priors));
        Ok(match &self.pruner {
            Some(pruner) => study.with_pruner(pruner.build_pruner()?),
            None => study,
        })
    }

    /// The sampler with the seed.
    fn seeded(&self) -> Algorithm {
        let mut sampler = self.sampler.clone();
        if sampler.has_seed() {
            sampler.options.insert("seed".to_owned(), self.seed.into());
        }
        sampler
    }

    fn attributes(&self) -> Vec<(&'static str, Json)> {
        let space: Vec<Value> = self.space.iter().map(Declared::to_json).collect();
        let warm_start: Vec<Value> = self.warm_start.iter().map(Source::to_json).collect();
        let mut attributes = vec![
            (METRIC, Json::new(&self.metric)),
            (SAMPLER, Json::new(&self.sampler.to_json())),
            (
                PRUNER,
                Json::new(&self.pruner.as_ref().map(Algorithm::to_json)),
            ),
            (RULES, Json::new(&self.rules)),
            (SEED, Json::new(&self.seed)),
            (PRIORS, Json::new(&self.priors.to_json())),
            (WARM_START, Json::new(&warm_start)),
            (SPACE, Json::new(&space)),
        ];
        match &self.tuned {
            Tuned::Config {
                text,
                fingerprint,
                changes,
            } => attributes.extend([
                (CONFIG, Json::new(text)),
                (FINGERPRINT, Json::new(fingerprint)),
                (CHANGES, Json::new(changes)),
            ]),
            Tuned::Program(command) => attributes.push((PROGRAM, Json::new(command))),
        }
        attributes.extend([
            (TOKEN, Json::new(&self.token)),
            (COMMAND, Json::new(&self.command)),
            // Last: it says that all of them were written.
            (VERSION, Json::new(env!("CARGO_PKG_VERSION"))),
        ]);
        attributes
    }

    /// Writes what the study does not have yet; with `replace` also what it has otherwise.
    pub(crate) fn write(&self, study: &Study, replace: bool) -> Result<()> {
        let stored = study.frozen()?.system_attrs;
        for (key, value) in self.attributes() {
            let known = stored.get(key);
            if known.is_none() || (replace && known != Some(&value)) {
                study.set_attr(AttrKind::System, key, &value)?;
            }
        }
        Ok(())
    }

    /// What is asked for that is not what was begun, as a text for people.
    pub(crate) fn difference(&self, stored: &Stored) -> Option<String> {
        let algorithm = |algorithm: &Algorithm| algorithm.to_json().to_string();
        let unreadable = stored.unreadable.iter();
        let mut sections: Vec<String> = unreadable
            .map(|key| format!("what is stored as `{key}` can't be read"))
            .collect();
        let mut compare = |title: &str, before: Option<String>, after: String| {
            if let Some(before) = before {
                sections.extend(difference(title, &before, &after));
            }
        };
        compare(
            "space",
            stored.space.as_deref().map(declared::lines),
            declared::lines(&self.space),
        );
        compare(
            "sampler",
            stored.sampler.as_ref().map(algorithm),
            algorithm(&self.sampler),
        );
        let rules = |rules: &Rules| Json::new(rules).as_str().to_owned();
        // Studies that were begun before there were rules have none.
        let stored_rules = stored.rules.clone();
        let stored_rules = stored_rules.or(stored.is_whole.then(Rules::default));
        compare(
            "rules",
            stored_rules.as_ref().map(rules),
            rules(&self.rules),
        );
        let seed = |seed: u64| seed.to_string();
        compare("seed", stored.seed.map(seed), seed(self.seed));
        // Studies that were begun before there were priors have none.
        let begun_without = || stored.is_whole.then(none);
        let priors = stored.priors.as_ref().map(priors_lines);
        compare(
            "priors",
            priors.or_else(begun_without),
            priors_lines(&self.priors),
        );
        let warm_start = stored.warm_start.as_deref().map(names);
        compare(
            "warm start",
            warm_start.or_else(begun_without),
            names(&self.warm_start),
        );
        let pruner = |pruner: &Option<Algorithm>| {
            let given = pruner.as_ref();
            given.map_or_else(|| "none".to_owned(), algorithm)
        };
        compare(
            "pruner",
            stored.has_pruner.then(|| pruner(&stored.pruner)),
            pruner(&self.pruner),
        );
        sections.extend(self.difference_of_tuned(stored));
        (!sections.is_empty()).then(|| sections.join("\n"))
    }
}

impl Record {
    fn difference_of_tuned(&self, stored: &Stored) -> Option<String> {
        let none = none();
        match &self.tuned {
            Tuned::Config {
                text, fingerprint, ..
            } => {
                let other = stored.program.as_ref().map(|_| &none);
                let before = stored.config.as_ref().or(other);
                let of_text = before.and_then(|before| difference("config", before, text));
                // The text may be the same, but not what it comes to.
                of_text.or_else(|| {
                    let before = stored.fingerprint.as_ref()?;
                    difference("evaluated config", before, fingerprint)
                })
            }
            Tuned::Program(command) => {
                let before = stored.program.as_ref().map(Command::lines);
                let before = before.or(stored.is_whole.then_some(none))?;
                difference("command", &before, &command.lines())
            }
        }
    }
}

fn none() -> String {
    "none".to_owned()
}

fn priors_lines(priors: &Priors) -> String {
    if priors.is_empty() {
        return none();
    }
    let priors = priors.to_json();
    let line = |(name, prior): (&String, &Value)| format!("{name}: {prior}");
    priors.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn names(sources: &[Source]) -> String {
    if sources.is_empty() {
        return none();
    }
    let names: Vec<&str> = sources.iter().map(|source| source.from.as_str()).collect();
    names.join("\n")
}

/// What is stored of a record; all of it unless the study is foreign or its making was
/// interrupted.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) metric: Option<String>,
    pub(crate) sampler: Option<Algorithm>,
    pub(crate) pruner: Option<Algorithm>,
    /// Whether it is known that there is a pruner or none.
    has_pruner: bool,
    pub(crate) rules: Option<Rules>,
    pub(crate) seed: Option<u64>,
    pub(crate) priors: Option<Priors>,
    pub(crate) warm_start: Option<Vec<Source>>,
    space: Option<Vec<Declared>>,
    pub(crate) program: Option<Command>,
    pub(crate) config: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) token: Option<String>,
    /// Whether all of it was written.
    is_whole: bool,
    /// What is stored, but not as it is written here, and so can't be compared.
    unreadable: Vec<&'static str>,
}

impl Stored {
    pub(crate) fn of(study: &FrozenStudy) -> Self {
        let attr = |key: &str| study.system_attrs.get(key);
        let text = |key: &str| attr(key).and_then(Json::parse::<String>);
        let pruner = attr(PRUNER);
        let mut stored = Self {
            metric: text(METRIC),
            sampler: attr(SAMPLER).and_then(|json| Algorithm::from_json(&json.to_value())),
            pruner: pruner.and_then(|json| Algorithm::from_json(&json.to_value())),
            has_pruner: pruner.is_some(),
            rules: attr(RULES).and_then(Json::parse::<Rules>),
            seed: attr(SEED).and_then(Json::parse::<u64>),
            priors: attr(PRIORS)
                .and_then(Json::parse::<Map<String, Value>>)
                .and_then(|priors| Priors::from_json(&priors).ok()),
            warm_start: attr(WARM_START)
                .and_then(Json::parse::<Vec<Value>>)
                .and_then(|sources| sources.iter().map(Source::from_json).collect()),
            space: stored_space(study),
            program: attr(PROGRAM).and_then(Json::parse::<Command>),
            config: text(CONFIG),
            fingerprint: text(FINGERPRINT),
            token: text(TOKEN),
            is_whole: attr(VERSION).is_some(),
            unreadable: Vec::new(),
        };
        let has_no_pruner = pruner.is_some_and(|json| json.as_str() == "null");
        let read = [
            (METRIC, stored.metric.is_some()),
            (SAMPLER, stored.sampler.is_some()),
            (PRUNER, stored.pruner.is_some() || has_no_pruner),
            (RULES, stored.rules.is_some()),
            (SEED, stored.seed.is_some()),
            (PRIORS, stored.priors.is_some()),
            (WARM_START, stored.warm_start.is_some()),
            (SPACE, stored.space.is_some()),
            (PROGRAM, stored.program.is_some()),
            (CONFIG, stored.config.is_some()),
            (FINGERPRINT, stored.fingerprint.is_some()),
            (TOKEN, stored.token.is_some()),
        ];
        let unread = read.into_iter().filter(|(_, is_read)| !is_read);
        let unread = unread.map(|(key, _)| key);
        stored.unreadable = unread.filter(|key| attr(key).is_some()).collect();
        stored
    }

    /// Whether `opah tune` made the study.
    pub(crate) fn is_ours(&self) -> bool {
        self.token.is_some() || self.metric.is_some()
    }
}

/// The search space that a study was begun with, in the order of suggestion.
pub(crate) fn stored_space(study: &FrozenStudy) -> Option<Vec<Declared>> {
    let entries: Vec<Value> = study.system_attrs.get(SPACE)?.parse()?;
    entries.iter().map(Declared::from_json).collect()
}
