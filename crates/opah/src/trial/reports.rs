//! What a trial reports while it runs, and whether it should stop.

use super::Trial;
use crate::error::{Error, Result};
use crate::frozen_trial::reports_attr;
use crate::json::Json;
use crate::pruner;

impl Trial {
    /// Reports the objective's value at a step (0, 1, 2, …), which need not follow the
    /// last one; NaN and infinities are kept. The first report of a step counts; another
    /// one is a [warning](Self::warnings). Only of a study with one objective; of several,
    /// [`report_values`](Self::report_values) takes a value for each.
    ///
    /// It is written at once; but if the pruner [saves
    /// state](crate::pruner::Pruner::saves_state), with the decision that
    /// [`should_prune`](Self::should_prune) then makes, or else with the next report or
    /// the end. Either way, a report and its decision cost one transaction.
    pub fn report(&mut self, step: i64, value: f64) -> Result<()> {
        match self.study.directions().len() {
            1 => self.report_values(step, &[value]),
            several => Err(Error::NotAvailable(format!(
                "study `{}` has {several} objectives; `report_values` reports a value for each",
                self.study.name()
            ))),
        }
    }

    /// As [`report`](Self::report), with one value per objective, in the order of the study's
    /// directions; [`Error::WrongNumberOfValues`] if there are more or fewer.
    ///
    /// The first one is an intermediate value as Optuna has it. If there are several, all of
    /// them are a system attribute as well, which [`FrozenTrial::reports`] reads.
    ///
    /// ```
    /// use opah::{Direction, Stop, Study, TrialState, pruner};
    ///
    /// let options = serde_json::json!({"min_resource": 1, "reduction_factor": 2});
    /// let study = Study::in_memory("small and fast", &[Direction::Minimize; 2])?
    ///     .with_pruner(pruner::build("dominance_halving", &options)?);
    /// for (megabytes, seconds) in [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (4.0, 4.0)] {
    ///     let mut trial = study.ask()?;
    ///     trial.report_values(1, &[megabytes, seconds])?;
    ///     let result = if trial.should_prune()? {
    ///         Err(Stop::Pruned)
    ///     } else {
    ///         Ok(vec![megabytes, seconds])
    ///     };
    ///     study.tell_result(&mut trial, result)?;
    /// }
    /// // Larger and slower than all before.
    /// let last = study.frozen_trial(3)?;
    /// assert_eq!(last.state, TrialState::Pruned);
    /// assert_eq!(last.reports(1), Some(vec![4.0, 4.0]));
    /// assert_eq!(study.best_trials()?.len(), 3);
    /// # Ok::<(), opah::Error>(())
    /// ```
    pub fn report_values(&mut self, step: i64, values: &[f64]) -> Result<()> {
        let n_objectives = self.study.directions().len();
        let first = values.first().filter(|_| values.len() == n_objectives);
        let Some(&first) = first else {
            return Err(Error::WrongNumberOfValues {
                expected: n_objectives,
                got: values.len(),
            });
        };
        if step < 0 {
            return Err(Error::InvalidStep { step });
        }
        if self.frozen.intermediate_values.contains_key(&step) {
            let ignored = match values {
                [value] => value.to_string(),
                several => format!("{several:?}"),
            };
            self.warnings.push(format!(
                "step {step} was reported before; the first value stays, and {ignored} is ignored"
            ));
            return Ok(());
        }
        let waits_for_decision = self.study.pruner.saves_state();
        if waits_for_decision {
            self.flush()?;
        }
        self.frozen.intermediate_values.insert(step, first);
        self.pending.reports.push((step, first));
        if n_objectives > 1 {
            self.note(&reports_attr(step), &Json::from_f64s(values));
        }
        if waits_for_decision {
            return Ok(());
        }
        self.flush()
    }

