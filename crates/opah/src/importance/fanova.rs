//! Functional analysis of variance: the share of a forest's variance over the whole
//! search space that one parameter explains by itself.
//!
//! Hutter, Hoos and Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter
//! Importance", ICML 2014. A tree is constant on the boxes of its leaves, so the mean
//! over all other parameters, as a function of one, is a step function whose variance
//! over its range is a finite sum: no sampling, no error but the forest's own.
//! Interactions of parameters belong to none of them; shares are normalised afterwards.
//!
//! The forest must predict well, so trials should cover the space: 100 random ones tell
//! more than 100 of a sampler that went straight to the best. Only parameters that all
//! complete trials have with the same distribution are judged, as in Optuna 5.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ImportanceEvaluator;
use super::forest::{self, ForestOptions, Node, Tree};
use super::samples::{Samples, left_out};
use crate::error::{Error, Result};
use crate::frozen_trial::{Direction, FrozenTrial};
use crate::registry::{self, Configured};

/// Integrates a random forest over the search space.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FanovaImportanceEvaluator {
    /// The number of trees, at least 1; more make the result less random.
    #[schemars(range(min = 1))]
    pub n_trees: usize,
    /// The greatest depth of a tree.
    pub max_depth: usize,
    /// The seed of the forest.
    pub seed: u64,
}

impl Default for FanovaImportanceEvaluator {
    fn default() -> Self {
        Self {
            n_trees: 64,
            max_depth: 64,
            seed: 0,
        }
    }
}

impl Configured for FanovaImportanceEvaluator {
    const NAME: &'static str = "fanova";
    const CLASS: &'static str = "FanovaImportanceEvaluator";
    const SUMMARY: &'static str = "the share of variance over the whole space, by a random forest";

    fn objection(&self) -> Option<String> {
        (self.n_trees == 0).then(|| "`n_trees` = 0, expected at least 1".to_owned())
    }
}

impl ImportanceEvaluator for FanovaImportanceEvaluator {
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
        let options = ForestOptions {
            n_trees: self.n_trees,
            max_depth: self.max_depth,
            seed: self.seed,
        };
        let mut sums = vec![0.0; samples.parameters.len()];
        let mut n_varying = 0.0;
        for tree in forest::grow(&samples, options) {
            let leaves = Leaves::of(&tree, samples.columns.len());
            let variance = leaves.variance();
            if variance <= 0.0 {
                continue;
            }
            n_varying += 1.0;
            for (sum, parameter) in sums.iter_mut().zip(&samples.parameters) {
                let marginal = if parameter.is_categorical {
                    leaves.variance_of_choices(&parameter.columns)
                } else {
                    leaves.variance_of_number(parameter.columns.start)
                };
                *sum += marginal.max(0.0) / variance;
            }
        }
        if n_varying == 0.0 {
            return Err(Error::NotAvailable(format!(
                "the values of {} trials do not differ with the parameters, so there is no \
                 variance to share",
                samples.targets.len()
            )));
        }
        Ok(samples.named(sums.into_iter().map(|sum| sum / n_varying).collect()))
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

/// A tree's leaves as boxes that fill the unit cube.
struct Leaves {
    n_columns: usize,
    /// `n_leaves × n_columns` lower and upper ends.
    sides: Vec<(f64, f64)>,
    volumes: Vec<f64>,
    /// Less their mean over the cube.
    values: Vec<f64>,
}

impl Leaves {
    fn of(tree: &Tree, n_columns: usize) -> Self {
        let mut leaves = Self {
            n_columns,
            sides: Vec::new(),
            volumes: Vec::new(),
            values: Vec::new(),
        };
        let mut open = vec![(0, vec![(0.0, 1.0); n_columns])];
        while let Some((node, sides)) = open.pop() {
            match tree.nodes[node] {
                Node::Leaf { value } => {
                    let volume = sides.iter().map(|(low, high)| high - low).product();
                    leaves.sides.extend(sides);
                    leaves.volumes.push(volume);
                    leaves.values.push(value);
                }
                Node::Split {
                    column,
                    threshold,
                    left,
                    right,
                    ..
                } => {
                    let (mut below, mut above) = (sides.clone(), sides);
                    below[column].1 = threshold;
                    above[column].0 = threshold;
                    open.extend([(left, below), (right, above)]);
                }
            }
        }
        let mean = weighted_sum(&leaves.values, &leaves.volumes);
        for value in &mut leaves.values {
            *value -= mean;
        }
        leaves
    }

