//! URLs of storages, as people see and complete them.

use std::fmt::Write as _;

/// The URL without its password, for messages.
pub fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let mut end = authority_end(rest);
    // A password may have a `/` that ought to be `%2F`.
    if let Some(at) = rest.rfind('@')
        && at > end
        && rest[..end].contains(':')
    {
        end = at + authority_end(&rest[at..]);
    }
    let Some((credentials, host)) = rest[..end].rsplit_once('@') else {
        return mask_option(url);
    };
    let user = credentials.split_once(':').map(|(user, _)| user);
    let shown = user.map_or(credentials.to_owned(), |user| format!("{user}:***"));
    mask_option(&format!("{scheme}://{shown}@{host}{}", &rest[end..]))
}

/// A text, such as a word of a command, without the passwords of the URLs in it.
pub fn masked_in(text: &str) -> String {
    let ends = |letter: char| letter.is_whitespace() || "'\";".contains(letter);
    text.split_inclusive(ends).map(masked).collect()
}

/// Where user, password, host and port end.
fn authority_end(rest: &str) -> usize {
    rest.find(['/', '?']).unwrap_or(rest.len())
}

/// The same without what follows `password=`.
fn mask_option(url: &str) -> String {
    let Some(at) = url.find("password=") else {
        return url.to_owned();
    };
    let value = &url[at..];
    let end = value.find('&').unwrap_or(value.len());
    format!("{}password=***{}", &url[..at], &value[end..])
}

/// The URL with this password, if it has a user and no password; of Redis, which has a password
/// without a user, if it has none.
pub fn with_password(url: &str, password: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let password = encoded(password);
    match rest[..authority_end(rest)].rsplit_once('@') {
        Some((user, _)) if !user.contains(':') => {
            format!("{scheme}://{user}:{password}{}", &rest[user.len()..])
        }
        None if scheme == "redis" => format!("{scheme}://:{password}@{rest}"),
        _ => url.to_owned(),
    }
}

/// The text with `%XX` for all but letters and digits.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            // Writing to a text can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The text that `%XX` stand for; `None` if they don't.
#[cfg(any(feature = "postgres", feature = "mysql", feature = "redis"))]
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push((high * 16 + low) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked() {
        let url = "postgresql://me:se:cr@et@host/db";
        assert_eq!(masked(url), "postgresql://me:***@host/db");
        assert_eq!(
            masked("mysql://me@h/d?password=secret&port=1"),
            "mysql://me@h/d?password=***&port=1"
        );
        assert_eq!(masked("sqlite:///a@b.db"), "sqlite:///a@b.db");
        assert_eq!(
            masked("--storage=mysql://me:x@h/d"),
            "--storage=mysql://me:***@h/d"
        );
        assert_eq!(masked("redis://:se/c?r@h/0"), "redis://:***@h/0");
        assert_eq!(masked("redis://h:6379/0"), "redis://h:6379/0");
    }

    #[test]
    fn passwords_are_masked_in_every_url_of_a_text() {
        let script = "curl http://x/y; train --db 'mysql://u:p@h/d' --to redis://:s@h";
        assert_eq!(
            masked_in(script),
            "curl http://x/y; train --db 'mysql://u:***@h/d' --to redis://:***@h"
        );
    }

    #[test]
    fn a_password_is_added_to_a_user() {
        let url = "postgresql://me@host/db?port=1";
        let with = with_password(url, "a@b:é");
        assert_eq!(with, "postgresql://me:a%40b%3A%C3%A9@host/db?port=1");
        assert_eq!(with_password(&with, "other"), with);
        assert_eq!(with_password("sqlite:///a@b.db", "x"), "sqlite:///a@b.db");
        assert_eq!(
            with_password("postgresql://host/db", "x"),
            "postgresql://host/db"
        );
        assert_eq!(with_password("redis://host/0", "x"), "redis://:x@host/0");
        assert_eq!(with_password("redis://me@host", "x"), "redis://me:x@host");
        assert_eq!(with_password("redis://:y@host", "x"), "redis://:y@host");
    }
}
