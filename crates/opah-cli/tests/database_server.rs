//! What is said of a database server never shows a password.
#![expect(clippy::unwrap_used, reason = "a test")]

use assert_cmd::Command;

fn opah(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("opah").unwrap();
    command.args(arguments);
    command
}

/// What was printed by a command that failed.
fn failure(command: &mut Command) -> String {
    let output = command.assert().failure().get_output().clone();
    let all = [output.stdout, output.stderr].concat();
    String::from_utf8(all).unwrap()
}

#[test]
fn no_message_shows_a_password() {
    // Nothing answers on port 1.
    for url in [
        "postgresql://me:se%3Acret@127.0.0.1:1/db",
        "postgresql+psycopg2://me:se%3Acret@127.0.0.1:1/db",
        "mysql://me:se%3Acret@127.0.0.1:1/db",
        "postgresql://me@127.0.0.1:1/db?password=se%3Acret",
        "postgresql://me:se%3Acret@127.0.0.1:nothing/db",
        "postgresql://me:se%3Acret@127.0.0.1",
    ] {
        for command in [
            opah(&["studies", "--storage", url]).env_remove("OPAH_STORAGE"),
            opah(&["studies"]).env("OPAH_STORAGE", url),
            opah(&["create-study"]).env("OPAH_STORAGE", url),
        ] {
            let message = failure(command);
            assert!(message.contains("me"), "{message}");
            assert!(!message.contains("cret"), "{message}");
        }
    }
    let url = "postgresql://me@127.0.0.1:1/db";
    let message = failure(opah(&["studies", "--storage", url]).env("PGPASSWORD", "se:cret"));
    let start = "error: postgresql://me@127.0.0.1:1/db: the server can't be reached";
    assert!(message.starts_with(start), "{message}");
    assert!(!message.contains("cret"), "{message}");
}

#[test]
fn help_does_not_show_the_environment() {
    let mut help = opah(&["studies", "--help"]);
    help.env("OPAH_STORAGE", "postgresql://me:secret@127.0.0.1/db");
    let output = help.assert().success().get_output().stdout.clone();
    let text = String::from_utf8(output).unwrap();
    assert!(text.contains("OPAH_STORAGE"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}
