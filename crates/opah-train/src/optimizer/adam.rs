//! `adam` and `adamw`, with `amsgrad` if asked for, as PyTorch computes them.
//!
//! Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1;
//! Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2;
//! Reddi, Kale and Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, algorithm 2
//! (with PyTorch's bias correction). All are dense: a row that is not read moves by its
//! moments.

use super::rule::{Rule, Schedule, UnreadRows};
use crate::config::schema;

/// Adam with two moments, or with three, the last being the greatest second one so far
/// (`amsgrad`).
#[derive(Debug)]
pub(super) struct Adam {
    options: schema::Adam,
    /// The learning rate over the first bias correction, at the last step.
    step_size: f64,
}

/// A step's scalars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalars {
    /// The moments' decay.
    betas: [f32; 2],
    /// How much of the gradient and of its square enters the moments.
    entering: [f32; 2],
    eps: f32,
    step_size: f32,
    /// The root of the second bias correction.
    correction: f32,
    /// What a weight is multiplied by before the step (`adamw`).
    kept: f32,
    /// What is added to the gradient, times the weight (`adam`).
    weight_decay: f32,
    is_shrinking: bool,
}

/// Moments below are near the numbers that round to a standstill.
const LEAST_REGULAR: f32 = 1e-30;

impl Adam {
    pub(super) fn new(options: schema::Adam) -> Self {
        Self {
            options,
            step_size: 0.0,
        }
    }
}

impl Schedule for Adam {
    type Scalars = Scalars;

    fn scalars(&mut self, step: u64) -> Scalars {
        let options = &self.options;
        let (beta_1, beta_2) = options.betas;
        let correction = |beta: f64, step: u64| 1.0 - beta.powf(step as f64);
        let step_size = options.lr / correction(beta_1, step);
        // With gradients of 0, what a weight moves by is m / (√v / correction + eps)
        // times the step size: from one step to the next it changes by this factor at most.
        let growth = beta_1 / beta_2.sqrt()
            * (step_size / self.step_size)
            * (correction(beta_2, step) / correction(beta_2, step - 1)).sqrt();
        self.step_size = step_size;
        let (coupled, decoupled) = if options.decoupled {
            (0.0, options.weight_decay)
        } else {
            (options.weight_decay, 0.0)
        };
        Scalars {
            betas: [beta_1 as f32, beta_2 as f32],
            entering: [(1.0 - beta_1) as f32, (1.0 - beta_2) as f32],
            eps: options.eps as f32,
            step_size: step_size as f32,
            correction: correction(beta_2, step).sqrt() as f32,
            kept: (1.0 - options.lr * decoupled) as f32,
            weight_decay: coupled as f32,
            is_shrinking: options.weight_decay == 0.0 && growth.abs() < 0.999,
        }
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.options.lr
    }

    /// Rows whose moments are 0 move by weight decay, or by 0 / 0 without `eps`.
    fn unread_rows(&self) -> UnreadRows {
        if self.options.weight_decay == 0.0 && self.options.eps > 0.0 {
            UnreadRows::MoveByMoments
        } else {
            UnreadRows::Move
        }
    }

    fn is_shrinking(scalars: Scalars) -> bool {
        scalars.is_shrinking
    }
}

impl Scalars {
    /// Both moments after a step.
    #[inline(always)]
    fn moments(self, gradient: f32, [first, second]: [f32; 2]) -> [f32; 2] {
        let [beta_1, beta_2] = self.betas;
        let [of_gradient, of_square] = self.entering;
        [
            beta_1 * first + of_gradient * gradient,
            beta_2 * second + of_square * gradient * gradient,
        ]
    }

    /// The weight after a step along `first` over the root of `second`.
    #[inline(always)]
    fn step(self, weight: f32, first: f32, second: f32) -> f32 {
        let denominator = second.sqrt() / self.correction + self.eps;
        weight - self.step_size * (first / denominator)
    }
}

/// Whether a moment is 0 or decays without rounding to a standstill.
#[inline(always)]
fn is_regular(moment: f32) -> bool {
    moment == 0.0 || moment.abs() >= LEAST_REGULAR
}

impl Rule<2> for Adam {
    const MOMENTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    #[inline(always)]
    fn update(scalars: Scalars, weight: f32, gradient: f32, moments: [f32; 2]) -> (f32, [f32; 2]) {
        let gradient = gradient + scalars.weight_decay * weight;
        let [first, second] = scalars.moments(gradient, moments);
        let weight = scalars.step(scalars.kept * weight, first, second);
        (weight, [first, second])
    }

    #[inline(always)]
    fn are_regular([first, second]: [f32; 2]) -> bool {
        is_regular(first) && is_regular(second)
    }
}

impl Rule<3> for Adam {
    const MOMENTS: [&'static str; 3] = ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];

    #[inline(always)]
    fn update(
        scalars: Scalars,
        weight: f32,
        gradient: f32,
        [first, second, greatest]: [f32; 3],
    ) -> (f32, [f32; 3]) {
        let gradient = gradient + scalars.weight_decay * weight;
        let [first, second] = scalars.moments(gradient, [first, second]);
        // A NaN stays one.
        let greatest = if greatest >= second { greatest } else { second };
        let weight = scalars.step(scalars.kept * weight, first, greatest);
        (weight, [first, second, greatest])
    }

    #[inline(always)]
    fn are_regular([first, second, greatest]: [f32; 3]) -> bool {
        is_regular(first) && is_regular(second) && is_regular(greatest)
    }
}
