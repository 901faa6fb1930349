//! From JSON to a [`Config`], strictly.
//!
//! Keys, defaults and types are AllenNLP 2.10's; it lets unknown keys pass here and there,
//! this never does. One file a part.

mod data_loader;
mod dataset_reader;
mod experiment;
mod family;
mod fit;
mod model;
mod node;
mod object;
mod optimizer;
mod trainer;
mod vocabulary;

use std::cell::RefCell;

use super::document::Document;
use super::error::{ConfigError, list};
use super::schema::Config;
use node::Reading;

pub(super) use node::describe;

#[cfg(test)]
pub(super) mod tests;

impl Document {
    /// The values as a configuration.
    ///
    /// # Errors
    ///
    /// When a key is unknown or missing, a value is of the wrong kind or out of its range, a
    /// feature of AllenNLP's is not supported, or two parts do not fit together.
    pub fn read(&self) -> Result<Config, ConfigError> {
        self.read_with_warnings().map(|(config, _)| config)
    }

    /// The same, and what was accepted with a doubt: old spellings, keys without effect,
    /// `std.trace`.
    pub fn read_with_warnings(&self) -> Result<(Config, Vec<String>), ConfigError> {
        let reading = Reading {
            document: self,
            warnings: RefCell::new(self.traces.clone()),
        };
        let config = experiment::read(&reading)?;
        Ok((config, reading.warnings.into_inner()))
    }
}
