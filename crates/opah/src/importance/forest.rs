//! A random forest of regression trees.
//!
//! Breiman, "Random Forests", Machine Learning 45 (2001): every tree is grown by CART on
//! a bootstrap sample of the trials. All columns are tried at every node, in random
//! order, so that columns which divide the samples equally well are taken equally often.
//! Every column is sorted once for all trees; a tree keeps its own columns in order by
//! splitting each stably, so a level of a tree costs one pass over the columns.
//!
//! A tree depends on the samples, the seed and its number in the forest alone. Unlike
//! scikit-learn, which rounds coordinates to 32 bits and takes those closer than 1e-7
//! for equal, a split may separate any two numbers, so that the scale of a parameter
//! does not matter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::samples::Samples;
use crate::math::random::Rng;

/// Scores that differ by less than this share of them differ by rounding alone.
const ROUNDING: f64 = 1e-12;

/// How a forest is grown.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ForestOptions {
    /// The number of trees, at least 1; more make the result less random.
    #[schemars(range(min = 1))]
    pub n_trees: usize,
    /// The greatest depth of a tree.
    pub max_depth: usize,
    /// The seed of the forest.
    pub seed: u64,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self {
            n_trees: 64,
            max_depth: 64,
            seed: 0,
        }
    }
}

impl ForestOptions {
    /// Why no forest can be grown with them.
    pub(super) fn objection(&self) -> Option<String> {
        (self.n_trees == 0).then(|| "`n_trees` = 0, expected at least 1".to_owned())
    }
}

/// A regression tree; the root is node 0, children come after their parent.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

/// A node of a tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Node {
    /// Coordinates of `column` up to and including `threshold` go left.
    Split {
        column: usize,
        threshold: f64,
        left: usize,
        right: usize,
        /// By how much the sum of squared errors falls.
        decrease: f64,
    },
    /// The mean of the targets.
    Leaf { value: f64 },
}

/// The trees that bootstrap samples of at least one column and two samples give.
pub(super) fn grow(samples: &Samples, options: ForestOptions) -> Vec<Tree> {
    let sorted: Vec<Vec<u32>> = samples
        .columns
        .iter()
        .map(|column| argsort(column))
        .collect();
    let tree = |number| {
        let rng = Rng::keyed(options.seed, number as u64, "forest");
        Growth::new(samples, &sorted, rng).tree(options.max_depth)
    };
    (0..options.n_trees).map(tree).collect()
}

fn argsort(column: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..column.len() as u32).collect();
    order.sort_by(|a, b| column[*a as usize].total_cmp(&column[*b as usize]));
    order
}

/// A tree as it grows.
struct Growth<'a> {
    samples: &'a Samples,
    rng: Rng,
    /// How often each sample was drawn.
    weights: Vec<f64>,
    /// For each column the samples that were drawn, those of a node together in one
    /// range, there in the order of the column.
    orders: Vec<Vec<u32>>,
    /// The columns, in the order of their last trial.
    columns: Vec<usize>,
    /// By sample: whether it goes left at the node that is being split.
    goes_left: Vec<bool>,
    /// Those that go right, while a column is split.
    right: Vec<u32>,
}

/// A node whose samples are known.
struct Open {
    node: usize,
    start: usize,
    end: usize,
    depth: usize,
}

/// The best way to split a node's samples.
struct Split {
    column: usize,
    threshold: f64,
    /// How many samples go left.
    n_left: usize,
    /// `S_l²/W_l + S_r²/W_r`, of the sums of targets and weights: greater is better.
    score: f64,
}

impl<'a> Growth<'a> {
    fn new(samples: &'a Samples, sorted: &[Vec<u32>], mut rng: Rng) -> Self {
        let n = samples.targets.len();
        let mut weights = vec![0.0; n];
        for _ in 0..n {
            weights[rng.below(n)] += 1.0;
        }
        let drawn = |order: &Vec<u32>| -> Vec<u32> {
            let drawn = order
                .iter()
                .filter(|sample| weights[**sample as usize] > 0.0);
            drawn.copied().collect()
        };
        Self {
            samples,
            rng,
            orders: sorted.iter().map(drawn).collect(),
            columns: (0..sorted.len()).collect(),
            goes_left: vec![false; n],
            right: Vec::with_capacity(n),
            weights,
        }
    }

