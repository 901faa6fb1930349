//! One search from its first to its last trial, at once or interrupted after each.

use std::sync::Arc;

use opah::storage::MemoryStorage;
use opah::{Direction, Error, Pruner, Sampler, Storage, Study, TrialState};

use crate::script::Script;
use crate::space::{Parameter, suggest_all};

/// A search without the algorithms that are tried in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) space: &'a [Parameter],
    /// One for each trial.
    pub(crate) scripts: &'a [Script],
    pub(crate) directions: &'a [Direction],
}

/// What became of a trial.
#[derive(Debug, PartialEq)]
pub(crate) struct Told {
    /// Internal values by name.
    params: Vec<(String, f64)>,
    /// What the pruner said after each report.
    decisions: Vec<bool>,
    pub(crate) state: TrialState,
}

/// Makes a sampler and a pruner that know nothing yet.
pub(crate) type Algorithms<'a> = &'a dyn Fn() -> (Arc<dyn Sampler>, Arc<dyn Pruner>);

impl Search<'_> {
    /// Runs the search three times and returns what became of its trials, the same each
    /// time: twice at once, and once as by a new process for every trial.
    pub(crate) fn check(&self, who: &str, algorithms: Algorithms) -> Result<Vec<Told>, Error> {
        let told = self.run(who, algorithms, false)?;
        let again = self.run(who, algorithms, false)?;
        assert_eq!(told, again, "{who}: the same search once more");
        let resumed = self.run(who, algorithms, true)?;
        assert_eq!(told, resumed, "{who}: the search resumed at every trial");
        Ok(told)
    }

    fn run(&self, who: &str, algorithms: Algorithms, is_resumed: bool) -> Result<Vec<Told>, Error> {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
        let load = || {
            let study = Study::load_or_create(storage.clone(), "s", self.directions)?;
            let (sampler, pruner) = algorithms();
            Ok::<Study, Error>(study.with_sampler(sampler).with_pruner(pruner))
        };
        let mut study = load()?;
        let mut told = Vec::with_capacity(self.scripts.len());
        let is_judged = self.directions.len() == 1 || algorithms().1.takes_several_objectives();
        for script in self.scripts {
            if is_resumed {
                study = load()?;
            }
            told.push(self.run_trial(who, &study, script, is_judged)?);
        }
        Ok(told)
    }

    /// Reports only if the pruner judges trials with so many objectives.
    fn run_trial(
        &self,
        who: &str,
        study: &Study,
        script: &Script,
        is_judged: bool,
    ) -> Result<Told, Error> {
        let n_objectives = self.directions.len();
        let mut trial = study.ask()?;
        suggest_all(who, self.space, &mut trial)?;
        let mut decisions = Vec::new();
        for (step, value) in script.reports.iter().filter(|_| is_judged) {
            let values = [*value, (*value * 7.0).sin()];
            let reported = trial.report_values(*step, &values[..n_objectives]);
            if *step < 0 {
                assert!(
                    matches!(reported, Err(Error::InvalidStep { .. })),
                    "{who}: step {step}"
                );
                continue;
            }
            reported?;
            let should_stop = trial.should_prune()?;
            decisions.push(should_stop);
            if should_stop {
                break;
            }
        }
        let result = script.result(n_objectives, decisions.contains(&true));
        let frozen = study.tell_result(&mut trial, result)?;
        let params = frozen.params.iter();
        Ok(Told {
            params: params
                .map(|param| (param.name.to_string(), param.value))
                .collect(),
            decisions,
            state: frozen.state,
        })
    }
}
