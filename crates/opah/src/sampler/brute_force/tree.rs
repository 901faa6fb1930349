//! What is known of the tree of all runs of a program, and how much of it is not explored.
//!
//! A node is what some parameters are; its children are the values of the parameter that
//! the program asks for then. Which one that is, runs that were stored don't tell, for
//! their parameters have no order. It need not be the program's: any parameter that all
//! runs below the node have, from the same distribution, divides them into the same leaves.
//! (The program's own order matters only for how many nodes are counted on the way.) The
//! first by name is taken, so that the counts are a function of the set of runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::lattice;
use crate::derived::Derived;
use crate::distribution::Distribution;
use crate::frozen_trial::{FrozenTrial, Param, TrialState};
use crate::math::random::Rng;

/// A parameter, and a distribution that it had somewhere.
type Parameter = (Arc<str>, Arc<Distribution>);

/// The parameters of runs, by index; those that have one value only are left out.
#[derive(Debug, Default, Clone)]
pub(super) struct Tables {
    parameters: Vec<Parameter>,
    /// Sets of parameters that runs have together, in the order of the names.
    shapes: Vec<Shape>,
}

#[derive(Debug, Clone)]
struct Shape {
    parameters: Vec<usize>,
    /// Whether a run with just these came to its end.
    is_complete: bool,
}

/// One run: its shape, and the places of its values.
#[derive(Debug)]
pub(super) struct Run {
    shape: usize,
    places: Box<[u64]>,
    is_finished: bool,
}

impl Tables {
    /// The index of a parameter with this distribution.
    pub(super) fn parameter(&mut self, name: &Arc<str>, distribution: &Arc<Distribution>) -> usize {
        let mut known = self.parameters.iter();
        let at = known.position(|(other, d)| {
            other == name && (Arc::ptr_eq(d, distribution) || d == distribution)
        });
        at.unwrap_or_else(|| {
            self.parameters.push((name.clone(), distribution.clone()));
            self.parameters.len() - 1
        })
    }

    /// The index and place of a value that a run can be told by.
    pub(super) fn step(&mut self, param: &Param) -> Option<(usize, u64)> {
        let place = lattice::place(&param.distribution, param.value)?;
        let is_free = !param.distribution.is_single();
        is_free.then(|| (self.parameter(&param.name, &param.distribution), place))
    }

    /// The run of a trial; `None` if it tells nothing: it has a value that none of this
    /// program's runs has, or was asked for none and did not come to its end.
    pub(super) fn run(&mut self, trial: &FrozenTrial) -> Option<Run> {
        let ended = matches!(trial.state, TrialState::Complete | TrialState::Pruned);
        let free = trial.params.iter();
        let free = free.filter(|param| !param.distribution.is_single());
        let steps = free.map(|param| self.step(param));
        let steps: Vec<(usize, u64)> = steps.collect::<Option<_>>()?;
        if steps.is_empty() && !ended {
            return None;
        }
        let (parameters, places): (Vec<usize>, Vec<u64>) = steps.into_iter().unzip();
        let mut known = self.shapes.iter();
        let shape = known.position(|shape| shape.parameters == parameters);
        let shape = shape.unwrap_or_else(|| {
            self.shapes.push(Shape {
                parameters,
                is_complete: false,
            });
            self.shapes.len() - 1
        });
        self.shapes[shape].is_complete |= ended;
        Some(Run {
            shape,
            places: places.into(),
            is_finished: trial.state.is_finished(),
        })
    }

    fn n_values(&self, parameter: usize) -> u64 {
        lattice::n_values(&self.parameters[parameter].1).unwrap_or(1)
    }

    fn place(&self, run: &Run, parameter: usize) -> Option<u64> {
        let mut parameters = self.shapes[run.shape].parameters.iter();
        let at = parameters.position(|known| *known == parameter)?;
        Some(run.places[at])
    }
}

/// The runs of finished trials.
#[derive(Debug, Default)]
pub(super) struct Explored {
    pub(super) tables: Tables,
    pub(super) runs: Vec<Run>,
}

