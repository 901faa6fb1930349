//! What is refused before the first trial, and in which words.

use std::os::unix::fs::PermissionsExt;

use crate::desk::{Desk, refused};

/// Flags, a command, and a part of what is told of them.
type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a str);

#[test]
fn wrong_commands_are_refused_before_the_first_trial() {
    let x = ["--param", "x=float(0, 1)"];
    let cases: Vec<Case> = vec![
        (
            &x,
            &["no-such-program"],
            "the program `no-such-program`: no folder of PATH has such a program",
        ),
        (
            &x,
            &["./train.sh"],
            "the program `./train.sh`: the file is not executable; `chmod +x ./train.sh`",
        ),
        (
            &x,
            &["train.sh"],
            "for the file in this folder, write `./train.sh`",
        ),
        (&x, &["./nothing.sh"], "there is no such file"),
        (
            &x,
            &["sh", "-c", "echo {y}"],
            "nothing is called `y`; did you mean `x`?",
        ),
        (
            &["--param", "x=flaot(0, 1)"],
            &["sh"],
            "unknown type `flaot`; did you mean `float`?",
        ),
        (&[], &["sh"], "the search space has no parameter"),
        (
            &["--param", "x=int(1,2)", "--metric-regex", "("],
            &["sh"],
            "unclosed group",
        ),
        (
            &["--param", "x=int(1,2)", "--metric-file", "m.json"],
            &["sh"],
            "FILE:KEY",
        ),
        (
            &["--param", "x=int(1,2)", "--metric-glob", "m.json:acc"],
            &["sh"],
            "one `*`",
        ),
        (
            &["--param", "x=int(1,2)", "--set", "a=1"],
            &["sh"],
            "--overrides and --set change a configuration",
        ),
        (&["a.jsonnet", "b.json"], &["sh"], "cannot be used with"),
    ];
    for (flags, words, expected) in cases {
        let desk = Desk::new();
        desk.write_text("train.sh", "echo 1");
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(desk.path("train.sh"), mode).unwrap();
        let told = refused(&mut desk.tune(flags, words));
        assert!(told.contains(expected), "{told}");
        assert!(!desk.path("opah-trials").exists(), "{told}");
    }
}

#[test]
fn flags_of_commands_need_a_command() {
    let desk = Desk::new();
    let mut command = assert_cmd::Command::cargo_bin("opah").unwrap();
    command.args([
        "tune",
        "a.jsonnet",
        "b.json",
        "-s",
        "r",
        "--param",
        "x=int(1, 2)",
    ]);
    let told = refused(command.current_dir(desk.path(".")));
    assert!(told.contains("COMMAND"), "{told}");
}
