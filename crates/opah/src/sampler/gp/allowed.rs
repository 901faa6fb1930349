//! The points that a study's constraints leave.

use std::collections::BTreeMap;

use super::cube::Cube;
use super::proposal::Acquisition;
use crate::context::Context;
use crate::distribution::ParamValue;

/// As another acquisition says, but points that break a constraint are worth nothing.
pub(super) struct Allowed<'a> {
    context: &'a Context<'a>,
    cube: &'a Cube,
    inner: &'a dyn Acquisition,
    given: BTreeMap<String, ParamValue>,
}

impl<'a> Allowed<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        cube: &'a Cube,
        inner: &'a dyn Acquisition,
    ) -> Self {
        Self {
            context,
            cube,
            inner,
            given: if context.rules.constraints.is_empty() {
                BTreeMap::new()
            } else {
                context.given()
            },
        }
    }

    fn allows(&self, point: &[f64]) -> bool {
        if self.context.rules.constraints.is_empty() {
            return true;
        }
        let values = self.cube.named_values(point);
        self.context.allows(&|name| {
            self.given.get(name).cloned().or_else(|| {
                let mut values = values.iter();
                let (_, distribution, value) = values.find(|(known, ..)| *known == name)?;
                Some(distribution.to_external(*value))
            })
        })
    }
}

impl Acquisition for Allowed<'_> {
    fn scores(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let mut scores = self.inner.scores(points);
        for (score, point) in scores.iter_mut().zip(points) {
            if !self.allows(point) {
                *score = f64::NEG_INFINITY;
            }
        }
        scores
    }

    fn score_with_gradient(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        if self.allows(point) {
            self.inner.score_with_gradient(point, gradient)
        } else {
            f64::NEG_INFINITY
        }
    }
}
