//! When a pruner looks at a trial.

use crate::frozen_trial::FrozenTrial;

/// Why a pruner can't look every `interval_steps`.
pub(super) fn objection_to_interval(interval_steps: u32) -> Option<String> {
    (interval_steps < 1).then(|| "`interval_steps` must be at least 1, but it is 0".to_owned())
}

/// The last reported step, if a pruner that waits `n_warmup_steps` and then looks every
/// `interval_steps` (at least 1) should look at it: it is the first report of its interval.
pub(super) fn step_to_judge(
    trial: &FrozenTrial,
    n_warmup_steps: u32,
    interval_steps: u32,
) -> Option<i64> {
    let step = trial.last_step()?;
    let (warmup, interval) = (i64::from(n_warmup_steps), i64::from(interval_steps.max(1)));
    if step < warmup {
        return None;
    }
    let interval_start = step - (step - warmup) % interval;
    let seen_before = trial
        .intermediate_values
        .range(interval_start..step)
        .next()
        .is_some();
    (!seen_before).then_some(step)
}
