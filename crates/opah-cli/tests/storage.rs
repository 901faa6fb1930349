//! Sessions in which studies are copied, merged, dumped and corrected.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use opah::json::Json;
use opah::storage::AttrKind;
use opah::{Direction, Stop, Study};
use serde_json::Value;

/// A folder with the study `demo` in `a.db`: complete, pruned, failed, waiting and running.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}", folder.path().join("a.db").display());
    let storage = opah::storage::open(&url).unwrap();
    let study = Study::create(storage, "demo", &[Direction::Minimize]).unwrap();
    let note = Json::from_f64(f64::NAN);
    study.set_attr(AttrKind::User, "note", &note).unwrap();
    for result in [
        Ok(vec![0.1 + 0.2]),
        Ok(vec![f64::INFINITY]),
        Err(Stop::Pruned),
        Err(Stop::failed("planned")),
    ] {
        let mut trial = study.ask().unwrap();
        trial.suggest_float_log("lr", 1e-5..=1e-1).unwrap();
        trial.suggest_categorical("kind", &["a", "é"]).unwrap();
        trial.report(0, f64::NAN).unwrap();
        trial.report(3, 0.1).unwrap();
        study.tell_result(&mut trial, result).unwrap();
    }
    let mut running = study.ask().unwrap();
    running.suggest_float_log("lr", 1e-5..=1e-1).unwrap();
    running.report(0, 1.0).unwrap();
    study.enqueue(&serde_json::Map::new()).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = Command::cargo_bin("opah").unwrap();
    let assert = command
        .current_dir(folder)
        .env_remove("OPAH_STORAGE")
        .args(arguments)
        .assert()
        .code(code);
    let output = assert.get_output();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn said(folder: &Path, arguments: &[&str]) -> String {
    run(folder, arguments, 0).0
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    run(folder, arguments, 1).1
}

fn export(folder: &Path, url: &str) -> String {
    said(folder, &["storage", "export", url])
}

#[test]
fn copies_and_imports_are_the_study_itself() {
    let folder = folder();
    let folder = folder.path();
    let dump = export(folder, "sqlite:///a.db");
    assert_eq!(dump.lines().count(), 1 + 1 + 6);
    for line in dump.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    assert!(dump.contains("0.30000000000000004") && dump.contains("\"Infinity\""));
    let (told, warned) = run(
        folder,
        &["storage", "copy", "sqlite:///a.db", "journal:///b.log"],
        0,
    );
    assert_eq!(told, "study `demo`: 6 trial(s) are in journal:///b.log\n");
    assert!(warned.contains("1 trial(s) of study `demo` are running in the copy too"));
    assert_eq!(export(folder, "journal:///b.log"), dump);
    fs::write(folder.join("dump.jsonl"), &dump).unwrap();
    said(
        folder,
        &["storage", "import", "dump.jsonl", "sqlite:///c.db"],
    );
    assert_eq!(export(folder, "sqlite:///c.db"), dump);
}

#[test]
fn what_is_there_is_not_written_over() {
    let folder = folder();
    let folder = folder.path();
    let copy = ["storage", "copy", "sqlite:///a.db", "sqlite:///b.db"];
    said(folder, &copy);
    let before = export(folder, "sqlite:///b.db");
    assert_eq!(
        refused(folder, &copy),
        "error: sqlite:///b.db has a study `demo` already; choose others with --study, leave out \
what is there with --skip-existing, or add trials to it with `opah storage merge`\n"
    );
    let skip = [copy.as_slice(), &["--skip-existing"]].concat();
    assert_eq!(
        run(folder, &skip, 0).1,
        "study `demo` is in sqlite:///b.db already, and skipped\n"
    );
    assert_eq!(export(folder, "sqlite:///b.db"), before);
    let misspelt = [copy.as_slice(), &["--study", "dmeo"]].concat();
    assert!(refused(folder, &misspelt).contains("did you mean `demo`?"));
    let missing = ["storage", "copy", "sqlite:///x.db", "sqlite:///y.db"];
    assert_eq!(
        refused(folder, &missing),
        "error: there is no file x.db; check the URL\n"
    );
    assert!(!folder.join("x.db").exists() && !folder.join("y.db").exists());
}

#[test]
fn running_trials_wait_or_fail_in_the_copy() {
    let folder = folder();
    let folder = folder.path();
    for (running, state, file) in [("wait", "WAITING", "w.db"), ("fail", "FAIL", "f.db")] {
        let to = format!("sqlite:///{file}");
        said(
            folder,
            &[
                "storage",
                "copy",
                "sqlite:///a.db",
                &to,
                "--running",
                running,
            ],
        );
        let trials = said(folder, &["trials", "--storage", &to, "--format", "json"]);
        let trials: Value = serde_json::from_str(&trials).unwrap();
        assert_eq!(trials[4]["state"], state);
        assert!(trials[4]["params_lr"].is_number());
    }
}

#[test]
fn a_wrong_dump_makes_nothing() {
    let folder = folder();
    let folder = folder.path();
    let dump = export(folder, "sqlite:///a.db");
    let import = ["storage", "import", "dump.jsonl", "sqlite:///c.db"];
    for (wrong, told) in [
        (
            dump.replace("\"PRUNED\"", "\"GONE\""),
            "error: dump.jsonl: line 5: `GONE` is no state; the states are RUNNING, COMPLETE, PRUNED, FAIL, WAITING\n",
        ),
        (
            dump.split_inclusive('\n').take(4).collect(),
            "error: dump.jsonl: line 4: study `demo`, which begins in line 2, has 2 of its 6 trials; something is missing\n",
        ),
        (
            String::new(),
            "error: dump.jsonl: line 1: the dump is empty\n",
        ),
    ] {
        fs::write(folder.join("dump.jsonl"), wrong).unwrap();
        assert_eq!(refused(folder, &import), told);
        assert!(!folder.join("c.db").exists());
    }
}

