//! What is believed of the points of a cube, as a factor of what they are worth.
//!
//! Hvarfner et al., "πBO: Augmenting Acquisition Functions with User Beliefs for Bayesian
//! Optimization", ICLR 2022, equation 6; here in the logarithm, so that the factor is a sum.

use super::cube::{Cube, Kind};
use super::proposal::Acquisition;
use crate::context::Context;
use crate::prior::Density;
use crate::transform;

/// The priors of a cube's parameters.
#[derive(Debug)]
pub(super) struct Belief<'a> {
    cube: &'a Cube,
    /// By axis.
    priors: Vec<Option<Density>>,
    /// β/n.
    influence: f64,
}

impl<'a> Belief<'a> {
    /// `None` if nothing is believed of any parameter.
    pub(super) fn of(context: &Context, cube: &'a Cube) -> Option<Self> {
        context.priors?;
        let axes = cube.axes.iter();
        let priors: Vec<Option<Density>> = axes
            .map(|axis| context.prior(&axis.name, &axis.distribution))
            .collect();
        priors.iter().any(Option::is_some).then(|| Self {
            cube,
            priors,
            influence: context.prior_influence(),
        })
    }

    /// The coordinate of an axis to which its prior maps a share in `[0, 1)`; `None` if it has
    /// no prior.
    pub(super) fn at_share(&self, at: usize, share: f64) -> Option<f64> {
        let coordinate = self.priors[at].as_ref()?.coordinate_at(share);
        let axis = &self.cube.axes[at];
        let internal = transform::from_coordinate(&axis.distribution, coordinate);
        axis.coordinate_of(internal)
    }

    /// The priors that count at a point, by axis.
    fn there<'b>(&'b self, point: &'b [f64]) -> impl Iterator<Item = (usize, &'b Density)> {
        let priors = self.priors.iter().enumerate();
        priors
            .filter(move |(at, _)| self.cube.is_there(*at, point))
            .filter_map(|(at, prior)| Some((at, prior.as_ref()?)))
    }

    /// What is added to the score of a point.
    fn score(&self, point: &[f64]) -> f64 {
        let logs = self
            .there(point)
            .map(|(at, prior)| prior.log_at(self.cube.axes[at].transformed(point[at])));
        self.influence * logs.sum::<f64>()
    }

    /// The same, and adds its slopes to the gradient.
    fn score_with_gradient(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        for (at, prior) in self.there(point) {
            let axis = &self.cube.axes[at];
            if axis.kind == Kind::Real {
                let slope = prior.slope_at(axis.transformed(point[at]));
                gradient[at] += self.influence * slope * axis.width();
            }
        }
        self.score(point)
    }
}

/// An acquisition with what is believed, if anything is.
pub(super) struct Believed<'a> {
    pub acquisition: &'a dyn Acquisition,
    pub belief: Option<&'a Belief<'a>>,
}

impl Acquisition for Believed<'_> {
    fn scores(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let mut scores = self.acquisition.scores(points);
        if let Some(belief) = self.belief {
            for (score, point) in scores.iter_mut().zip(points) {
                *score += belief.score(point);
            }
        }
        scores
    }

    fn score_with_gradient(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let score = self.acquisition.score_with_gradient(point, gradient);
        match self.belief {
            Some(belief) => score + belief.score_with_gradient(point, gradient),
            None => score,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::context::Saved;
    use crate::derived::Derived;
    use crate::frozen_trial::Direction;
    use crate::prior::Priors;
    use crate::sampler::gp::shape::Shape;
    use crate::study::Study;

    /// Nothing is worth anything.
    struct Flat;

    impl Acquisition for Flat {
        fn scores(&self, points: &[Vec<f64>]) -> Vec<f64> {
            vec![0.0; points.len()]
        }

        fn score_with_gradient(&self, _point: &[f64], gradient: &mut [f64]) -> f64 {
            gradient.fill(0.0);
            0.0
        }
    }

    #[test]
    fn slopes_are_those_of_differences() {
        let given = json!({
            "lr": {"normal": {"mean": 1e-2, "sd": 4}},
            "x": {"points": [1, 2, 2.5]},
            "kind": {"weights": {"a": 1}},
        });
        let priors = Priors::from_json(given.as_object().unwrap()).unwrap();
        let study = Study::in_memory("s", &[Direction::Minimize])
            .unwrap()
            .with_priors(Arc::new(priors));
        let mut trial = study.ask().unwrap();
        trial.suggest_categorical("kind", &["a", "b"]).unwrap();
        trial.suggest_float_log("lr", 1e-5..=1.0).unwrap();
        trial.suggest_float("x", 0.0..=3.0).unwrap();
        study.tell(&mut trial, &[1.0]).unwrap();
        let mut shape = Shape::default();
        shape.add(trial.frozen());
        let cube = Cube::new(&shape);
        let (history, saved) = (study.history().unwrap(), Saved::default());
        let context = study.context(trial.frozen(), &history, 0, &saved);
        let belief = Belief::of(&context, &cube).unwrap();
        let believed = Believed {
            acquisition: &Flat,
            belief: Some(&belief),
        };
        let at = |point: &[f64]| believed.scores(&[point.to_vec()])[0];
        for point in [[0.0, 0.3, 0.4], [1.0, 0.7, 0.9]] {
            let mut gradient = vec![0.0; 3];
            let score = believed.score_with_gradient(&point, &mut gradient);
            assert_eq!(score, at(&point));
            for axis in [1, 2] {
                let moved = |step: f64| {
                    let mut moved = point;
                    moved[axis] += step;
                    at(&moved)
                };
                let difference = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                let error = (gradient[axis] - difference).abs();
                assert!(error < 1e-4 * difference.abs().max(1.0), "{gradient:?}");
            }
        }
        assert!(
            at(&[0.0, 0.5, 0.5]) > at(&[1.0, 0.5, 0.5]),
            "`a` is believed in"
        );
    }
}
