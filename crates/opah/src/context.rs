//! What a sampler or pruner may see, draw and remember.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::distribution::{Distribution, ParamValue};
use crate::frozen_trial::{Direction, FIXED_PARAMS_ATTR, FrozenTrial};
use crate::history::History;
use crate::json::Json;
use crate::math::random::Rng;
use crate::prior::{self, Density, Priors};
use crate::rules::Rules;

/// One call's view of a study, given to samplers and pruners.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The study's name.
    pub study_name: &'a str,
    /// One direction per objective.
    pub directions: &'a [Direction],
    /// The trial that is being run, with all that was drawn and reported so far.
    pub trial: &'a FrozenTrial,
    /// The study's trials.
    pub history: &'a History,
    /// How many trials are to be run in all, if that is known: a hint, by which a sampler may
    /// share out what it explores; more or fewer may come. `None`: nobody said.
    pub budget: Option<u64>,
    /// What must hold of a trial's parameters.
    pub rules: &'a Rules,
    /// How often the trial's parameters were drawn before and could not be taken.
    pub attempt: u64,
    /// What is believed of the parameters before any trial: a hint. `None`: nothing.
    pub priors: Option<&'a Priors>,
    /// Where [`save_state`](Self::save_state) and [`warn`](Self::warn) collect.
    pub saved: &'a Saved,
}

/// What a sampler or pruner wants to be remembered with the trial it was asked about.
///
/// It joins the trial's update, so that what was decided is stored in one transaction
/// with what it was decided on.
#[derive(Debug, Default)]
pub struct Saved {
    attrs: RefCell<Vec<(String, Json)>>,
    warnings: RefCell<Vec<String>>,
}

impl Saved {
    /// System attributes of the trial, in the order in which they were saved.
    pub fn into_attrs(self) -> Vec<(String, Json)> {
        self.attrs.into_inner()
    }

    /// The [warnings](Context::warn) since this was last called.
    pub fn take_warnings(&self) -> Vec<String> {
        self.warnings.take()
    }
}

impl<'a> Context<'a> {
    /// A view for a sampler or pruner that is asked by itself, e.g. in a test: without a
    /// budget and constraints.
    pub fn new(
        study_name: &'a str,
        directions: &'a [Direction],
        trial: &'a FrozenTrial,
        history: &'a History,
        saved: &'a Saved,
    ) -> Self {
        static RULES: Rules = Rules::DEFAULT;
        Self {
            study_name,
            directions,
            trial,
            history,
            budget: None,
            rules: &RULES,
            attempt: 0,
            priors: None,
            saved,
        }
    }
}

impl Context<'_> {
    /// The random stream of `name` in this trial: a function of the seed, the trial's
    /// number, the name and the attempt alone.
    pub fn rng(&self, seed: u64, name: &str) -> Rng {
        match self.attempt {
            0 => Rng::keyed(seed, self.trial.number, name),
            attempt => Rng::keyed(
                seed,
                self.trial.number,
                &format!("{name}, attempt {attempt}"),
            ),
        }
    }

    /// What the trial has or will have whatever is drawn: its values so far, those that were
    /// enqueued, and those of parameters that have one value only.
    pub(crate) fn given(&self) -> BTreeMap<String, ParamValue> {
        let known = self.history.known_distributions().iter();
        let single = known.filter(|(_, distribution)| distribution.is_single());
        let mut given: BTreeMap<String, ParamValue> = single
            .map(|(name, only)| (name.to_string(), only.to_external(only.lowest())))
            .collect();
        let fixed = self.trial.system_attrs.get(FIXED_PARAMS_ATTR);
        let fixed: Map<String, Value> = fixed.and_then(Json::parse).unwrap_or_default();
        let fixed = fixed.into_iter();
        given.extend(fixed.map(|(name, value)| (name, ParamValue::from_json(&value))));
        let drawn = self.trial.params.iter();
        given.extend(drawn.map(|param| (param.name.to_string(), param.external())));
        given
    }

    /// Whether a trial may have these values, as far as constraints say.
    pub(crate) fn allows(&self, value: &dyn Fn(&str) -> Option<ParamValue>) -> bool {
        // What can't be evaluated is an error where the trial's own parameters are checked.
        !matches!(self.rules.broken(value), Ok(Some(_)))
    }

    /// The direction of the only objective; of the first, if there are several.
    pub fn direction(&self) -> Direction {
        self.directions
            .first()
            .copied()
            .unwrap_or(Direction::Minimize)
    }

    /// The density of what is believed of a parameter; `None` if nothing is.
    pub fn prior(&self, name: &str, distribution: &Distribution) -> Option<Density> {
        self.priors?.density(name, distribution)
    }

    /// How much the logarithm of a prior's density counts now beside the logarithm of what a
    /// point is worth; less with every finished trial.
    pub fn prior_influence(&self) -> f64 {
        prior::influence(self.history.finished().len(), self.budget)
    }

    /// Remembers `value` with the trial, as a system attribute for every process to see;
    /// written with the trial's next update.
    pub fn save_state(&self, key: &str, value: Json) {
        let mut attrs = self.saved.attrs.borrow_mut();
        attrs.push((key.to_owned(), value));
    }

    /// Adds a sentence to what the user should know of the trial
    /// ([`Trial::warnings`](crate::Trial::warnings)); it is not stored.
    pub fn warn(&self, warning: String) {
        self.saved.warnings.borrow_mut().push(warning);
    }
}
