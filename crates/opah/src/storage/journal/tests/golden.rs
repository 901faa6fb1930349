//! A journal that Optuna 5.0.0 wrote (`optuna-5.0.log`): every operation, distribution,
//! state and special value.

use crate::frozen_trial::{FrozenTrial, TrialState};
use crate::storage::journal::JournalStorage;
use crate::storage::journal::parse::Parser;
use crate::storage::journal::record::Entry;
use crate::storage::journal::write;
use crate::storage::{Cursor, Storage};

pub(super) const OPTUNAS: &str = include_str!("optuna-5.0.log");

#[test]
fn records_are_spelled_as_optuna_spells_them() {
    let mut parser = Parser::default();
    for line in OPTUNAS.lines() {
        let record = parser.parse(line).unwrap();
        let Entry::Operation(operation) = record.entry else {
            panic!("{line}");
        };
        assert_eq!(write::record(&operation, record.worker), line);
    }
}

/// What Optuna itself printed of it when it had written it.
#[test]
fn optunas_trials_are_all_there() {
    use TrialState::{Complete, Fail, Pruned, Running};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.log");
    std::fs::write(&path, OPTUNAS).unwrap();
    let storage = JournalStorage::open(&path).unwrap();
    assert_eq!(storage.warnings(), [""; 0]);
    let studies = storage.studies().unwrap();
    let names: Vec<&str> = studies.iter().map(|study| study.name.as_str()).collect();
    assert_eq!(names, ["first \"é\"", "two"]);
    assert_eq!(
        studies[0].user_attrs["note"].as_str(),
        r#"{"a": [1, 2.5, null, NaN, "\u00e9,: \"x\""]}"#
    );
    assert_eq!(studies[0].metric_names().unwrap(), ["loss"]);

    let trials = storage.changes(studies[0].id, &Cursor::default()).unwrap();
    let states: Vec<TrialState> = trials.iter().map(|trial| trial.state).collect();
    assert_eq!(
        states,
        [Complete, Pruned, Fail, Complete, Complete, Pruned, Running]
    );
    let values: Vec<&[f64]> = trials.iter().map(|trial| trial.values.as_slice()).collect();
    let expected: [&[f64]; 7] = [
        &[-0.165_955_990_594_852],
        &[0.5],
        &[],
        &[f64::NEG_INFINITY],
        &[3.0],
        &[0.25],
        &[],
    ];
    assert_eq!(values, expected);
    let shown = |trial: &FrozenTrial| -> Vec<String> {
        let params = trial.params.iter();
        let shown = params.map(|param| format!("{}={}", param.name, param.external()));
        shown.collect()
    };
    let first = [
        "c=é\"",
        "drop=0.0",
        "lr=0.007608481233714793",
        "m=2",
        "n=3",
        "x=-0.165955990594852",
    ];
    assert_eq!(shown(&trials[0]), first);
    assert_eq!(shown(&trials[5]), ["c=2", "x=0.5"]);
    assert!(trials[0].intermediate_values[&0].is_nan());
    assert_eq!(trials[0].intermediate_values[&1], f64::INFINITY);
    assert_eq!(trials[0].constraints()["size"], -1.5);
    assert_eq!(trials[4].user_attrs["q"].as_str(), "1");
    assert_eq!(
        trials[4].datetime_start.unwrap().to_string(),
        "2026-11-25T19:55:15.730175Z"
    );
    let two = storage.changes(studies[1].id, &Cursor::default()).unwrap();
    assert_eq!((two.len(), two[0].id.0), (1, 7));
    assert_eq!(two[0].values, [1.0, f64::INFINITY]);
}