    fn tree(mut self, max_depth: usize) -> Tree {
        let mut nodes = vec![Node::Leaf { value: 0.0 }];
        let mut open = vec![Open {
            node: 0,
            start: 0,
            end: self.orders.first().map_or(0, Vec::len),
            depth: 0,
        }];
        while let Some(Open {
            node,
            start,
            end,
            depth,
        }) = open.pop()
        {
            let (sum, weight) = self.totals(start, end);
            let split = (depth < max_depth).then(|| self.best_split(start, end, sum, weight));
            let Some(split) = split.flatten() else {
                nodes[node] = Node::Leaf {
                    value: sum / weight,
                };
                continue;
            };
            self.divide(&split, start, end);
            let (left, right) = (nodes.len(), nodes.len() + 1);
            nodes[node] = Node::Split {
                column: split.column,
                threshold: split.threshold,
                left,
                right,
                // Never negative but for rounding.
                decrease: (split.score - sum * sum / weight).max(0.0),
            };
            nodes.extend([Node::Leaf { value: 0.0 }; 2]);
            let middle = start + split.n_left;
            for (node, start, end) in [(right, middle, end), (left, start, middle)] {
                open.push(Open {
                    node,
                    start,
                    end,
                    depth: depth + 1,
                });
            }
        }
        Tree { nodes }
    }

    /// The weighted sum of a node's targets and the sum of its weights.
    fn totals(&self, start: usize, end: usize) -> (f64, f64) {
        let Some(order) = self.orders.first() else {
            return (0.0, 1.0);
        };
        order[start..end]
            .iter()
            .fold((0.0, 0.0), |(sum, total), sample| {
                let weight = self.weights[*sample as usize];
                (
                    sum + weight * self.samples.targets[*sample as usize],
                    total + weight,
                )
            })
    }

    /// The split after which the squared errors are least, the first of equals; none if
    /// all targets or all coordinates are equal.
    fn best_split(&mut self, start: usize, end: usize, sum: f64, weight: f64) -> Option<Split> {
        let targets = &self.samples.targets;
        let members = &self.orders.first()?[start..end];
        let first = targets[*members.first()? as usize];
        if members
            .iter()
            .all(|sample| targets[*sample as usize] == first)
        {
            return None;
        }
        let mut best: Option<Split> = None;
        for tried in 0..self.columns.len() {
            let chosen = tried + self.rng.below(self.columns.len() - tried);
            self.columns.swap(tried, chosen);
            let column = self.columns[tried];
            let coordinates = &self.samples.columns[column];
            let order = &self.orders[column][start..end];
            let at = |place: usize| coordinates[order[place] as usize];
            if at(0) == at(order.len() - 1) {
                continue;
            }
            let (mut left_sum, mut left_weight) = (0.0, 0.0);
            let mut here = at(0);
            for place in 1..order.len() {
                let sample = order[place - 1] as usize;
                left_sum += self.weights[sample] * targets[sample];
                left_weight += self.weights[sample];
                let next = at(place);
                if next > here {
                    let right_sum = sum - left_sum;
                    let score = left_sum * left_sum / left_weight
                        + right_sum * right_sum / (weight - left_weight);
                    let is_better = |best: &Split| score > best.score * (1.0 + ROUNDING);
                    if best.as_ref().is_none_or(is_better) {
                        let middle = here + (next - here) / 2.0;
                        best = Some(Split {
                            column,
                            threshold: if middle < next { middle } else { here },
                            n_left: place,
                            score,
                        });
                    }
                }
                here = next;
            }
        }
        best
    }

