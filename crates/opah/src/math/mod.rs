//! Numbers: random streams and special functions. Knows no trial.

pub mod cholesky;
pub mod exp;
pub mod halton;
pub mod lbfgs;
pub mod matrix;
pub mod mersenne_twister;
pub mod normal;
pub mod random;
pub mod signed_rank;
pub mod simd;
pub mod sobol;
