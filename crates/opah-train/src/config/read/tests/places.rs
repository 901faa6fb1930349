//! Where an error says that a key was written.

use super::{CONFIG, document, read_text};
use crate::config::{ExtVars, KeyPath, Location, Step, evaluate_text};

#[test]
fn keys_are_found_through_the_language_or_not_at_all() {
    let says = |text: &str| {
        let error = read_text(text).read().expect_err(text).to_string();
        let first = error.lines().next().unwrap_or_default();
        first.split(": ").next().unwrap_or_default().to_owned()
    };
    let with = |old: &str, new: &str| says(&CONFIG.replace(old, new));
    // The name is in an object that a local holds.
    let text = CONFIG
        .replace("local dim = 8;", "local dim = 8; local data = { size: 1 };")
        .replace("{ batch_size: 64 }", "data");
    assert_eq!(says(&text), "c.jsonnet:1:31");
    // A function made the object; the key stands only there.
    let text = CONFIG
        .replace(
            "local dim = 8;",
            "local dim = 8; local data(n) = { size: n };",
        )
        .replace("{ batch_size: 64 }", "data(3)");
    assert_eq!(says(&text), "c.jsonnet:1:34");
    // The right side of a sum wins; only one branch has the key.
    assert_eq!(
        with("{ batch_size: 64 }", "{ size: 1 } + { size: 2 }"),
        "c.jsonnet:23:32"
    );
    assert_eq!(
        with("{ batch_size: 64 }", "if dim == 8 then { size: 1 } else {}"),
        "c.jsonnet:23:35"
    );
    // Both branches have it, or it is computed: nobody can tell.
    assert_eq!(
        with(
            "{ batch_size: 64 }",
            "if dim == 8 then { size: 1 } else { size: 2 }"
        ),
        "c.jsonnet"
    );
    assert_eq!(
        with("{ batch_size: 64 }", "{ ['si' + 'ze']: 1 }"),
        "c.jsonnet"
    );
    assert_eq!(
        with("{ batch_size: 64 }", "std.parseJson('{\"size\": 1}')"),
        "c.jsonnet"
    );
    // Words in comments and strings are no keys; an inner object is walked into.
    let text = CONFIG.replace(
        "      embedding_dim: dim,",
        "      // num_filter: 3\n      embedding_dim: dim, num_filter: 3,",
    );
    assert_eq!(says(&text), "c.jsonnet:18:27");
}

/// Every path that leads to a value.
fn paths(value: &serde_json::Value, path: &KeyPath, found: &mut Vec<KeyPath>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (key, value) in fields {
                found.push(path.key(key.as_str()));
                paths(value, &path.key(key.as_str()), found);
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                found.push(path.index(index));
                paths(value, &path.index(index), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_of_a_plain_file_is_found_at_its_place() {
    let text = document().to_config_json();
    for text in [CONFIG, &text] {
        let document = read_text(text);
        let mut all = Vec::new();
        paths(&document.value, &KeyPath::default(), &mut all);
        assert!(all.len() > 25);
        for path in all {
            let Location::At(place) = document.location(&path) else {
                panic!("{path} is not found in {text}");
            };
            let line = text.lines().nth(place.line - 1).unwrap();
            let there: String = line
                .chars()
                .skip(place.column - 1)
                .take(place.width)
                .collect();
            match path.0.last().unwrap() {
                Step::Key(key) => assert_eq!(there.trim_matches('"'), key),
                Step::Index(_) => assert!("+-0123456789'\"".contains(&there[..1]), "{there}"),
            }
        }
    }
}

#[test]
fn keys_are_found_in_imported_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("loader.libsonnet", "{\n  size: 1,\n}");
    let text = CONFIG
        .replace(
            "local dim",
            "local loader = import 'loader.libsonnet';\nlocal dim",
        )
        .replace("{ batch_size: 64 }", "loader");
    let file = folder.path().join("c.jsonnet");
    let document = evaluate_text(&file, text.as_bytes(), &ExtVars::new()).unwrap();
    let error = document.read().unwrap_err().to_string();
    let place = folder
        .path()
        .join("loader.libsonnet:2:3: unknown key `size`");
    assert!(error.starts_with(&*place.to_string_lossy()), "{error}");
}
