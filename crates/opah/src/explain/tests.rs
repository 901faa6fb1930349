use serde_json::json;

use super::*;
use crate::frozen_trial::Direction::{Maximize, Minimize};
use crate::json::Json;
use crate::sampler::{AutoSampler, RandomSampler};
use crate::storage::AttrKind;
use crate::study::SAMPLER_ATTR;
use crate::trial::Trial;

fn study(directions: &[Direction]) -> Study {
    let sampler = AutoSampler {
        seed: 1,
        ..AutoSampler::default()
    };
    Study::in_memory("s", directions)
        .unwrap()
        .with_sampler(Arc::new(sampler))
}

fn drawn(trial: &mut Trial) -> [f64; 2] {
    ["x", "y"].map(|name| trial.suggest_float(name, 0.0..=1.0).unwrap())
}

fn run(study: &Study, n: usize, objective: impl Fn([f64; 2]) -> Vec<f64>) {
    for _ in 0..n {
        let mut trial = study.ask().unwrap();
        let values = objective(drawn(&mut trial));
        study.tell(&mut trial, &values).unwrap();
    }
}

fn bowl([x, y]: [f64; 2]) -> f64 {
    (x - 0.3).powi(2) + 0.02 * (y - 0.6).powi(2)
}

#[test]
fn a_bowl_is_foreseen() {
    let study = study(&[Minimize]);
    run(&study, 25, |point| vec![bowl(point)]);
    let last = study.explain(24).unwrap();
    assert_eq!(last.proposer, Proposer::Model);
    assert_eq!((last.n_finished, last.n_running), (24, 0));
    let best = last.best[0].values[0];
    assert_eq!(last.best.len(), 1);
    let outlook = last.outlook.unwrap();
    let prediction = outlook.predictions[0];
    assert!((prediction.predicted - last.trial.values[0]).abs() < 0.05);
    assert!(prediction.low < prediction.predicted && prediction.predicted < prediction.high);
    let Some(Improvement::OfValue {
        on,
        probability,
        expected,
    }) = outlook.improvement
    else {
        panic!("{outlook:?}");
    };
    assert!((on - best).abs() < 0.01, "{on} {best}");
    assert!((0.0..=1.0).contains(&probability) && (0.0..0.1).contains(&expected));
    // The first parameter counts fifty times as much.
    let relevance: Vec<f64> = last.params.iter().map(|p| p.relevance.unwrap()).collect();
    assert!((relevance[0] + relevance[1] - 1.0).abs() < 1e-12);
    assert!(relevance[0] > relevance[1], "{relevance:?}");
    let alike: Vec<f64> = last
        .nearest
        .iter()
        .map(|near| near.correlation.unwrap())
        .collect();
    assert_eq!(alike.len(), 3);
    assert!(alike.is_sorted_by(|a, b| a >= b), "{alike:?}");
    assert!(alike[0] <= 1.0 + 1e-12 && alike[2] > 0.0, "{alike:?}");
    let n_inside = (10..25).filter(|number| {
        let explained = study.explain(*number).unwrap();
        let prediction = explained.outlook.unwrap().predictions[0];
        prediction.is_inside(explained.trial.values[0])
    });
    assert!(n_inside.count() >= 8);
}

#[test]
fn what_is_maximized_is_its_mirror_image() {
    let (down, up) = (study(&[Minimize]), study(&[Maximize]));
    run(&down, 15, |point| vec![bowl(point)]);
    run(&up, 15, |point| vec![-bowl(point)]);
    let outlook = |study: &Study| study.explain(14).unwrap().outlook.unwrap();
    let (down, up) = (outlook(&down), outlook(&up));
    let (a, b) = (down.predictions[0], up.predictions[0]);
    assert_eq!(
        (a.predicted, a.low, a.high, a.deviations.unwrap()),
        (-b.predicted, -b.high, -b.low, -b.deviations.unwrap())
    );
    let (
        Some(Improvement::OfValue {
            on: a, expected: c, ..
        }),
        Some(Improvement::OfValue {
            on: b, expected: d, ..
        }),
    ) = (down.improvement, up.improvement)
    else {
        panic!("{down:?} {up:?}");
    };
    assert_eq!((a, c), (-b, d));
}

