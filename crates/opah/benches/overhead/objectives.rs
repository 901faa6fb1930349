//! Points of several objectives: their hypervolume and their non-dominated ranks.

use std::hint::black_box;

use opah::multi_objective;

use crate::Failure;
use crate::case::Cost;
use crate::clock::Clock;
use crate::study;

/// The cost of the exact hypervolume of points that do not dominate one another: a part of
/// a sphere.
pub(crate) fn hypervolume(
    clock: &Clock,
    n_points: usize,
    n_objectives: usize,
) -> Result<Cost, Failure> {
    let mut rng = study::rng();
    let points: Vec<Vec<f64>> = (0..n_points)
        .map(|_| {
            let numbers = (0..n_objectives).map(|_| study::normal(&mut rng).abs());
            let point: Vec<f64> = numbers.collect();
            let length = point.iter().map(|x| x * x).sum::<f64>().sqrt();
            point.iter().map(|x| 1.0 - x / length).collect()
        })
        .collect();
    let reference = vec![1.1; n_objectives];
    let seconds = clock.seconds_a_call(|| {
        black_box(multi_objective::hypervolume(&points, &reference));
        Ok::<(), Failure>(())
    })?;
    Ok(Cost::Seconds(seconds))
}

/// The cost of the ranks of points that are uniform in the cube.
pub(crate) fn ranks(clock: &Clock, n_points: usize, n_objectives: usize) -> Result<Cost, Failure> {
    let mut rng = study::rng();
    let points: Vec<Vec<f64>> = (0..n_points)
        .map(|_| (0..n_objectives).map(|_| rng.uniform()).collect())
        .collect();
    let seconds = clock.seconds_a_call(|| {
        black_box(multi_objective::ranks(&points));
        Ok::<(), Failure>(())
    })?;
    Ok(Cost::Seconds(seconds))
}
