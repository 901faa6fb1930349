//! How it is trained.

/// The trainer `gradient_descent`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trainer {
    /// At least 1 (20).
    pub num_epochs: usize,
    /// Stop after so many epochs without a new best.
    pub patience: Option<usize>,
    /// Signed metric names, summed (`-loss`).
    pub validation_metric: Vec<SignedMetric>,
    /// The GPU that was asked for; below 0 for the CPU.
    pub cuda_device: Option<i64>,
    /// The gradient's greatest norm.
    pub grad_norm: Option<f64>,
    /// The greatest component of a gradient, applied after `grad_norm`.
    pub grad_clipping: Option<f64>,
    /// How weights are changed.
    pub optimizer: Optimizer,
    /// How many of the last checkpoints are kept (2); `None` for all.
    pub keep_most_recent_by_count: Option<usize>,
    /// Whether checkpoints are written at all.
    pub checkpoints: bool,
    /// Whether `optuna_pruner` is among the callbacks.
    pub pruner_callback: bool,
}

/// A metric and whether more of it is better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMetric {
    /// Without sign: `accuracy` or `loss`.
    pub name: String,
    /// `+` or `-`.
    pub increases: bool,
}

/// How weights are changed. Options are PyTorch's.
#[derive(Debug, Clone, PartialEq)]
pub enum Optimizer {
    /// `sgd`.
    Sgd {
        /// The learning rate.
        lr: f64,
        /// The share of the last step that is kept.
        momentum: f64,
        /// How much of the gradient does not enter the momentum.
        dampening: f64,
        /// Added to the gradient, times the weight.
        weight_decay: f64,
        /// Whether the momentum looks ahead.
        nesterov: bool,
    },
    /// `adam`: every row of the embedding moves at every step.
    Adam(Adam),
    /// `dense_sparse_adam`: rows move only when they are in the batch.
    DenseSparseAdam {
        /// The learning rate (1e-3).
        lr: f64,
        /// Decay of the two moments (0.9, 0.999).
        betas: (f64, f64),
        /// Added to the root (1e-8).
        eps: f64,
    },
}

/// The options of `adam` and `adamw`.
#[derive(Debug, Clone, PartialEq)]
pub struct Adam {
    /// The learning rate (1e-3).
    pub lr: f64,
    /// Decay of the two moments (0.9, 0.999).
    pub betas: (f64, f64),
    /// Added to the root (1e-8).
    pub eps: f64,
    /// Added to the gradient, times the weight; taken from the weight itself if `decoupled`.
    pub weight_decay: f64,
    /// Whether the greatest second moment counts.
    pub amsgrad: bool,
    /// `adamw`.
    pub decoupled: bool,
}

impl Default for Adam {
    fn default() -> Adam {
        Adam {
            lr: 1e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
            decoupled: false,
        }
    }
}
