//! The moments of all parameters, and the steps that rows were left behind by.

use std::borrow::Cow;
use std::fmt::Debug;

use rayon::prelude::*;

use super::Size;
use super::rows::{Step, Table, UNTOUCHED};
use super::rule::{Rule, UnreadRows};
use crate::layer::simd;
use crate::layer::{Gradient, Slot};
use crate::model::{ModelError, Parameter};

/// Numbers of a dense parameter that a work item changes.
const CHUNK: usize = 1 << 14;

/// The name under which the number of steps is saved.
const STEP: &str = "step";

/// The larger of the two numbers by which a count of steps is saved counts so many.
const STEP_BASE: u64 = 1 << 16;

/// What an [`Optimizer`](super::Optimizer) does, whatever its rule.
pub(super) trait Algorithm: Debug + Send {
    fn learning_rate(&mut self) -> &mut f64;
    fn n_steps(&self) -> u64;
    fn state(&self) -> Vec<Parameter<'_>>;
    fn load(&mut self, name: &str, shape: &[usize], data: &[f32]) -> Result<(), ModelError>;
    fn is_behind(&self) -> bool;
    fn catch_up(&mut self, index: usize, data: &mut [f32], rows: &[u32]);
    fn settle(&mut self, index: usize, data: &mut [f32]);
    fn step(&mut self, slots: &mut [Slot<'_, f32>]);
}

/// A rule with `N` moments for each number of each parameter.
#[derive(Debug)]
pub(super) struct States<R: Rule<N>, const N: usize> {
    rule: R,
    n_steps: u64,
    /// The steps that rows may not have seen, oldest first.
    missed: Vec<R::Scalars>,
    parameters: Vec<State<N>>,
}

#[derive(Debug)]
struct State<const N: usize> {
    size: Size,
    moments: [Vec<f32>; N],
    /// See [`Table::seen`].
    seen: Vec<u32>,
}

impl<R: Rule<N>, const N: usize> States<R, N> {
    pub(super) fn new(rule: R, sizes: Vec<Size>) -> Self {
        let unread_rows = rule.unread_rows();
        let parameters = sizes.into_iter().map(|size| State {
            moments: std::array::from_fn(|_| vec![0.0; size.length]),
            seen: match (size.dim, unread_rows) {
                (None, _) | (_, UnreadRows::Stay) => Vec::new(),
                (Some(dim), UnreadRows::MoveByMoments) => vec![UNTOUCHED; size.length / dim],
                (Some(dim), UnreadRows::Move) => vec![0; size.length / dim],
            },
            size,
        });
        Self {
            n_steps: 0,
            missed: Vec::new(),
            parameters: parameters.collect(),
            rule,
        }
    }

    fn has_moving_rows(&self) -> bool {
        self.parameters.iter().any(|state| !state.seen.is_empty())
    }
}

impl<const N: usize> State<N> {
    fn table<'a>(&'a mut self, weights: &'a mut [f32], dim: usize) -> Table<'a, N> {
        Table {
            weights,
            moments: self.moments.each_mut().map(Vec::as_mut_slice),
            seen: &mut self.seen,
            dim,
        }
    }

    /// Marks rows by their moments, when no row is left behind.
    fn mark_untouched(&mut self, unread_rows: UnreadRows) {
        let Some(dim) = self.size.dim else { return };
        for (row, seen) in self.seen.iter_mut().enumerate() {
            let range = row * dim..(row + 1) * dim;
            let is_zero = |moment: &Vec<f32>| moment[range.clone()].iter().all(|m| *m == 0.0);
            let is_untouched =
                unread_rows == UnreadRows::MoveByMoments && self.moments.iter().all(is_zero);
            *seen = if is_untouched { UNTOUCHED } else { 0 };
        }
    }

    fn dense_step<R: Rule<N>>(&mut self, data: &mut [f32], gradient: &[f32], scalars: R::Scalars) {
        let mut moments = self
            .moments
            .each_mut()
            .map(|moment| moment.chunks_mut(CHUNK));
        let chunks = data.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK));
        let steps: Vec<Step<'_, R, N>> = chunks
            .map(|(weights, gradient)| Step {
                scalars,
                weights,
                gradient,
                moments: std::array::from_fn(|which| moments[which].next().unwrap_or_default()),
            })
            .collect();
        steps.into_par_iter().for_each(simd::run);
    }
}