impl Derived for Explored {
    fn add(&mut self, trial: &FrozenTrial) {
        self.runs.extend(self.tables.run(trial));
    }
}

/// The tree of some runs.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) tables: Tables,
    pub(super) runs: Vec<&'a Run>,
    /// Whether a leaf is unexplored as long as it is only being explored.
    pub(super) counts_running: bool,
}

/// Runs by the place of one parameter's value.
type Children<'a> = BTreeMap<u64, Vec<&'a Run>>;

impl Tree<'_> {
    /// Whether no leaf is unexplored. Without any run, nobody knows.
    pub(super) fn is_explored(&self) -> bool {
        !self.runs.is_empty() && self.n_unexplored(&self.runs, &mut Vec::new()) == 0
    }

    /// The place of a value for `parameter`, when the run has the values `given`: half of
    /// the weight by what is unexplored below, half the same for each value below which
    /// something is, so that a wide branch does not starve the others. Where nothing is
    /// left, any value.
    pub(super) fn draw(&self, rng: &mut Rng, given: &[(usize, u64)], parameter: usize) -> u64 {
        let fits = |run: &Run| {
            let mut steps = given.iter();
            steps.all(|(given, place)| self.tables.place(run, *given) == Some(*place))
        };
        let below: Vec<&Run> = self.runs.iter().copied().filter(|run| fits(run)).collect();
        let children = self.children(&below, parameter);
        let mut assigned: Vec<usize> = given.iter().map(|(given, _)| *given).collect();
        assigned.push(parameter);
        let known: Vec<Known> = children
            .iter()
            .map(|(place, runs)| Known {
                place: *place,
                n_unexplored: self.n_unexplored(runs, &mut assigned),
                is_running: runs.iter().any(|run| self.is_running_at(run, &assigned)),
            })
            .collect();
        draw_child(rng, &known, self.tables.n_values(parameter))
    }

    /// Whether the run is under way and has just what is assigned.
    fn is_running_at(&self, run: &Run, assigned: &[usize]) -> bool {
        !run.is_finished && !self.goes_on(run.shape, assigned)
    }

    fn goes_on(&self, shape: usize, assigned: &[usize]) -> bool {
        let mut parameters = self.tables.shapes[shape].parameters.iter();
        parameters.any(|parameter| !assigned.contains(parameter))
    }

    fn children<'r>(&self, runs: &[&'r Run], parameter: usize) -> Children<'r> {
        let mut children = Children::new();
        for run in runs {
            if let Some(place) = self.tables.place(run, parameter) {
                children.entry(place).or_default().push(*run);
            }
        }
        children
    }

    /// The number of nodes below this one that are not known to be leaves and have no
    /// children yet: those of `runs`, which all have what is assigned.
    fn n_unexplored(&self, runs: &[&Run], assigned: &mut Vec<usize>) -> u64 {
        if runs.is_empty() {
            return 1;
        }
        let Some(parameter) = self.division(runs, assigned) else {
            return u64::from(runs.iter().all(|run| self.may_be_unexplored(run)));
        };
        let children = self.children(runs, parameter);
        let n_values = self.tables.n_values(parameter);
        assigned.push(parameter);
        let below = children.values();
        let n_below = below.fold(0_u64, |sum, runs| {
            sum.saturating_add(self.n_unexplored(runs, assigned))
        });
        assigned.pop();
        n_below.saturating_add(n_values.saturating_sub(children.len() as u64))
    }

    /// Whether a node at which this run stands may have more below it. A run that is under
    /// way with the parameters that others ended with will end there too.
    fn may_be_unexplored(&self, run: &Run) -> bool {
        let will_end = self.tables.shapes[run.shape].is_complete;
        !run.is_finished && (self.counts_running || !will_end)
    }

    /// The first parameter that all runs have which go on. If there is none, as after an
    /// error of a program that is no function of its values, the finished ones decide.
    fn division(&self, runs: &[&Run], assigned: &[usize]) -> Option<usize> {
        let of_all = self.common(runs.iter().copied(), assigned);
        of_all.or_else(|| {
            let finished = runs.iter().copied().filter(|run| run.is_finished);
            self.common(finished, assigned)
        })
    }

    fn common<'r>(&self, runs: impl Iterator<Item = &'r Run>, assigned: &[usize]) -> Option<usize> {
        let shapes: BTreeSet<usize> = runs.map(|run| run.shape).collect();
        let mut going_on = shapes
            .into_iter()
            .filter(|shape| self.goes_on(*shape, assigned))
            .map(|shape| &self.tables.shapes[shape].parameters);
        let mut common: Vec<usize> = going_on.next()?.clone();
        common.retain(|parameter| !assigned.contains(parameter));
        for parameters in going_on {
            common.retain(|parameter| parameters.contains(parameter));
        }
        common.first().copied()
    }
}

