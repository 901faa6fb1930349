use super::rule::Rule;
use super::sgd::{HeavyBall, Plain};
use super::states::{Algorithm, States};
use super::*;
use crate::config::schema;
use crate::layer::Gradient;
use crate::random::Rng;

const N_ROWS: usize = 50;
/// Not a multiple of the lanes that are computed side by side.
const DIM: usize = 21;
const N_STEPS: u64 = 700;

/// The plain loop: every number at every step.
struct Dense<R, const N: usize> {
    rule: R,
    weights: Vec<f32>,
    moments: [Vec<f32>; N],
}

impl<R: Rule<N>, const N: usize> Dense<R, N> {
    fn step(&mut self, step: u64, gradient: &[f32]) {
        let scalars = self.rule.scalars(step);
        for (index, (weight, gradient)) in self.weights.iter_mut().zip(gradient).enumerate() {
            let before = std::array::from_fn(|which| self.moments[which][index]);
            let (after, moments) = R::update(scalars, *weight, *gradient, before);
            *weight = after;
            for (moment, after) in self.moments.iter_mut().zip(moments) {
                moment[index] = after;
            }
        }
    }
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Trains a table by rows and by the plain loop, some rows read often, some once, some
/// never, with the learning rate changed once and all rows read twice.
fn check<R: Rule<N>, const N: usize>(rule: impl Fn() -> R) {
    let mut rng = Rng::keyed(3, "weights", 0, 0);
    let mut draw = || (rng.uniform() - 0.5) as f32 * 0.02;
    let mut weights: Vec<f32> = (0..N_ROWS * DIM).map(|_| draw()).collect();
    weights[..DIM].fill(0.0);
    let mut dense = Dense {
        rule: rule(),
        weights: weights.clone(),
        moments: std::array::from_fn(|_| vec![0.0; N_ROWS * DIM]),
    };
    let size = Size {
        name: "table".to_owned(),
        length: N_ROWS * DIM,
        dim: Some(DIM),
    };
    let mut states = States::new(rule(), vec![size]);
    for step in 1..=N_STEPS {
        let is_read = |row: &u32| match *row {
            row @ 0..20 => step % u64::from(row * row / 2 + 1) == 0,
            row @ 20..45 => step == u64::from(row * 3),
            _ => false,
        };
        let rows: Vec<u32> = (0..N_ROWS as u32).filter(is_read).collect();
        let mut values: Vec<f32> = (0..rows.len() * DIM).map(|_| draw()).collect();
        states.catch_up(0, &mut weights, &rows);
        let mut gradient = vec![0.0; N_ROWS * DIM];
        for (row, values) in rows.iter().zip(values.chunks(DIM)) {
            let at = *row as usize * DIM;
            gradient[at..at + DIM].copy_from_slice(values);
            assert_eq!(
                bits(&weights[at..at + DIM]),
                bits(&dense.weights[at..at + DIM]),
                "row {row} when read at step {step}"
            );
        }
        dense.step(step, &gradient);
        states.step(&mut [Slot {
            name: "table",
            data: &mut weights,
            gradient: Gradient::Rows {
                rows: &rows,
                values: &mut values,
                dim: DIM,
            },
        }]);
        if step == 300 {
            *states.learning_rate() *= 3.0;
            *dense.rule.learning_rate() *= 3.0;
        }
        if step == 400 || step == N_STEPS {
            states.settle(0, &mut weights);
            assert!(!states.is_behind());
            assert_eq!(bits(&weights), bits(&dense.weights));
            for (found, expected) in states.state().iter().zip(&dense.moments) {
                assert_eq!(bits(&found.data), bits(expected), "{}", found.name);
            }
        }
    }
}

#[test]
fn rows_left_behind_get_the_bits_of_the_plain_loop_with_momentum() {
    for weight_decay in [0.0, 0.01] {
        for (dampening, nesterov) in [(0.0, true), (0.4, false)] {
            check(|| HeavyBall {
                lr: 0.1,
                momentum: 0.9,
                dampening,
                weight_decay,
                nesterov,
            });
        }
    }
    check(|| Plain {
        lr: 0.1,
        weight_decay: 0.01,
    });
    check(|| Plain {
        lr: 0.1,
        weight_decay: 0.0,
    });
}

#[test]
fn rows_left_behind_get_the_bits_of_the_plain_loop_with_adam() {
    for betas in [(0.9, 0.999), (0.5, 0.6), (0.99, 0.9)] {
        for (weight_decay, decoupled) in [(0.0, false), (0.1, false), (0.1, true)] {
            let options = || schema::Adam {
                betas,
                weight_decay,
                decoupled,
                ..schema::Adam::default()
            };
            check::<_, 2>(|| adam::Adam::new(options()));
            check::<_, 3>(|| adam::Adam::new(options()));
        }
    }
}

#[test]
fn without_eps_rows_that_were_never_read_become_nan_as_in_the_plain_loop() {
    let options = schema::Adam {
        eps: 0.0,
        ..schema::Adam::default()
    };
    check::<_, 2>(|| adam::Adam::new(options.clone()));
}

/// PyTorch's `SparseAdam`: rows that are not read keep weight and moments.
#[test]
fn sparse_rows_stay_until_they_are_read() {
    let rule = dense_sparse_adam::DenseSparseAdam {
        lr: 0.1,
        betas: (0.9, 0.999),
        eps: 1e-8,
    };
    let size = Size {
        name: "table".to_owned(),
        length: 4,
        dim: Some(2),
    };
    let mut states = States::<_, 2>::new(rule, vec![size]);
    let mut weights = [1.0_f32; 4];
    for row in [0, 1, 1] {
        states.catch_up(0, &mut weights, &[row]);
        states.step(&mut [Slot {
            name: "table",
            data: &mut weights,
            gradient: Gradient::Rows {
                rows: &[row],
                values: &mut [3.0, -3.0],
                dim: 2,
            },
        }]);
        assert!(!states.is_behind());
    }
    // The first step of Adam goes by lr, whatever the gradient.
    for (weight, expected) in weights.iter().zip([0.9, 1.1]) {
        assert!((weight - expected).abs() < 1e-6, "{weights:?}");
    }
    // Steps 2 and 3 of row 1 by hand: m = 0.3 and 0.57, v = 0.009 and 0.017991;
    // corrections 1 - 0.9^t and 1 - 0.999^t of the optimizer's steps.
    let moved = 0.1 * (0.001_999_f64.sqrt() / 0.19) * (0.3 / 0.009_f64.sqrt())
        + 0.1 * (0.002_997_001_f64.sqrt() / 0.271) * (0.57 / 0.017_991_f64.sqrt());
    for (weight, expected) in weights[2..].iter().zip([1.0 - moved, 1.0 + moved]) {
        assert!((f64::from(*weight) - expected).abs() < 1e-6, "{weights:?}");
    }
}
