//! What is wrong with an expression, and where.

use std::borrow::Cow;

use super::syntax::Node;

pub(super) type Result<T> = std::result::Result<T, ExpressionError>;

/// A message quotes no more characters of an expression.
const MAX_QUOTED: usize = 80;

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}`, column {column}: {problem}", excerpt(.expression))]
pub struct ExpressionError {
    /// The whole expression.
    pub expression: String,
    /// The place, in characters from 1; one more than there are if something is missing at
    /// the end.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl ExpressionError {
    /// A problem at a byte of the text.
    pub(super) fn new(text: &str, at: usize, problem: impl Into<String>) -> Self {
        let before = text.char_indices().take_while(|(byte, _)| *byte < at);
        Self {
            expression: text.to_owned(),
            column: before.count() + 1,
            problem: problem.into(),
        }
    }

    /// An operand that is `kind`, where `operator` takes `wanted`.
    pub(super) fn wrong_kind(
        text: &str,
        operand: &Node,
        kind: &str,
        operator: &str,
        wanted: &str,
    ) -> Self {
        let problem = format!(
            "`{}` is {kind}; `{operator}` takes {wanted}",
            excerpt(operand.source(text))
        );
        Self::new(text, operand.span.start, problem)
    }

    /// An expression that is `kind` as a whole.
    pub(super) fn no_condition(text: &str, kind: &str) -> Self {
        let problem = format!(
            "the expression is {kind}, not a condition; compare it with something, as in `lr <= 0.5`"
        );
        Self::new(text, 0, problem)
    }
}

/// The text, or its beginning if it is long.
pub(super) fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}
