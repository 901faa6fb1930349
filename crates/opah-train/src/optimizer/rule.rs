//! An optimizer's arithmetic for one number.

use std::fmt::Debug;

/// What is the same for all weights.
pub(super) trait Schedule: Debug + Send + Sync {
    /// What is the same for all weights in one step.
    type Scalars: Copy + Debug + Send + Sync;

    /// The scalars of step `step`, counted from 1.
    fn scalars(&mut self, step: u64) -> Self::Scalars;

    /// The learning rate of the next step.
    fn learning_rate(&mut self) -> &mut f64;

    /// What a step does to a row of an embedding that no document of the batch reads.
    fn unread_rows(&self) -> UnreadRows;

    /// For unread rows: whether this step, if its gradient is 0, is sure to move a weight
    /// by less than the step before did, provided that the moments were
    /// [regular](Rule::are_regular).
    fn is_shrinking(_scalars: Self::Scalars) -> bool {
        false
    }
}

/// How a weight is changed, with `N` moments kept for it. All numbers of a parameter
/// follow the same rule; loops over them are compiled for the processor's vector units.
pub(super) trait Rule<const N: usize>: Schedule {
    /// PyTorch's names of the moments.
    const MOMENTS: [&'static str; N];

    /// A weight and its moments after a step with `gradient`.
    fn update(
        scalars: Self::Scalars,
        weight: f32,
        gradient: f32,
        moments: [f32; N],
    ) -> (f32, [f32; N]);

    /// Whether the moments are so large, or 0, that they decay without rounding to a
    /// standstill.
    fn are_regular(_moments: [f32; N]) -> bool {
        false
    }

    /// The moments after a step with a gradient of 0, as [`update`](Self::update) gives
    /// them.
    fn decay(scalars: Self::Scalars, moments: [f32; N]) -> [f32; N] {
        Self::update(scalars, 0.0, 0.0, moments).1
    }
}

/// What a step does to rows without a gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnreadRows {
    /// Nothing.
    Stay,
    /// They move on by their moments, if these are not all 0.
    MoveByMoments,
    /// They move, whatever their moments are.
    Move,
}
