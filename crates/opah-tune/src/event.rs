//! What a search tells while it runs; how that is shown is another crate's.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use opah::{Direction, ParamValue, TrialState};
use serde::Serialize;
use serde_json::{Map, Value};

/// One thing that happened. As JSON, an object whose `event` says which.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The search begins or goes on.
    SearchStarted(Box<Beginning>),
    /// Something that a person should know.
    Note {
        /// A sentence.
        text: String,
    },
    /// The search begins, or has begun, with what an earlier study found.
    WarmStart {
        /// `NAME@URL`, as it was given.
        from: String,
        /// So many of its points are tried first.
        n_trials: usize,
        /// The parameters whose priors its good trials are, by name.
        priors: Vec<String>,
    },
    /// The sampler `auto` takes another one from now on.
    SamplerChosen {
        /// Its name and the reason, as a sentence.
        text: String,
    },
    /// A trial begins.
    TrialStarted {
        /// Its number.
        number: u64,
        /// Its values by name, in the order of suggestion.
        params: Map<String, Value>,
    },
    /// A trial knows how long it can take.
    TrialLength {
        /// Its number.
        number: u64,
        /// At most so many epochs.
        n_epochs: usize,
        /// Batches an epoch.
        n_batches: usize,
    },
    /// A trial has done so many batches of its epoch.
    Batch {
        /// Its number.
        number: u64,
        /// From 1.
        done: usize,
    },
    /// An epoch has ended.
    Epoch {
        /// The trial's number.
        number: u64,
        /// From 0.
        epoch: usize,
        /// The metric after it, if there is one.
        value: Option<f64>,
    },
    /// A trial has ended and is stored.
    TrialFinished {
        /// Its number.
        number: u64,
        /// COMPLETE, PRUNED or FAIL.
        #[serde(serialize_with = "state_name")]
        state: TrialState,
        /// Its value; of a pruned one, the last that was reported.
        value: Option<f64>,
        /// Why it failed.
        reason: Option<String>,
        /// How long it ran.
        seconds: f64,
        /// The best trial so far, perhaps this one.
        best: Option<Best>,
    },
    /// A trial was interrupted; it is the next to be run when the search goes on.
    TrialInterrupted {
        /// Its number.
        number: u64,
    },
}

/// What a search begins with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beginning {
    /// The study.
    pub study: String,
    /// Where it is kept.
    pub storage: String,
    /// What is searched for.
    pub metric: String,
    /// Whether small or large values are good.
    pub direction: Direction,
    /// `{"type", "attributes"}`.
    pub sampler: Value,
    /// The seed of all draws.
    pub seed: u64,
    /// `{"type", "attributes"}`, or null.
    pub pruner: Value,
    /// Whether the pruner is Optuna's default, and was not asked for this time.
    pub is_default_pruner: bool,
    /// Finished trials so far.
    pub n_finished: usize,
    /// Those of them that were pruned.
    pub n_pruned: usize,
    /// Those of them that failed.
    pub n_failed: usize,
    /// Finished trials when the search ends.
    pub n_trials: usize,
    /// Trials side by side.
    pub jobs: usize,
    /// Threads of each, if that is known.
    pub threads: Option<usize>,
    /// The best trial so far.
    pub best: Option<Best>,
}

/// The best trial so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Best {
    /// Its number.
    pub number: u64,
    /// Its value.
    pub value: f64,
}

/// Is told of everything, by several threads.
pub trait Observer: Sync {
    /// Something happened.
    fn observe(&self, event: &Event);
}

impl<F: Fn(&Event) + Sync> Observer for F {
    fn observe(&self, event: &Event) {
        self(event);
    }
}

/// Passes on all events, but each note only the first time: what is true of one trial's
/// config is mostly true of all.
pub(crate) struct Once<'a> {
    observer: &'a dyn Observer,
    told: Mutex<BTreeSet<String>>,
}

impl<'a> Once<'a> {
    pub(crate) fn new(observer: &'a dyn Observer) -> Self {
        Self {
            observer,
            told: Mutex::default(),
        }
    }
}

impl Observer for Once<'_> {
    fn observe(&self, event: &Event) {
        if let Event::Note { text } = event {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if !told.insert(text.clone()) {
                return;
            }
        }
        self.observer.observe(event);
    }
}

/// Values by name as JSON.
pub(crate) fn params<'a>(
    values: impl IntoIterator<Item = (&'a str, &'a ParamValue)>,
) -> Map<String, Value> {
    let values = values.into_iter();
    values
        .map(|(name, value)| (name.to_owned(), value.to_json()))
        .collect()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn state_name<S: serde::Serializer>(state: &TrialState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.name())
}
