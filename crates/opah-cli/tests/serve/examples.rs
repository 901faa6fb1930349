//! The programs of `examples/stdio`, run.

use std::process::{Command, Output};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/stdio");
const OPAH: &str = env!("CARGO_BIN_EXE_opah");

/// What a program prints that ends well.
fn printed(output: &Output) -> String {
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{wrong}");
    assert_eq!(wrong, "");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_python_program_drives_a_search() {
    let python = std::env::var_os("OPAH_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let script = format!("{FOLDER}/drive.py");
    let Ok(output) = Command::new(&python).args([script.as_str(), OPAH]).output() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must have {}",
            python.display()
        );
        eprintln!("SKIPPED: there is no {}", python.display());
        return;
    };
    let said = printed(&output);
    assert!(
        said.starts_with("the best of 60 trials is trial "),
        "{said}"
    );
    assert!(said.contains("'kernel': '"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_shell_script_drives_a_search() {
    let output = Command::new("sh")
        .arg(format!("{FOLDER}/drive.sh"))
        .env("OPAH", OPAH)
        .output()
        .unwrap();
    let said = printed(&output);
    assert!(
        said.starts_with("the best of 30 trials is at x = "),
        "{said}"
    );
}
