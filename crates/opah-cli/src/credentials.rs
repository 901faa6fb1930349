//! Passwords of servers, from where their own clients take them.

use std::path::{Path, PathBuf};

use opah::storage::{password_in_file, with_password};

/// The storage's URL with the password that the environment has for it, if it needs one:
/// `PGPASSWORD`, or the file `PGPASSFILE` or `~/.pgpass`; `MYSQL_PWD` for MySQL;
/// `REDISCLI_AUTH` for Redis.
pub(crate) fn complete(url: &str) -> String {
    let (variable, has_file) = match url.split(['+', ':']).next() {
        Some("postgresql" | "postgres") => ("PGPASSWORD", true),
        Some("mysql" | "mariadb") => ("MYSQL_PWD", false),
        Some("redis") => ("REDISCLI_AUTH", false),
        _ => return url.to_owned(),
    };
    if let Ok(password) = std::env::var(variable) {
        return with_password(url, &password);
    }
    let file = has_file.then(password_file).flatten();
    let text = file.and_then(|path| readable(&path));
    let password = text.and_then(|text| password_in_file(&text, url));
    password.map_or_else(|| url.to_owned(), |password| with_password(url, &password))
}

fn password_file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("PGPASSFILE") {
        return Some(path.into());
    }
    Some(Path::new(&std::env::var_os("HOME")?).join(".pgpass"))
}

/// The file's text; as PostgreSQL's own client, not if others may read it too.
fn readable(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if std::fs::metadata(path).ok()?.permissions().mode() & 0o077 != 0 {
            return None;
        }
    }
    std::fs::read_to_string(path).ok()
}
