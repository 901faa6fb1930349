//! A study: trials that look for the best values of one objective, or of several.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::context::{Context, Saved};
use crate::error::{Error, Result};
pub use crate::frozen_trial::FAILURE_ATTR;
use crate::frozen_trial::{
    Direction, FrozenStudy, FrozenTrial, METRIC_NAMES_ATTR, Param, Params, StudyId, TrialState,
};
use crate::history::History;
use crate::json::Json;
use crate::prior::Priors;
use crate::pruner::{FOUND_RESOURCES, MedianPruner, NeverPruner, Pruner};
use crate::rules::Rules;
use crate::sampler::nsga::GENERATION_ATTRS;
use crate::sampler::{self, AutoSampler, Sampler};
use crate::spool::Spool;
use crate::storage::{AttrKind, MemoryStorage, Storage, TrialUpdate};
use crate::trial::Trial;

/// A handle on a study; cheap to clone, and shared by threads.
#[derive(Debug, Clone)]
pub struct Study {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) sampler: Arc<dyn Sampler>,
    pub(crate) pruner: Arc<dyn Pruner>,
    budget: Option<u64>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) priors: Option<Arc<Priors>>,
    pub(crate) spool: Option<Arc<Spool>>,
    frozen: Arc<FrozenStudy>,
    history: Arc<Mutex<History>>,
    /// By number: what running trials of this process drew, written or not.
    drawn: Arc<Mutex<BTreeMap<u64, Params>>>,
}

/// Why an objective ended without a value. Any error turns into
/// [`Stop::Failed`], so that `?` works in objectives.
#[derive(Debug)]
pub enum Stop {
    /// The trial was not promising.
    Pruned,
    /// Something went wrong.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl Stop {
    /// A failure with this reason.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into().into())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// The system attribute of a study in which programs keep its sampler, as an object whose
/// `type` is the sampler's name.
pub const SAMPLER_ATTR: &str = "opah:sampler";

impl Study {
    /// A new study in `storage`; [`Error::DuplicateStudy`] if the name is taken.
    pub fn create(storage: Arc<dyn Storage>, name: &str, directions: &[Direction]) -> Result<Self> {
        storage.create_study(name, directions)?;
        Self::load(storage, name)
    }

    /// The study called `name`; [`Error::UnknownStudy`] if there is none. Its sampler is
    /// [`AutoSampler`], and its pruner the median rule, but none if there are several
    /// objectives.
    pub fn load(storage: Arc<dyn Storage>, name: &str) -> Result<Self> {
        let frozen = Arc::new(storage.study(name)?);
        let history = History::without(frozen.withdrawn().into_keys().collect());
        // The median rule is for one objective.
        let pruner: Arc<dyn Pruner> = match frozen.directions.len() {
            1 => Arc::<MedianPruner>::default(),
            _ => Arc::new(NeverPruner {}),
        };
        Ok(Self {
            storage,
            sampler: Arc::<AutoSampler>::default(),
            pruner,
            budget: None,
            rules: Arc::default(),
            priors: None,
            spool: None,
            frozen,
            history: Arc::new(Mutex::new(history)),
            drawn: Arc::default(),
        })
    }

    /// The study called `name`, made with `directions` if there is none; one that is there
    /// keeps its own, which the caller may [compare](Self::directions).
    pub fn load_or_create(
        storage: Arc<dyn Storage>,
        name: &str,
        directions: &[Direction],
    ) -> Result<Self> {
        match storage.create_study(name, directions) {
            Ok(_) | Err(Error::DuplicateStudy { .. }) => Self::load(storage, name),
            Err(error) => Err(error),
        }
    }

    /// A new study that is gone with the process.
    pub fn in_memory(name: &str, directions: &[Direction]) -> Result<Self> {
        Self::create(Arc::new(MemoryStorage::default()), name, directions)
    }

    /// The same study with another sampler.
    #[must_use]
    pub fn with_sampler(mut self, sampler: Arc<dyn Sampler>) -> Self {
        self.sampler = sampler;
        self
    }

    /// The same study with another pruner.
    #[must_use]
    pub fn with_pruner(mut self, pruner: Arc<dyn Pruner>) -> Self {
        self.pruner = pruner;
        self
    }

    /// The same study with a hint for its sampler: how many trials are to be run in all,
    /// those that it has included. It is not stored, and nothing ends when they are run.
    #[must_use]
    pub fn with_budget(mut self, budget: Option<u64>) -> Self {
        self.budget = budget;
        self
    }

