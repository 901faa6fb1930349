//! No pruning: every trial runs to its end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pruner;
use crate::context::Context;
use crate::error::Result;
use crate::registry::Configured;

/// Never stops a trial.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NeverPruner {}

impl Configured for NeverPruner {
    const NAME: &'static str = "never";
    const CLASS: &'static str = "NopPruner";
    const SUMMARY: &'static str = "no pruning";
}

impl Pruner for NeverPruner {
    fn should_prune(&self, _context: &Context) -> Result<bool> {
        Ok(false)
    }

    fn takes_several_objectives(&self) -> bool {
        true
    }
}
