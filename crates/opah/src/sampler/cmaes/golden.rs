//! The same generations, told to the Python package `cmaes` and to ours, give the same
//! distributions. `golden.py` made the numbers.

use serde::Deserialize;

use super::eigen::{Eigen, dot};
use super::margin::{Grid, Margin};
use super::model::Model;
use super::optimizer::Optimizer;
use super::parameters::default_popsize;
use super::separable::Separable;
use super::warm_start::Start;

/// What `cmaes` 0.13.1 printed.
#[derive(Deserialize)]
struct Golden {
    full: Vec<Shown>,
    full_with_popsize: Vec<Shown>,
    one_dimension: Vec<Shown>,
    separable: Vec<Shown>,
    learning_rate: Vec<Shown>,
    margin: Vec<Shown>,
    warm_start: Shown,
}

/// A distribution after some generations.
#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    generation: usize,
    mean: Vec<f64>,
    sigma: f64,
    covariance: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden.json")).unwrap()
}

/// Sums of twelve numbers of Knuth's 64-bit linear congruential generator, minus 6.
struct Numbers(u64);

impl Numbers {
    fn uniform(&mut self) -> f64 {
        let multiplied = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = multiplied.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self, n: usize) -> Vec<f64> {
        let mut sum = || (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0;
        (0..n).map(|_| sum()).collect()
    }
}

fn objective(point: &[f64]) -> f64 {
    let away: Vec<f64> = point.iter().map(|x| x - 0.3).collect();
    let squares = away.iter().enumerate();
    let squares: f64 = squares.map(|(i, a)| (1.0 + 10.0 * i as f64) * a * a).sum();
    squares + away.iter().sum::<f64>().powi(2)
}

fn start(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.5 + 0.02 * i as f64).collect()
}

fn full(n: usize, sigma: f64, popsize: usize) -> Model {
    Model::Full(Box::new(Optimizer::new(start(n), sigma, None, popsize)))
}

/// `C`, or its diagonal.
fn covariance(model: &Model) -> &[f64] {
    match model {
        Model::Full(model) => &model.covariance,
        Model::Separable(model) => &model.variances,
    }
}

fn check_close(what: &str, ours: &[f64], theirs: &[f64]) {
    let size = theirs.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        let error = (ours - theirs).abs() / size;
        assert!(error < 1e-10, "{what}: {ours} is not {theirs} ({error:e})");
    }
}

/// Runs fifty generations and compares those that were shown. `correct` is called after
/// each; `tried` makes the point that is evaluated.
fn check(
    mut model: Model,
    expected: &[Shown],
    tried: impl Fn(&Model, Vec<f64>) -> Vec<f64>,
    mut correct: impl FnMut(&mut Model),
) {
    let n = model.mean().len();
    let (mut numbers, mut shown) = (Numbers(1), expected.iter());
    let mut next = shown.next();
    for generation in 1..=50 {
        let sigma = model.paths().sigma;
        let eigen = match &model {
            Model::Full(model) => Some(Eigen::of(&model.covariance, n)),
            Model::Separable(_) => None,
        };
        let mut ranked: Vec<(f64, Vec<f64>)> = (0..model.popsize())
            .map(|_| {
                let normal = numbers.normal(n);
                let step = if let Some(eigen) = &eigen {
                    eigen.apply(&normal, |k| eigen.values[k].sqrt())
                } else {
                    let variances = covariance(&model).iter().zip(&normal);
                    variances.map(|(variance, z)| variance.sqrt() * z).collect()
                };
                let moved = model.mean().iter().zip(&step);
                let point: Vec<f64> = moved.map(|(mean, y)| mean + sigma * y).collect();
                let value = objective(&tried(&model, point.clone()));
                (value, point)
            })
            .collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mean = model.mean().to_vec();
        let steps = ranked.iter().flat_map(|(_, point)| {
            let moved = point.iter().zip(&mean);
            moved
                .map(|(x, mean)| (x - mean) / sigma)
                .collect::<Vec<_>>()
        });
        let steps: Vec<f64> = steps.collect();
        model.tell(&steps);
        correct(&mut model);
        let Some(expected) = next.filter(|expected| expected.generation == generation) else {
            continue;
        };
        let name = |what| format!("{what} after generation {generation}");
        check_close(&name("mean"), model.mean(), &expected.mean);
        check_close(&name("sigma"), &[model.paths().sigma], &[expected.sigma]);
        check_close(
            &name("covariance"),
            covariance(&model),
            &expected.covariance,
        );
        next = shown.next();
    }
    assert!(next.is_none());
}

