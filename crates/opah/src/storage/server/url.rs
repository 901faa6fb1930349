//! Where a server is and who asks it, from a URL as SQLAlchemy and Optuna take it.

use std::fmt;

use crate::error::Error;
use crate::storage::url::{decoded, masked};

/// The kinds of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Postgres,
    MySql,
}

impl Kind {
    fn scheme(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql",
            Self::MySql => "mysql",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::MySql => 3306,
        }
    }
}

/// Whether the connection must be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    NotNeeded,
    Required,
}

/// A password, which no message and no debugging shows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(String);

impl Password {
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A database on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) kind: Kind,
    pub(super) user: String,
    pub(super) password: Option<Password>,
    /// A name, an address, or the folder of a socket.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) tls: Tls,
}

/// The kind of server that a URL names, e.g. `postgresql+psycopg2://…`; `None` if it is
/// none of these.
pub(super) fn kind(url: &str) -> Option<Kind> {
    let (scheme, _) = url.split_once("://")?;
    // The driver that Python would use makes no difference.
    let name = scheme.split_once('+').map_or(scheme, |(name, _)| name);
    match name {
        "postgresql" | "postgres" => Some(Kind::Postgres),
        "mysql" | "mariadb" => Some(Kind::MySql),
        _ => None,
    }
}

impl Server {
    /// Reads a URL of a known kind.
    pub(super) fn parse(kind: Kind, url: &str) -> Result<Self, Error> {
        let wrong = |problem: String| Error::Storage {
            store: masked(url),
            problem,
            source: None,
        };
        let (_, rest) = url.split_once("://").unwrap_or_default();
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (credentials, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (credentials, None),
        };
        let plain = |text: &str| {
            decoded(text).ok_or_else(|| wrong("a `%` must be followed by two hexadecimal digits; write `%25` for the sign itself".to_owned()))
        };
        let (host, port) = split_port(address);
        let number = |port: &str| {
            port.parse()
                .map_err(|_| wrong(format!("`{port}` is no port; ports are 1 to 65535")))
        };
        let mut server = Self {
            kind,
            user: plain(user)?,
            password: password.map(plain).transpose()?.map(Password),
            host: plain(host)?,
            port: port.map_or(Ok(kind.port()), number)?,
            database: plain(database)?,
            tls: Tls::NotNeeded,
        };
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let value = plain(value)?;
            match name {
                "host" | "unix_socket" => server.host = value,
                "port" => server.port = number(&value)?,
                "user" => server.user = value,
                "password" => server.password = Some(Password(value)),
                "sslmode" if ["disable", "allow", "prefer"].contains(&value.as_str()) => {}
                "sslmode" => server.tls = Tls::Required,
                // What only Python's drivers need.
                "charset" | "client_encoding" | "application_name" | "connect_timeout" => {}
                _ => {
                    return Err(wrong(format!(
                        "unknown option `{name}`; the options are host, port, user, password, sslmode and unix_socket"
                    )));
                }
            }
        }
        if server.host.is_empty() {
            "localhost".clone_into(&mut server.host);
        }
        let example = format!(
            "{}://user:password@host:{}/database",
            kind.scheme(),
            kind.port()
        );
        if server.user.is_empty() {
            return Err(wrong(format!(
                "the URL names no user; it looks like `{example}`"
            )));
        }
        if server.database.is_empty() {
            return Err(wrong(format!(
                "the URL names no database; it looks like `{example}`"
            )));
        }
        Ok(server)
    }

    /// The URL without its password.
    pub(super) fn describe(&self) -> String {
        format!(
            "{}://{}@{}:{}/{}",
            self.kind.scheme(),
            self.user,
            self.host,
            self.port,
            self.database
        )
    }
}