#[test]
fn who_proposed_it_is_told() {
    let study = study(&[Minimize]);
    run(&study, 12, |point| vec![bowl(point)]);
    assert_eq!(study.explain(1).unwrap().proposer, Proposer::StartUp);
    assert_eq!(study.explain(11).unwrap().proposer, Proposer::Model);
    for fixed in [json!({"x": 0.9, "y": 0.1}), json!({"x": 0.8})] {
        study.enqueue(fixed.as_object().unwrap()).unwrap();
    }
    run(&study, 2, |point| vec![bowl(point)]);
    let whole = study.explain(12).unwrap();
    assert_eq!(whole.proposer, Proposer::Queue);
    assert!(whole.outlook.is_ok());
    let part = study.explain(13).unwrap();
    let enqueued: Vec<bool> = part.params.iter().map(|param| param.is_enqueued).collect();
    assert_eq!(
        (part.proposer, enqueued),
        (Proposer::Model, vec![true, false])
    );

    let other = Study::in_memory("s", &[Minimize])
        .unwrap()
        .with_sampler(Arc::new(RandomSampler { seed: 1 }));
    run(&other, 5, |point| vec![bowl(point)]);
    assert_eq!(other.explain(4).unwrap().proposer, Proposer::Unknown);
    let stored = Json::new(&json!({"type": "random", "attributes": {}}));
    other
        .set_attr(AttrKind::System, SAMPLER_ATTR, &stored)
        .unwrap();
    let explained = other.explain(4).unwrap();
    assert_eq!(explained.proposer.name(), Some("random"));
    assert!(explained.outlook.is_ok());
}

#[test]
fn nothing_is_foreseen_without_a_model() {
    let study = study(&[Minimize]);
    run(&study, 8, |_| vec![1.0]);
    let first = study.explain(0).unwrap();
    assert_eq!(first.outlook, Err(NoOutlook::TooFewValues(0)));
    assert!(first.best.is_empty() && first.nearest.is_empty());
    let early = study.explain(2).unwrap();
    assert_eq!(early.outlook, Err(NoOutlook::TooFewValues(2)));
    assert_eq!(early.nearest.len(), 2);
    let last = study.explain(7).unwrap();
    assert_eq!(last.outlook, Err(NoOutlook::EqualValues));
    assert!(last.params.iter().all(|param| param.relevance.is_none()));
    assert_eq!(last.nearest.len(), 3);
    assert!(last.nearest.is_sorted_by(|a, b| a.distance <= b.distance));
    for near in last.nearest {
        assert_eq!(near.correlation, None);
        let names: Vec<&str> = near.differences.iter().map(AsRef::as_ref).collect();
        assert_eq!(names, ["x", "y"]);
    }
}

#[test]
fn trials_that_ran_are_not_known_yet() {
    let study = study(&[Minimize]);
    run(&study, 10, |point| vec![bowl(point)]);
    let mut slow = study.ask().unwrap();
    let slow_point = drawn(&mut slow);
    let mut fast = study.ask().unwrap();
    let fast_point = drawn(&mut fast);
    let running = study.explain(11).unwrap();
    assert_eq!((running.n_finished, running.n_running), (10, 1));
    study.tell(&mut slow, &[bowl(slow_point)]).unwrap();
    study.tell(&mut fast, &[bowl(fast_point)]).unwrap();
    let told = study.explain(11).unwrap();
    assert_eq!((told.n_finished, told.n_running), (10, 1));
    assert_eq!(told.nearest, running.nearest);
    let (before, after) = (running.outlook.unwrap(), told.outlook.unwrap());
    assert_eq!(before.improvement, after.improvement);
    assert_eq!(before.predictions[0].deviations, None);
    assert!(after.predictions[0].deviations.is_some());
}

#[test]
fn several_objectives_are_foreseen_one_by_one() {
    let study = study(&[Minimize, Maximize]);
    run(&study, 15, |[x, y]| vec![x + y, x * x - y]);
    let last = study.explain(14).unwrap();
    let outlook = last.outlook.unwrap();
    assert_eq!(outlook.predictions.len(), 2);
    let Some(Improvement::OfFront { growth }) = outlook.improvement else {
        panic!("{outlook:?}");
    };
    assert!(growth >= 0.0 && growth.is_finite(), "{growth}");
    assert!(last.best.len() > 1 && last.nearest.len() > 1);
}

#[test]
fn trials_that_have_not_begun_are_refused() {
    let study = study(&[Minimize]);
    study.enqueue(json!({"x": 1}).as_object().unwrap()).unwrap();
    for (number, expected) in [
        (
            0,
            "trial 0 is WAITING; only a trial that has begun can be explained",
        ),
        (7, "no trial 7 in this study"),
    ] {
        assert_eq!(study.explain(number).unwrap_err().to_string(), expected);
    }
}
