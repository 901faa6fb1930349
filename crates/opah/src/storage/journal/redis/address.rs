//! Where a Redis server is, and which keys are the journal's, from a URL as Optuna takes it.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _};

use crate::error::{Error, Result};
use crate::storage::url::{decoded, masked};

/// A journal's place, from `redis://user:password@host:6379/0?prefix=name`.
pub(super) struct Address {
    pub(super) server: ConnectionInfo,
    /// What its keys begin with; Optuna's is empty by default.
    pub(super) prefix: String,
    /// The URL without its password.
    pub(super) shown: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self> {
        let wrong = |problem: String| Error::Storage {
            store: masked(url),
            problem,
            source: None,
        };
        if url.starts_with("rediss://") {
            return Err(wrong("encrypted connections to Redis are not built in; go through a tunnel, such as stunnel, and name its end, as in `redis://localhost:6379/0`".to_owned()));
        }
        let (place, options) = url.split_once('?').unwrap_or((url, ""));
        let mut prefix = String::new();
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            if name != "prefix" {
                return Err(wrong(format!(
                    "unknown option `{name}`; the only option is prefix, which Optuna's `JournalRedisBackend` has too"
                )));
            }
            prefix = decoded(value).ok_or_else(|| {
                wrong("a `%` must be followed by two hexadecimal digits; write `%25` for the sign itself".to_owned())
            })?;
        }
        let server = place.into_connection_info().map_err(|_| {
            wrong("this is no URL of a Redis server, which looks like `redis://user:password@host:6379/0`; signs other than letters and digits in a password are written `%XX`".to_owned())
        })?;
        let host = match server.addr() {
            ConnectionAddr::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
            other => other.to_string(),
        };
        let settings = server.redis_settings();
        let user = settings.username().map(|user| format!("{user}@"));
        let user = user.unwrap_or_default();
        let mut shown = format!("redis://{user}{host}/{}", settings.db());
        if !prefix.is_empty() {
            shown += "?prefix=";
            shown += &prefix;
        }
        Ok(Self {
            server,
            prefix,
            shown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(url: &str) -> String {
        Address::parse(url).err().unwrap().to_string()
    }

    #[test]
    fn the_forms_that_optuna_takes() {
        for (url, shown) in [
            ("redis://localhost", "redis://localhost:6379/0"),
            (
                "redis://:s%40cret@db.example:7000/3",
                "redis://db.example:7000/3",
            ),
            ("redis://me:secret@[::1]/", "redis://me@[::1]:6379/0"),
            ("redis://h/1?prefix=a%20b", "redis://h:6379/1?prefix=a b"),
        ] {
            assert_eq!(Address::parse(url).unwrap().shown, shown);
        }
        let address = Address::parse("redis://me:s%40cret@h/1?prefix=team").unwrap();
        let settings = address.server.redis_settings();
        assert_eq!(
            (settings.username(), settings.password(), settings.db()),
            (Some("me"), Some("s@cret"), 1)
        );
        assert_eq!(address.prefix, "team");
    }

    #[test]
    fn what_is_wrong_is_named_without_the_password() {
        let encrypted = error("rediss://:secret@host/0");
        assert!(
            encrypted.starts_with("rediss://:***@host/0: encrypted connections"),
            "{encrypted}"
        );
        for url in [
            "redis://:sec/ret@host/0",
            "redis://:secret@host:99999/0",
            "redis://:secret@host/zero",
            "redis://",
        ] {
            let error = error(url);
            assert!(
                error.contains(": this is no URL of a Redis server"),
                "{error}"
            );
            assert!(!error.contains("sec"), "{error}");
        }
        assert!(error("redis://host?db=1").contains("unknown option `db`"));
        assert!(error("redis://host?prefix=%zz").contains("hexadecimal"));
    }
}
