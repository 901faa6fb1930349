//! All importances of a study.

use std::hint::black_box;

use opah::Direction;
use opah::importance::{build, importances};
use serde_json::json;

use crate::Failure;
use crate::case::Cost;
use crate::clock::Clock;
use crate::study;

/// The cost of the evaluator called `name`, made anew for each answer.
pub(crate) fn all(
    clock: &Clock,
    name: &str,
    n_trials: usize,
    n_params: usize,
) -> Result<Cost, Failure> {
    let study = study::empty(1)?;
    study::fill(&study, n_trials, n_params, |point, rng| {
        // The first parameters matter most, and two of them only together.
        let terms = point.iter().enumerate();
        let terms = terms.map(|(at, x)| (x - 0.3).powi(2) / (at + 1) as f64);
        let interaction = 0.5 * point.iter().take(2).product::<f64>();
        let noise = 0.01 * study::normal(rng);
        (vec![terms.sum::<f64>() + interaction + noise], Vec::new())
    })?;
    let history = study.history()?;
    let seconds = clock.seconds_a_call(|| {
        let evaluator = build(name, &json!({}))?;
        let answer = importances(&history, Direction::Minimize, &*evaluator, None, true)?;
        black_box(answer);
        Ok::<(), Failure>(())
    })?;
    Ok(Cost::Seconds(seconds))
}
