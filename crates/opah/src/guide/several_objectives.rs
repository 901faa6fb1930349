//! A Pareto front, with pruning.
//!
//! A study with several directions has no best trial but a front of them: those that no other
//! one dominates, being at least as good in everything and better in something. A trial reports
//! a value for each objective, and `dominance_halving` stops those that many others dominate.
//!
//! ```
//! use opah::Direction::{Maximize, Minimize};
//! use opah::optimize::Optimize;
//! use opah::{Stop, Study, Trial, TrialState, pruner, sampler};
//! use serde_json::json;
//!
//! /// A network's milliseconds per answer, and its accuracy: wide ones are slow and good, and
//! /// waste is just slow.
//! fn objective(trial: &mut Trial) -> Result<Vec<f64>, Stop> {
//!     let width = trial.suggest_float("width", 0.0..=1.0)?;
//!     let waste = trial.suggest_float("waste", 0.0..=1.0)?;
//!     let milliseconds = 1.0 + 4.0 * width + 2.0 * waste;
//!     let mut accuracy = 0.0;
//!     for epoch in 1..=8 {
//!         accuracy = width.sqrt() * (1.0 - 0.5_f64.powi(epoch));
//!         trial.report_values(epoch.into(), &[milliseconds, accuracy])?;
//!         if trial.should_prune()? {
//!             return Err(Stop::Pruned);
//!         }
//!     }
//!     Ok(vec![milliseconds, accuracy])
//! }
//!
//! let study = Study::in_memory("fast and good", &[Minimize, Maximize])?
//!     .with_sampler(sampler::build("tpe", &json!({"seed": 1}))?)
//!     .with_pruner(pruner::build("dominance_halving", &json!({"min_resource": 1}))?);
//! study.set_metric_names(&["milliseconds", "accuracy"])?;
//! study.optimize_with(&Optimize::trials(60), objective, |_, _| {})?;
//!
//! let pruned = study.trials()?.iter().filter(|trial| trial.state == TrialState::Pruned).count();
//! assert!(pruned > 0, "trials that waste time are dominated after an epoch");
//! let front = study.best_trials()?;
//! assert!(front.len() >= 2);
//! for one in &front {
//!     let (a, b) = (one.values[0], one.values[1]);
//!     let dominates = |other: &[f64]| other[0] < a && other[1] > b;
//!     assert!(!front.iter().any(|other| dominates(&other.values)));
//! }
//! # Ok::<(), opah::Error>(())
//! ```
//!
//! Samplers for several objectives are `auto`, `gp`, `tpe`, `nsga2` and `nsga3`; [hypervolumes and
//! ranks](crate::multi_objective) compare fronts.
