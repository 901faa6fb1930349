//! Programs to begin with, each of which is run as a test.
//!
//! - [`define_by_run`]: an objective with branches, whose bad trials are stopped early
//! - [`ask_and_tell`]: trials that are run elsewhere, and told by another process
//! - [`several_objectives`]: a Pareto front, with pruning
//! - [`rules_and_priors`]: what must hold of parameters, of results, and what is believed
//! - [`custom_sampler`]: a sampler of one's own, in one file

pub mod ask_and_tell;
pub mod custom_sampler;
pub mod define_by_run;
pub mod rules_and_priors;
pub mod several_objectives;