    /// Moves the samples that go left to the front of the node's range in every column.
    fn divide(&mut self, split: &Split, start: usize, end: usize) {
        let order = &self.orders[split.column][start..end];
        for (place, sample) in order.iter().enumerate() {
            self.goes_left[*sample as usize] = place < split.n_left;
        }
        for (column, order) in self.orders.iter_mut().enumerate() {
            if column == split.column {
                continue;
            }
            self.right.clear();
            let mut n_left = start;
            for place in start..end {
                let sample = order[place];
                if self.goes_left[sample as usize] {
                    order[n_left] = sample;
                    n_left += 1;
                } else {
                    self.right.push(sample);
                }
            }
            order[n_left..end].copy_from_slice(&self.right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth<'a>(samples: &'a Samples, sorted: &[Vec<u32>]) -> Growth<'a> {
        let mut growth = Growth::new(samples, sorted, Rng::keyed(0, 0, "test"));
        growth.weights = vec![1.0; samples.targets.len()];
        growth.orders = sorted.to_vec();
        growth
    }

    /// The tree on the samples themselves.
    fn tree(samples: &Samples, max_depth: usize) -> Tree {
        let sorted: Vec<Vec<u32>> = samples.columns.iter().map(|c| argsort(c)).collect();
        growth(samples, &sorted).tree(max_depth)
    }

    fn predict(tree: &Tree, samples: &Samples, sample: usize) -> f64 {
        let mut at = 0;
        loop {
            match tree.nodes[at] {
                Node::Leaf { value } => return value,
                Node::Split {
                    column,
                    threshold,
                    left,
                    right,
                    ..
                } => {
                    let goes_left = samples.columns[column][sample] <= threshold;
                    at = if goes_left { left } else { right };
                }
            }
        }
    }

    #[test]
    fn the_best_split_comes_first() {
        let column = vec![0.0, 0.25, 0.75, 1.0];
        let samples = Samples::of(vec![vec![0.5; 4], column], vec![0.0, 1.0, 8.0, 9.0]);
        let stump = tree(&samples, 1);
        assert_eq!(
            stump.nodes,
            [
                Node::Split {
                    column: 1,
                    threshold: 0.5,
                    left: 1,
                    right: 2,
                    // 0.5² · 2 + 8.5² · 2 − 4.5² · 4
                    decrease: 64.0
                },
                Node::Leaf { value: 0.5 },
                Node::Leaf { value: 8.5 }
            ]
        );
    }

    #[test]
    fn a_full_tree_knows_its_samples() {
        let mut rng = Rng::keyed(1, 0, "samples");
        let mut column = || (0..200).map(|_| rng.uniform()).collect::<Vec<f64>>();
        let (a, b, targets) = (column(), column(), column());
        let samples = Samples::of(vec![a, b], targets);
        let tree = tree(&samples, 64);
        for sample in 0..200 {
            assert_eq!(predict(&tree, &samples, sample), samples.targets[sample]);
        }
        let n_leaves = tree
            .nodes
            .iter()
            .filter(|node| matches!(node, Node::Leaf { .. }));
        assert_eq!(n_leaves.count(), 200);
    }

    #[test]
    fn equal_columns_are_chosen_equally_often() {
        let column = vec![0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
        let samples = Samples::of(vec![column.clone(), column.clone()], column);
        let options = ForestOptions {
            n_trees: 400,
            max_depth: 1,
            seed: 3,
        };
        let trees = grow(&samples, options);
        let first = |tree: &&Tree| matches!(tree.nodes[0], Node::Split { column: 0, .. });
        let split = |tree: &&Tree| tree.nodes.len() > 1;
        let (n_first, n_split) = (
            trees.iter().filter(first).count(),
            trees.iter().filter(split).count(),
        );
        // Five standard deviations of a fair coin.
        assert!(
            n_split > 380 && n_first.abs_diff(n_split / 2) < 50,
            "{n_first} of {n_split}"
        );
    }

    #[test]
    fn equal_targets_or_coordinates_give_a_leaf() {
        let equal_targets = Samples::of(vec![vec![0.0, 1.0]], vec![2.0, 2.0]);
        let equal_coordinates = Samples::of(vec![vec![0.5, 0.5]], vec![1.0, 2.0]);
        assert_eq!(tree(&equal_targets, 64).nodes, [Node::Leaf { value: 2.0 }]);
        assert_eq!(
            tree(&equal_coordinates, 64).nodes,
            [Node::Leaf { value: 1.5 }]
        );
    }
}
