//! Sessions in which trials are asked for, reported and told on the command line.
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test; a skip must be seen"
)]

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};

const SPACE: &str = r#"{"x": {"name": "FloatDistribution", "attributes": {"low": 0.0, "high": 1.0}},
 "kind": {"type": "categorical", "choices": ["a", "b"]}}"#;

/// A folder with a database.
struct Desk {
    _folder: tempfile::TempDir,
    db: PathBuf,
}

impl Desk {
    /// With the study `demo`, made with these flags.
    fn new(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("trial.db");
        let desk = Self {
            _folder: folder,
            db,
        };
        let create = joined(&["create-study", "--study-name", "demo"], flags);
        assert_eq!(desk.said(&create), "demo\n");
        desk
    }

    fn opah(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("opah").unwrap();
        command
            .args(arguments)
            .env("OPAH_STORAGE", format!("sqlite:///{}", self.db.display()));
        command
    }

    /// What a command that succeeds writes to standard output and standard error.
    fn both(&self, arguments: &[&str]) -> (String, String) {
        let assert = self.opah(arguments).assert().success();
        let output = assert.get_output();
        (text(&output.stdout), text(&output.stderr))
    }

    fn said(&self, arguments: &[&str]) -> String {
        self.both(arguments).0
    }

    /// What a command that ends with this code writes to standard error.
    fn refused(&self, arguments: &[&str], code: i32) -> String {
        let assert = self.opah(arguments).assert().code(code);
        text(&assert.get_output().stderr)
    }

    fn ask(&self, flags: &[&str]) -> Value {
        let ask = joined(&["ask", "--search-space", SPACE], flags);
        serde_json::from_str(&self.said(&ask)).unwrap()
    }
}

fn joined<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

fn tell<'a>(number: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    joined(&["tell", "--trial-number", number], more)
}

fn set<'a>(value: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    joined(&["set-attr", "--key", "seconds", "--value", value], more)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs `script` with the real Optuna, `db` being the file's URL. `false` if there is
/// no Optuna, which is a failure in CI.
fn optuna(db: &Path, script: &str) -> bool {
    let Some(python) = std::env::var_os("OPAH_TEST_PYTHON") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must set OPAH_TEST_PYTHON"
        );
        eprintln!("SKIPPED: OPAH_TEST_PYTHON names no Python that has Optuna 5");
        return false;
    };
    let db = db.display();
    let prelude = format!(
        "import optuna\noptuna.logging.set_verbosity(optuna.logging.ERROR)\ndb = 'sqlite:///{db}'\n"
    );
    let mut command = std::process::Command::new(python);
    let output = command.arg("-c").arg(prelude + script).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    true
}

#[test]
fn what_could_not_be_told_is_told_from_its_spool() {
    let desk = Desk::new(&["--direction", "maximize"]);
    desk.ask(&[]);
    let spool = desk.db.with_file_name("spool");
    let folder = spool.display().to_string();
    let deliver = ["tell", "--spooled", &folder];
    let missing = desk.refused(&deliver, 1);
    assert_eq!(missing, format!("error: there is no folder `{folder}`\n"));
    std::fs::create_dir(&spool).unwrap();
    let kept = |file: &str, number: u64| {
        let trial =
            json!({"record": "trial", "number": number, "state": "COMPLETE", "values": [0.25]});
        std::fs::write(spool.join(file), format!("\"demo\"\n{trial}\n")).unwrap();
    };
    kept("trial-0-a.json", 0);
    kept("trial-0-b.json", 0);
    kept("trial-7-a.json", 7);
    let (_, notes) = desk.both(&deliver);
    let refused = spool.join("trial-7-a.refused");
    let expected = format!(
        "the kept result of trial 0 is told now\nthe kept result of trial 0 had been told already\n\
warning: the kept result of trial 7 can't be told, and is left in `{}`: there is no such trial\n",
        refused.display()
    );
    assert_eq!(notes, expected);
    assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 1);
    assert!(
        desk.refused(&tell("0", &["--spooled", &folder]), 2)
            .contains("--spooled")
    );
}

#[test]
fn a_study_is_made_once() {
    let desk = Desk::new(&["--direction", "maximize"]);
    let again = ["create-study", "--study-name", "demo"];
    assert_eq!(
        desk.refused(&again, 1),
        "error: a study named `demo` exists already; load it, or choose another name\n"
    );
    let skip = joined(&again, &["--skip-if-exists"]);
    assert_eq!(desk.said(&skip), "demo\n");
    let other = joined(&skip, &["--directions", "maximize", "minimize"]);
    assert_eq!(
        desk.refused(&other, 1),
        "error: study `demo` exists, and its directions are maximize, not maximize, minimize; \
choose another --study-name\n"
    );
    assert!(desk.said(&["create-study"]).starts_with("no-name-"));
}

