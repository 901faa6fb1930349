//! What PostgreSQL's errors mean.

use postgres::error::{DbError, Severity, SqlState};

use crate::storage::server::connection::Failure;

/// Why no connection was made.
pub(super) fn not_connected(error: postgres::Error) -> Failure {
    let Some(code) = error.code() else {
        return Failure::Lost(Box::new(error));
    };
    let problem = if *code == SqlState::INVALID_PASSWORD
        || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    {
        "the server refuses the user; check the name and the password"
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        "there is no such database; make it with `createdb`, or name another"
    } else {
        return failure(error);
    };
    Failure::Refused(problem.to_owned(), Box::new(error))
}

/// What an error means for the one who asked.
pub(super) fn failure(error: postgres::Error) -> Failure {
    let Some(refusal) = error.as_db_error() else {
        let is_conversion =
            std::error::Error::source(&error).is_some_and(|source| !source.is::<std::io::Error>());
        if is_conversion && !error.is_closed() {
            return Failure::Refused("a value does not fit".to_owned(), Box::new(error));
        }
        return Failure::Lost(Box::new(error));
    };
    if is_gone(refusal) {
        return Failure::Lost(Box::new(error));
    }
    let passes = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        // Another process makes the same tables at the same time.
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::UNIQUE_VIOLATION,
    ];
    if passes.contains(refusal.code()) {
        return Failure::Again(Box::new(error));
    }
    let problem = match refusal.code().code() {
        "53100" => "the server's disk is full; free some space there".to_owned(),
        "42501" => "the user lacks a permission; ask the database's owner for it".to_owned(),
        "25006" => "the server takes no writes; name the one that does".to_owned(),
        _ => format!("the server refused: {}", refusal.message()),
    };
    Failure::Refused(problem, Box::new(error))
}

/// Whether the server ended the connection, or takes none at the moment.
fn is_gone(refusal: &DbError) -> bool {
    let is_fatal = matches!(
        refusal.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    );
    let code = refusal.code().code();
    is_fatal || code.starts_with("08") || code.starts_with("57P") || code == "53300"
}
