//! Golden numbers of Optuna, agreement with definitions, and degenerate input.

use proptest::num::f64::ANY;
use proptest::prelude::*;

use super::*;

/// A point for each `i` of 1 to `n`, spread over the unit cube: `(i·(7919 + 104729·j) mod
/// 10007) / 10007` for objective `j`.
fn spread(n: u64, width: u64) -> Vec<Vec<f64>> {
    let loss = |i: u64, j: u64| (i * (7_919 + 104_729 * j) % 10_007) as f64 / 10_007.0;
    (1..=n)
        .map(|i| (0..width).map(|j| loss(i, j)).collect())
        .collect()
}

/// The same, moved to the sphere around the reference, so that none is dominated.
fn sphere(n: u64, width: u64) -> Vec<Vec<f64>> {
    let mut points = spread(n, width);
    for point in &mut points {
        let squares: f64 = point.iter().map(|loss| (1.0 - loss) * (1.0 - loss)).sum();
        let radius = squares.sqrt();
        for loss in point {
            *loss = 1.0 - (1.0 - *loss) / radius;
        }
    }
    points
}

#[track_caller]
fn check(got: f64, expected: f64) {
    assert!(
        (got - expected).abs() <= 1e-12 * expected.abs(),
        "{got} is not {expected}"
    );
}

/// `optuna._hypervolume.compute_hypervolume`, Optuna 5.0.0.
#[test]
fn volumes_are_optunas() {
    for (n, width, spread_volume, sphere_volume) in [
        (20, 1, 1.064_424_902_568_202_4, 1.1),
        (200, 2, 1.184_664_584_995_36, 0.990_925_926_130_228_5),
        (200, 3, 1.250_422_418_275_904, 0.686_657_221_921_762_2),
        (1000, 4, 1.379_161_369_460_612, 0.398_711_729_342_437_76),
        (40, 5, 0.781_599_854_366_982_1, 0.142_036_453_394_516_54),
        (25, 6, 0.520_683_815_336_853_4, 0.046_940_206_019_368_54),
    ] {
        let reference = vec![1.1; width as usize];
        check(hypervolume(&spread(n, width), &reference), spread_volume);
        check(hypervolume(&sphere(n, width), &reference), sphere_volume);
    }
}

/// The differences of `optuna._hypervolume.compute_hypervolume` with and without a point.
#[test]
fn contributions_are_what_is_lost_without_a_point() {
    for width in 1..6 {
        let points = spread(30, width);
        let reference = vec![1.1; width as usize];
        let all = hypervolume(&points, &reference);
        let got = contributions(&points, &reference);
        for (at, got) in got.iter().enumerate() {
            let mut others = points.clone();
            others.remove(at);
            let lost = all - hypervolume(&others, &reference);
            assert!((got - lost).abs() < 1e-13, "{width}: {got} is not {lost}");
        }
        let best = got.iter().copied().fold(0.0, f64::max);
        check(
            best,
            [
                0.043_269_711_202_158_5,
                0.048_760_440_490_697_166,
                0.073_163_485_923_940_51,
                0.110_291_426_808_725_61,
                0.109_840_781_895_887_64,
            ][width as usize - 1],
        );
    }
}

/// `optuna._hypervolume.hssp._solve_hssp`, Optuna 5.0.0.
#[test]
fn subsets_are_optunas() {
    check_subset(60, 2, &[42, 39, 6, 9, 37, 36, 50, 33, 22, 3, 40, 10]);
    check_subset(60, 3, &[42, 15, 13, 48, 36, 6, 37, 7, 43, 18, 38, 17]);
    check_subset(40, 4, &[27, 11, 13, 5, 35, 37, 25, 19, 6, 21]);
    check_subset(30, 5, &[27, 1, 15, 13, 6, 7, 8, 24]);
}

#[track_caller]
fn check_subset(n: u64, width: u64, expected: &[usize]) {
    let reference = vec![1.1; width as usize];
    let got = hypervolume_subset(&sphere(n, width), expected.len(), &reference);
    assert_eq!(got, expected);
}

