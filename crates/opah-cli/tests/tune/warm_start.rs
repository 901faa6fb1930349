//! Two studies, of which the second begins with what the first found.

use opah::Study;
use opah::frozen_trial::FIXED_PARAMS_ATTR;

use crate::desk::{CHAPTER, Desk, NAME, STORAGE, failure, success};

const SECOND: [&str; 10] = [
    "tune",
    CHAPTER[0],
    CHAPTER[1],
    "-s",
    "result/second",
    "--study-name",
    "second",
    "--seed",
    "7",
    "--n-trials",
];

#[test]
fn a_second_study_begins_with_the_best_of_the_first() {
    let desk = Desk::new();
    success(&mut desk.tune(&["--n-trials", "6", "--seed", "24"]));
    let best = desk.study().best_trial().unwrap();
    let source = format!("{NAME}@{STORAGE}");
    let warm = ["--warm-start", source.as_str()];
    let priors = ["--priors", r#"{"lr": {"normal": {"mean": 0.05, "sd": 2}}}"#];
    let second = |n_trials: &str| {
        let mut command = desk.opah(&SECOND);
        command.arg(n_trials).args(warm).args(priors);
        command
    };
    let begun = second("2").assert().success();
    let told = String::from_utf8_lossy(&begun.get_output().stderr).into_owned();
    assert!(told.contains("warm start: the best 5 points of "), "{told}");
    std::fs::remove_file(desk.path("result/optuna/trial.db")).unwrap();
    success(&mut second("3"));
    success(desk.opah(&SECOND).arg("7"));

    let url = format!(
        "sqlite:///{}",
        desk.path("result/second/trial.db").display()
    );
    let study = Study::load(opah::storage::open(&url).unwrap(), "second").unwrap();
    let trials = study.trials().unwrap();
    assert_eq!(trials.len(), 7);
    assert_eq!(trials[0].params, best.params);
    let enqueued = trials
        .iter()
        .filter(|trial| trial.system_attrs.contains_key(FIXED_PARAMS_ATTR));
    assert_eq!(enqueued.count(), 5);

    let other = ["--priors", r#"{"lr": {"normal": {"mean": 0.1, "sd": 2}}}"#];
    let told = failure(desk.opah(&SECOND).arg("8").args(other));
    assert!(told.contains("priors, as begun"), "{told}");
    let misspelt = [
        "--priors",
        r#"{"dropuot": {"normal": {"mean": 0.1, "sd": 1}}}"#,
    ];
    let told = failure(desk.opah(&SECOND).arg("8").args(misspelt));
    assert!(told.contains("did you mean `dropout`?"), "{told}");
}