/// A value below which something is known.
#[derive(Debug, Clone, Copy)]
struct Known {
    place: u64,
    n_unexplored: u64,
    is_running: bool,
}

/// One of `n_values` places; those that are not `known` have one unexplored node each.
fn draw_child(rng: &mut Rng, known: &[Known], n_values: u64) -> u64 {
    let n_new = n_values.saturating_sub(known.len() as u64);
    let (weights, of_new) = weights(known, n_new);
    let all = weights.iter().sum::<f64>() + of_new * n_new as f64;
    if all == 0.0 {
        return rng.below(n_values as usize) as u64;
    }
    let mut at = rng.uniform() * all;
    for (child, weight) in known.iter().zip(&weights) {
        if at < *weight {
            return child.place;
        }
        at -= weight;
    }
    // Rounding may lead past the end.
    let both = known.iter().zip(&weights);
    let last = both.rev().find(|(_, weight)| **weight > 0.0);
    match last {
        Some((child, _)) if n_new == 0 => child.place,
        _ => new_place(known, ((at / of_new) as u64).min(n_new.saturating_sub(1))),
    }
}

/// The weights of known values, and the one of each of `n_new` others.
fn weights(known: &[Known], n_new: u64) -> (Vec<f64>, f64) {
    let is_open = |child: &&Known| child.n_unexplored > 0;
    let n_open = n_new as f64 + known.iter().filter(is_open).count() as f64;
    let below = known.iter().map(|child| child.n_unexplored as f64);
    let n_unexplored = n_new as f64 + below.sum::<f64>();
    let weight = |n: u64| match n {
        0 => 0.0,
        n => 0.5 * n as f64 / n_unexplored + 0.5 / n_open,
    };
    // What nobody explores at this moment comes first.
    let mut open = known.iter().filter(is_open);
    let is_idle = n_new > 0 || open.any(|child| !child.is_running);
    let of_known = known.iter().map(|child| {
        if child.is_running && is_idle {
            0.0
        } else {
            weight(child.n_unexplored)
        }
    });
    (of_known.collect(), weight(n_new.min(1)))
}

