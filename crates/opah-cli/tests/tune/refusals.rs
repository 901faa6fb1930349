//! What is refused, and in which words.

use std::fmt::Write as _;
use std::path::Path;

use crate::desk::{CHAPTER, CONFIG, Desk, SPACE, failure, success};

/// A wrong input: what it is, what is written over which file, and the arguments.
type Wrong<'a> = (&'a str, Option<(&'a str, String)>, &'a [&'a str]);

#[test]
fn wrong_inputs_are_refused_before_the_first_trial() {
    let space = |from: &str, to: &str| SPACE.replace(from, to);
    let config = |from: &str, to: &str| CONFIG.replace(from, to);
    let (c, s) = ("config/imdb_optuna.jsonnet", "config/hparams.json");
    let optuna = |text: &str| ("optuna.json", text.to_owned());
    let by_file: &[&str] = &["--optuna-param-path", "optuna.json"];
    let cases: Vec<Wrong> = vec![
        (
            "low above high",
            Some((s, space("\"high\": 16", "\"high\": 2"))),
            &[],
        ),
        ("log of zero", Some((s, space("5e-3", "0"))), &[]),
        (
            "unknown attribute",
            Some((s, space("\"log\"", "\"logarithmic\""))),
            &[],
        ),
        (
            "twice the same",
            Some((s, space("max_filter_size", "embedding_dim"))),
            &[],
        ),
        (
            "unknown type",
            Some((s, space("\"float\"", "\"flaot\""))),
            &[],
        ),
        (
            "float for int",
            Some((s, space("\"low\": 4", "\"low\": 4.5"))),
            &[],
        ),
        (
            "misspelt in the space",
            Some((s, space("dropout", "drop_out"))),
            &[],
        ),
        (
            "parseInt of a float",
            Some((
                c,
                config(
                    "std.parseJson(std.extVar('lr'))",
                    "std.parseInt(std.extVar('lr'))",
                ),
            )),
            &[],
        ),
        (
            "no filter",
            Some((
                s,
                space("\"low\": 2, \"high\": 4", "\"low\": 1, \"high\": 4"),
            )),
            &[],
        ),
        (
            "unknown key",
            Some((c, config("num_filters", "num_filter"))),
            &[],
        ),
        (
            "syntax",
            Some((c, config("trainer: {", "trainer: {{"))),
            &[],
        ),
        ("minimize accuracy", None, &["--direction", "minimize"]),
        (
            "maximize loss",
            None,
            &["--metrics", "best_validation_loss"],
        ),
        ("unknown metric", None, &["--metrics", "f1"]),
        ("unknown sampler", None, &["--sampler", "tpf"]),
        (
            "unknown sampler option",
            None,
            &["--sampler", "random:{\"sede\": 1}"],
        ),
        (
            "unknown pruner in the file",
            Some(optuna("{\"pruner\": {\"type\": \"MedianPrunner\"}}")),
            by_file,
        ),
        (
            "wrong pruner option",
            Some(optuna(
                "{\"pruner\": {\"type\": \"MedianPruner\",\n \"attributes\": {\"n_startup_trials\": \"five\"}}}",
            )),
            by_file,
        ),
        ("no such file", None, by_file),
        (
            "chosen twice",
            Some(optuna("{\"sampler\": {\"type\": \"RandomSampler\"}}")),
            &["--optuna-param-path", "optuna.json", "--sampler", "random"],
        ),
        ("no space", None, &["--set", "trainer.nonsense.deep=1"]),
        ("an unknown storage", None, &["--storage", "oracle://db"]),
        (
            "a storage in no folder",
            None,
            &["--storage", "sqlite:///nowhere/trial.db"],
        ),
        (
            "no SQLite file",
            Some((
                "other.db",
                "no database, just a text that is long enough".repeat(50),
            )),
            &["--storage", "sqlite:///other.db"],
        ),
        (
            "a file where a folder should be",
            Some(("result", String::new())),
            &[],
        ),
    ];
    let mut told = String::new();
    for (what, file, arguments) in cases {
        let desk = Desk::new();
        if let Some((name, text)) = file {
            desk.write(name, &text);
        }
        // A direction given twice is a usage error, so these begin without the tutorial's.
        let mut command = desk.opah(&["tune"]);
        command.args(&CHAPTER[..8]).args(arguments);
        if what == "maximize loss" {
            command.args(["--direction", "maximize"]);
        }
        let said = failure(&mut command);
        // The lists grow with every new sampler and pruner.
        let said = [" the samplers are ", " the pruners are "]
            .iter()
            .fold(said, |said, list| match said.split_once(list) {
                Some((before, _)) => format!("{before}{list}…\n"),
                None => said,
            });
        write!(told, "## {what}\n{said}\n").unwrap();
        assert!(!desk.path("result/optuna/trial_0").exists(), "{what}");
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_changed_search_is_refused_and_can_be_allowed() {
    let desk = Desk::new();
    success(&mut desk.tune(&["--n-trials", "2"]));
    desk.write("config/hparams.json", &SPACE.replace("5e-1", "0.25"));
    let refused = failure(&mut desk.tune(&["--n-trials", "3"]));
    let expected = "- lr: float(0.005, 0.5, log)\n+ lr: float(0.005, 0.25, log)\n";
    assert!(refused.contains(expected), "{refused}");
    success(&mut desk.tune(&["--n-trials", "3", "--allow-change"]));
    assert_eq!(desk.study().trials().unwrap().len(), 3);
}

#[cfg(unix)]
#[test]
fn a_folder_that_can_not_be_written_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    let folder = desk.path("result");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere.
    if std::fs::write(folder.join("probe"), "").is_ok() {
        return;
    }
    let said = failure(&mut desk.tune(&[]));
    assert!(said.contains("result/optuna"), "{said}");
    assert!(
        said.contains("choose a --serialization-dir that you may write to"),
        "{said}"
    );
}

#[test]
fn the_data_of_another_search_is_not_overwritten() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("result/optuna/trial_0")).unwrap();
    let said = failure(&mut desk.tune(&["--n-trials", "1"]));
    assert!(
        said.contains("holds the trials of a study that is not known"),
        "{said}"
    );
    assert!(Path::new(&desk.path("result/optuna/trial_0")).exists());
}