    /// The same study with rules, which hold where parameters are drawn
    /// [together](Trial::suggest_together). They are not stored.
    ///
    /// ```
    /// use opah::expression::Expression;
    /// use opah::rules::Rules;
    /// use opah::{Direction, Study};
    ///
    /// let rules = Rules {
    ///     constraints: vec![Expression::parse("x + y <= 1")?],
    ///     ..Rules::default()
    /// };
    /// let study = Study::in_memory("corner", &[Direction::Maximize])?.with_rules(rules);
    /// for _ in 0..20 {
    ///     let mut trial = study.ask()?;
    ///     let (x, y) = trial.suggest_together(|trial| {
    ///         Ok((trial.suggest_float("x", 0.0..=1.0)?, trial.suggest_float("y", 0.0..=1.0)?))
    ///     })?;
    ///     assert!(x + y <= 1.0);
    ///     study.tell(&mut trial, &[x * y])?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.rules = Arc::new(rules);
        self
    }

    /// The same study with beliefs of where good values are, a hint for its sampler, which is
    /// not stored. To suggest a parameter that can't have its prior is an
    /// [`Error::InvalidPrior`].
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use opah::prior::{Prior, Priors};
    /// use opah::{Direction, Study};
    ///
    /// let mut priors = Priors::default();
    /// priors.insert("lr", Prior::Normal { mean: 1e-3, sd: 3.0 })?;
    /// let study = Study::in_memory("s", &[Direction::Minimize])?.with_priors(Arc::new(priors));
    /// let lr = study.ask()?.suggest_float_log("lr", 1e-6..=1.0)?;
    /// assert!((lr - 1e-3).abs() < 1e-9, "the mean is tried first");
    /// # Ok::<(), opah::Error>(())
    /// ```
    #[must_use]
    pub fn with_priors(mut self, priors: Arc<Priors>) -> Self {
        self.priors = Some(priors).filter(|priors| !priors.is_empty());
        self
    }

    /// Why the priors are of no use, in a sentence, if there are some and the sampler takes no
    /// notice of them.
    pub fn doubt_of_priors(&self) -> Option<String> {
        let is_ignored = self.priors.is_some() && !self.sampler.takes_priors();
        is_ignored.then(|| {
            let samplers = sampler::names_with_priors();
            format!("the sampler takes no notice of priors; those that do are {samplers}")
        })
    }

    pub(crate) fn id(&self) -> StudyId {
        self.frozen.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.frozen.name
    }

    /// One direction per objective.
    pub fn directions(&self) -> &[Direction] {
        &self.frozen.directions
    }

    /// Where it is kept.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// The study as it is stored now, with its attributes.
    pub fn frozen(&self) -> Result<FrozenStudy> {
        self.storage.study(self.name())
    }

    /// Sets an attribute of the study.
    pub fn set_attr(&self, kind: AttrKind, key: &str, value: &Json) -> Result<()> {
        self.storage
            .set_study_attr(self.frozen.id, kind, key, value)
    }

    /// The trials as they are now, without those that were [withdrawn](Self::withdraw) before
    /// the study was loaded. Running ones of this process have all that they drew, though it
    /// may not be written yet.
    pub fn history(&self) -> Result<History> {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        history.refresh(self.storage.as_ref(), self.frozen.id)?;
        history.show_drawn(&self.drawn());
        Ok(history.clone())
    }

    /// Begins the history anew, because other trials than before are withdrawn.
    pub(crate) fn restart_history(&self) -> Result<()> {
        let withdrawn = self.frozen()?.withdrawn().into_keys().collect();
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        *history = History::without(withdrawn);
        Ok(())
    }

    fn drawn(&self) -> MutexGuard<'_, BTreeMap<u64, Params>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the other trials of this process know what a running one drew.
    pub(crate) fn note_drawn(&self, number: u64, params: &[Param]) {
        if params.is_empty() {
            return;
        }
        let mut drawn = self.drawn();
        let known = drawn.entry(number).or_default();
        for param in params {
            known.insert(param.clone());
        }
    }

    /// The trial ended; the storage has all of it.
    pub(crate) fn forget_drawn(&self, number: u64) {
        self.drawn().remove(&number);
    }

