//! What is said of a database server never shows a password.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::Read;
use std::net::TcpListener;
use std::thread;

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
        "redis://me:se%3Acret@127.0.0.1:1/0",
        "redis://me:se/cret@127.0.0.1:1/0",
        "rediss://me:se%3Acret@127.0.0.1:1/0",
    ] {
        for command in [
            opah(&["studies", "--storage", url]).env_remove("OPAH_STORAGE"),
            opah(&["studies"]).env("OPAH_STORAGE", url),
            opah(&["create-study"]).env("OPAH_STORAGE", url),
            opah(&["storage", "info"]).env("OPAH_STORAGE", url),
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
fn redis_hears_the_password_of_the_environment() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/0", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut bytes = [0; 256];
        let (mut client, _) = listener.accept().unwrap();
        let n_bytes = client.read(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..n_bytes]).into_owned()
    });
    let mut command = opah(&["storage", "info", &url]);
    let message = failure(command.env("REDISCLI_AUTH", "se:cret"));
    assert!(!message.contains("cret"), "{message}");
    let heard = server.join().unwrap();
    assert!(heard.contains("AUTH\r\n$7\r\nse:cret\r\n"), "{heard}");
}

#[test]
fn help_does_not_show_the_environment() {
    for mut help in [
        opah(&["studies", "--help"]),
        opah(&["storage", "info", "--help"]),
    ] {
        help.env("OPAH_STORAGE", "postgresql://me:secret@127.0.0.1/db");
        let output = help.assert().success().get_output().stdout.clone();
        let text = String::from_utf8(output).unwrap();
        assert!(text.contains("OPAH_STORAGE"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