impl<R: Rule<N>, const N: usize> Algorithm for States<R, N> {
    fn learning_rate(&mut self) -> &mut f64 {
        self.rule.learning_rate()
    }

    fn n_steps(&self) -> u64 {
        self.n_steps
    }

    fn state(&self) -> Vec<Parameter<'_>> {
        let moments = self.parameters.iter().flat_map(|state| {
            let named = R::MOMENTS.iter().zip(&state.moments);
            named.map(|(moment, data)| Parameter {
                name: format!("{}.{moment}", state.size.name),
                shape: vec![state.size.length],
                data: Cow::Borrowed(data.as_slice()),
            })
        });
        let (high, low) = (self.n_steps / STEP_BASE, self.n_steps % STEP_BASE);
        let step = Parameter {
            name: STEP.to_owned(),
            shape: vec![2],
            data: Cow::Owned(vec![high as f32, low as f32]),
        };
        moments.chain([step]).collect()
    }

    fn load(&mut self, name: &str, shape: &[usize], data: &[f32]) -> Result<(), ModelError> {
        if name == STEP {
            let [high, low] = *data else {
                return Err(ModelError::wrong_shape(name, &[2], shape));
            };
            self.n_steps = high as u64 * STEP_BASE + low as u64;
            self.missed.clear();
            return Ok(());
        }
        let unread_rows = self.rule.unread_rows();
        for state in &mut self.parameters {
            let moment = name
                .strip_prefix(&state.size.name)
                .and_then(|rest| rest.strip_prefix('.'))
                .and_then(|rest| R::MOMENTS.iter().position(|moment| *moment == rest));
            let Some(moment) = moment else { continue };
            let expected = [state.size.length];
            if shape != expected || data.len() != state.size.length {
                return Err(ModelError::wrong_shape(name, &expected, shape));
            }
            state.moments[moment].copy_from_slice(data);
            state.mark_untouched(unread_rows);
            return Ok(());
        }
        let known = self.state().into_iter().map(|known| known.name);
        Err(ModelError::unknown_parameter(name, known))
    }

    fn is_behind(&self) -> bool {
        !self.missed.is_empty()
    }

    fn catch_up(&mut self, index: usize, data: &mut [f32], rows: &[u32]) {
        let state = &mut self.parameters[index];
        if let Some(dim) = state.size.dim.filter(|_| !self.missed.is_empty()) {
            state.table(data, dim).catch_up::<R>(rows, &self.missed);
        }
    }

    fn settle(&mut self, index: usize, data: &mut [f32]) {
        let all: Vec<u32> = (0..self.parameters[index].seen.len() as u32).collect();
        self.catch_up(index, data, &all);
        for seen in &mut self.parameters[index].seen {
            if *seen != UNTOUCHED {
                *seen = 0;
            }
        }
        // Only one parameter, the embedding, has rows.
        self.missed.clear();
    }

    fn step(&mut self, slots: &mut [Slot<'_, f32>]) {
        self.n_steps += 1;
        let scalars = self.rule.scalars(self.n_steps);
        if self.has_moving_rows() {
            self.missed.push(scalars);
        }
        let n_seen = self.missed.len() as u32;
        for (slot, state) in slots.iter_mut().zip(&mut self.parameters) {
            debug_assert_eq!(slot.name, state.size.name);
            match &slot.gradient {
                Gradient::Dense(gradient) => state.dense_step::<R>(slot.data, gradient, scalars),
                Gradient::Rows { rows, values, dim } => {
                    let table = state.table(slot.data, *dim);
                    table.step::<R>(rows, values, scalars, n_seen);
                }
            }
        }
    }
}