    /// The trial of this number as it is stored now, without a look at the others; a
    /// running one of this process has all that it drew, though it may not be written yet.
    /// [`Error::UnknownTrial`] if there is none.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let mut trial = study.ask()?;
    /// study.tell(&mut trial, &[2.5])?;
    /// assert_eq!(study.frozen_trial(0)?.value(), Some(2.5));
    /// assert!(study.frozen_trial(1).is_err());
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn frozen_trial(&self, number: u64) -> Result<FrozenTrial> {
        let mut trial = self.storage.trial(self.frozen.id, number)?;
        if trial.state.is_finished() {
            return Ok(trial);
        }
        for param in self.drawn().get(&number).into_iter().flatten() {
            if trial.params.get(&param.name).is_none() {
                trial.params.insert(param.clone());
            }
        }
        Ok(trial)
    }

    /// The trials as they were when they were last looked at.
    pub(crate) fn known_history(&self) -> History {
        self.history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// All trials, by number.
    pub fn trials(&self) -> Result<Vec<Arc<FrozenTrial>>> {
        Ok(self.history()?.trials())
    }

    /// The best feasible complete trial of a study with one objective.
    pub fn best_trial(&self) -> Result<Arc<FrozenTrial>> {
        let [direction] = self.directions() else {
            return Err(Error::NotAvailable(format!(
                "study `{}` has {} objectives, so no single trial is the best",
                self.name(),
                self.directions().len()
            )));
        };
        let history = self.history()?;
        history.best(*direction).cloned().ok_or_else(|| {
            Error::NotAvailable(format!(
                "study `{}` has no feasible complete trial yet (of {})",
                self.name(),
                history.len()
            ))
        })
    }

    /// The feasible complete trials that no other one dominates, by number: the Pareto front.
    /// With one objective, all trials that have the best value.
    ///
    /// ```
    /// use opah::Direction::{Maximize, Minimize};
    /// use opah::Study;
    ///
    /// let study = Study::in_memory("cost and gain", &[Minimize, Maximize])?;
    /// for values in [[3.0, 5.0], [2.0, 1.0], [3.0, 4.0]] {
    ///     let mut trial = study.ask()?;
    ///     study.tell(&mut trial, &values)?;
    /// }
    /// let front: Vec<u64> = study.best_trials()?.iter().map(|trial| trial.number).collect();
    /// assert_eq!(front, [0, 1]);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn best_trials(&self) -> Result<Vec<Arc<FrozenTrial>>> {
        let history = self.history()?;
        let best = history.best_trials(self.directions());
        Ok(best.into_iter().cloned().collect())
    }

    /// A trial to run: the first that waits, or a new one.
    pub fn ask(&self) -> Result<Trial> {
        self.ask_as(&[])
    }

    /// As [`ask`](Self::ask), with system attributes that tell who runs the trial. A new
    /// trial has them from its first moment on.
    pub fn ask_as(&self, system_attrs: &[(String, Json)]) -> Result<Trial> {
        let begun = self.begin_trial(system_attrs, None)?;
        begun.ok_or_else(|| Error::NotAvailable("the storage begins no trial".to_owned()))
    }