/// The place of the new value that has so many new ones before it; `known` is sorted.
fn new_place(known: &[Known], n_before: u64) -> u64 {
    known.iter().fold(n_before, |place, child| {
        place + u64::from(child.place <= place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::IntDistribution;
    use crate::frozen_trial::{Attrs, TrialId};

    /// A run of a program that asks for `a` and, if it is even, for `b`; then for `c`.
    fn trial(values: &[(&str, i64, i64)], state: TrialState) -> FrozenTrial {
        let params = values.iter().map(|(name, high, value)| {
            let range = IntDistribution::new(0, *high, false, 1).unwrap();
            Param {
                name: Arc::from(*name),
                value: *value as f64,
                distribution: Arc::new(Distribution::Int(range)),
            }
        });
        FrozenTrial {
            id: TrialId(0),
            number: 0,
            state,
            values: Vec::new(),
            params: params.collect(),
            intermediate_values: BTreeMap::new(),
            user_attrs: Attrs::new(),
            system_attrs: Attrs::new(),
            datetime_start: None,
            datetime_complete: None,
        }
    }

    fn explored() -> Explored {
        let mut explored = Explored::default();
        for (a, b, c) in [
            (0, 0, 0),
            (0, 0, 1),
            (0, 1, 0),
            (2, 2, 0),
            (2, 2, 1),
            (2, 0, 1),
        ] {
            let values = [("a", 3, a), ("b", 2, b), ("c", 1, c)];
            explored.add(&trial(&values, TrialState::Complete));
        }
        for c in [1, 0] {
            explored.add(&trial(&[("a", 3, 1), ("c", 1, c)], TrialState::Complete));
        }
        explored
    }

    fn known(tree: &Tree) -> Vec<Known> {
        let mut parameters = tree.tables.parameters.iter();
        let a = parameters.position(|(name, _)| &**name == "a").unwrap();
        let children = tree.children(&tree.runs, a);
        let known = children.iter().map(|(place, runs)| Known {
            place: *place,
            n_unexplored: tree.n_unexplored(runs, &mut vec![a]),
            is_running: runs.iter().any(|run| tree.is_running_at(run, &[a])),
        });
        known.collect()
    }

    /// From `_TreeNode` of Optuna 5.0 with the same runs: `count_unexpanded` of the children
    /// of `a`, and the probabilities that `sample_child` hands to its generator.
    #[test]
    fn values_have_optunas_weights() {
        let explored = explored();
        let tree = Tree {
            tables: explored.tables.clone(),
            runs: explored.runs.iter().collect(),
            counts_running: false,
        };
        let children = known(&tree);
        let counts: Vec<u64> = children.iter().map(|child| child.n_unexplored).collect();
        assert_eq!(counts, [2, 0, 2]);
        let (weights, of_new) = weights(&children, 1);
        let expected = [0.366_666_67, 0.0, 0.366_666_67, 0.266_666_67];
        for (weight, expected) in weights.iter().chain([&of_new]).zip(expected) {
            assert!((weight - expected).abs() < 1e-8, "{weight} for {expected}");
        }
    }

    #[test]
    fn what_is_being_explored_comes_last() {
        let explored = explored();
        for counts_running in [false, true] {
            let mut tables = explored.tables.clone();
            // Under way, and nobody knows yet that `c` is asked for.
            let running = tables.run(&trial(&[("a", 3, 3)], TrialState::Running));
            let tree = Tree {
                tables,
                runs: explored.runs.iter().chain(&running).collect(),
                counts_running,
            };
            let children = known(&tree);
            assert_eq!(children[3].n_unexplored, 1);
            let (weights, _) = weights(&children, 0);
            assert_eq!((weights[1], weights[3]), (0.0, 0.0));
            assert_eq!(weights[0], weights[2]);
        }
    }

    #[test]
    fn a_run_that_will_end_like_others_is_not_made_again() {
        let mut explored = Explored::default();
        explored.add(&trial(&[("a", 1, 0)], TrialState::Complete));
        let running = explored
            .tables
            .run(&trial(&[("a", 1, 1)], TrialState::Running));
        for (counts_running, is_explored) in [(false, true), (true, false)] {
            let tree = Tree {
                tables: explored.tables.clone(),
                runs: explored.runs.iter().chain(&running).collect(),
                counts_running,
            };
            assert_eq!(tree.is_explored(), is_explored);
        }
    }

    #[test]
    fn every_new_value_can_be_drawn() {
        let known = [1, 2, 5].map(|place| Known {
            place,
            n_unexplored: 0,
            is_running: false,
        });
        let mut rng = Rng::keyed(0, 0, "x");
        let mut drawn: Vec<u64> = (0..200).map(|_| draw_child(&mut rng, &known, 8)).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, [0, 3, 4, 6, 7]);
        // Nothing is left: any value.
        let mut drawn: Vec<u64> = (0..200)
            .map(|_| draw_child(&mut rng, &known[..1], 1))
            .collect();
        drawn.dedup();
        assert_eq!(drawn, [0]);
    }
}
