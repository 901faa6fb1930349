//! What must hold of parameters, of results, and what is believed.
//!
//! - A rule on parameters ([`Rules`](crate::rules::Rules)) is an
//!   [`Expression`](crate::Expression) that is true of every trial that is run; parameters that
//!   it names are suggested [together](crate::Trial::suggest_together).
//! - A constraint on results ([`Trial::set_constraint`](crate::Trial::set_constraint)) is known
//!   only afterwards. A trial that breaks it is never the best, and samplers keep away.
//! - A [`Prior`](crate::prior::Prior) says where good values are believed to be. It is where a
//!   search begins, and excludes nothing.
//!
//! ```
//! use std::sync::Arc;
//!
//! use opah::optimize::Optimize;
//! use opah::prior::{Prior, Priors};
//! use opah::rules::Rules;
//! use opah::{Direction, Expression, Study, sampler};
//!
//! let rules = Rules {
//!     constraints: vec![Expression::parse("lr * batch_size <= 0.5")?],
//!     ..Rules::default()
//! };
//! let mut priors = Priors::default();
//! // Two of three good values are within a factor of three.
//! priors.insert("lr", Prior::Normal { mean: 1e-3, sd: 3.0 })?;
//! let study = Study::in_memory("learner", &[Direction::Minimize])?
//!     .with_sampler(sampler::build("auto", &serde_json::json!({"seed": 1}))?)
//!     .with_rules(rules)
//!     .with_priors(Arc::new(priors));
//!
//! study.optimize(&Optimize::trials(25), |trial| {
//!     let (lr, batch_size) = trial.suggest_together(|trial| {
//!         let lr = trial.suggest_float_log("lr", 1e-6..=1.0)?;
//!         Ok((lr, trial.suggest_int_log("batch_size", 8..=512)?))
//!     })?;
//!     assert!(lr * batch_size as f64 <= 0.5);
//!     // At most 0: it fits.
//!     trial.set_constraint("gigabytes beyond 16", batch_size as f64 / 8.0 - 16.0)?;
//!     Ok((lr.log10() + 2.5).powi(2) + 8.0 / batch_size as f64)
//! })?;
//!
//! let first = study.frozen_trial(0)?;
//! let lr = first.params.get("lr").expect("every trial has one").value;
//! assert!((lr - 1e-3).abs() < 1e-9, "what is believed is tried first");
//! let best = study.best_trial()?;
//! assert_eq!(best.violation(), 0.0);
//! assert!(best.params.get("batch_size").is_some_and(|param| param.value <= 128.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What expressions may say is in `docs/expressions.md`, more of priors and of warm starts from
//! earlier studies in `docs/priors.md`.
