//! A session with `opah prepare-imdb` on a tiny unpacked archive.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;

/// Runs the command on `aclImdb` and gives its exit code, standard output and error.
fn prepare(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("opah")
        .unwrap()
        .current_dir(folder)
        .arg("prepare-imdb")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn an_unpacked_archive_becomes_two_files() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..10 {
        for (label, rating) in [("pos", 9), ("neg", 2)] {
            let path = folder.path().join("aclImdb/train").join(label);
            fs::create_dir_all(&path).unwrap();
            let text = format!("{label} {number}");
            fs::write(path.join(format!("{number}_{rating}.txt")), text).unwrap();
        }
    }
    let (code, stdout, stderr) = prepare(folder.path(), &["aclImdb", "out"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(
        stdout,
        "out/train.jsonl: 16 reviews\n\
         out/dev.jsonl: 4 reviews\n\
         note: the official training part has 25000 labelled reviews; this has 20\n\
         To train on them: opah train CONFIG -s DIR --set train_data_path=out/train.jsonl --set validation_data_path=out/dev.jsonl\n"
    );
    let train = fs::read_to_string(folder.path().join("out/train.jsonl")).unwrap();
    assert_eq!(train.lines().count(), 16);

    let (code, stdout, stderr) = prepare(folder.path(), &["aclImdb", "out"]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert_eq!(
        stderr,
        "error: `out/train.jsonl` exists already; choose another folder or remove it\n"
    );
    let (code, _, stderr) = prepare(folder.path(), &["absent.tar.gz", "other"]);
    assert_eq!(code, 1);
    assert_eq!(stderr, "error: there is no file `absent.tar.gz`\n");
    assert!(!folder.path().join("other").exists());
}
