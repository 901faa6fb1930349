//! `dense_sparse_adam`: Adam whose embedding rows move only when a document of the batch
//! reads them.
//!
//! The arithmetic is that of PyTorch's `SparseAdam` and, for all other parameters, of
//! AllenNLP's `DenseSparseAdam`: that of Kingma and Ba, ICLR 2015, in the form of the end
//! of section 2, in which `eps` is added before bias correction. Corrections count the
//! optimizer's steps, not a row's.

use super::rule::{Rule, Schedule, UnreadRows};

/// Adam for sparse gradients.
#[derive(Debug)]
pub(super) struct DenseSparseAdam {
    pub(super) lr: f64,
    pub(super) betas: (f64, f64),
    pub(super) eps: f64,
}

/// A step's scalars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalars {
    betas: [f32; 2],
    entering: [f32; 2],
    eps: f32,
    /// The learning rate with both bias corrections.
    step_size: f32,
}

impl Schedule for DenseSparseAdam {
    type Scalars = Scalars;

    fn scalars(&mut self, step: u64) -> Scalars {
        let (beta_1, beta_2) = self.betas;
        let correction = |beta: f64| 1.0 - beta.powf(step as f64);
        Scalars {
            betas: [beta_1 as f32, beta_2 as f32],
            entering: [(1.0 - beta_1) as f32, (1.0 - beta_2) as f32],
            eps: self.eps as f32,
            step_size: (self.lr * correction(beta_2).sqrt() / correction(beta_1)) as f32,
        }
    }

    fn learning_rate(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn unread_rows(&self) -> UnreadRows {
        UnreadRows::Stay
    }
}

impl Rule<2> for DenseSparseAdam {
    const MOMENTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    #[inline(always)]
    fn update(
        scalars: Scalars,
        weight: f32,
        gradient: f32,
        [first, second]: [f32; 2],
    ) -> (f32, [f32; 2]) {
        let first = scalars.betas[0] * first + scalars.entering[0] * gradient;
        let second = scalars.betas[1] * second + scalars.entering[1] * gradient * gradient;
        let moved = scalars.step_size * (first / (second.sqrt() + scalars.eps));
        (weight - moved, [first, second])
    }
}
