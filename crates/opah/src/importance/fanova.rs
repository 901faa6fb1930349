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
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct FanovaImportanceEvaluator {
    /// How the forest is grown: in JSON these are the evaluator's options themselves.
    pub forest: ForestOptions,
}

impl Configured for FanovaImportanceEvaluator {
    const NAME: &'static str = "fanova";
    const CLASS: &'static str = "FanovaImportanceEvaluator";
    const SUMMARY: &'static str = "the share of variance over the whole space, by a random forest";

    fn objection(&self) -> Option<String> {
        self.forest.objection()
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
        let mut sums = vec![0.0; samples.parameters.len()];
        let mut n_varying = 0.0;
        for tree in forest::grow(&samples, self.forest) {
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
    /// By column: where sides end, 0 and 1 included, sorted.
    ends: Vec<Vec<f64>>,
}

impl Leaves {
    fn of(tree: &Tree, n_columns: usize) -> Self {
        let mut leaves = Self {
            n_columns,
            sides: Vec::new(),
            volumes: Vec::new(),
            values: Vec::new(),
            ends: vec![vec![0.0, 1.0]; n_columns],
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
                    leaves.ends[column].push(threshold);
                    let (mut below, mut above) = (sides.clone(), sides);
                    below[column].1 = threshold;
                    above[column].0 = threshold;
                    open.extend([(left, below), (right, above)]);
                }
            }
        }
        for ends in &mut leaves.ends {
            ends.sort_by(f64::total_cmp);
            ends.dedup();
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

    fn is_split(&self, column: usize) -> bool {
        self.ends[column].len() > 2
    }

    /// The variance, over one column, of the mean over all others.
    fn variance_of_number(&self, column: usize) -> f64 {
        if !self.is_split(column) {
            return 0.0;
        }
        let side = |leaf: usize| self.sides[leaf * self.n_columns + column];
        let ends = &self.ends[column];
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
        if !columns.clone().any(|column| self.is_split(column)) {
            return 0.0;
        }
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

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::math::random::Rng;

    fn split(column: usize, threshold: f64, left: usize, right: usize) -> Node {
        Node::Split {
            column,
            threshold,
            left,
            right,
            decrease: 0.0,
        }
    }

    fn leaf(value: f64) -> Node {
        Node::Leaf { value }
    }

    /// The leaves of a tree whose root has a leaf on the left and a split on the right.
    fn leaves_of_three(
        n_columns: usize,
        [root, right]: [(usize, f64); 2],
        values: [f64; 3],
    ) -> Leaves {
        let nodes = vec![
            split(root.0, root.1, 1, 2),
            leaf(values[0]),
            split(right.0, right.1, 3, 4),
            leaf(values[1]),
            leaf(values[2]),
        ];
        Leaves::of(&Tree { nodes }, n_columns)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs().max(1.0)
    }

    /// Half of the square is 0; of the other half, a quarter is 2 and the rest 4. The
    /// mean is 7/4; means over the second column are 0 and 7/2, over the first 1 and 2.
    #[test]
    fn shares_of_a_small_tree_are_those_by_hand() {
        let leaves = leaves_of_three(2, [(0, 0.5), (1, 0.25)], [0.0, 2.0, 4.0]);
        assert!(close(leaves.variance(), 55.0 / 16.0));
        assert!(close(leaves.variance_of_number(0), 49.0 / 16.0));
        assert!(close(leaves.variance_of_number(1), 3.0 / 16.0));
    }

    /// The mean over all but some columns, on every cell that leaves make in those.
    fn variance_cell_by_cell(leaves: &Leaves, columns: &Range<usize>) -> f64 {
        let side = |leaf: usize, column: usize| leaves.sides[leaf * leaves.n_columns + column];
        let n_leaves = leaves.values.len();
        let mut cells: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
        for column in columns.clone() {
            let ends = &leaves.ends[column];
            let longer = |cell: &Vec<(f64, f64)>| -> Vec<Vec<(f64, f64)>> {
                let pair = |pair: &[f64]| [cell.clone(), vec![(pair[0], pair[1])]].concat();
                ends.windows(2).map(pair).collect()
            };
            cells = cells.iter().flat_map(longer).collect();
        }
        let measure =
            |cell: &[(f64, f64)]| cell.iter().map(|(low, high)| high - low).product::<f64>();
        let mean = |cell: &Vec<(f64, f64)>| -> f64 {
            let holds = |leaf: &usize| {
                cell.iter()
                    .zip(columns.clone())
                    .all(|((low, high), column)| {
                        side(*leaf, column).0 <= *low && *high <= side(*leaf, column).1
                    })
            };
            let others = |leaf: usize| -> f64 {
                let others = (0..leaves.n_columns).filter(|column| !columns.contains(column));
                others
                    .map(|column| side(leaf, column).1 - side(leaf, column).0)
                    .product()
            };
            (0..n_leaves)
                .filter(holds)
                .map(|leaf| leaves.values[leaf] * others(leaf))
                .sum()
        };
        cells
            .iter()
            .map(|cell| measure(cell) * mean(cell).powi(2))
            .sum()
    }

    /// Two numbers and a parameter with five choices, with interactions.
    fn mixed() -> Samples {
        let mut rng = Rng::keyed(5, 0, "mixed");
        let mut samples = Samples::of(vec![Vec::new(); 7], Vec::new());
        for _ in 0..150 {
            let (x, y, choice) = (rng.uniform(), rng.uniform(), rng.below(5));
            samples.columns[0].push(x);
            for at in 0..5 {
                samples.columns[1 + at].push(f64::from(u8::from(at == choice)));
            }
            samples.columns[6].push(y);
            samples.targets.push(x * choice as f64 + y * y);
        }
        samples
    }

    #[test]
    fn variances_are_those_of_a_look_at_every_cell() {
        let samples = mixed();
        let options = ForestOptions {
            n_trees: 5,
            max_depth: 64,
            seed: 1,
        };
        for tree in forest::grow(&samples, options) {
            let leaves = Leaves::of(&tree, 7);
            let choices = leaves.variance_of_choices(&(1..6));
            assert!(choices > 0.01);
            assert!(close(choices, variance_cell_by_cell(&leaves, &(1..6))));
            for column in [0, 6] {
                let number = leaves.variance_of_number(column);
                assert!(number > 0.01);
                assert!(close(
                    number,
                    variance_cell_by_cell(&leaves, &(column..column + 1))
                ));
            }
        }
    }

    /// A choice beyond the 64th has a word of its own.
    #[test]
    fn patterns_have_room_for_any_number_of_choices() {
        let leaves = leaves_of_three(130, [(100, 0.5), (3, 0.5)], [0.0, 1.0, 5.0]);
        let cells = [0.0, 0.0, 1.0, 5.0].map(|value: f64| (value - 1.5).powi(2) / 4.0);
        assert!(close(leaves.variance(), cells.iter().sum()));
        assert!(close(
            leaves.variance_of_choices(&(0..130)),
            leaves.variance()
        ));
        assert_eq!(leaves.variance_of_choices(&(4..100)), 0.0);
    }

    /// `sin(2πx) + 2y + 3·[a choice of two]`: variances 1/2, 4/12 and 9/4.
    #[test]
    fn an_additive_function_has_the_shares_of_its_terms() {
        let mut rng = Rng::keyed(2, 0, "additive");
        let mut columns = vec![Vec::new(); 4];
        let mut targets = Vec::new();
        for _ in 0..2000 {
            let (x, y, choice) = (rng.uniform(), rng.uniform(), rng.below(2) as f64);
            for (column, value) in columns.iter_mut().zip([x, y, choice, 1.0 - choice]) {
                column.push(value);
            }
            targets.push((2.0 * PI * x).sin() + 2.0 * y + 3.0 * choice);
        }
        let samples = Samples::of(columns, targets);
        let options = ForestOptions {
            n_trees: 16,
            max_depth: 64,
            seed: 0,
        };
        let mut shares = [0.0; 3];
        for tree in forest::grow(&samples, options) {
            let leaves = Leaves::of(&tree, 4);
            let marginal = [
                leaves.variance_of_number(0),
                leaves.variance_of_number(1),
                leaves.variance_of_choices(&(2..4)),
            ];
            let sum: f64 = marginal.iter().sum();
            for (share, marginal) in shares.iter_mut().zip(marginal) {
                *share += marginal / sum / 16.0;
            }
        }
        let sum = 0.5 + 4.0 / 12.0 + 9.0 / 4.0;
        let expected = [0.5, 4.0 / 12.0, 9.0 / 4.0].map(|variance| variance / sum);
        for (share, expected) in shares.iter().zip(expected) {
            assert!(
                (share - expected).abs() < 0.03,
                "{shares:?} instead of {expected:?}"
            );
        }
    }
}
