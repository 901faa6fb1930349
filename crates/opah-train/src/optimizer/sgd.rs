//! `sgd`: stochastic gradient descent, with momentum if asked for. Options and the first
//! step are PyTorch's: momentum begins as the whole first gradient, without dampening.

use super::rule::{Rule, Schedule, UnreadRows};

/// Without momentum: a row that is not read only moves by weight decay.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) lr: f64,
    pub(super) weight_decay: f64,
}

impl Schedule for Plain {
    /// Learning rate and weight decay.
    type Scalars = [f32; 2];

    fn scalars(&mut self, _step: u64) -> Self::Scalars {
        [self.lr as f32, self.weight_decay as f32]
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn unread_rows(&self) -> UnreadRows {
        if self.weight_decay == 0.0 {
            UnreadRows::Stay
        } else {
            UnreadRows::Move
        }
    }
}

impl Rule<0> for Plain {
    const MOMENTS: [&'static str; 0] = [];

    #[inline(always)]
    fn update(
        [lr, weight_decay]: [f32; 2],
        weight: f32,
        gradient: f32,
        moments: [f32; 0],
    ) -> (f32, [f32; 0]) {
        let gradient = gradient + weight_decay * weight;
        (weight - lr * gradient, moments)
    }
}

/// With momentum (Polyak's heavy ball).
#[derive(Debug)]
pub(super) struct HeavyBall {
    pub(super) lr: f64,
    pub(super) momentum: f64,
    pub(super) dampening: f64,
    pub(super) weight_decay: f64,
    pub(super) nesterov: bool,
}

/// A step's scalars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalars {
    lr: f32,
    momentum: f32,
    /// How much of the gradient enters the momentum.
    entering: f32,
    weight_decay: f32,
    /// How much of the gradient and of the momentum the weight moves by.
    moving: [f32; 2],
}

impl Schedule for HeavyBall {
    type Scalars = Scalars;

    fn scalars(&mut self, step: u64) -> Scalars {
        let entering = if step == 1 { 1.0 } else { 1.0 - self.dampening };
        Scalars {
            lr: self.lr as f32,
            momentum: self.momentum as f32,
            entering: entering as f32,
            weight_decay: self.weight_decay as f32,
            moving: if self.nesterov {
                [1.0, self.momentum as f32]
            } else {
                [0.0, 1.0]
            },
        }
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn unread_rows(&self) -> UnreadRows {
        if self.weight_decay == 0.0 {
            UnreadRows::MoveByMoments
        } else {
            UnreadRows::Move
        }
    }
}

impl Rule<1> for HeavyBall {
    const MOMENTS: [&'static str; 1] = ["momentum_buffer"];

    #[inline(always)]
    fn update(scalars: Scalars, weight: f32, gradient: f32, [buffer]: [f32; 1]) -> (f32, [f32; 1]) {
        let gradient = gradient + scalars.weight_decay * weight;
        let buffer = scalars.momentum * buffer + scalars.entering * gradient;
        let [of_gradient, of_buffer] = scalars.moving;
        let moved = of_gradient * gradient + of_buffer * buffer;
        (weight - scalars.lr * moved, [buffer])
    }
}
