//! Sessions with the real binary.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use opah::storage::SqliteStorage;
use opah::{Direction, Stop, Study};

/// A folder with a study of four trials in `trial.db`.
fn study() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("trial.db");
    let storage = Arc::new(SqliteStorage::open(&db).unwrap());
    let study = Study::create(storage, "demo", &[Direction::Maximize]).unwrap();
    for number in 0..4 {
        let mut params = serde_json::Map::new();
        params.insert("lr".to_owned(), (0.001 * f64::from(number + 1)).into());
        params.insert("kind".to_owned(), "it's b".into());
        study.enqueue(&params).unwrap();
        let mut trial = study.ask().unwrap();
        let lr = trial.suggest_float_log("lr", 1e-5..=1e-1).unwrap();
        trial.suggest_categorical("kind", &["a", "it's b"]).unwrap();
        let result = if number == 3 {
            Err(Stop::Pruned)
        } else {
            Ok(vec![lr])
        };
        study.tell_result(&mut trial, result).unwrap();
    }
    (folder, db)
}

fn opah(arguments: &[&str], db: &Path) -> Command {
    let mut command = Command::cargo_bin("opah").unwrap();
    command
        .args(arguments)
        .env("OPAH_STORAGE", format!("sqlite:///{}", db.display()));
    command
}

fn stdout(arguments: &[&str], db: &Path) -> String {
    let output = opah(arguments, db)
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn the_best_parameters_are_a_line_for_the_shell() {
    let (_folder, db) = study();
    assert_eq!(
        stdout(&["best-params"], &db),
        "kind='it'\\''s b' lr=0.003\n"
    );
}

#[test]
fn trials_are_rows_with_optunas_columns() {
    let (_folder, db) = study();
    let csv = stdout(&["trials", "--format", "csv"], &db);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "number,value,datetime_start,datetime_complete,duration,params_kind,params_lr,state"
    );
    assert_eq!(lines.len(), 5);
    assert!(lines[3].starts_with("2,0.003,20") && lines[3].ends_with(",it's b,0.003,COMPLETE"));
    assert!(lines[4].ends_with(",it's b,0.004,PRUNED"));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&["best-trial", "--format", "json"], &db)).unwrap();
    assert_eq!(json[0]["number"], 2);
    assert_eq!(json[0]["params_lr"], 0.003);
}

#[test]
fn studies_are_listed() {
    let (_folder, db) = study();
    let table = stdout(&["studies"], &db);
    assert!(
        table.contains("demo") && table.contains("maximize"),
        "{table}"
    );
}

#[test]
fn a_plot_is_a_file_in_the_format_of_its_name() {
    let (folder, db) = study();
    for (name, magic) in [
        ("a.html", "<!DOCTYPE html>"),
        ("a.svg", "<svg "),
        ("a.csv", "panel,series,x,y,colour,note\n"),
        ("a.json", "{\n  \"title\": \"Optimization history\""),
    ] {
        let out = folder.path().join(name);
        let path = out.display().to_string();
        let arguments = [
            "plot",
            "optimization_history",
            "--baseline",
            "0.002",
            "--out",
            &path,
        ];
        assert_eq!(stdout(&arguments, &db), format!("{path}\n"));
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(text.starts_with(magic), "{name}: {}", &text[..80]);
        assert!(text.contains("Baseline 0.002"), "{name}");
    }
    let mut command = opah(&["plot", "slice"], &db);
    command
        .current_dir(folder.path())
        .assert()
        .success()
        .stdout("slice.html\n");
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".html") || name.contains("tmp"))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn a_plot_that_cannot_be_made_says_why() {
    let (folder, db) = study();
    let said = |arguments: &[&str]| {
        let output = opah(arguments, &db)
            .current_dir(folder.path())
            .assert()
            .code(1);
        String::from_utf8(output.get_output().stderr.clone()).unwrap()
    };
    let unknown = said(&["plot", "hystory"]);
    assert!(
        unknown.contains("no plot is named `hystory`, did you mean `history`?"),
        "{unknown}"
    );
    let format = said(&["plot", "history", "--out", "a.pdf"]);
    assert!(
        format.contains("the picture formats are html, svg, png, csv, json"),
        "{format}"
    );
    let option = said(&["plot", "history", "--params", "lr"]);
    assert!(
        option.contains("the plot `history` takes no params; that is for "),
        "{option}"
    );
    let curves = said(&["plot", "intermediate-values"]);
    assert!(
        curves.contains("study `demo` has no trial that reported an intermediate value yet (4 trials: 3 complete, 1 pruned)"),
        "{curves}"
    );
    let folder = said(&["plot", "history", "--out", "missing/a.svg"]);
    assert!(folder.contains("cannot write missing/a.svg"), "{folder}");
}

#[test]
fn errors_say_what_is_wrong_and_exit_with_one() {
    let (folder, db) = study();
    let said = |arguments: &[&str], db: &Path, code| {
        let output = opah(arguments, db)
            .assert()
            .code(code)
            .get_output()
            .stderr
            .clone();
        String::from_utf8(output).unwrap()
    };
    assert_eq!(
        said(&["trials", "--study-name", "dmeo"], &db, 1),
        "error: no study is named `dmeo`; the storage holds demo; did you mean `demo`?\n"
    );
    let missing = folder.path().join("missing.db");
    assert!(said(&["trials"], &missing, 1).contains("there is no file"));
    assert!(!missing.exists());
    assert!(said(&["trails"], &db, 2).contains("trials"));
}