    /// Whether the pruner thinks that the trial should stop. What was reported, and what
    /// the pruner remembers of it, is stored when this returns. [`Error::NotAvailable`] if
    /// there are several objectives, and the pruner is
    /// [for one](crate::pruner::Pruner::takes_several_objectives).
    pub fn should_prune(&mut self) -> Result<bool> {
        pruner::check_objectives(self.study.pruner.as_ref(), self.study.directions().len())?;
        let history = self.study.history()?;
        let decision = self.consult(&history, |study, context| {
            study.pruner.should_prune(context)
        })?;
        self.flush()?;
        Ok(decision)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::frozen_trial::Direction;
    use crate::study::Study;

    /// Of two objectives, with this pruner.
    fn study_of_two(pruner: &str) -> Study {
        let pruner = crate::pruner::build(pruner, &json!({})).unwrap();
        Study::in_memory("s", &[Direction::Minimize, Direction::Maximize])
            .unwrap()
            .with_pruner(pruner)
    }

    #[test]
    fn a_report_has_a_value_for_each_objective() {
        let study = study_of_two("never");
        let mut trial = study.ask().unwrap();
        assert_eq!(
            trial.report(0, 0.5).unwrap_err().to_string(),
            "study `s` has 2 objectives; `report_values` reports a value for each"
        );
        for values in [&[0.5][..], &[], &[0.5; 3]] {
            let got = values.len();
            assert_eq!(
                trial.report_values(0, values).unwrap_err().to_string(),
                format!("the study has 2 objective(s), but {got} value(s) were told")
            );
        }
        let error = trial.report_values(-1, &[0.5, 0.25]).unwrap_err();
        assert!(error.to_string().starts_with("step -1 can't be reported"));
        trial.report_values(3, &[0.5, 0.25]).unwrap();
        trial.report_values(3, &[1.0, 2.0]).unwrap();
        assert_eq!(
            trial.warnings(),
            ["step 3 was reported before; the first value stays, and [1.0, 2.0] is ignored"]
        );
        assert!(!trial.should_prune().unwrap());
        let stored = study.frozen_trial(0).unwrap();
        assert_eq!(stored.intermediate_values[&3], 0.5);
        assert_eq!(stored.reports(3), Some(vec![0.5, 0.25]));
        assert_eq!(stored.reports(0), None);
        assert_eq!(&stored, trial.frozen());
    }

    #[test]
    fn of_one_objective_both_reports_are_the_same() {
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        let mut trial = study.ask().unwrap();
        trial.report(0, 0.5).unwrap();
        trial.report_values(1, &[0.25]).unwrap();
        let stored = study.frozen_trial(0).unwrap();
        assert_eq!(stored.reports(0), Some(vec![0.5]));
        assert_eq!(stored.reports(1), Some(vec![0.25]));
        assert!(stored.system_attrs.is_empty());
    }

    #[test]
    fn a_pruner_for_one_objective_refuses_several_before_anything_is_stored() {
        let study = study_of_two("successive_halving");
        let mut trial = study.ask().unwrap();
        trial.report_values(0, &[0.5, 0.25]).unwrap();
        assert_eq!(
            trial.should_prune().unwrap_err().to_string(),
            "the pruner is for one objective, and the study has 2; pruners for several are \
             never, dominance_halving"
        );
        let stored = study.frozen_trial(0).unwrap();
        assert!(stored.intermediate_values.is_empty());
        assert!(stored.system_attrs.is_empty());
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn reports_of_several_objectives_come_back_from_a_file() {
        use std::sync::Arc;

        use crate::storage::SqliteStorage;

        let folder = tempfile::tempdir().unwrap();
        let open = || Arc::new(SqliteStorage::open(&folder.path().join("trial.db")).unwrap());
        let study = Study::create(open(), "s", &[Direction::Minimize; 2]).unwrap();
        let mut trial = study.ask().unwrap();
        trial.report_values(1, &[0.1, 1e300]).unwrap();
        trial
            .report_values(2, &[f64::INFINITY, f64::NEG_INFINITY])
            .unwrap();
        trial.report_values(3, &[f64::NAN, 2.0]).unwrap();
        study.tell(&mut trial, &[0.1, 1e300]).unwrap();
        let stored = Study::load(open(), "s").unwrap().frozen_trial(0).unwrap();
        let steps: Vec<i64> = stored.intermediate_values.keys().copied().collect();
        assert_eq!(steps, [1, 2, 3]);
        assert_eq!(stored.reports(1), Some(vec![0.1, 1e300]));
        assert_eq!(
            stored.reports(2),
            Some(vec![f64::INFINITY, f64::NEG_INFINITY])
        );
        let third = stored.reports(3).unwrap();
        assert!(third[0].is_nan() && third[1] == 2.0 && third.len() == 2);
        assert!(stored.intermediate_values[&3].is_nan());
    }

    #[test]
    fn constraints_are_set_once_before_the_end() {
        let study = Study::in_memory("s", &[Direction::Minimize]).unwrap();
        let mut trial = study.ask().unwrap();
        let error = trial.set_constraint("size", f64::NAN).unwrap_err();
        assert_eq!(
            error.to_string(),
            "constraint `size` can't be NaN; it is met if its value is at most 0"
        );
        for value in [0.5, -1.0] {
            trial.set_constraint("size", value).unwrap();
        }
        trial.set_constraint("cost", f64::INFINITY).unwrap();
        trial.set_constraint("time", -2.0).unwrap();
        assert_eq!(
            trial.warnings(),
            ["constraint `size` was set before; the first value stays, and -1 is ignored"]
        );
        study.tell(&mut trial, &[0.0]).unwrap();
        let error = trial.set_constraint("late", 0.0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "trial 0 is COMPLETE; constraints are set before the trial ends"
        );
        let stored = &study.trials().unwrap()[0];
        let constraints: Vec<(String, f64)> = stored.constraints().into_iter().collect();
        let expected = [("cost", f64::INFINITY), ("size", 0.5), ("time", -2.0)];
        assert_eq!(
            constraints,
            expected.map(|(name, value)| (name.to_owned(), value))
        );
        assert_eq!(stored.violation(), f64::INFINITY);
        assert_eq!(
            study.best_trial().unwrap_err().to_string(),
            "study `s` has no feasible complete trial yet (of 1)"
        );
    }
}
