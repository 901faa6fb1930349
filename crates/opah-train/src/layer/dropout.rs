//! Inverted dropout: while training, some numbers become 0 and the others grow, so that
//! the expected value stays.

use super::Real;
use crate::random::Rng;

/// A dropout layer with its last mask.
#[derive(Debug, Clone)]
pub(crate) struct Dropout<T> {
    share: f64,
    name: String,
    /// What each number was multiplied by; empty if nothing was dropped.
    mask: Vec<T>,
}

/// Which mask is drawn: one for each seed, epoch and batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaskKey {
    pub(crate) seed: u64,
    pub(crate) epoch: usize,
    pub(crate) batch: usize,
}

impl<T: Real> Dropout<T> {
    /// Drops a `share` in `[0, 1)`; `name` tells this layer's masks from another's.
    pub(crate) fn new(share: f64, name: impl Into<String>) -> Self {
        Self {
            share,
            name: name.into(),
            mask: Vec::new(),
        }
    }

    /// Drops from `values` if there is a key, that is while training.
    pub(crate) fn forward(&mut self, values: &mut [T], key: Option<MaskKey>) {
        self.mask.clear();
        let Some(key) = key.filter(|_| self.share > 0.0) else {
            return;
        };
        let (epoch, batch) = (key.epoch as u64, key.batch as u64);
        let mut rng = Rng::keyed(key.seed, &self.name, epoch, batch);
        let kept = T::from_f64(1.0 / (1.0 - self.share));
        for value in values {
            let factor = if rng.coarse_uniform() < self.share {
                T::ZERO
            } else {
                kept
            };
            *value *= factor;
            self.mask.push(factor);
        }
    }

    /// Turns the gradient after the layer into that before it.
    pub(crate) fn backward(&self, gradient: &mut [T]) {
        for (value, factor) in gradient.iter_mut().zip(&self.mask) {
            *value *= *factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(batch: usize) -> MaskKey {
        MaskKey {
            seed: 1,
            epoch: 2,
            batch,
        }
    }

    #[test]
    fn a_share_is_dropped_and_the_mean_stays() {
        let mut layer = Dropout::new(0.3, "dropout");
        let mut values = vec![1.0_f64; 100_000];
        layer.forward(&mut values, Some(key(0)));
        let dropped = values.iter().filter(|value| **value == 0.0).count();
        assert!((29_500..30_500).contains(&dropped), "{dropped}");
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        let mut gradient = vec![1.0; values.len()];
        layer.backward(&mut gradient);
        assert_eq!(gradient, values);
    }

    #[test]
    fn masks_differ_by_batch_and_vanish_outside_training() {
        let mut layer = Dropout::new(0.5, "dropout");
        let mut draw = |key| {
            let mut values = vec![1.0_f32; 64];
            layer.forward(&mut values, key);
            values
        };
        assert_eq!(draw(Some(key(0))), draw(Some(key(0))));
        assert_ne!(draw(Some(key(0))), draw(Some(key(1))));
        assert_eq!(draw(None), vec![1.0; 64]);
    }
}
