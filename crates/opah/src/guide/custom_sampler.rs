//! A sampler of one's own, in one file.
//!
//! A [`Sampler`](crate::Sampler) is its options and answers three questions, all of which have
//! an answer already, which is random search: which parameters it draws together, which values
//! they get, and which value a parameter gets that was not drawn with them. It is shown the
//! study by a [`Context`](crate::context::Context), and keeps to two rules, by which a search
//! that was interrupted is the one that was not:
//!
//! - Random numbers come from [`Context::rng`](crate::context::Context::rng), a stream for each
//!   trial and name.
//! - What it must remember is saved with the trial
//!   ([`Context::save_state`](crate::context::Context::save_state)); what can be computed from
//!   the trials need not be.
//!
//! Here is an evolution strategy with one parent and one child: the child is a step away from
//! the best trial, and the steps grow when one was a success, and shrink a little when it was
//! none, so that they stay the same if one of five is (Rechenberg's rule).
//!
//! ```
//! use std::sync::Arc;
//!
//! use opah::context::Context;
//! use opah::json::Json;
//! use opah::math::normal;
//! use opah::sampler::Draw;
//! use opah::storage::{MemoryStorage, Storage};
//! use opah::{Direction, Distribution, Result, Sampler, SearchSpace, Study, transform};
//! use serde::{Deserialize, Serialize};
//!
//! /// Steps away from the best trial. Its fields are its options.
//! #[derive(Debug)]
//! struct OnePlusOne {
//!     seed: u64,
//!     /// The first step's standard deviation, as a share of each range.
//!     first_step: f64,
//! }
//!
//! /// What is remembered with each child.
//! #[derive(Serialize, Deserialize)]
//! struct Child {
//!     step: f64,
//!     /// The parent's loss, smaller being better.
//!     to_beat: f64,
//! }
//!
//! /// The system attribute in which it is.
//! const CHILD: &str = "one_plus_one:child";
//!
//! impl Sampler for OnePlusOne {
//!     fn seed(&self) -> u64 {
//!         self.seed
//!     }
//!
//!     /// The numbers that all complete trials have. All else is drawn at random.
//!     fn relative_search_space(&self, context: &Context) -> SearchSpace {
//!         let common = context.history.intersection(false).without_single();
//!         let is_number = |distribution: &Distribution| {
//!             !matches!(distribution, Distribution::Categorical(_))
//!         };
//!         let numbers = common.iter().filter(|(_, distribution)| is_number(distribution));
//!         numbers.map(|(name, distribution)| (name.clone(), distribution.clone())).collect()
//!     }
//!
//!     fn sample_relative(&self, context: &Context, space: &SearchSpace) -> Result<Draw> {
//!         let direction = context.direction();
//!         let Some(parent) = context.history.best(direction) else {
//!             return Ok(Draw::new());
//!         };
//!         let loss = |value: Option<f64>| value.map_or(f64::INFINITY, |it| direction.to_loss(it));
//!         // Trials are seen in the order in which they end, which is no order to rely on.
//!         let last = context.history.complete().max_by_key(|trial| trial.number);
//!         let before = last.and_then(|last| {
//!             let child: Child = last.system_attrs.get(CHILD)?.parse()?;
//!             let is_success = loss(last.value()) < child.to_beat;
//!             Some(child.step * if is_success { 1.5 } else { 1.5_f64.powf(-0.25) })
//!         });
//!         let step = before.unwrap_or(self.first_step);
//!         let child = Child { step, to_beat: loss(parent.value()) };
//!         context.save_state(CHILD, Json::new(&child));
//!         let mut draw = Draw::new();
//!         for (name, distribution) in space {
//!             let Some(param) = parent.params.get(name) else {
//!                 continue;
//!             };
//!             // Logarithms, steps and whole numbers are the transform's.
//!             let (low, high) = transform::interval(distribution);
//!             let at = transform::to_coordinate(distribution, param.value);
//!             let random = normal::inverse_cdf(context.rng(self.seed, name).uniform());
//!             let moved = (at + step * (high - low) * random).clamp(low, high);
//!             draw.push((name.clone(), transform::from_coordinate(distribution, moved)));
//!         }
//!         Ok(draw)
//!     }
//! }
//!
//! /// The best value of a study that is begun anew, as another process would, after every
//! /// `n_at_once` of 150 trials.
//! fn best(n_at_once: usize) -> Result<f64> {
//!     let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::default());
//!     let mut best = f64::INFINITY;
//!     for _ in 0..150 / n_at_once {
//!         let study = Study::load_or_create(storage.clone(), "hill", &[Direction::Minimize])?
//!             .with_sampler(Arc::new(OnePlusOne { seed: 3, first_step: 0.2 }));
//!         for _ in 0..n_at_once {
//!             let mut trial = study.ask()?;
//!             let x = trial.suggest_float("x", -5.0..=5.0)?;
//!             let y = trial.suggest_float("y", -5.0..=5.0)?;
//!             study.tell(&mut trial, &[(x - 1.0).powi(2) + (y + 2.0).powi(2)])?;
//!         }
//!         best = study.best_trial()?.values[0];
//!     }
//!     Ok(best)
//! }
//!
//! let uninterrupted = best(150)?;
//! assert!(uninterrupted < 0.05, "{uninterrupted}");
//! assert_eq!(best(10)?, uninterrupted);
//! # Ok::<(), opah::Error>(())
//! ```
//!
//! To be chosen by name it becomes a file of opah: its options derive `Serialize`,
//! `Deserialize` and `JsonSchema`, it implements [`Configured`](crate::registry::Configured), and
//! it stands in the list [`SAMPLERS`](crate::sampler::SAMPLERS). The command line, the options'
//! tables and the tests that every sampler must pass come by themselves.