#[test]
fn a_trial_is_asked_for_and_told_once() {
    let desk = Desk::new(&["--direction", "maximize"]);
    let first = desk.ask(&[]);
    assert_eq!(first["number"], 0);
    assert!((0.0..=1.0).contains(&first["params"]["x"].as_f64().unwrap()));
    assert_ne!(desk.ask(&[])["params"]["x"], first["params"]["x"]);
    desk.said(&["tell", "--trial-number", "0", "--values", "-0.5"]);
    assert_eq!(
        desk.refused(&tell("0", &["--values", "1"]), 1),
        "error: trial 0 is COMPLETE; only a running trial can be told\n"
    );
    desk.said(&tell("0", &["--values", "1", "--skip-if-finished"]));
    assert_eq!(
        desk.refused(&tell("7", &["--values", "1"]), 1),
        "error: no trial 7 in this study\n"
    );
    assert_eq!(
        desk.refused(&tell("1", &["--values", "1", "2"]), 1),
        "error: the study has 1 objective(s), but 2 value(s) were told\n"
    );
    for contradiction in [
        &["--values", "1", "--state", "pruned"][..],
        &["--state", "complete"],
    ] {
        let error = desk.refused(&tell("1", contradiction), 1);
        assert!(error.contains("if it is complete, and none if"), "{error}");
    }
    assert!(
        desk.refused(&tell("1", &["--state", "done"]), 2)
            .contains("complete, pruned, fail")
    );
    assert!(desk.refused(&tell("1", &[]), 2).contains("--values"));
    desk.said(&tell("1", &["--state", "fail", "--reason", "no memory"]));
    desk.ask(&[]);
    let (_, warning) = desk.both(&tell("2", &["--values", "nan"]));
    assert!(warning.contains("the trial has failed"), "{warning}");
    let best: Value =
        serde_json::from_str(&desk.said(&["best-trial", "--format", "json"])).unwrap();
    assert_eq!(
        (&best[0]["number"], &best[0]["value"]),
        (&json!(0), &json!(-0.5))
    );
    let trials = desk.said(&["trials", "--format", "csv"]);
    assert_eq!(trials.matches(",FAIL\n").count(), 2, "{trials}");
}

#[test]
fn draws_are_the_seeds_and_without_one_the_studys() {
    let drawn = |flags: &[&str]| {
        let desk = Desk::new(&[]);
        [0, 1]
            .map(|_| desk.ask(flags))
            .map(|trial| trial.to_string())
    };
    let seeded = drawn(&["--sampler", "tpe", "--seed", "7"]);
    assert_eq!(drawn(&["--sampler", "tpe", "--seed", "7"]), seeded);
    let options = [
        "--sampler",
        "TPESampler",
        "--sampler-kwargs",
        r#"{"seed": 7}"#,
    ];
    assert_eq!(drawn(&options), seeded);
    assert_ne!(drawn(&[]), drawn(&[]));
    let desk = Desk::new(&[]);
    let refused = |flags: &[&str]| desk.refused(&joined(&["ask"], flags), 1);
    let contradiction = refused(&joined(&options, &["--seed", "8"]));
    assert!(
        contradiction.contains("--seed is 8, but the sampler's options say 7"),
        "{contradiction}"
    );
    let unknown = refused(&[
        "--sampler",
        "tpe",
        "--sampler-options",
        r#"{"multivriate": true}"#,
    ]);
    assert!(
        unknown.contains("did you mean `multivariate`?"),
        "{unknown}"
    );
    let unknown = refused(&["--sampler", "tpf"]);
    assert!(unknown.contains("did you mean `tpe`?"), "{unknown}");
}

#[test]
fn a_trial_is_printed_in_every_format() {
    let desk = Desk::new(&[]);
    let space = r#"{"n": {"type": "int", "low": 3, "high": 3}}"#;
    let ask = |flags: &[&str]| desk.said(&joined(&["ask", "--search-space", space], flags));
    assert_eq!(ask(&[]), "{\"number\": 0, \"params\": {\"n\": 3}}\n");
    assert_eq!(ask(&["--flatten"]), "{\"number\": 1, \"params_n\": 3}\n");
    assert_eq!(ask(&["-f", "yaml"]), "number: 2\nparams:\n  \"n\": 3\n");
    assert_eq!(ask(&["-f", "csv"]), "number,params_n\n3,3\n");
    assert!(ask(&["-f", "table"]).contains("params_n"));
    assert_eq!(desk.said(&["ask"]), "{\"number\": 5, \"params\": {}}\n");
}

