//! What is learnt from trials that fail.

use std::sync::Arc;

use crate::frozen_trial::Direction;
use crate::sampler::TpeSampler;
use crate::study::{Stop, Study};

#[test]
fn a_region_that_crashes_is_not_sampled_for_ever() {
    let (mut n_crashed, mut n_trials) = (0, 0);
    for seed in 0..8 {
        let sampler = TpeSampler {
            seed,
            ..TpeSampler::default()
        };
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_sampler(Arc::new(sampler));
        for number in 0..80 {
            let mut trial = study.ask().unwrap();
            let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
            let y = trial.suggest_float("y", 0.0..=1.0).unwrap();
            // The best values are beside a third of the space in which trials crash.
            let crashes = x > 0.66;
            if number >= 40 {
                n_crashed += i32::from(crashes);
                n_trials += 1;
            }
            let result = if crashes {
                Err(Stop::failed("crashed"))
            } else {
                Ok(vec![(x - 0.6).powi(2) + (y - 0.3).powi(2)])
            };
            study.tell_result(&mut trial, result).unwrap();
        }
    }
    // If failures were ignored, nearly all would: the estimate of the good ones reaches over the
    // border, and nothing would ever be learnt there.
    assert!(2 * n_crashed < n_trials, "{n_crashed} of {n_trials}");
}