fn check_plain(model: Model, expected: &[Shown]) {
    check(model, expected, |_, point| point, |_| {});
}

#[test]
fn the_full_matrix_is_that_of_cmaes() {
    let golden = golden();
    check_plain(full(5, 0.2, default_popsize(5)), &golden.full);
    check_plain(full(10, 0.3, 15), &golden.full_with_popsize);
    check_plain(full(1, 0.2, 3), &golden.one_dimension);
}

#[test]
fn the_separable_variant_is_that_of_cmaes() {
    let separable = Separable::new(start(6), 0.2, default_popsize(6));
    check_plain(Model::Separable(Box::new(separable)), &golden().separable);
}

#[test]
fn adapting_learning_rates_are_those_of_cmaes() {
    let optimizer = Optimizer::new(start(4), 0.2, None, default_popsize(4));
    let model = Model::Full(Box::new(optimizer.with_adapting_rates()));
    check_plain(model, &golden().learning_rate);
}

#[test]
fn the_margin_is_that_of_cmaes() {
    let grids = [
        (1, Grid::Even { n_values: 5.0 }),
        (2, Grid::Even { n_values: 2.0 }),
    ];
    let popsize = default_popsize(4);
    let optimizer = Optimizer::new(vec![0.5; 4], 1.0 / 6.0, None, popsize);
    let margin = std::cell::RefCell::new(Margin::new(grids, 4, popsize));
    let tried = |model: &Model, mut point: Vec<f64>| {
        margin.borrow().stretch(&mut point, model.mean());
        point[1] = grids[0].1.nearest(point[1]) / 4.0;
        point[2] = grids[1].1.nearest(point[2]);
        point
    };
    check(
        Model::Full(Box::new(optimizer)),
        &golden().margin,
        tried,
        |model| margin.borrow_mut().correct(model),
    );
}

#[test]
fn a_warm_start_is_that_of_cmaes() {
    let mut numbers = Numbers(1);
    let mut points: Vec<Vec<f64>> = (0..45)
        .map(|_| (0..3).map(|_| numbers.uniform()).collect())
        .collect();
    points.sort_by(|a, b| objective(a).total_cmp(&objective(b)));
    let (ours, theirs) = (Start::from_best(&points).unwrap(), golden().warm_start);
    check_close("mean", &ours.mean, &theirs.mean);
    check_close("sigma", &[ours.sigma], &[theirs.sigma]);
    check_close("covariance", &ours.covariance.unwrap(), &theirs.covariance);
}

/// A drawn point has the length of its normal numbers, whatever the distribution's shape.
#[test]
fn points_are_as_far_from_the_mean_as_their_normal_numbers() {
    let mut model = full(4, 0.2, 6);
    let mut numbers = Numbers(3);
    for _ in 0..20 {
        let normal = numbers.normal(4);
        let point = model.point(&normal);
        let moved = point.iter().zip(model.mean());
        let step: Vec<f64> = moved
            .map(|(x, mean)| (x - mean) / model.paths().sigma)
            .collect();
        let expected = dot(&normal, &normal).sqrt();
        assert!((model.length(&step) - expected).abs() < 1e-10 * expected);
        model.tell(&numbers.normal(24));
    }
}
