//! URLs of storages, as people see and complete them.

use std::fmt::Write as _;

/// The URL without its password, for messages.
pub fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let Some((credentials, host)) = rest[..end].rsplit_once('@') else {
        return mask_option(url);
    };
    let user = credentials.split_once(':').map(|(user, _)| user);
    let shown = user.map_or(credentials.to_owned(), |user| format!("{user}:***"));
    mask_option(&format!("{scheme}://{shown}@{host}{}", &rest[end..]))
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

/// The URL with this password, if it has a user and no password.
pub fn with_password(url: &str, password: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((user, _)) if !user.contains(':') => {
            let password = encoded(password);
            format!("{scheme}://{user}:{password}{}", &rest[user.len()..])
        }
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
    }
}