#[test]
fn of_several_objectives_a_report_has_a_value_for_each() {
    let desk = Desk::new(&["--directions", "minimize", "maximize"]);
    let report = |number, values: &[&'static str], pruner: &[&'static str]| {
        let begin = ["report", "--trial-number", number, "--step", "1"];
        [&begin[..], values, pruner].concat()
    };
    let halving = [
        "--pruner",
        "dominance_halving",
        "--pruner-options",
        r#"{"min_resource": 1, "reduction_factor": 2}"#,
    ];
    for (number, second) in [("0", "5"), ("1", "4"), ("2", "-inf")] {
        desk.ask(&[]);
        let values = ["--value", "1", "--value", second];
        assert_eq!(desk.said(&report(number, &values, &halving)), "go on\n");
    }
    desk.ask(&[]);
    let values = ["--value", "2", "--value", "3"];
    assert_eq!(
        desk.refused(&report("3", &values[..2], &halving), 1),
        "error: the study has 2 objective(s), but 1 value(s) were told\n"
    );
    let median = desk.refused(
        &["should-prune", "--trial-number", "3", "--pruner", "median"],
        1,
    );
    assert!(
        median.contains("pruners for several are never, dominance_halving"),
        "{median}"
    );
    let assert = desk.opah(&report("3", &values, &halving)).assert().code(3);
    assert_eq!(text(&assert.get_output().stdout), "prune\n");
    assert!(
        desk.refused(&report("3", &[], &halving), 2)
            .contains("--value")
    );
}

#[test]
fn a_report_says_whether_to_go_on_by_word_and_code() {
    let desk = Desk::new(&[]);
    let pruner = [
        "--pruner",
        "median",
        "--pruner-options",
        r#"{"n_startup_trials": 1}"#,
    ];
    let report = |number, step, value| {
        let report = [
            "report",
            "--trial-number",
            number,
            "--step",
            step,
            "--value",
            value,
        ];
        joined(&report, &pruner)
    };
    desk.ask(&[]);
    assert_eq!(desk.said(&report("0", "0", "0.1")), "go on\n");
    desk.said(&["tell", "--trial-number", "0", "--values", "0.1"]);
    desk.ask(&[]);
    let assert = desk.opah(&report("1", "0", "0.9")).assert().code(3);
    assert_eq!(text(&assert.get_output().stdout), "prune\n");
    let asked = joined(
        &["should-prune", "--trial-number", "1", "-f", "json"],
        &pruner,
    );
    let assert = desk.opah(&asked).assert().code(3);
    assert_eq!(
        text(&assert.get_output().stdout),
        "{\"number\": 1, \"step\": 0, \"prune\": true}\n"
    );
    let twice = desk.refused(&report("1", "0", "-inf"), 3);
    assert!(twice.contains("step 0 was reported before"), "{twice}");
    assert_eq!(
        desk.refused(&report("1", "-1", "0"), 1),
        "error: step -1 can't be reported; steps are 0, 1, 2, …\n"
    );
    assert!(
        desk.refused(&report("0", "1", "0"), 1)
            .contains("trial 0 is COMPLETE")
    );
    assert_eq!(
        desk.refused(&report("9", "1", "0"), 1),
        "error: no trial 9 in this study\n"
    );
    desk.said(&["tell", "--trial-number", "1", "--state", "pruned"]);
    let trials = desk.said(&["trials", "-f", "csv"]);
    assert!(
        trials.lines().nth(2).unwrap().starts_with("1,0.9,"),
        "{trials}"
    );
}