    /// The variance of the tree's predictions over the cube.
    fn variance(&self) -> f64 {
        let squares: Vec<f64> = self.values.iter().map(|value| value.powi(2)).collect();
        weighted_sum(&squares, &self.volumes)
    }

    /// The leaves that have a volume: their number and volume times value.
    fn masses(&self) -> impl Iterator<Item = (usize, f64)> {
        let masses = self.volumes.iter().zip(&self.values).enumerate();
        let masses = masses.filter(|(_, (volume, _))| **volume > 0.0);
        masses.map(|(leaf, (volume, value))| (leaf, volume * value))
    }

    /// The variance, over one column, of the mean over all others.
    fn variance_of_number(&self, column: usize) -> f64 {
        let side = |leaf: usize| self.sides[leaf * self.n_columns + column];
        let mut ends: Vec<f64> = self
            .masses()
            .flat_map(|(leaf, _)| [side(leaf).0, side(leaf).1])
            .collect();
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        let place = |end: f64| ends.partition_point(|known| *known < end);
        // A leaf adds its mass, spread over its side, from its lower end to its upper one.
        let mut steps = vec![0.0; ends.len()];
        for (leaf, mass) in self.masses() {
            let (low, high) = side(leaf);
            let mean = mass / (high - low);
            steps[place(low)] += mean;
            steps[place(high)] -= mean;
        }
        let mut mean = 0.0;
        let mut sum = 0.0;
        for (step, interval) in steps.iter().zip(ends.windows(2)) {
            mean += step;
            sum += (interval[1] - interval[0]) * mean * mean;
        }
        sum
    }

    /// The variance, over the columns of a parameter's choices, of the mean over all
    /// other columns.
    ///
    /// The mean is a sum of box functions, one for each pattern of halves that leaves
    /// have in these columns, so the mean of its square is the sum of the measures that
    /// two patterns share, times their means: quadratic in the number of patterns, where
    /// a look at every cell would be exponential in the number of choices.
    fn variance_of_choices(&self, columns: &Range<usize>) -> f64 {
        let mut means: BTreeMap<Pattern, f64> = BTreeMap::new();
        for (leaf, mass) in self.masses() {
            let first = leaf * self.n_columns;
            let sides = &self.sides[first + columns.start..first + columns.end];
            let measure: f64 = sides.iter().map(|(low, high)| high - low).product();
            *means.entry(Pattern::of(sides)).or_default() += mass / measure;
        }
        let means: Vec<(Pattern, f64)> = means.into_iter().collect();
        let mut sum = 0.0;
        for (at, (pattern, mean)) in means.iter().enumerate() {
            sum += mean * mean * pattern.shared_measure(pattern);
            for (other, other_mean) in &means[at + 1..] {
                sum += 2.0 * mean * other_mean * pattern.shared_measure(other);
            }
        }
        sum
    }
}

/// Which half of each column a leaf has, 64 columns a word.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pattern {
    /// The choice is not taken: the lower half.
    lower: Vec<u64>,
    /// The choice is taken: the upper half.
    upper: Vec<u64>,
}

impl Pattern {
    fn of(sides: &[(f64, f64)]) -> Self {
        let words = |is_set: fn(&(f64, f64)) -> bool| -> Vec<u64> {
            let word = |sides: &[(f64, f64)]| {
                let bits = sides.iter().enumerate();
                bits.fold(0, |word, (at, side)| word | (u64::from(is_set(side)) << at))
            };
            sides.chunks(64).map(word).collect()
        };
        Self {
            lower: words(|side| side.1 < 1.0),
            upper: words(|side| side.0 > 0.0),
        }
    }

    /// The measure of what two patterns have in common.
    fn shared_measure(&self, other: &Self) -> f64 {
        let mut n_halves = 0;
        for word in 0..self.lower.len() {
            let lower = self.lower[word] | other.lower[word];
            let upper = self.upper[word] | other.upper[word];
            if lower & upper != 0 {
                return 0.0;
            }
            n_halves += (lower | upper).count_ones();
        }
        0.5_f64.powi(n_halves as i32)
    }
}

fn weighted_sum(values: &[f64], weights: &[f64]) -> f64 {
    let terms = values.iter().zip(weights);
    terms.map(|(value, weight)| value * weight).sum()
}
