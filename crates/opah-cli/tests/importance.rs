//! Sessions with `opah importance`.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use opah::sampler::RandomSampler;
use opah::storage::SqliteStorage;
use opah::{Direction, Study};

/// A folder with `trial.db`: `n_trials` in which `lr` decides, `units` helps a little,
/// and some trials have a `depth`.
fn study(n_trials: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let study = Study::create(storage, "demo", &[Direction::Maximize])
        .unwrap()
        .with_sampler(Arc::new(RandomSampler { seed: 1 }));
    for _ in 0..n_trials {
        let mut trial = study.ask().unwrap();
        let lr = trial.suggest_float("lr", 0.0..=1.0).unwrap();
        let units = trial.suggest_int("units", 1..=9).unwrap();
        if *trial
            .suggest_categorical("kind", &["flat", "deep"])
            .unwrap()
            == "deep"
        {
            trial.suggest_int("depth", 2..=5).unwrap();
        }
        let value = 5.0 * lr + units as f64 / 10.0;
        study.tell(&mut trial, &[value]).unwrap();
    }
    (folder, db)
}

fn opah(arguments: &[&str], db: &Path) -> Command {
    let mut command = Command::cargo_bin("opah").unwrap();
    command
        .arg("importance")
        .args(arguments)
        .env("OPAH_STORAGE", format!("sqlite:///{}", db.display()));
    command
}

/// What a command that succeeds writes to standard output and standard error.
fn said(arguments: &[&str], db: &Path) -> (String, String) {
    let assert = opah(arguments, db).assert().success();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let output = assert.get_output();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn importances_are_rows_with_bars_greatest_first() {
    let (_folder, db) = study(40);
    let (table, warnings) = said(&[], &db);
    let rows: Vec<&str> = table.lines().filter(|line| line.contains("0.")).collect();
    assert!(
        rows[0].contains("lr") && rows[0].contains(&"█".repeat(30)),
        "{table}"
    );
    assert!(
        rows[1].contains("units") && rows[1].contains("▏"),
        "{table}"
    );
    assert_eq!(rows.len(), 3, "{table}");
    assert!(
        warnings.starts_with("warning: left out, because not every complete trial has it")
            && warnings.contains("`depth`"),
        "{warnings}"
    );
}

#[test]
fn programs_get_shares_of_one_that_depend_on_the_seed_alone() {
    let (_folder, db) = study(40);
    let json = |arguments: &[&str]| -> Vec<(String, f64)> {
        let (out, _) = said(&[&["--format", "json"], arguments].concat(), &db);
        let rows: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
        let row = |row: &serde_json::Value| {
            let (name, share) = (row["param"].as_str().unwrap(), row["importance"].as_f64());
            (name.to_owned(), share.unwrap())
        };
        rows.iter().map(row).collect()
    };
    for evaluator in ["fanova", "mean_decrease_impurity", "ped-anova"] {
        let shares = json(&["--evaluator", evaluator]);
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        assert_eq!(shares[0].0, "lr", "{evaluator}");
        assert!((sum - 1.0).abs() < 1e-12, "{evaluator}");
    }
    let seeded = |seed| json(&["--seed", seed]);
    assert_eq!(seeded("3"), seeded("3"));
    assert_ne!(seeded("3"), seeded("4"));
    assert_eq!(json(&[]), seeded("0"));
    let (csv, _) = said(&["--format", "csv", "--params", "units,kind"], &db);
    let lines: Vec<&str> = csv.lines().collect();
    assert!(
        lines[0] == "param,importance" && lines[1].starts_with("units,0."),
        "{csv}"
    );
    assert_eq!(lines.len(), 3);
}

#[test]
fn questions_without_an_answer_say_why() {
    let (_folder, db) = study(4);
    let refused = |arguments: &[&str], code| {
        let assert = opah(arguments, &db).assert().code(code);
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    assert_eq!(
        refused(&["--params", "lr,unit"], 1),
        "error: no parameter is named `unit`, did you mean `units`?; the parameters are \
         depth, kind, lr, units\n"
    );
    let unknown = refused(&["--evaluator", "fanva"], 1);
    assert!(
        unknown.contains("no evaluator is named `fanva`, did you mean `fanova`?"),
        "{unknown}"
    );
    let seed = refused(&["--evaluator", "ped_anova", "--seed", "1"], 1);
    assert!(
        seed.contains("unknown field `seed`, expected one of `target_quantile`"),
        "{seed}"
    );
    let trees = refused(&["--evaluator-options", r#"{"n_trees": 0}"#], 1);
    assert!(
        trees.contains("`n_trees` = 0, expected at least 1"),
        "{trees}"
    );
    assert!(refused(&["--evaluator-options", "[1]"], 2).contains("not a JSON object"));
    let (_folder, one) = study(1);
    let assert = opah(&[], &one).assert().code(1);
    assert_eq!(
        String::from_utf8(assert.get_output().stderr.clone()).unwrap(),
        "error: importances need at least 2 complete trials with a finite value; the study has 1\n"
    );
}