/// The password that a file of the form of PostgreSQL's `.pgpass` (its text) has for the
/// server, database and user of a URL: the first line that fits, of
/// `host:port:database:user:password` with `*` for anything. `None` if there is none, the URL
/// is not of a database server, or has a password.
pub fn password_in_file(text: &str, url: &str) -> Option<String> {
    let server = Server::parse(kind(url)?, url).ok()?;
    if server.password.is_some() {
        return None;
    }
    let port = server.port.to_string();
    // PostgreSQL's own client looks for a socket under the name of the machine itself.
    let host = if server.host.starts_with('/') {
        "localhost"
    } else {
        &server.host
    };
    let wanted = [host, &port, &server.database, &server.user];
    text.lines().find_map(|line| {
        let fields = fields(line);
        let (password, place) = fields.split_last()?;
        let fits = place.len() == wanted.len()
            && place
                .iter()
                .zip(wanted)
                .all(|(field, wanted)| field == "*" || field == wanted);
        (fits && !line.starts_with('#')).then(|| password.clone())
    })
}

/// What stands between colons; a backslash takes the meaning from the next character.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, fields.last_mut()) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(characters.next()),
            (character, Some(field)) => field.push(character),
            (_, None) => {}
        }
    }
    fields
}

/// The host and the port behind it; an address of version 6 stands in brackets.
fn split_port(address: &str) -> (&str, Option<&str>) {
    if let Some((host, port)) = address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (host, port.strip_prefix(':'));
    }
    match address.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (address, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Server, String> {
        Server::parse(kind(url).unwrap(), url).map_err(|error| error.to_string())
    }

    #[test]
    fn the_forms_that_sqlalchemy_takes() {
        let server = parse("postgresql+psycopg2://me:p%40ss:w@db.example:6000/my%20db").unwrap();
        assert_eq!(
            (server.user.as_str(), server.host.as_str(), server.port),
            ("me", "db.example", 6000)
        );
        assert_eq!(server.database, "my db");
        assert_eq!(server.password, Some(Password("p@ss:w".to_owned())));
        let server = parse("postgresql://me@/db?host=/run/postgresql&port=6001").unwrap();
        assert_eq!(
            (server.host.as_str(), server.port),
            ("/run/postgresql", 6001)
        );
        let server = parse("mysql+pymysql://me:a@b@[::1]/db?charset=utf8mb4").unwrap();
        assert_eq!((server.host.as_str(), server.port), ("::1", 3306));
        assert_eq!(server.password, Some(Password("a@b".to_owned())));
        assert_eq!(kind("sqlite:///x"), None);
        assert_eq!(kind("trial.db"), None);
    }

    #[test]
    fn a_password_is_never_shown() {
        let url = "postgresql://me:se:cr@et@host/db";
        let server = parse(url).unwrap();
        let shown = format!("{server:?} {}", server.describe());
        assert!(!shown.contains("cr@et"), "{shown}");
        let error = parse("postgresql://me:secret@host:99999/db").unwrap_err();
        assert_eq!(
            error,
            "postgresql://me:***@host:99999/db: `99999` is no port; ports are 1 to 65535"
        );
    }

    #[test]
    fn a_password_comes_from_a_file() {
        let file = "# mine\nother:*:*:me:no\nhost:5432:d\\:b:me:se\\:cret\n*:*:*:*:last\n";
        let found = |url| password_in_file(file, url);
        assert_eq!(
            found("postgresql://me@host/d:b").as_deref(),
            Some("se:cret")
        );
        assert_eq!(found("postgresql://me@host:1/db").as_deref(), Some("last"));
        assert_eq!(found("postgresql://me:own@host/db"), None);
        assert_eq!(found("sqlite:///db"), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = parse("postgresql://host/db").unwrap_err();
        assert!(error.ends_with("the URL names no user; it looks like `postgresql://user:password@host:5432/database`"), "{error}");
        let error = parse("mysql://me@host").unwrap_err();
        assert!(error.contains("names no database"), "{error}");
        let error = parse("mysql://me@host/db?ssl=1").unwrap_err();
        assert!(error.contains("unknown option `ssl`"), "{error}");
        assert!(parse("mysql://me@host/%zz").is_err());
    }
}
