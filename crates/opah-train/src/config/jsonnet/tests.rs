//! The language, and what it says when it refuses.

use std::fs;

use serde_json::json;

use super::*;

fn value(text: &str) -> serde_json::Value {
    let given: ExtVars = [("n", "128"), ("x", "1e-05")].into_iter().collect();
    match evaluate(Path::new("f.jsonnet"), text.as_bytes(), &given) {
        Ok(evaluation) => evaluation.value,
        Err(error) => panic!("{error}"),
    }
}

fn message(text: &str) -> String {
    let given: ExtVars = [("embeding_dim", "128"), ("x", "True"), ("y", "1e3")]
        .into_iter()
        .collect();
    evaluate(Path::new("f.jsonnet"), text.as_bytes(), &given)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_chapters_functions_and_number_spellings() {
    // Measured with the reference implementation 0.22; `reference/allennlp.md` 1.2.
    assert_eq!(value("std.parseInt(std.extVar('n'))"), json!(128));
    assert_eq!(value("std.parseJson(std.extVar('x'))"), json!(1e-5));
    assert_eq!(value("std.parseJson(' 3 ')"), json!(3));
    assert_eq!(value("std.range(2, 2)"), json!([2]));
    assert_eq!(value("std.range(2, 1)"), json!([]));
    assert_eq!(value("std.range(2, 6)"), json!([2, 3, 4, 5, 6]));
    assert_eq!(
        value("[1.0, 1e20, -0.0, 5e-3]").to_string(),
        "[1,1e+20,0,0.005]"
    );
}

fn messages(texts: &[&str]) -> String {
    let blocks: Vec<String> = texts
        .iter()
        .map(|text| format!("# {text}\n{}\n", message(text)))
        .collect();
    blocks.join("\n")
}

#[test]
fn external_variables_that_are_missing_or_misspelt() {
    insta::assert_snapshot!(messages(&[
        "local d = std.parseInt(std.extVar('embedding_dim'));\n{ a: { b: d } }",
        "{ lr: std.extVar('learning_rate') }",
        "std.extVar(1)",
    ]));
}

#[test]
fn external_variables_that_do_not_parse() {
    insta::assert_snapshot!(messages(&[
        "{ x: std.parseJson(std.extVar('x')) }",
        "{ n: std.parseInt(std.extVar('x')) }",
        "{ n: std.parseInt(std.extVar('y')) }",
        "std.parseInt('128.0')",
        "std.parseInt('+5')",
        "std.parseInt(' 5')",
        "std.parseInt('')",
        "std.parseJson('NaN')",
        "std.parseJson('')",
        "std.parseJson('1e')",
    ]));
}

#[test]
fn what_is_no_jsonnet() {
    insta::assert_snapshot!(messages(&[
        "{\n  a: 1\n  b: 2,\n}",
        "{ a: 'text }",
        "{ a: 1",
        "",
        "{ a: 1, a: 2 }",
        "{ a: b }",
        "{ a: 012 }",
        "{ a: 1 } }",
        "local a = 1, a = 2; a",
        "{ a: 1 } /* no end",
        "{ a: § }",
        "import 'x' + 'y'",
        "self.a",
    ]));
}

#[test]
fn what_goes_wrong_while_evaluating() {
    insta::assert_snapshot!(messages(&[
        "{ a: 1 / 0 }",
        "{ a: 1e308 * 10 }",
        "{ a: 'x' - 1 }",
        "local f(x, y) = x; { a: f(1) }",
        "function(lr) { lr: lr }",
        "{ a: function(x) x }",
        "{ assert self.a > 1 : 'a is too small', a: 1 }",
        "{ a: error 'on purpose' }",
        "{ a: {}.b }",
        "{ a: [1][1] }",
        "{ a: if 1 then 2 }",
        "{ a: import 'nowhere.libsonnet' }",
        "local a = a; a",
        "std.range('2', 3)",
    ]));
}

#[test]
fn endless_and_deep_files_end_with_an_error() {
    let endless = [
        "local f(n) = 1 + f(n + 1); f(0)".to_owned(),
        "local a = { b: a }; a".to_owned(),
        "[".repeat(100_000),
        format!("{}1{}", "{ a: ".repeat(100_000), "}".repeat(100_000)),
        format!("{}1{}", "(".repeat(499), ")".repeat(499)),
        format!("{}1{}", "[".repeat(200), "]".repeat(200)),
        "local a = 1; ".repeat(100_000),
        format!("{}1", "-".repeat(100_000)),
        format!("1{}", " + 1".repeat(100_000)),
    ];
    for text in endless {
        let start: String = text.chars().take(40).collect();
        let result = evaluate(Path::new("f"), text.as_bytes(), &ExtVars::new());
        match result {
            Ok(evaluation) => assert_eq!(evaluation.value, json!(1), "{start}"),
            Err(error) => assert!(error.to_string().len() < 3000, "{start}"),
        }
    }
}

#[test]
fn the_deepest_allowed_files_fit_the_stack() {
    for text in [
        format!("{}1", "local a = 1; ".repeat(20_000)),
        format!("{}1", "- ".repeat(20_000)),
        format!("1{}", " + 1".repeat(20_000)),
        format!("{}1", "if true then ".repeat(10_000)),
        format!("local f(x) = x; {}1{}", "f(".repeat(200), ")".repeat(200)),
        format!("{}1{}", "{ a: ".repeat(100), "}".repeat(100)),
    ] {
        let result = evaluate(Path::new("f"), text.as_bytes(), &ExtVars::new());
        assert!(result.is_ok(), "{}", result.unwrap_err());
    }
}

#[test]
fn only_variables_that_are_read_count_as_read() {
    let given: ExtVars = ["a", "b", "c", "d"]
        .map(|name| (name, "1"))
        .into_iter()
        .collect();
    let text = "local unused = std.extVar('a');
        local branch = if true then std.extVar('b') else std.extVar('c');
        { x: branch, y:: std.extVar('c'), z: std.extVar('ab'[0:1] + '') + std.extVar('b') }";
    let evaluation = evaluate(Path::new("f"), text.as_bytes(), &given).unwrap();
    assert_eq!(evaluation.value, json!({"x": "1", "z": "11"}));
    assert_eq!(
        evaluation.read_ext_vars,
        ["a", "b"].map(str::to_owned).into()
    );
}

#[test]
fn unread_missing_variables_are_no_error() {
    assert_eq!(value("local unused = std.extVar('nowhere'); 1"), json!(1));
}

#[test]
fn imports_are_looked_for_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("parts")).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "parts/model.libsonnet",
        "{ dims: import 'dims.json', text: importstr 'text.txt' }",
    );
    write("parts/dims.json", "[1, 2]");
    write("parts/text.txt", "words");
    write("parts/broken.libsonnet", "{\n  a: ,\n}");
    let file = folder.path().join("config.jsonnet");
    let run = |text: &str| evaluate(&file, text.as_bytes(), &ExtVars::new());

    let evaluation = run("import 'parts/model.libsonnet'").unwrap();
    assert_eq!(evaluation.value, json!({"dims": [1, 2], "text": "words"}));
    assert_eq!(evaluation.sources.len(), 3);

    let error = run("{ a: import 'parts/broken.libsonnet' }")
        .unwrap_err()
        .to_string();
    let error = error.replace(&*folder.path().to_string_lossy(), "…");
    insta::assert_snapshot!(error);
}

#[test]
fn what_stdtrace_says_is_kept() {
    let evaluation = evaluate(
        Path::new("f"),
        b"{ a: std.trace('here', 1) }",
        &ExtVars::new(),
    );
    assert_eq!(evaluation.unwrap().traces, ["f:1:6: here"]);
}

#[test]
fn names_of_variables_may_be_anything() {
    let given = ExtVars::new().with("it's \"a\" \\name\n", "1");
    let text = "std.extVar('it\\'s \"a\" \\\\name\\n')";
    let evaluation = evaluate(Path::new("f"), text.as_bytes(), &given).unwrap();
    assert_eq!(evaluation.value, json!("1"));
    assert_eq!(evaluation.read_ext_vars.len(), 1);
}

#[test]
fn no_text_ends_the_process() {
    proptest::proptest!(|(text in "[\\[\\]{}():,;+=a'\"|\n \\\\§0-9.e/*-]{0,40}")| {
        let _ = evaluate(Path::new("f"), text.as_bytes(), &ExtVars::new());
    });
    proptest::proptest!(|(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40))| {
        let _ = evaluate(Path::new("f"), &bytes, &ExtVars::new());
    });
}
