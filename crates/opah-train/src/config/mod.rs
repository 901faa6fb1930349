//! From a Jsonnet file to a checked configuration.

pub mod schema;

pub use schema::Config;
