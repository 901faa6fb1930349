//! Spaces and objectives at the ends of what is possible.

use opah::{Direction, TrialState};
use serde_json::json;

use crate::options;
use crate::samplers::check_all;
use crate::script::Script;
use crate::search::Search;
use crate::space::{Parameter, choices, float, int};

const MINIMIZE: [Direction; 1] = [Direction::Minimize];

/// Trials with values that fall and rise.
fn wave(n_trials: i32) -> Vec<Script> {
    let value = |number: i32| f64::from(number * 7 % 11);
    (0..n_trials)
        .map(|number| Script::of_value(value(number)))
        .collect()
}

#[test]
fn a_thousand_parameters() {
    let distribution = |at: usize| match at % 4 {
        0 => float(-5.0, 5.0, false, None),
        1 => float(1e-5, 1.0, true, None),
        2 => int(1, 64, false, 1),
        _ => choices(3),
    };
    let space: Vec<Parameter> = (0..1000)
        .map(|at| Parameter::new(&format!("x{at:03}"), distribution(at)))
        .collect();
    // Fewer than a generation of CMA-ES, whose matrix has a million numbers here.
    let scripts = wave(6);
    let search = Search {
        space: &space,
        scripts: &scripts,
        directions: &MINIMIZE,
    };
    for (name, given) in [
        ("random", json!({"seed": 1})),
        ("qmc", json!({"seed": 1, "scramble": true})),
        ("tpe", json!({"seed": 1, "n_startup_trials": 3})),
        ("cmaes", json!({"seed": 1})),
        ("nsga2", json!({"seed": 1, "population_size": 3})),
        ("nsga3", json!({"seed": 1, "population_size": 3})),
    ] {
        let told = search.check(name, &|| {
            let sampler = opah::sampler::build(name, &given).unwrap();
            (sampler, options::pruner("never", 0))
        });
        assert_eq!(told.unwrap().len(), scripts.len(), "{name}");
    }
}

#[test]
fn ten_thousand_choices() {
    let space = [
        Parameter::new("kind", choices(10_000)),
        Parameter::new("n", int(0, 9, false, 1)),
    ];
    check_all(&space, &wave(16), &MINIMIZE, 1, 0);
}

#[test]
fn objectives_that_never_change() {
    let space = [
        Parameter::new("x", float(-1.0, 1.0, false, None)),
        Parameter::new("n", int(1, 1000, true, 1)),
        Parameter::new("kind", choices(3)),
    ];
    let constants = [0.0, 1e308, f64::INFINITY, f64::NEG_INFINITY];
    for (variant, constant) in constants.into_iter().enumerate() {
        let scripts = vec![Script::of_value(constant); 25];
        for (name, told) in check_all(&space, &scripts, &MINIMIZE, 1, variant) {
            let told = told.unwrap();
            let are_complete = told.iter().all(|told| told.state == TrialState::Complete);
            assert!(are_complete, "{name} at {constant}");
        }
    }
}

#[test]
fn spaces_of_one_point() {
    let space = [
        Parameter::new("float", float(2.5, 2.5, false, None)),
        Parameter::new("log", float(1e-300, 1e-300, true, None)),
        Parameter::new("step", float(0.0, 0.5, false, Some(1.0))),
        Parameter::new("int", int(-7, -7, false, 1)),
        Parameter::new("int_step", int(3, 9, false, 100)),
        Parameter::new("int_log", int(1, 1, true, 1)),
        Parameter::new("kind", choices(1)),
    ];
    for parameter in &space {
        assert!(parameter.distribution.is_single(), "{}", parameter.name);
    }
    for directions in [&MINIMIZE[..], &[Direction::Minimize, Direction::Maximize]] {
        for (name, told) in check_all(&space, &wave(20), directions, 1, 0) {
            // Nobody is asked for a value where there is just one.
            assert!(told.is_some(), "{name}");
        }
    }
}
