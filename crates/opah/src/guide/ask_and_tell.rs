//! Trials that are run elsewhere, and told by another process.
//!
//! Whoever has a loop of its own asks for trials and tells what came of them. In a storage, a
//! trial outlives the process that asked for it: it is told by its number, in any order.
//!
//! ```
//! use opah::ask_tell::IfFinished;
//! use opah::{Direction, Stop, Study, TrialState, storage};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("trial.db");
//! let url = format!("sqlite:///{}", path.display());
//! let study = Study::create(storage::open(&url)?, "kiln", &[Direction::Maximize])?;
//! // Somebody has an idea; it is the first to be tried.
//! let idea = serde_json::json!({"celsius": 1150});
//! study.enqueue(idea.as_object().expect("an object"))?;
//! // The kiln holds three pots. Trials that run keep those that are asked for next away.
//! let mut pots = Vec::new();
//! for _ in 0..3 {
//!     let mut trial = study.ask()?;
//!     let celsius = trial.suggest_int_step("celsius", 900..=1300, 50)?;
//!     let hours = trial.suggest_float("hours", 1.0..=12.0)?;
//!     // So that the values are stored before the process ends.
//!     trial.flush()?;
//!     pots.push((trial.number(), celsius, hours));
//! }
//! drop(study);
//! assert_eq!(pots[0].1, 1150);
//!
//! // … and on the next day, in another process:
//! let study = Study::load(storage::open(&url)?, "kiln")?;
//! for (number, celsius, hours) in pots.into_iter().rev() {
//!     let result = if number == 2 {
//!         Err(Stop::failed("it fell to the floor"))
//!     } else {
//!         Ok(vec![20.0 - (celsius - 1100).abs() as f64 / 50.0 - (hours - 8.0).abs()])
//!     };
//!     study.tell_number(number, result, IfFinished::Refuse)?;
//! }
//! let states: Vec<TrialState> = study.trials()?.iter().map(|trial| trial.state).collect();
//! assert_eq!(states, [TrialState::Complete, TrialState::Complete, TrialState::Fail]);
//! assert!(study.best_trial()?.params.get("hours").is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Study::ask_with`](crate::Study::ask_with) asks for a whole
//! [`SearchSpace`](crate::SearchSpace) at once, and
//! [`Study::release`](crate::Study::release) gives a trial back that nobody will run. Programs in
//! other languages do the same through `opah serve --stdio`.
