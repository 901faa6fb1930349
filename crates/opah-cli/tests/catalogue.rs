//! Sessions with `opah samplers`, `pruners` and `evaluators`.
#![expect(clippy::unwrap_used, reason = "a test")]

use assert_cmd::Command;
use opah::importance::EVALUATORS;
use opah::pruner::PRUNERS;
use opah::sampler::SAMPLERS;
use serde_json::Value;

fn said(arguments: &[&str]) -> String {
    let mut command = Command::cargo_bin("opah").unwrap();
    let assert = command.args(arguments).assert().success();
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

#[test]
fn every_entry_is_listed_and_has_its_options_told() {
    let names = |command: &'static str| -> Vec<&str> {
        match command {
            "samplers" => SAMPLERS.iter().map(|entry| entry.name).collect(),
            "pruners" => PRUNERS.iter().map(|entry| entry.name).collect(),
            _ => EVALUATORS.iter().map(|entry| entry.name).collect(),
        }
    };
    for command in ["samplers", "pruners", "evaluators"] {
        let csv = said(&[command, "--format", "csv"]);
        assert!(csv.starts_with("name,also,summary\n"), "{csv}");
        let listed: Vec<&str> = csv.lines().skip(1).collect();
        let names = names(command);
        assert_eq!(listed.len(), names.len());
        for (line, name) in listed.iter().zip(names) {
            assert!(line.starts_with(&format!("{name},")), "{line}");
            let schema: Value =
                serde_json::from_str(&said(&[command, name, "--format", "json"])).unwrap();
            let options = said(&[command, name, "--format", "csv"]);
            let properties = schema["properties"].as_object();
            let told = options.lines().skip(1).count();
            assert_eq!(
                told,
                properties.map_or(0, serde_json::Map::len),
                "{options}"
            );
            assert!(!options.contains(",any,"), "{options}");
            said(&[command, name]);
            said(&[command, name, "--format", "yaml"]);
        }
    }
}

#[test]
fn options_stand_in_the_order_of_the_struct() {
    let csv = said(&["samplers", "TPESampler", "--format", "csv"]);
    let begins = [
        "option,type,default,about",
        "n_startup_trials,integer,10,",
        "n_ei_candidates,integer,24,",
        "seed,integer,fresh,",
        "multivariate,boolean | null,null,",
        "group,boolean,false,",
        "constant_liar,boolean,true,",
    ];
    assert_eq!(csv.lines().count(), begins.len(), "{csv}");
    for (line, begin) in csv.lines().zip(begins) {
        assert!(line.starts_with(begin), "{line}");
    }
    assert_eq!(
        said(&["pruners", "never"]),
        "the pruner `never` has no options\n"
    );
}

#[test]
fn a_misspelt_name_is_told_what_was_meant() {
    let mut command = Command::cargo_bin("opah").unwrap();
    let assert = command.args(["pruners", "hyperbnad"]).assert().code(1);
    let error = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(
        error.starts_with("error: no pruner is named `hyperbnad`, did you mean `hyperband`?"),
        "{error}"
    );
}
