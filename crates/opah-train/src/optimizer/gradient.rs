//! Bounds on gradients. Rows without a gradient contribute nothing to a norm and are not
//! changed by a bound, so gradients kept by rows give exactly what dense ones would.

use rayon::prelude::*;

use crate::layer::Slot;

/// Numbers whose squares a work item adds up.
const CHUNK: usize = 1 << 14;

/// The Euclidean norm of all gradients together.
fn norm(slots: &[Slot<'_, f32>]) -> f64 {
    let squares: f64 = slots
        .iter()
        .map(|slot| {
            let chunks = slot.gradient.values().par_chunks(CHUNK);
            let sums: Vec<f64> = chunks
                .map(|chunk| chunk.iter().map(|value| f64::from(*value).powi(2)).sum())
                .collect();
            sums.iter().sum::<f64>()
        })
        .sum();
    squares.sqrt()
}

/// `grad_norm`: scales all gradients so that their norm is at most `bound`; PyTorch's
/// formula, which leaves it 1e-6 below.
pub(crate) fn rescale(slots: &mut [Slot<'_, f32>], bound: f64) {
    let factor = bound / (norm(slots) + 1e-6);
    // A norm that is NaN makes all gradients NaN, as in PyTorch.
    if factor >= 1.0 {
        return;
    }
    for slot in slots {
        for value in slot.gradient.values_mut() {
            *value *= factor as f32;
        }
    }
}

/// `grad_clipping`: moves each component into `[-bound, bound]`; NaN stays.
pub(crate) fn clip(slots: &mut [Slot<'_, f32>], bound: f64) {
    let bound = bound.abs() as f32;
    for slot in slots {
        for value in slot.gradient.values_mut() {
            if *value > bound {
                *value = bound;
            } else if *value < -bound {
                *value = -bound;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Gradient;

    /// Applies `bound` to a dense gradient and one by rows, 13 long together.
    fn check(bound: impl Fn(&mut [Slot<'_, f32>]), expected: [f32; 4]) {
        let (mut weights, mut table) = ([0.0; 2], [0.0; 200]);
        let (mut dense, mut rows) = ([3.0, -4.0], [0.0, -12.0]);
        let mut slots = [
            Slot {
                name: "dense",
                data: &mut weights,
                gradient: Gradient::Dense(&mut dense),
            },
            Slot {
                name: "table",
                data: &mut table,
                gradient: Gradient::Rows {
                    rows: &[7],
                    values: &mut rows,
                    dim: 2,
                },
            },
        ];
        bound(&mut slots);
        for (found, expected) in dense.iter().chain(&rows).zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn gradients_are_bounded_by_norm_and_by_component() {
        check(|slots| rescale(slots, 6.5), [1.5, -2.0, 0.0, -6.0]);
        check(|slots| rescale(slots, 13.1), [3.0, -4.0, 0.0, -12.0]);
        check(|slots| clip(slots, 3.5), [3.0, -3.5, 0.0, -3.5]);
    }
}