/// The number of cells of a grid that a point dominates.
fn counted_cells(points: &[Vec<f64>], side: u32, width: u32) -> f64 {
    let cell = |at: u32, axis: u32| f64::from(at / side.pow(axis) % side);
    let is_dominated = |at: &u32| {
        let covers = |point: &Vec<f64>| {
            (0..width)
                .zip(point)
                .all(|(axis, loss)| *loss <= cell(*at, axis))
        };
        points.iter().any(covers)
    };
    (0..side.pow(width)).filter(is_dominated).count() as f64
}

proptest! {
    #[test]
    fn a_volume_is_the_number_of_its_cells(
        points in (1..6_usize).prop_flat_map(|width| prop::collection::vec(
            prop::collection::vec((-1..6_i8).prop_map(f64::from), width), 1..12)),
    ) {
        let width = points[0].len();
        let moved: Vec<Vec<f64>> = points.iter().map(|point| point.iter().map(|loss| loss + 1.0).collect()).collect();
        let expected = counted_cells(&moved, 5, width as u32);
        prop_assert_eq!(hypervolume(&points, &vec![4.0; width]), expected);
        let mut shuffled = points.clone();
        shuffled.reverse();
        shuffled.push(points[0].clone());
        prop_assert_eq!(hypervolume(&shuffled, &vec![4.0; width]), expected);
    }

    #[test]
    fn nothing_panics_and_nothing_is_negative(
        (points, reference) in (0..6_usize).prop_flat_map(|width| (
            prop::collection::vec(prop::collection::vec(ANY, width), 0..12),
            prop::collection::vec(ANY, width),
        )),
    ) {
        let volume = hypervolume(&points, &reference);
        prop_assert_eq!(volume.is_nan(), reference.iter().any(|end| end.is_nan()));
        prop_assert!(volume.is_nan() || volume >= 0.0);
        for contribution in contributions(&points, &reference) {
            prop_assert!(volume.is_nan() || contribution >= 0.0);
        }
    }
}

#[test]
fn infinite_and_missing_numbers() {
    let (infinite, nan) = (f64::INFINITY, f64::NAN);
    let reference = [4.0, 4.0];
    assert_eq!(
        hypervolume(&[[1.0, nan], [2.0, 2.0], [3.0, infinite]], &reference),
        4.0
    );
    assert_eq!(hypervolume(&[[1.0, -infinite]], &reference), infinite);
    assert_eq!(hypervolume(&[[5.0, -infinite]], &reference), 0.0);
    assert_eq!(hypervolume(&[[1.0, 1.0]], &[4.0, infinite]), infinite);
    assert_eq!(hypervolume(&[[infinite, 1.0]], &[infinite, 4.0]), 0.0);
    assert!(hypervolume(&[[1.0, 1.0]], &[4.0, nan]).is_nan());
    assert_eq!(
        hypervolume(&[vec![1.0], vec![], vec![3.0, 3.0]], &reference),
        1.0
    );
    assert_eq!(hypervolume(&[[0.0; 0]], &[]), 0.0);
    assert_eq!(hypervolume(&[] as &[[f64; 2]], &reference), 0.0);
    assert_eq!(hypervolume(&[[4.0, 0.0]], &reference), 0.0);

    let points = [
        [-infinite, 1.0],
        [0.0, 0.0],
        [1.0, 1.0],
        [0.0, 0.0],
        [nan, 0.0],
    ];
    assert_eq!(
        contributions(&points, &reference),
        [infinite, 0.0, 0.0, 0.0, 0.0]
    );
    assert_eq!(contributions(&points[..2], &reference), [infinite, 4.0]);
    assert_eq!(
        contributions(&[[1.0, 1.0], [2.0, 2.0]], &[4.0, infinite]),
        [infinite, 0.0]
    );
    assert!(contributions(&[[1.0]], &[nan])[0].is_nan());
}