#[test]
fn a_merge_can_be_repeated() {
    let folder = folder();
    let folder = folder.path();
    said(
        folder,
        &["storage", "copy", "sqlite:///a.db", "sqlite:///b.db"],
    );
    let create = ["create-study", "--study-name", "demo", "--storage"];
    said(folder, &[create.as_slice(), &["sqlite:///c.db"]].concat());
    let merge = |from: &str| {
        said(
            folder,
            &[
                "storage",
                "merge",
                from,
                "sqlite:///c.db",
                "--study",
                "demo",
            ],
        )
    };
    let added = "study `demo`: 4 trial(s) were added to sqlite:///c.db; 2 have not finished\n";
    assert_eq!(merge("sqlite:///a.db"), added);
    let nothing = "study `demo`: 0 trial(s) were added to sqlite:///c.db; 4 were there already; \
2 have not finished\n";
    assert_eq!(merge("sqlite:///b.db"), nothing);
    let maximize = [
        create.as_slice(),
        &["sqlite:///d.db", "--direction", "maximize"],
    ]
    .concat();
    said(folder, &maximize);
    let other = [
        "storage",
        "merge",
        "sqlite:///a.db",
        "sqlite:///d.db",
        "--study",
        "demo",
    ];
    assert_eq!(
        refused(folder, &other),
        "error: study `demo` has the directions maximize in sqlite:///d.db, and minimize in the \
study to be merged\n"
    );
}

#[test]
fn a_trial_is_deleted_restored_and_corrected() {
    let folder = folder();
    let folder = folder.path();
    let url = ["--storage", "sqlite:///a.db"];
    let with = |arguments: &[&'static str]| [arguments, &url].concat();
    let best = || {
        let best = said(folder, &with(&["best-trial", "--format", "json"]));
        serde_json::from_str::<Value>(&best).unwrap()[0]["number"].clone()
    };
    assert_eq!(best(), 0);
    let delete = [
        "delete-trial",
        "--trial-number",
        "0",
        "--reason",
        "wrong data",
    ];
    assert_eq!(
        said(folder, &with(&delete)),
        "trial 0 of study `demo` counts no more; --undo takes that back\n"
    );
    assert_eq!(best(), 1);
    let withdrawn = said(folder, &with(&["trials", "--withdrawn", "--format", "csv"]));
    let lines: Vec<&str> = withdrawn.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with("0,0.30000000000000004,") && lines[1].ends_with(",wrong data"));
    said(
        folder,
        &with(&["delete-trial", "--trial-number", "0", "--undo"]),
    );
    assert_eq!(best(), 0);
    let correct = [
        "storage",
        "correct-trial",
        "--trial-number",
        "1",
        "--values",
        "-2",
    ];
    assert_eq!(
        said(folder, &with(&correct)),
        "trial 1 of study `demo` is corrected by trial 6\n"
    );
    assert_eq!(best(), 6);
    assert_eq!(
        refused(folder, &with(&correct)),
        "error: trial 6 corrects trial 1 already; correct trial 6\n"
    );
    assert_eq!(
        refused(folder, &with(&["delete-trial", "--trial-number", "4"])),
        "error: trial 4 is RUNNING; only a finished trial can be withdrawn\n"
    );
    // What is withdrawn stays so in a copy.
    said(
        folder,
        &["storage", "copy", "sqlite:///a.db", "journal:///b.log"],
    );
    let of_copy = [
        "trials",
        "--withdrawn",
        "--format",
        "json",
        "--storage",
        "b.log",
    ];
    let trials: Value = serde_json::from_str(&said(folder, &of_copy)).unwrap();
    assert_eq!(trials[0]["number"], 1);
}

#[test]
fn a_storage_tells_what_is_in_it() {
    let folder = folder();
    let folder = folder.path();
    let info = said(folder, &["storage", "info", "sqlite:///a.db"]);
    assert!(info.starts_with("storage          sqlite:///a.db\nkind             SQLite file\n"));
    assert!(info.contains("v3.2.0.a") && info.contains("demo"), "{info}");
    let json = said(
        folder,
        &["storage", "info", "sqlite:///a.db", "--format", "json"],
    );
    let json: Value = serde_json::from_str(&json).unwrap();
    let study = &json["studies"][0];
    for (state, n_trials) in [
        ("n_trials", 6),
        ("complete", 2),
        ("pruned", 1),
        ("fail", 1),
        ("running", 1),
        ("waiting", 1),
        ("withdrawn", 0),
    ] {
        assert_eq!(study[state], n_trials, "{state}");
    }
    assert!(json["file_bytes"].as_u64().unwrap() > 0);
    assert_eq!(json["advice"], Value::Array(Vec::new()));
    said(
        folder,
        &["storage", "copy", "sqlite:///a.db", "journal:///b.log"],
    );
    let yaml = said(folder, &["storage", "info", "b.log", "--format", "yaml"]);
    assert!(yaml.contains("kind: journal"), "{yaml}");
}
