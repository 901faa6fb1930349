//! By how much splits on a parameter reduce the squared error of a forest's trees.
//!
//! Louppe, Wehenkel, Sutera and Geurts, "Understanding variable importances in forests
//! of randomized trees", NeurIPS 2013. Looks at the trials only, where
//! [fANOVA](super::FanovaImportanceEvaluator) looks at the whole space, and counts
//! interactions to the parameters that take part in them. Only parameters that all
//! complete trials have with the same distribution are judged, as in Optuna 5.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ImportanceEvaluator;
use super::forest::{self, ForestOptions, Node, Tree};
use super::samples::{Samples, left_out};
use crate::error::Result;
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::registry::{self, Configured};

/// Adds up what the splits of a random forest explain.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MeanDecreaseImpurityImportanceEvaluator {
    /// How the forest is grown: in JSON these are the evaluator's options themselves.
    pub forest: ForestOptions,
}

impl Configured for MeanDecreaseImpurityImportanceEvaluator {
    const NAME: &'static str = "mean_decrease_impurity";
    const CLASS: &'static str = "MeanDecreaseImpurityImportanceEvaluator";
    const SUMMARY: &'static str = "what the splits of a random forest explain, on the trials";

    fn objection(&self) -> Option<String> {
        self.forest.objection()
    }
}

impl ImportanceEvaluator for MeanDecreaseImpurityImportanceEvaluator {
    fn evaluate(
        &self,
        trials: &[Arc<FrozenTrial>],
        _direction: Direction,
        params: Option<&[String]>,
    ) -> Result<Vec<(String, f64)>> {
        registry::check("evaluator", self)?;
        let samples = Samples::new(trials, params)?;
        if samples.parameters.is_empty() {
            return Ok(samples.named(Vec::new()));
        }
        let mut by_column = vec![0.0; samples.columns.len()];
        for tree in forest::grow(&samples, self.forest) {
            add_shares(&tree, &mut by_column);
        }
        let sum: f64 = by_column.iter().sum();
        let scale = if sum > 0.0 { sum.recip() } else { 0.0 };
        let parameters = samples.parameters.iter();
        let importance = parameters.map(|parameter| {
            let columns = &by_column[parameter.columns.clone()];
            scale * columns.iter().sum::<f64>()
        });
        Ok(samples.named(importance.collect()))
    }

    fn caveats(
        &self,
        trials: &[Arc<FrozenTrial>],
        _direction: Direction,
        params: Option<&[String]>,
    ) -> Vec<String> {
        left_out(trials, params)
    }
}

/// Adds the columns' shares of what the tree explains; every tree counts the same.
fn add_shares(tree: &Tree, by_column: &mut [f64]) {
    let splits = tree.nodes.iter().filter_map(|node| match node {
        Node::Split {
            column, decrease, ..
        } => Some((*column, *decrease)),
        Node::Leaf { .. } => None,
    });
    let explained: f64 = splits.clone().map(|(_, decrease)| decrease).sum();
    if explained > 0.0 {
        for (column, decrease) in splits {
            by_column[column] += decrease / explained;
        }
    }
}
