//! Numbers: random streams and special functions. Knows no trial.

pub mod halton;
pub mod mersenne_twister;
pub mod normal;
pub mod random;
pub mod signed_rank;
pub mod sobol;
