//! Where a trial's value and its learning curve come from.

use opah::TrialState;

use crate::ONE;
use crate::desk::{Desk, refused, success};

/// Flags, a script, and a part of what is told of it.
type Case<'a> = (&'a [&'a str], &'a str, &'a str);

#[test]
fn the_last_line_that_fits_a_pattern_is_the_value() {
    let desk = Desk::new();
    let script = "echo acc=0.1; echo acc=0.3; echo done in 7 s; echo acc=9 >&2";
    let flags = [
        "--metric-regex",
        "acc=(.*)",
        "--direction",
        "maximize",
        "--n-trials",
        "1",
    ];
    success(&mut desk.script(&flags, script));
    let trial = desk.trial(0);
    assert_eq!(trial.value(), Some(0.3));
    let curve: Vec<(i64, f64)> = trial.intermediate_values.clone().into_iter().collect();
    assert_eq!(curve, [(0, 0.1), (1, 0.3)]);
}

#[test]
fn values_are_read_from_files() {
    for (file, text, value) in [
        (
            "m.json:best.acc",
            r#"{"best": {"acc": 0.5}, "loss": NaN}"#,
            0.5,
        ),
        ("m.jsonl:acc", "{\"acc\": 0.1}\n{\"acc\": 0.75}\n", 0.75),
        ("logs/m.csv:acc", "epoch,acc\n0,0.1\n1,0.25\n", 0.25),
    ] {
        let desk = Desk::new();
        desk.write_text("given", text);
        let name = file.split(':').next().unwrap();
        let script = format!("mkdir \"$OPAH_TRIAL_DIR/logs\"; cp given \"$OPAH_TRIAL_DIR/{name}\"");
        let flags = ["--metric-file", file, "--n-trials", "1"];
        success(&mut desk.script(&flags, &script));
        let trial = desk.trial(0);
        assert_eq!(trial.value(), Some(value), "{file}");
        let n_steps = if file.contains(".json:") { 0 } else { 2 };
        assert_eq!(trial.intermediate_values.len(), n_steps, "{file}");
    }
}

#[test]
fn numbered_files_are_a_curve() {
    let desk = Desk::new();
    let script =
        "for n in 0 1 2 10; do echo \"{\\\"acc\\\": 0.$n}\" > \"$OPAH_TRIAL_DIR/e_$n.json\"; done";
    let flags = ["--metric-glob", "e_*.json:acc", "--n-trials", "1"];
    success(&mut desk.script(&flags, script));
    let trial = desk.trial(0);
    let steps: Vec<i64> = trial.intermediate_values.keys().copied().collect();
    assert_eq!(steps, [0, 1, 2, 10]);
    assert_eq!(trial.value(), Some(0.1));
}

#[test]
fn a_trial_that_is_pruned_is_stopped() {
    for (flags, script) in [
        (
            ["--metric-regex", "loss (.*)"],
            "echo loss 0.5; echo loss 5; sleep 300",
        ),
        (
            ["--metric-glob", "e_*.json:loss"],
            "echo '{\"loss\": 5}' > \"$OPAH_TRIAL_DIR/e_3.json\"; sleep 300",
        ),
    ] {
        let desk = Desk::new();
        let flags = [&flags[..], &ONE, &["--pruner", "threshold:{\"upper\": 1}"]].concat();
        success(&mut desk.script(&flags, script));
        let trial = desk.trial(0);
        assert_eq!(trial.state, TrialState::Pruned);
        assert_eq!(trial.value(), Some(5.0));
    }
}

#[test]
fn a_trial_without_a_value_fails_and_says_why() {
    let cases: Vec<Case> = vec![
        (
            &[],
            "echo hello",
            "no value: there is no number on its standard output; the end of its log:\n  hello",
        ),
        (
            &[],
            "true",
            "no value: there is no number on its standard output; it printed nothing",
        ),
        (
            &[],
            "echo 0.5; echo nan",
            "the objective value is not a number (NaN)",
        ),
        (
            &["--metric-regex", "acc (.*)"],
            "echo acc none",
            "no line of its standard output fits --metric-regex",
        ),
        (
            &["--metric-file", "m.json:acc"],
            "true",
            "m.json: No such file or directory",
        ),
        (
            &["--metric-file", "m.json:acc"],
            "echo '{\"acc\": 0.' > \"$OPAH_TRIAL_DIR/m.json\"",
            "m.json: no JSON: ",
        ),
        (
            &["--metric-file", "m.json:acc"],
            "echo '{\"ac\": 1}' > \"$OPAH_TRIAL_DIR/m.json\"",
            "there is no `acc`; did you mean `ac`?",
        ),
        (
            &["--metric-glob", "e_*.json:acc"],
            "true",
            "no file fits --metric-glob",
        ),
        (
            &["--metric-glob", "e_*.json:acc"],
            "echo x > \"$OPAH_TRIAL_DIR/e_1.json\"",
            "e_1.json: no JSON: ",
        ),
    ];
    for (flags, script, expected) in cases {
        let desk = Desk::new();
        let flags = [flags, &ONE].concat();
        success(&mut desk.script(&flags, script));
        assert_eq!(desk.trial(0).state, TrialState::Fail);
        let told = desk.failure();
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn the_name_of_a_metric_says_what_is_good() {
    let desk = Desk::new();
    let flags = [
        "--metric-file",
        "m.json:accuracy",
        "--direction",
        "minimize",
    ];
    let told = refused(&mut desk.script(&flags, "true"));
    assert!(told.contains("`accuracy` would be minimized"), "{told}");
}
