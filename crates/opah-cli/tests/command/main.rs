//! Sessions with `opah tune -- COMMAND`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test")]

mod desk;
mod ends;
mod refusals;
mod values;

use opah::{Direction, TrialState};

use crate::desk::{Desk, refused, success};

const ONE: [&str; 2] = ["--n-trials", "1"];

#[test]
fn a_script_is_tuned() {
    let desk = Desk::new();
    let said = success(&mut desk.script(&["--n-trials", "12", "--jobs", "3"], "echo $1"));
    let study = desk.study();
    assert_eq!(study.directions(), [Direction::Minimize]);
    for trial in study.trials().unwrap() {
        assert_eq!(trial.value(), trial.params.get("x").map(|x| x.value));
    }
    let best = study.best_trial().unwrap();
    assert!(said.contains("trials: 12 complete\n"), "{said}");
    assert!(
        said.contains(&format!("best: trial {}, value ", best.number)),
        "{said}"
    );
    // The line that runs it again is one that a shell understands.
    let again = said.lines().last().unwrap();
    let output = std::process::Command::new("sh")
        .args(["-c", again])
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.trim().parse::<f64>().ok(), best.value(), "{again}");
    assert!(desk.path("opah-trials/history.html").exists());
    // The same command has nothing left to do.
    success(&mut desk.script(&["--n-trials", "12"], "echo $1"));
    assert_eq!(desk.study().trials().unwrap().len(), 12);
}

#[test]
fn parameters_reach_the_program_in_every_way() {
    let desk = Desk::new();
    let script = r#"
        echo "$x"; echo "$OPAH_PARAM_X"; echo "$1"; echo "$OPAH_TRIAL_NUMBER"
        echo "$OPAH_STUDY"; cat "$OPAH_PARAMS"; ls "$OPAH_TRIAL_DIR" | wc -l; echo 0.25
    "#;
    success(&mut desk.script(&ONE, script));
    let log = desk.read("opah-trials/trial_0/log.txt");
    let lines: Vec<&str> = log.lines().collect();
    let x = desk.trial(0).params.get("x").unwrap().value;
    for line in &lines[..3] {
        assert_eq!(line.parse::<f64>(), Ok(x), "{log}");
    }
    assert_eq!(lines[3..5], ["0", "sh"]);
    let params: serde_json::Value = serde_json::from_str(&lines[5..8].join("\n")).unwrap();
    assert_eq!(params["x"].as_f64(), Some(x));
    assert_eq!(lines[8].trim(), "0", "its folder is empty: {log}");
    assert_eq!(desk.trial(0).value(), Some(0.25));
}

#[test]
fn nothing_in_a_value_is_interpreted() {
    let desk = Desk::new();
    let odd = ["a b", "it's \"it\"", "$(touch hacked)", "-o", "é\n;x"];
    let choices: Vec<String> = odd
        .iter()
        .map(|text| format!("'{}'", text.replace('\'', "\\'")))
        .collect();
    let param = format!("odd name=cat({})", choices.join(", "));
    let script = "printf %s \"$2\" > \"$1/given\"; printf %s \"$OPAH_PARAM_ODD_NAME\" | cmp - \"$1/given\" && echo 1";
    let words = ["sh", "-c", script, "sh", "{dir}", "{odd name}"];
    success(&mut desk.tune(&["--param", &param, "--n-trials", "5"], &words));
    let mut given: Vec<String> = (0..5)
        .map(|number| desk.read(&format!("opah-trials/trial_{number}/run/given")))
        .collect();
    let mut expected = odd.map(str::to_owned).to_vec();
    given.sort();
    expected.sort();
    assert_eq!(given, expected);
    assert!(!desk.path("hacked").exists());
}

#[test]
fn a_parameter_whose_condition_does_not_hold_is_left_out() {
    let desk = Desk::new();
    let flags = [
        "--param",
        "opt=cat(adam, sgd)",
        "--param",
        "momentum=float(0, 1) if opt == \"sgd\"",
        "--n-trials",
        "8",
    ];
    let script = "echo \"$# ${momentum-none} ${OPAH_PARAM_MOMENTUM-none}\"; echo 1";
    let words = [
        "sh",
        "-c",
        script,
        "sh",
        "{opt}",
        "--momentum",
        "{momentum}",
        "-m={momentum}",
    ];
    // What the trial goes without is not taken from elsewhere.
    success(desk.tune(&flags, &words).env("momentum", "7"));
    let mut seen = [false; 2];
    for trial in desk.study().trials().unwrap() {
        let log = desk.read(&format!("opah-trials/trial_{}/log.txt", trial.number));
        if let Some(momentum) = trial.params.get("momentum") {
            let value = opah::json::python_float(momentum.value);
            assert_eq!(log, format!("4 {value} {value}\n1\n"));
            seen[0] = true;
        } else {
            assert_eq!(log, "1 none none\n1\n");
            seen[1] = true;
        }
    }
    assert_eq!(seen, [true; 2]);
}

#[test]
fn a_search_that_goes_on_with_another_command_is_refused() {
    let desk = Desk::new();
    success(&mut desk.script(&ONE, "echo $1"));
    let told = refused(&mut desk.script(&ONE, "echo 2 $1"));
    assert!(told.contains("--- command, as begun"), "{told}");
    assert!(told.contains("- echo $1\n+ echo 2 $1\n"), "{told}");
    success(&mut desk.script(&["--n-trials", "2", "--allow-change"], "echo 2 $1"));
    let told = refused(&mut desk.tune(
        &["--param", "x=float(0, 1) if true", "--n-trials", "2"],
        &["sh", "-c", "echo 2 $1", "sh", "{x}"],
    ));
    assert!(told.contains("+ x: float(0.0, 1.0) if true"), "{told}");
}

#[test]
fn what_would_be_run_can_be_looked_at() {
    let desk = Desk::new();
    let shown = success(&mut desk.script(&["--dry-run"], "echo $1"));
    assert!(shown.starts_with("sh -c 'echo $1' sh 0."), "{shown}");
    assert!(!desk.path("opah-trials").exists());
}

#[test]
fn a_program_can_report_by_itself() {
    let desk = Desk::new();
    // The exit code of `opah report` says that the trial should stop, and so does the script's.
    let script = "for step in 0 1 2; do opah report --step $step --value $step \
                  --pruner 'threshold:{\"upper\": 0.5}' || exit $?; done; echo 1";
    success(&mut desk.script(&ONE, script));
    let trial = desk.trial(0);
    assert_eq!(trial.state, TrialState::Pruned);
    assert_eq!(trial.intermediate_values.len(), 2);
}

#[test]
fn the_example_runs() {
    let python = std::env::var_os("OPAH_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    if std::process::Command::new(&python)
        .arg("-V")
        .output()
        .is_err()
    {
        assert!(std::env::var_os("CI").is_none(), "CI must have Python");
        return;
    }
    let desk = Desk::new();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/command/tune.sh"
    );
    let mut tune = assert_cmd::Command::new("sh");
    tune.args([script, "--seed", "1"])
        .env("OPAH", env!("CARGO_BIN_EXE_opah"))
        .env("PYTHON", &python)
        .env_remove("OPAH_STORAGE")
        .current_dir(desk.path("."));
    let said = success(&mut tune);
    assert!(said.contains(", loss 0.0"), "{said}");
}
