//! An objective with branches, whose bad trials are stopped early.
//!
//! An objective is a function of a [`Trial`](crate::Trial). It asks for a value where it needs
//! it, so that the space is what it asks for: other parameters in every branch, a number of
//! layers that is itself a parameter. A name that was asked for before gives the same value.
//!
//! ```
//! use opah::optimize::Optimize;
//! use opah::{Direction, Stop, Study, Trial, TrialState, sampler};
//!
//! /// The error of a learner after twenty epochs.
//! fn objective(trial: &mut Trial) -> Result<f64, Stop> {
//!     let lr = trial.suggest_float_log("lr", 1e-4..=1.0)?;
//!     let mut least_error = 0.1 + 0.1 * (lr.log10() + 2.0).abs();
//!     match *trial.suggest_categorical("model", &["linear", "network"])? {
//!         "network" => {
//!             for layer in 0..trial.suggest_int("layers", 1..=3)? {
//!                 let width = trial.suggest_int_log(&format!("width {layer}"), 4..=256)?;
//!                 least_error += 0.2 / width as f64;
//!             }
//!         }
//!         _ => least_error += 0.1 + 0.1 * trial.suggest_float("l2", 0.0..=1.0)?,
//!     }
//!     let mut error = 1.0;
//!     for epoch in 1..=20 {
//!         error = least_error + (1.0 - least_error) * (-0.3 * epoch as f64).exp();
//!         trial.report(epoch, error)?;
//!         if trial.should_prune()? {
//!             return Err(Stop::Pruned);
//!         }
//!     }
//!     Ok(error)
//! }
//!
//! let tpe = sampler::build("tpe", &serde_json::json!({"seed": 1}))?;
//! let study = Study::in_memory("learner", &[Direction::Minimize])?.with_sampler(tpe);
//! study.optimize(&Optimize::trials(60), objective)?;
//!
//! let trials = study.trials()?;
//! let pruned = trials.iter().filter(|trial| trial.state == TrialState::Pruned);
//! assert!(pruned.count() > 0, "the median rule stops what is worse than half of the others");
//! for trial in &trials {
//!     let is_network = trial.params.get("layers").is_some();
//!     assert_eq!(trial.params.get("l2").is_none(), is_network);
//! }
//! assert!(study.best_trial()?.values[0] < 0.5);
//! # Ok::<(), opah::Error>(())
//! ```
//!
//! Without a sampler, a study has [`auto`](crate::sampler::auto), and with one objective the
//! [median rule](crate::pruner::MedianPruner). An error in an objective ends the search, unless
//! [`OnFailure`](crate::optimize::OnFailure) says otherwise; its trial is stored with the reason.
