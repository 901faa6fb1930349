//! Covariance parameters that were found before, kept with the trials.
//!
//! A search for parameters that starts from the last ones is short. They are kept with the
//! trial that they were found for, so that a search which another process goes on with, or
//! which was killed, is the one that was not interrupted.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::covariance::{Columns, n_parameters};
use super::cube::Cube;
use super::likelihood::{self, LEAST_NOISE, Noise};
use crate::context::Context;
use crate::derived::Derived;
use crate::frozen_trial::FrozenTrial;
use crate::json::Json;

/// The system attribute.
pub(super) const KEY: &str = "opah:gp";

/// The parameters of all objectives' processes, and of what they are.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Fitted {
    /// The names of the axes, as a number.
    axes: u32,
    /// From how many trials they were found.
    n: usize,
    /// From how many trials they were found when the search for them began anew.
    n_anew: usize,
    /// By objective: the logarithms of the parameters.
    theta: Vec<Vec<f64>>,
}

/// The parameters of the last finished trial that has some.
#[derive(Debug, Default)]
struct Last {
    number: Option<u64>,
    fitted: Option<Arc<Fitted>>,
}

impl Derived for Last {
    fn add(&mut self, trial: &FrozenTrial) {
        if self.number.is_some_and(|known| known >= trial.number) {
            return;
        }
        let Some(fitted) = trial.system_attrs.get(KEY).and_then(Json::parse) else {
            return;
        };
        self.number = Some(trial.number);
        self.fitted = Some(Arc::new(fitted));
    }
}

/// By objective: the covariance parameters for these data. Those that are noted with the trial,
/// if it is looked at again; the last ones, if the data have hardly grown since they were found;
/// better ones otherwise, which are noted with the trial. `None` if there are none. `n` is how many
/// trials there are, also those that the model left out.
pub(super) fn parameters(
    context: &Context,
    cube: &Cube,
    columns: &Columns,
    targets: &[Vec<f64>],
    n: usize,
    noise: Noise,
) -> Option<Vec<Vec<f64>>> {
    let axes = fingerprint(cube);
    let last = context.history.derived(|last: &Last| last.fitted.clone());
    let is_usable = |theta: &Vec<f64>| {
        let has_noise = noise == Noise::Fitted || theta.last() == Some(&LEAST_NOISE);
        let is_whole = theta.len() == n_parameters(cube.n_axes());
        is_whole && has_noise && theta.iter().all(|log| log.is_finite())
    };
    let fits = |fitted: &Fitted| {
        let fits = fitted.axes == axes && fitted.theta.len() == targets.len();
        fits && fitted.theta.iter().all(is_usable)
    };
    let own = context.trial.system_attrs.get(KEY);
    if let Some(own) = own.and_then(Json::parse::<Fitted>)
        && fits(&own)
    {
        return Some(own.theta);
    }
    let last = last.filter(|last| fits(last));
    let is_anew = last.as_ref().is_none_or(|last| {
        n < last.n || n / 10 != last.n_anew / 10 && 10 * n >= last.n_anew.saturating_mul(11)
    });
    let theta: Vec<Vec<f64>> = match &last {
        Some(last) if !is_anew => {
            if n < last.n + (n / 20).max(1) {
                return Some(last.theta.clone());
            }
            let both = targets.iter().zip(&last.theta);
            both.map(|(targets, theta)| {
                let better = likelihood::refit(columns, targets, theta, noise);
                better.or_else(|| likelihood::fit(columns, targets, noise))
            })
            .collect::<Option<_>>()?
        }
        _ => {
            let all = targets
                .iter()
                .map(|targets| likelihood::fit(columns, targets, noise));
            all.collect::<Option<_>>()?
        }
    };
    let n_anew = last.filter(|_| !is_anew).map_or(n, |last| last.n_anew);
    let fitted = Fitted {
        axes,
        n,
        n_anew,
        theta: theta.clone(),
    };
    context.save_state(KEY, Json::new(&fitted));
    Some(theta)
}

/// The names of the axes, as a number.
fn fingerprint(cube: &Cube) -> u32 {
    let names: Vec<&str> = cube.axes.iter().map(|axis| axis.name.as_ref()).collect();
    crc32fast::hash(names.join("\0").as_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::frozen_trial::Direction;
    use crate::sampler::GpSampler;
    use crate::study::Study;

    #[test]
    fn parameters_that_others_spoilt_are_not_used() {
        let whole = "[-0.5,-0.5,-0.7,-0.7,-6.0]";
        for theta in [
            "[]",
            "[[]]",
            "[[1.0]]",
            "[[NaN,0,0,0,0]]",
            &format!("[{whole},{whole}]"),
        ] {
            let sampler = GpSampler {
                seed: 1,
                ..GpSampler::default()
            };
            let study = Study::in_memory("s", &[Direction::Minimize])
                .unwrap()
                .with_sampler(Arc::new(sampler));
            for _ in 0..8 {
                let mut trial = study.ask().unwrap();
                let x = trial.suggest_float("x", 0.0..=1.0).unwrap();
                let axes = crc32fast::hash(b"x");
                let spoilt =
                    format!("{{\"axes\":{axes},\"n\":99,\"n_anew\":99,\"theta\":{theta}}}");
                trial.note(KEY, &Json::from_text(spoilt));
                study.tell(&mut trial, &[x * x]).unwrap();
            }
        }
    }
}
