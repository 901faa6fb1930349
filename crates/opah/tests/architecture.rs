//! The invariants of ARCHITECTURE.md, checked.
#![expect(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that shows what it found"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The layer of each module of the library: `use crate::…` may point only to the
/// same or a lower one.
const LAYERS: &[(&str, u8)] = &[
    ("error", 0),
    ("json", 0),
    ("distribution", 0),
    ("math", 0),
    ("suggestion", 0),
    ("frozen_trial", 1),
    ("search_space", 1),
    ("expression", 1),
    ("transform", 1),
    ("withdrawal", 1),
    ("multi_objective", 1),
    ("storage", 2),
    ("history", 3),
    ("derived", 3),
    ("prior", 3),
    ("context", 3),
    ("registry", 3),
    ("rules", 3),
    ("sampler", 4),
    ("pruner", 4),
    ("importance", 4),
    ("plot", 4),
    ("study", 5),
    ("ask_tell", 5),
    ("queue", 5),
    ("suggest", 5),
    ("trial", 5),
    ("optimize", 5),
    ("explain", 5),
    ("warm_start", 5),
    ("correction", 5),
    ("lease", 5),
    ("spool", 5),
];

/// Pairs on layer 4 that may know each other.
const ALLOWED_PEERS: &[(&str, &str)] = &[("plot", "importance")];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The lines before the tests.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next();
    code.unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn layer(module: &str) -> u8 {
    let known = LAYERS.iter().find(|(name, _)| *name == module);
    known
        .unwrap_or_else(|| {
            panic!("`{module}` has no layer; give it one here and in ARCHITECTURE.md")
        })
        .1
}

#[test]
fn modules_of_the_library_use_only_lower_layers() {
    let src = crates().join("opah/src");
    for path in sources(&src) {
        let module = path
            .strip_prefix(&src)
            .unwrap()
            .iter()
            .next()
            .unwrap()
            .to_string_lossy();
        let module = module.trim_end_matches(".rs").to_owned();
        let is_test = path.ends_with("contract.rs")
            || path.ends_with("tests.rs")
            || path.iter().any(|part| part == "tests");
        if module == "lib" || is_test {
            continue;
        }
        for line in code(&path) {
            let Some(rest) = line.trim().strip_prefix("use crate::") else {
                continue;
            };
            let used: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let allowed = used == module
                || layer(&used) < layer(&module)
                || (layer(&used) == layer(&module) && layer(&module) != 4)
                || ALLOWED_PEERS.contains(&(module.as_str(), used.as_str()));
            assert!(
                allowed,
                "{}: `{module}` uses `{used}`; ARCHITECTURE.md: \"`use crate::` points only downward\"",
                path.display()
            );
        }
    }
}

#[test]
fn each_crate_keeps_out_what_it_exists_to_keep_out() {
    let forbidden: &[(&str, &[&str])] = &[
        (
            "opah",
            &[
                "tokio",
                "rsjsonnet-lang",
                "clap",
                "ureq",
                "pyo3",
                "opah-train",
                "opah-tune",
            ],
        ),
        ("opah-train", &["opah", "clap", "rusqlite", "tokio"]),
        ("opah-tune", &["clap", "tokio", "rsjsonnet-lang", "gemm"]),
    ];
    for (member, dependencies) in forbidden {
        let manifest = fs::read_to_string(crates().join(member).join("Cargo.toml")).unwrap();
        for dependency in *dependencies {
            let named = manifest.lines().any(|line| {
                let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
                name == *dependency && !line.contains("name")
            });
            assert!(
                !named,
                "{member} depends on {dependency}; ARCHITECTURE.md: \"a crate exists to keep something out\""
            );
        }
    }
}

#[test]
fn files_are_read_in_one_sitting() {
    let mut sizes: Vec<(usize, PathBuf)> = sources(&crates())
        .into_iter()
        .filter(|path| path.components().any(|part| part.as_os_str() == "src"))
        .filter(|path| !path.ends_with("tests.rs"))
        .map(|path| (code(&path).len(), path))
        .collect();
    sizes.sort();
    let (median, ninetieth) = (sizes[sizes.len() / 2].0, sizes[sizes.len() * 9 / 10].0);
    let (largest, path) = sizes.last().unwrap();
    eprintln!(
        "{} files; lines before tests: median {median}, 90th percentile {ninetieth}, largest {largest} ({})",
        sizes.len(),
        path.display()
    );
    assert!(median <= 160, "the median file has {median} lines");
    assert!(
        ninetieth <= 400,
        "the 90th percentile has {ninetieth} lines"
    );
    assert!(
        *largest <= 600,
        "{} has {largest} lines before its tests",
        path.display()
    );
}
