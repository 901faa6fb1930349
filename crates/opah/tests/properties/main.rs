//! Random spaces and random results, thrown at every sampler and every pruner: nothing
//! panics, every value is inside its domain, and the same seed and history give the same
//! search, interrupted or not.
#![expect(clippy::unwrap_used, reason = "tests")]

mod options;
mod pruners;
mod samplers;
mod script;
mod search;
mod space;
mod special;
