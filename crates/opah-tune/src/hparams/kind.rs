//! The types of parameters, in one list.

use opah::{CategoricalDistribution, Distribution, FloatDistribution, IntDistribution};

use super::attributes::Attributes;
use crate::positioned_json::Node;
use crate::problem::{Problems, did_you_mean};

/// A `type` and the attributes that it takes.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
    /// `None` when an attribute is wrong, which was told then.
    pub(super) build: fn(&mut Attributes) -> Option<opah::Result<Distribution>>,
}

/// Every `type`, the ones that Optuna still offers first.
static KINDS: &[Kind] = &[
    Kind {
        name: "int",
        required: &["name", "low", "high"],
        optional: &["step", "log"],
        build: |given| {
            let (low, high) = (given.whole("low"), given.whole("high"));
            let (step, log) = (given.optional_whole("step", 1), given.flag("log"));
            let made = IntDistribution::new(low?, high?, log?, step?);
            Some(made.map(Distribution::Int))
        },
    },
    Kind {
        name: "float",
        required: &["name", "low", "high"],
        optional: &["step", "log"],
        build: |given| {
            let (low, high) = (given.number("low"), given.number("high"));
            let (step, log) = (given.optional_number("step"), given.flag("log"));
            Some(float(low?, high?, log?, step?))
        },
    },
    Kind {
        name: "categorical",
        required: &["name", "choices"],
        optional: &[],
        build: |given| {
            let made = CategoricalDistribution::new(given.choices()?);
            Some(made.map(Distribution::Categorical))
        },
    },
    Kind {
        name: "uniform",
        required: &["name", "low", "high"],
        optional: &[],
        build: |given| {
            let (low, high) = (given.number("low"), given.number("high"));
            Some(float(low?, high?, false, None))
        },
    },
    Kind {
        name: "loguniform",
        required: &["name", "low", "high"],
        optional: &[],
        build: |given| {
            let (low, high) = (given.number("low"), given.number("high"));
            Some(float(low?, high?, true, None))
        },
    },
    Kind {
        name: "discrete_uniform",
        required: &["name", "low", "high", "q"],
        optional: &[],
        build: |given| {
            let (low, high) = (given.number("low"), given.number("high"));
            let step = Some(given.number("q")?);
            Some(float(low?, high?, false, step))
        },
    },
];

fn float(low: f64, high: f64, log: bool, step: Option<f64>) -> opah::Result<Distribution> {
    FloatDistribution::new(low, high, log, step).map(Distribution::Float)
}

/// The kind of this name.
pub(super) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The kind that an entry's `type` names.
pub(super) fn read(entry: &Node, problems: &mut Problems) -> Option<&'static Kind> {
    let names = || KINDS.iter().map(|kind| kind.name);
    let all = || names().collect::<Vec<_>>().join(", ");
    let Some(given) = entry.get("type") else {
        problems.add(
            entry.at,
            format!("`type` is missing; the types are {}", all()),
        );
        return None;
    };
    let Some(name) = given.text() else {
        problems.add(given.at, format!("`type` must be a text, not {given}"));
        return None;
    };
    let found = find(name);
    if found.is_none() {
        let meant = did_you_mean(name, names());
        let message = format!("unknown type `{name}`{meant} (the types are {})", all());
        problems.add(given.at, message);
    }
    found
}