    /// As [`ask_as`](Self::ask_as), unless `most` trials of the study have begun: finished
    /// ones, whatever came of them, and running ones. However many workers ask at the same
    /// moment, on however many machines, no more are begun. Withdrawn trials don't count,
    /// those that wait neither.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let mut n_trials = 0;
    /// while let Some(mut trial) = study.ask_within(3, &[])? {
    ///     study.tell(&mut trial, &[0.5])?;
    ///     n_trials += 1;
    /// }
    /// assert_eq!(n_trials, 3);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn ask_within(&self, most: u64, system_attrs: &[(String, Json)]) -> Result<Option<Trial>> {
        let withdrawn = self.known_history().n_withdrawn() as u64;
        self.begin_trial(system_attrs, Some(most.saturating_add(withdrawn)))
    }

    fn begin_trial(
        &self,
        system_attrs: &[(String, Json)],
        most: Option<u64>,
    ) -> Result<Option<Trial>> {
        let update = TrialUpdate {
            system_attrs: system_attrs.to_vec(),
            ..TrialUpdate::default()
        };
        let now = Timestamp::now();
        let begun = self
            .storage
            .begin_trial(self.frozen.id, now, &update, most)?;
        Ok(begun.map(|frozen| Trial::new(self.clone(), frozen)))
    }

    /// Whether no trial waits and the sampler has nothing left to try, as only those say
    /// that go through a finite space. [`optimize`](Self::optimize) begins no further
    /// trial then; a program with a loop of its own asks before each.
    ///
    /// A trial that runs counts as tried; one that a dead process left running is to be
    /// [given back](Self::release).
    pub fn is_exhausted(&self) -> Result<bool> {
        if !self.sampler.is_exhausted(&|| self.history())? {
            return Ok(false);
        }
        let history = self.history()?;
        let mut unfinished = history.unfinished();
        Ok(unfinished.all(|trial| trial.state != TrialState::Waiting))
    }

    /// Gives a running trial back: it waits again, with its number, its parameters and the
    /// user attributes that were written, without its reports and what samplers and pruners
    /// noted, and is the next to be asked for. Only a number of steps that a pruner found
    /// out stays, because other trials may have been judged by it, and the generation of
    /// which its parameters are. `system_attrs` are noted with it.
    ///
    /// As a draw depends on the trial's number, a search that was interrupted and
    /// continues is the search that was not interrupted.
    ///
    /// ```
    /// use opah::{Direction, Study};
    ///
    /// let study = Study::in_memory("s", &[Direction::Minimize])?;
    /// let mut trial = study.ask()?;
    /// let x = trial.suggest_float("x", 0.0..=1.0)?;
    /// trial.report(0, x)?;
    /// study.release(trial.frozen(), &[])?;
    /// let mut again = study.ask()?;
    /// assert_eq!(again.number(), trial.number());
    /// assert_eq!(again.suggest_float("x", 0.0..=1.0)?, x);
    /// assert_eq!(again.frozen().last_step(), None);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn release(&self, trial: &FrozenTrial, system_attrs: &[(String, Json)]) -> Result<()> {
        let kept = FOUND_RESOURCES
            .into_iter()
            .chain(GENERATION_ATTRS)
            .filter_map(|key| trial.system_attrs.get_key_value(key))
            .map(|(key, value)| (key.clone(), value.clone()));
        let update = TrialUpdate {
            params: trial.params.iter().cloned().collect(),
            system_attrs: kept.chain(system_attrs.iter().cloned()).collect(),
            ..TrialUpdate::default()
        };
        let released = self
            .storage
            .release_trial(trial.id, trial.datetime_start, &update);
        released.map_err(|error| error.of_trial(trial.number))?;
        self.forget_drawn(trial.number);
        Ok(())
    }

    /// Names the objectives, for tables and figures: one name for each.
    pub fn set_metric_names(&self, names: &[&str]) -> Result<()> {
        if names.len() != self.directions().len() {
            return Err(Error::NotAvailable(format!(
                "study `{}` has {} objective(s), but {} name(s) were given",
                self.name(),
                self.directions().len(),
                names.len()
            )));
        }
        self.set_attr(AttrKind::System, METRIC_NAMES_ATTR, &Json::new(names))
    }

    /// The number of trials in one of `states`.
    pub fn count(&self, states: &[TrialState]) -> Result<usize> {
        let history = self.history()?;
        let all = history.finished().iter().chain(history.unfinished());
        Ok(all.filter(|trial| states.contains(&trial.state)).count())
    }

    pub(crate) fn context<'a>(
        &'a self,
        trial: &'a FrozenTrial,
        history: &'a History,
        attempt: u64,
        saved: &'a Saved,
    ) -> Context<'a> {
        Context {
            study_name: self.name(),
            directions: self.directions(),
            trial,
            history,
            budget: self.budget,
            rules: &self.rules,
            attempt,
            priors: self.priors.as_deref(),
            saved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search_space::SearchSpace;

    /// Notes the budget that it is told.
    #[derive(Debug, Default)]
    struct Listener(Mutex<Vec<Option<u64>>>);

    impl Sampler for Listener {
        fn seed(&self) -> u64 {
            0
        }

        fn relative_search_space(&self, context: &Context) -> SearchSpace {
            self.0.lock().unwrap().push(context.budget);
            SearchSpace::empty()
        }
    }

    #[test]
    fn samplers_are_told_the_budget() {
        let listener = Arc::new(Listener::default());
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(listener.clone());
        for study in [study.clone(), study.with_budget(Some(7))] {
            let mut trial = study.ask().unwrap();
            trial.suggest_float("x", 0.0..=1.0).unwrap();
        }
        assert_eq!(*listener.0.lock().unwrap(), [None, Some(7)]);
    }
}
