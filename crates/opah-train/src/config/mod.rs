//! From a Jsonnet file to a checked configuration.
//!
//! [`evaluate`] makes a [`Document`] of a file and external variables; changes go into the
//! document ([`Document::override_with`], [`Document::set`]); [`Document::read`] checks it
//! and gives a [`Config`]. The formats and rules are AllenNLP 2.10's.

mod difference;
mod document;
mod error;
mod ext_vars;
mod json_text;
mod jsonnet;
mod locate;
mod metric;
mod overrides;
mod path;
mod place;
mod read;
pub mod schema;
mod suggestion;

pub use difference::{Difference, differences};
pub use document::{Document, evaluate, evaluate_text};
pub use error::{ChangeProblem, ConfigError, Problem};
pub use ext_vars::ExtVars;
pub use path::{KeyPath, Step};
pub use place::{Diagnostic, Frame, Location, Place};
pub use schema::Config;
pub use suggestion::nearest;
