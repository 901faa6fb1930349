//! The one error type of the library.

use crate::suggestion::did_you_mean;

/// The result of everything in this library that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong. The data is in the variants; messages are fragments that
/// read well after "error: ".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A distribution that has no value, or whose options contradict each other.
    #[error("invalid distribution: {reason}")]
    InvalidDistribution {
        /// What is wrong, with the numbers.
        reason: String,
    },
    /// A parameter was suggested before with another kind of distribution.
    #[error(
        "parameter `{name}` was {before} before and is {now} now; kind and log may not change within a study, and choices may only be added after the others"
    )]
    IncompatibleDistribution {
        /// The parameter.
        name: String,
        /// The distribution that is stored.
        before: String,
        /// The distribution that was asked for.
        now: String,
    },
    /// A value that its distribution does not contain.
    #[error("parameter `{name}`: {value} is not in {distribution}")]
    OutOfDomain {
        /// The parameter.
        name: String,
        /// The value.
        value: String,
        /// The distribution.
        distribution: String,
    },
    /// A constraint that does not make sense for the parameters.
    #[error("constraint {problem}")]
    SenselessConstraint {
        /// The expression, where in it, and what is wrong.
        problem: String,
    },
    /// Nothing that was drawn meets a constraint.
    #[error(
        "none of {n_draws} draws meets the constraint `{constraint}`; widen it, or enqueue a trial that meets it"
    )]
    NothingAllowed {
        /// The constraint that the last draw broke.
        constraint: String,
        /// How many points were drawn.
        n_draws: u64,
    },
    /// Values that were enqueued, or are the next of a list, don't meet a constraint.
    #[error("its parameters, which are given, break the constraint `{constraint}`")]
    BreaksConstraint {
        /// The constraint.
        constraint: String,
    },
    /// No sampler, pruner, evaluator or plot has this name.
    #[error("no {kind} is named `{name}`{hint}; the {kind}s are {known}", hint = did_you_mean(suggestion.as_deref()))]
    UnknownName {
        /// "sampler", "pruner", …
        kind: &'static str,
        /// The name that was given.
        name: String,
        /// The nearest known name, if one is near.
        suggestion: Option<String>,
        /// All known names, comma-separated.
        known: String,
    },
    /// Options that the named entry does not take.
    #[error("invalid options for {kind} `{name}`: {problem}")]
    InvalidOptions {
        /// "sampler", "pruner", …
        kind: &'static str,
        /// The entry.
        name: &'static str,
        /// What serde says, with the known fields. A part of the message, so no source,
        /// which would be told once more.
        problem: serde_json::Error,
    },
    /// A prior that the parameter can't have.
    #[error("the prior of `{name}`: {problem}")]
    InvalidPrior {
        /// The parameter.
        name: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// No study of this name in the storage.
    #[error("no study is named `{name}`{}", known_studies(known))]
    UnknownStudy {
        /// The name that was given.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A study of this name exists already.
    #[error("a study named `{name}` exists already; load it, or choose another name")]
    DuplicateStudy {
        /// The name.
        name: String,
    },
    /// No trial with this number or id.
    #[error("no trial {trial} in this study")]
    UnknownTrial {
        /// The number or id that was given.
        trial: i64,
    },
    /// The trial is not in the state that the operation needs.
    #[error("trial {trial} is {state}; {needed}")]
    WrongState {
        /// The trial's id or number.
        trial: i64,
        /// The state it is in.
        state: &'static str,
        /// What the operation needs.
        needed: &'static str,
    },
    /// A step that no report can have.
    #[error("step {step} can't be reported; steps are 0, 1, 2, …")]
    InvalidStep {
        /// The step that was given.
        step: i64,
    },
    /// A constraint that is neither met nor violated.
    #[error("constraint `{name}` can't be NaN; it is met if its value is at most 0")]
    InvalidConstraint {
        /// The constraint.
        name: String,
    },
    /// A trial that was run elsewhere and can't be one of this study.
    #[error("the trial can't be added: {reason}")]
    InvalidTrial {
        /// What is wrong with it.
        reason: String,
    },
    /// The number of objective values is not the number of directions.
    #[error("the study has {expected} objective(s), but {got} value(s) were told")]
    WrongNumberOfValues {
        /// Objectives of the study.
        expected: usize,
        /// Values that were told.
        got: usize,
    },
    /// The question has no answer on this study, e.g. the best of no trials.
    #[error("{0}")]
    NotAvailable(String),
    /// The storage could not do what it was asked.
    #[error("{store}: {problem}")]
    Storage {
        /// The storage, without credentials.
        store: String,
        /// What happened and what to do about it.
        problem: String,
        /// The driver's error.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A line of a dump that can't be read.
    #[error("line {line}: {problem}")]
    InvalidDump {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what would be right.
        problem: String,
    },
    /// The objective failed and the failure policy says stop.
    #[error("trial {number} failed: {reason}")]
    ObjectiveFailed {
        /// The trial's number.
        number: u64,
        /// Why, as the objective told it.
        reason: String,
    },
}

impl Error {
    /// With the number by which people know a trial, where storages tell its id.
    pub(crate) fn of_trial(self, number: u64) -> Self {
        match self {
            Self::WrongState { state, needed, .. } => Self::WrongState {
                trial: number as i64,
                state,
                needed,
            },
            other => other,
        }
    }
}

fn known_studies(known: &[String]) -> String {
    if known.is_empty() {
        "; the storage holds no study".to_owned()
    } else {
        format!("; the storage holds {}", known.join(", "))
    }
}
