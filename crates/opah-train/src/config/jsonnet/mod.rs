//! Jsonnet: from a file and external variables to JSON.
//!
//! The language is rsjsonnet's; this module gives it files, external variables and words
//! for its errors. An external variable is a file of its own that imports the value: the
//! evaluator is lazy and evaluates each value once, so the import is asked for exactly when
//! the config reads the variable, and [`Evaluation::read_ext_vars`] is exact: variables
//! mentioned in code that never runs are not in it, computed names are.

mod message;
mod nesting;
mod session;
mod spelling;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::program::Program;

use super::error::ConfigError;
use super::ext_vars::ExtVars;
use super::place::{Diagnostic, Location};
use session::Session;

/// The stack of the evaluating thread; the parser and the analysis recurse, bounded by
/// [`nesting::check`].
const STACK: usize = 64 << 20;

/// A file that took part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// As it was given or imported.
    pub(super) file: PathBuf,
    pub(super) text: Vec<u8>,
}

/// What became of a file.
#[derive(Debug)]
pub(super) struct Evaluation {
    /// The JSON; its numbers are integers where they are integral.
    pub(super) value: serde_json::Value,
    /// The external variables that were read.
    pub(super) read_ext_vars: BTreeSet<String>,
    /// The file itself, then the imported ones in the order they were asked for.
    pub(super) sources: Vec<Source>,
    /// What `std.trace` said.
    pub(super) traces: Vec<String>,
}

/// Evaluates a file's text; imports are looked for beside `file`.
pub(super) fn evaluate(
    file: &Path,
    text: &[u8],
    ext_vars: &ExtVars,
) -> Result<Evaluation, ConfigError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || evaluate_here(file, text, ext_vars))
            .map_err(|source| ConfigError::Unreadable {
                file: file.to_owned(),
                source,
            })?
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn evaluate_here(file: &Path, text: &[u8], ext_vars: &ExtVars) -> Result<Evaluation, ConfigError> {
    let arena = Arena::new();
    let mut program = Program::new(&arena);
    let mut session = Session::new(&mut program, ext_vars);
    let root = session.load(&mut program, file.to_owned(), text.to_owned())?;
    let value = match program.eval_value(&root, &mut session) {
        Ok(value) if value.is_function() => return Err(top_level_function(file)),
        Ok(value) => value,
        Err(error) => return Err(session.failed(program.span_manager(), &error, file)),
    };
    let json = program
        .manifest_json(&value, false)
        .map_err(|error| session.failed(program.span_manager(), &error, file))?;
    let value = serde_json::from_str(&json).map_err(|_| {
        let message = "the result is nested deeper than 127 levels";
        message_about(file, message.to_owned())
    })?;
    Ok(Evaluation {
        value: with_integers(value),
        read_ext_vars: session.read,
        sources: session.order,
        traces: session.traces,
    })
}

/// As Jsonnet spells numbers: without fraction where they have none, so that `1.0` and `1`
/// are the same; minus zero is zero. Numbers are doubles, so that two spellings of one, such
/// as 17 digits and all digits of a number beyond 2^53, are the same, too.
pub(super) fn with_integers(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => {
                if float >= 0.0 && float < 2f64.powi(64) {
                    (float as u64).into()
                } else if float < 0.0 && float >= -(2f64.powi(63)) {
                    (float as i64).into()
                } else {
                    Json::Number(number)
                }
            }
            _ => Json::Number(number),
        },
        Json::Array(items) => items.into_iter().map(with_integers).collect(),
        Json::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, with_integers(value)))
            .collect(),
        other => other,
    }
}

fn top_level_function(file: &Path) -> ConfigError {
    let message = "the file is a function, and there is nothing to call it with; \
        read values with `std.extVar` instead";
    message_about(file, message.to_owned())
}

fn message_about(file: &Path, message: String) -> ConfigError {
    ConfigError::Jsonnet(Box::new(Diagnostic {
        message,
        at: Location::In(file.to_owned()),
        trace: Vec::new(),
    }))
}

#[cfg(test)]
mod tests;