#[test]
fn what_is_enqueued_comes_first() {
    let desk = Desk::new(&[]);
    let enqueue = |params: &'static str| ["enqueue", "--params", params];
    let once = |params| {
        let more = ["--skip-if-exists", "--user-attrs", r#"{"why": "a guess"}"#];
        desk.said(&joined(&enqueue(params), &more))
    };
    assert_eq!(once(r#"{"x": 0.25}"#), "0\n");
    assert_eq!(once(r#"{"x": 0.25}"#), "");
    let asked = desk.ask(&[]);
    assert_eq!(
        (&asked["number"], &asked["params"]["x"]),
        (&json!(0), &json!(0.25))
    );
    assert!(desk.said(&["trials", "-f", "csv"]).contains(",a guess,"));

    let malformed = desk.refused(&enqueue(r#"{"x" 1}"#), 1);
    assert!(
        malformed.starts_with("error: --params:1:6: "),
        "{malformed}"
    );
    assert_eq!(
        desk.refused(&enqueue(r#"{"x": 0, "x": 1}"#), 1),
        "error: --params:1:10: the key `x` is given twice\n"
    );
    assert!(
        desk.refused(&enqueue("[1]"), 1)
            .contains("must be a JSON object")
    );
    assert_eq!(
        desk.refused(&enqueue(r#"{"x": "a"}"#), 1),
        "error: parameter `x`: \"a\" is not in float(0.0, 1.0)\n"
    );
    let (number, warnings) = desk.both(&enqueue(r#"{"x": 2, "knid": "a"}"#));
    assert_eq!(number, "1\n");
    assert_eq!(
        warnings,
        "warning: `x`: 2 is not in float(0.0, 1.0); it will be used all the same\n\
         warning: no trial of the study has a parameter `knid`; did you mean `kind`?\n"
    );
    let (trial, warnings) = desk.both(&["ask", "--search-space", SPACE]);
    assert!(trial.contains("\"x\": 2.0"), "{trial}");
    assert!(
        warnings.contains("a value of `knid` was enqueued"),
        "{warnings}"
    );
}

#[test]
fn a_space_that_contradicts_the_study_costs_no_trial() {
    let desk = Desk::new(&[]);
    desk.ask(&[]);
    let asked = |space| desk.refused(&["ask", "--search-space", space], 1);
    assert!(
        asked(r#"{"x": {"type": "int", "low": 0, "high": 3}}"#)
            .starts_with("error: parameter `x` was float(0.0, 1.0) before and is int(0, 3) now")
    );
    assert!(
        asked(r#"{"x": {"type": "float", "low": 1}}"#)
            .starts_with("error: --search-space: parameter `x`: invalid distribution: `high`")
    );
    assert!(asked("@no/such.json").contains("can't read the file of --search-space, no/such.json"));
    assert_eq!(desk.ask(&[])["number"], 1);
    let finite = [
        "--sampler",
        "grid",
        "--sampler-options",
        r#"{"search_space": {"n": [1]}}"#,
    ];
    let desk = Desk::new(&[]);
    let space = [
        "ask",
        "--search-space",
        r#"{"n": {"type": "int", "low": 1, "high": 2}}"#,
    ];
    let ask = joined(&space, &finite);
    desk.said(&ask);
    assert!(desk.refused(&ask, 1).contains("nothing is left to try"));
}

#[test]
fn notes_are_kept_until_a_trial_has_finished() {
    let desk = Desk::new(&[]);
    desk.ask(&[]);
    desk.said(&set("-1.5", &[]));
    desk.said(&set("[1, \"é\"]", &["--trial-number", "0"]));
    desk.said(&["tell", "--trial-number", "0", "--values", "1"]);
    assert_eq!(
        desk.refused(&set("2", &["--trial-number", "0"]), 1),
        "error: trial 0 is COMPLETE; a finished trial can't change\n"
    );
    assert!(
        desk.refused(&set("Ada", &[]), 1)
            .starts_with("error: --value:1:1: ")
    );
    optuna(
        &desk.db,
        "study = optuna.load_study(study_name='demo', storage=db)
assert study.user_attrs == {'seconds': -1.5}
assert study.trials[0].user_attrs == {'seconds': [1, 'é']}
",
    );
}

#[test]
fn optuna_goes_on_with_what_was_asked_and_reported() {
    let desk = Desk::new(&["--direction", "maximize"]);
    let asked = [0, 1].map(|_| desk.ask(&[]));
    desk.said(&["tell", "--trial-number", "0", "--values", "0.5"]);
    desk.said(&[
        "report",
        "--trial-number",
        "1",
        "--step",
        "3",
        "--value",
        "nan",
    ]);
    desk.said(&["enqueue", "--params", r#"{"x": 0.75}"#]);
    let script = format!(
        "import math
study = optuna.load_study(study_name='demo', storage=db)
first, second, third = study.trials
assert [t.state.name for t in study.trials] == ['COMPLETE', 'RUNNING', 'WAITING']
assert first.value == 0.5 and first.params['x'] == {} and second.params['x'] == {}
assert list(second.intermediate_values) == [3] and math.isnan(second.intermediate_values[3])
study.tell(1, 0.25)
trial = study.ask({{'x': optuna.distributions.FloatDistribution(0, 1)}})
assert trial.number == 2 and trial.params == {{'x': 0.75}}
",
        asked[0]["params"]["x"], asked[1]["params"]["x"]
    );
    if !optuna(&desk.db, &script) {
        return;
    }
    // Trial 2 is Optuna's, and ends here.
    desk.said(&["tell", "--trial-number", "2", "--values", "1"]);
    assert!(optuna(
        &desk.db,
        "assert optuna.load_study(study_name='demo', storage=db).best_trial.number == 2"
    ));
}

#[test]
fn a_study_is_deleted_by_its_exact_name() {
    let desk = Desk::new(&[]);
    desk.ask(&[]);
    desk.ask(&[]);
    assert_eq!(
        desk.refused(&["delete-study", "--study-name", "dmeo"], 1),
        "error: no study is named `dmeo`; the storage holds demo; did you mean `demo`?\n"
    );
    assert!(desk.refused(&["delete-study"], 2).contains("--study-name"));
    assert_eq!(
        desk.said(&["delete-study", "--study-name", "demo"]),
        "study `demo` is deleted, and its 2 trial(s)\n"
    );
    assert_eq!(desk.said(&["studies", "-f", "json"]), "[]\n");
}

#[test]
fn what_is_believed_is_asked_for() {
    let desk = Desk::new(&[]);
    let ask = |priors: &'static str| ["ask", "--search-space", SPACE, "--priors", priors];
    let believed =
        r#"{"x": {"normal": {"mean": 0.75, "sd": 0.01}}, "kind": {"weights": {"b": 1}}}"#;
    let first: Value = serde_json::from_str(&desk.said(&ask(believed))).unwrap();
    assert_eq!(first["params"], json!({"kind": "b", "x": 0.75}));
    let refused = desk.refused(&ask(r#"{"kind": {"weights": {"c": 1}}}"#), 1);
    assert_eq!(
        refused,
        "error: in --priors: the prior of `kind`: there is no choice `c`; did you mean `a`?\n"
    );
    let refused = desk.refused(&ask(r#"{"x": {"normal": {"mean": 1, "sd": 0}}}"#), 1);
    assert!(refused.contains("`sd` = 0 must be positive"), "{refused}");
    let ignored = joined(&ask(believed), &["--sampler", "nsga2"]);
    let (_, warnings) = desk.both(&ignored);
    assert!(warnings.contains("takes no notice of priors"), "{warnings}");
}

#[test]
fn constraints_are_kept_to_and_what_excludes_everything_is_told() {
    let desk = Desk::new(&[]);
    for _ in 0..6 {
        let asked = desk.ask(&["--constraint", "x <= 0.3 and kind != 'a'"]);
        assert!(asked["params"]["x"].as_f64().unwrap() <= 0.3, "{asked}");
        assert_eq!(asked["params"]["kind"], "b");
    }
    let ask = |constraint| {
        joined(
            &["ask", "--search-space", SPACE, "--constraint"],
            &[constraint],
        )
    };
    let nothing = desk.refused(&ask("x > 2"), 1);
    assert!(
        nothing.contains("none of 10001 draws meets the constraint `x > 2`"),
        "{nothing}"
    );
    let unknown = desk.refused(&ask("kinb == 'a'"), 1);
    assert!(unknown.contains("did you mean `kind`?"), "{unknown}");
    let unread = desk.refused(&ask("x <"), 1);
    assert!(
        unread.contains("--constraint: `x <`, column 4: "),
        "{unread}"
    );
}

#[test]
fn with_reuse_the_values_of_the_earlier_trial_come_with_the_question() {
    let desk = Desk::new(&[]);
    let enqueue = ["enqueue", "--params", r#"{"x": 0.5, "kind": "a"}"#];
    desk.said(&enqueue);
    desk.said(&enqueue);
    let first = desk.ask(&["--duplicates", "reuse"]);
    assert_eq!(first.get("twin"), None);
    desk.said(&tell("0", &["--values", "2.5"]));
    let second = desk.ask(&["--duplicates", "reuse"]);
    assert_eq!(
        (&second["twin"], &second["values"]),
        (&json!(0), &json!([2.5]))
    );
}
