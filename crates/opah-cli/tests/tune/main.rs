//! Sessions with `opah tune`, `retrain` and `export-config` on a data set of a few lines.
#![expect(clippy::unwrap_used, reason = "a test")]

mod desk;
mod interruptions;
mod refusals;
mod warm_start;

use opah::{Direction, Study, TrialState};

use crate::desk::{CONFIG, Desk, NAME, STORAGE, failure, success};

#[test]
fn the_tutorials_command_works_as_printed() {
    let desk = Desk::new();
    let said = success(&mut desk.tune(&["--n-trials", "5", "--seed", "24"]));
    assert!(said.contains("trials: 5 complete\n"), "{said}");
    assert!(said.contains("best_validation_accuracy"), "{said}");
    let best = desk.study().best_trial().unwrap();
    for number in 0..5 {
        let directory = desk.path(&format!("result/optuna/trial_{number}"));
        for file in ["config.json", "metrics.json", "metrics_epoch_2.json"] {
            assert!(
                directory.join(file).exists(),
                "trial {number} has no {file}"
            );
        }
        let has_weights = directory.join("best.safetensors").exists();
        assert_eq!(has_weights, number == best.number);
    }
    let params = success(&mut desk.opah(&["best-params", "--storage", STORAGE]));
    let names: Vec<&str> = params
        .split_whitespace()
        .map(|assignment| assignment.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["embedding_dim", "max_filter_size", "dropout", "lr"]);
    assert!(said.contains(params.trim_end()), "{said}");
    // The same command has nothing left to do.
    let again = success(&mut desk.tune(&["--n-trials", "5"]));
    assert!(again.contains("trials: 5 complete\n"), "{again}");
}

#[cfg(unix)]
#[test]
fn what_to_type_next_can_be_typed_as_it_stands() {
    let desk = Desk::new();
    // The importances need values that differ, which five trials of this tiny data set do
    // not promise; these do.
    let drawn = ["--sampler", "random", "--seed", "24"];
    let said = success(&mut desk.tune(&[&["--n-trials", "5"][..], &drawn].concat()));
    let next: Vec<&str> = said.lines().skip_while(|line| *line != "next:").collect();
    assert_eq!(next.len(), 3, "{said}");
    for line in &next[1..] {
        let mut shell = assert_cmd::Command::new("sh");
        success(shell.args(["-c", line]).current_dir(desk.path(".")));
    }
    assert!(desk.path("importances.html").exists());
    assert!(desk.path("result/optuna/best/model.tar.gz").exists());
}

#[test]
fn the_best_trial_is_trained_again_bit_for_bit() {
    let desk = Desk::new();
    let callback = CONFIG.replace(
        "trainer: {",
        "trainer: {\n    callbacks: ['optuna_pruner'],",
    );
    desk.write("config/imdb_optuna.jsonnet", &callback);
    success(&mut desk.tune(&[
        "--n-trials",
        "6",
        "--jobs",
        "2",
        "--set",
        "trainer.num_epochs=4",
    ]));
    let config = "config/imdb_optuna.jsonnet";
    let retrain = ["retrain", config, "--storage", STORAGE, "-s"];
    let said = success(desk.opah(&retrain).arg("result/best"));
    assert!(said.ends_with("'s value, bit for bit\n"), "{said}");
    let taken = failure(desk.opah(&retrain).arg("result/best"));
    assert!(
        taken.contains("result/best exists and is not empty"),
        "{taken}"
    );

    let export = [
        "export-config",
        config,
        "best_config.json",
        "--storage",
        STORAGE,
    ];
    success(&mut desk.opah(&export));
    let exported = std::fs::read_to_string(desk.path("best_config.json")).unwrap();
    assert!(
        !exported.contains("optuna_pruner") && !exported.ends_with('\n'),
        "{exported}"
    );
    success(&mut desk.opah(&["train", "best_config.json", "-s", "result/exported"]));
    let metrics = std::fs::read_to_string(desk.path("result/exported/metrics.json")).unwrap();
    let metrics: serde_json::Value = serde_json::from_str(&metrics).unwrap();
    let best = desk.study().best_trial().unwrap().value();
    assert_eq!(metrics["best_validation_accuracy"].as_f64(), best);

    let said = success(desk.opah(&retrain).args(["result/seeds", "--seeds", "3"]));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(
        lines[0].starts_with("seed 42: best_validation_accuracy "),
        "{said}"
    );
    assert!(
        lines[3].contains(": mean ") && lines[3].contains(" ± "),
        "{said}"
    );
    assert!(desk.path("result/seeds/seed_44/metrics.json").exists());

    desk.write(
        config,
        &callback.replace("batch_size = 4", "batch_size = 8"),
    );
    let output = desk
        .opah(&retrain)
        .args(["result/other"])
        .assert()
        .success();
    let warned = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        warned.contains("not as it was when the study was made"),
        "{warned}"
    );
}

