//! Sessions with `opah explain`.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use opah::sampler::AutoSampler;
use opah::storage::SqliteStorage;
use opah::{Direction, Study};
use serde_json::Value;

/// A folder with `trial.db`: twelve trials that `auto` proposed, then an enqueued one.
fn study(directions: &[Direction]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let sampler = AutoSampler {
        seed: 1,
        ..AutoSampler::default()
    };
    let study = Study::create(storage, "demo", directions)
        .unwrap()
        .with_sampler(Arc::new(sampler));
    for number in 0..13 {
        if number == 12 {
            let params = serde_json::json!({"lr": 0.9, "kind": "b"});
            study.enqueue(params.as_object().unwrap()).unwrap();
        }
        let mut trial = study.ask().unwrap();
        let lr = trial.suggest_float("lr", 0.0..=1.0).unwrap();
        let kind = *trial.suggest_categorical("kind", &["a", "b"]).unwrap();
        let value = (lr - 0.3).powi(2) + if kind == "a" { 0.0 } else { 0.1 };
        let values = [value, lr];
        study.tell(&mut trial, &values[..directions.len()]).unwrap();
    }
    (folder, db)
}

fn opah(arguments: &[&str], db: &Path) -> Command {
    let mut command = Command::cargo_bin("opah").unwrap();
    command
        .arg("explain")
        .args(arguments)
        .env("OPAH_STORAGE", format!("sqlite:///{}", db.display()));
    command
}

fn said(arguments: &[&str], db: &Path) -> String {
    let assert = opah(arguments, db).assert().success();
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn json(arguments: &[&str], db: &Path) -> Value {
    let arguments = [arguments, &["--format", "json"]].concat();
    serde_json::from_str(&said(&arguments, db)).unwrap()
}

#[test]
fn people_read_sentences_and_a_table() {
    let (_folder, db) = study(&[Direction::Minimize]);
    let text = said(&["11"], &db);
    assert!(
        text.starts_with(
            "Trial 11 was proposed by the model of `gp`; 11 trials had finished.\n  value"
        ),
        "{text}"
    );
    for part in [
        "predicted ",
        "(95 %: ",
        ", became ",
        "best before",
        "improvement",
        " probable, ",
        "relevance",
        "trial 11",
        "correlation",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = said(&["--trial", "12"], &db);
    assert!(
        text.starts_with(
            "Trial 12 was enqueued with its values; 12 trials had finished.\n\
A Gaussian process of those trials says:\n"
        ),
        "{text}"
    );
    let text = said(&["1"], &db);
    assert!(
        text.starts_with(
            "Trial 1 was proposed by `gp` before it had a model, to spread over the space; \
1 trial had finished.\n"
        ) && text.contains(
            "none: a model needs 3 finished trials with finite values, and there were 1\n"
        ) && text.contains("distance"),
        "{text}"
    );
}

#[test]
fn programs_get_all_that_is_known() {
    let (_folder, db) = study(&[Direction::Minimize]);
    let explained = json(&["11"], &db);
    assert_eq!(explained["number"], 11);
    assert_eq!(explained["proposed_by"], "model");
    assert_eq!(explained["no_prediction"], Value::Null);
    let prediction = &explained["predictions"][0];
    assert_eq!(prediction["objective"], "value");
    let low = prediction["low"].as_f64().unwrap();
    assert!(low <= prediction["predicted"].as_f64().unwrap());
    assert!(prediction["inside"].is_boolean());
    let probability = explained["improvement"]["probability"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&probability));
    let params = explained["params"].as_array().unwrap();
    let shares = params
        .iter()
        .map(|param| param["relevance"].as_f64().unwrap());
    assert!((shares.sum::<f64>() - 1.0).abs() < 1e-9);
    assert_eq!(explained["nearest"].as_array().unwrap().len(), 3);
    assert_eq!(json(&["11"], &db), explained);

    let best = json(&[], &db);
    let listed = Command::cargo_bin("opah")
        .unwrap()
        .args(["best-trial", "--format", "json"])
        .env("OPAH_STORAGE", format!("sqlite:///{}", db.display()))
        .assert()
        .success();
    let listed: Value = serde_json::from_slice(&listed.get_output().stdout).unwrap();
    assert_eq!(best["number"], listed[0]["number"]);

    let csv = said(&["12", "--format", "csv"], &db);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "number,objective,proposed_by,predicted,low,high,value,improvement_probability,expected_improvement"
    );
    assert!(
        lines.len() == 2 && lines[1].starts_with("12,value,queue,"),
        "{csv}"
    );
}

#[test]
fn several_objectives_have_a_line_each() {
    let (_folder, db) = study(&[Direction::Minimize, Direction::Maximize]);
    let text = said(&["11"], &db);
    for part in ["values_0", "values_1", "front before", "hypervolume"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let explained = json(&[], &db);
    assert_eq!(
        explained["predictions"].as_array().map_or(0, Vec::len),
        if explained["no_prediction"].is_null() {
            2
        } else {
            0
        }
    );
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let (_folder, db) = study(&[Direction::Minimize]);
    let refused = |arguments: &[&str], code| {
        let assert = opah(arguments, &db).assert().code(code);
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    assert_eq!(refused(&["99"], 1), "error: no trial 99 in this study\n");
    assert!(refused(&["1", "--trial", "2"], 2).contains("cannot be used with"));
    assert!(refused(&["best"], 2).contains("TRIAL"));
}
