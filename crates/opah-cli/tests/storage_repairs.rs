//! Sessions with `opah storage`.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use opah::{Direction, Study};

/// A study of three trials at `url`.
fn make(url: &str) {
    let storage = opah::storage::open(url).unwrap();
    let study = Study::create(storage, "demo", &[Direction::Minimize]).unwrap();
    for number in 0..3 {
        let mut trial = study.ask().unwrap();
        trial.suggest_float("x", 0.0..=1.0).unwrap();
        study.tell(&mut trial, &[f64::from(number)]).unwrap();
    }
}

/// What `opah storage` writes, to standard output and standard error, and its exit code.
fn said(command: &str, url: &str, flags: &[&str]) -> (String, String, i32) {
    let output = Command::cargo_bin("opah")
        .unwrap()
        .args(["storage", command, url])
        .args(flags)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (text(output.stdout), text(output.stderr), code)
}

/// How many copies a command has made in the folder.
fn copies(folder: &Path, why: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let part = format!(".before-{why}-");
    names.filter(|name| name.contains(&part)).count()
}

#[test]
fn a_check_finds_repairs_and_is_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trial.log");
    let url = format!("journal:///{}", path.display());
    make(&url);
    let (out, err, code) = said("check", &url, &[]);
    assert_eq!(out, format!("nothing is wrong with {url}\n"));
    assert_eq!((err.as_str(), code), ("", 0));

    let journal = fs::read_to_string(&path).unwrap();
    fs::write(&path, journal.replacen('\n', "\nhello\n", 1)).unwrap();
    let (out, _, code) = said("check", &url, &["--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&out).unwrap();
    let start = journal.find('\n').unwrap() + 1;
    let expected = serde_json::json!([{
        "place": format!("the line that begins at byte {start}, of 6 bytes"),
        "problem": "it is no JSON; Optuna reads no further than to it",
        "remedy": "spaces are written over what is no record",
        "status": "repairable",
    }]);
    assert_eq!((found, code), (expected, 1));
    assert_eq!(copies(folder.path(), "repair"), 0);

    let (out, err, code) = said("check", &url, &["--repair"]);
    assert!(out.contains("repaired"), "{out}");
    assert!(err.starts_with("what was there before is in "), "{err}");
    assert_eq!((code, copies(folder.path(), "repair")), (0, 1));
    let (out, _, code) = said("check", &url, &["--repair", "--format", "json"]);
    assert_eq!((out.as_str(), code), ("[]\n", 0));
    assert_eq!(copies(folder.path(), "repair"), 1);

    let missing = format!("sqlite:///{}/missing.db", folder.path().display());
    let (_, err, code) = said("check", &missing, &[]);
    assert!(err.contains("there is no file"), "{err}");
    assert_eq!(code, 1);
    let (_, err, code) = said("check", "memory:", &[]);
    assert!(err.contains("this storage has no check"), "{err}");
    assert_eq!(code, 1);
}

#[test]
fn an_upgrade_is_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}/trial.db", folder.path().display());
    make(&url);
    let (out, err, code) = said("upgrade", &url, &[]);
    assert_eq!(out, "the file has the schema of Optuna 5 already\n");
    assert_eq!((err.as_str(), code), ("", 0));
    assert_eq!(copies(folder.path(), "upgrade"), 0);
    let (_, err, code) = said("upgrade", "memory:", &[]);
    assert_eq!(
        err,
        "error: only SQLite files (`sqlite:///path`) have older versions that can be upgraded\n"
    );
    assert_eq!(code, 1);
}

#[test]
fn a_guard_comes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}/trial.db", folder.path().display());
    let (_, err, code) = said("guard", &url, &[]);
    assert!(err.contains("there is no file"), "{err}");
    assert_eq!(code, 1);
    make(&url);
    for (flags, begin) in [
        (&[][..], "guarded: "),
        (&[], "guarded: "),
        (&["--remove"], "the guard is removed"),
        (&["--remove"], "the guard is removed"),
    ] {
        let (out, err, code) = said("guard", &url, flags);
        assert!(out.starts_with(begin), "{out}");
        assert_eq!((err.as_str(), code), ("", 0));
        let (_, _, code) = said("check", &url, &[]);
        assert_eq!(code, 0);
    }
}