#[test]
fn programs_are_told_in_lines_of_json() {
    let desk = Desk::new();
    let said = success(&mut desk.tune(&["--n-trials", "2", "--format", "json"]));
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events: Vec<&str> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .filter(|event| *event != "note")
        .collect();
    let trial = [
        "trial_started",
        "trial_length",
        "epoch",
        "epoch",
        "epoch",
        "trial_finished",
    ];
    let mut expected = vec!["search_started", "sampler_chosen"];
    expected.extend(trial.iter().chain(&trial));
    expected.push("search_ended");
    assert_eq!(events, expected);
    assert_eq!(lines.last().unwrap()["end"], "finished");
    let quiet = desk
        .tune(&["--n-trials", "3", "--quiet"])
        .assert()
        .success();
    assert_eq!(String::from_utf8_lossy(&quiet.get_output().stderr), "");
    let last = success(&mut desk.tune(&["--n-trials", "3", "--quiet", "--format", "json"]));
    assert_eq!(last.lines().count(), 1, "{last}");
}

#[test]
fn a_first_configuration_can_be_looked_at() {
    let desk = Desk::new();
    let shown = success(&mut desk.tune(&["--dry-run", "--seed", "1"]));
    let config: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert!(config["model"]["dropout"].is_number());
    assert!(!desk.path("result").exists());
}

#[test]
fn a_best_trial_that_can_not_be_exported_does_not_hide_the_summary() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("result/optuna")).unwrap();
    let study = Study::create(desk.storage(), NAME, &[Direction::Maximize]).unwrap();
    let mut trial = study.ask().unwrap();
    trial.suggest_float_log("lr", 5e-3..=5e-1).unwrap();
    study.tell(&mut trial, &[2.0]).unwrap();
    let output = desk
        .tune(&["--n-trials", "2", "--skip-if-exists"])
        .assert()
        .code(1);
    let said = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(said.contains("best: trial 0, "), "{said}");
    let wrong = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        wrong.contains("error: can't write result/optuna/best_config.json: "),
        "{wrong}"
    );
}

#[test]
fn a_training_that_fails_is_a_failed_trial() {
    let desk = Desk::new();
    // Steps of this size end in NaN.
    let config = CONFIG.replace("optimizer: { lr: lr,", "optimizer: { lr: lr * 1e30,");
    desk.write("config/imdb_optuna.jsonnet", &config);
    let said = failure(&mut desk.tune(&["--n-trials", "9"]));
    assert!(said.contains("the last 3 trials failed"), "{said}");
    assert!(said.contains("NaN"), "{said}");
    assert_eq!(desk.study().count(&[TrialState::Fail]).unwrap(), 3);
    let said = success(&mut desk.tune(&["--n-trials", "5", "--skip-exception"]));
    assert!(said.contains("5 failed"), "{said}");
    assert!(said.contains("the last failure: "), "{said}");
}
