//! How deep a file may nest.
//!
//! The parser recurses into objects, calls and definitions, the analysis into every
//! expression. These bounds keep both within the evaluating thread's stack, so that no file,
//! however strange, ends the process.

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::interner::StrInterner;
use rsjsonnet_lang::lexer::Lexer;
use rsjsonnet_lang::span::SpanManager;
use rsjsonnet_lang::token::{STokenKind, TokenKind};

/// Brackets inside brackets.
const DEEPEST: usize = 500;

/// Operators and keywords, each of which may be one level of an expression.
const MOST_OPERATORS: usize = 20_000;

/// Operator characters in a row, for which the lexer takes quadratic time.
const LONGEST_RUN: usize = 5_000;

/// What is wrong with a file's nesting, if anything is. What can't even be cut into tokens
/// is left to the parser to complain about.
pub(super) fn check(text: &[u8]) -> Option<String> {
    let runs = text.split(|byte| !b"!$:~+-&|^=<>*/%".contains(byte));
    if let Some(length) = runs.map(<[u8]>::len).find(|length| *length > LONGEST_RUN) {
        return Some(format!(
            "the file has {length} operators in a row, more than {LONGEST_RUN}"
        ));
    }
    let (strings, tree) = (Arena::new(), Arena::new());
    let interner = StrInterner::new();
    let mut spans = SpanManager::new();
    let (context, _) = spans.insert_source_context(text.len());
    let lexer = Lexer::new(&strings, &tree, &interner, &mut spans, context, text);
    let tokens = lexer.lex_to_eof(false).ok()?;

    let (mut depth, mut deepest, mut operators) = (0_usize, 0, 0);
    for token in &tokens {
        match token.kind {
            TokenKind::Simple(kind) => match kind {
                STokenKind::LeftBrace | STokenKind::LeftBracket | STokenKind::LeftParen => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                STokenKind::RightBrace | STokenKind::RightBracket | STokenKind::RightParen => {
                    depth = depth.saturating_sub(1);
                }
                STokenKind::Comma
                | STokenKind::Colon
                | STokenKind::Semicolon
                | STokenKind::Eq
                | STokenKind::Null
                | STokenKind::True
                | STokenKind::False => {}
                _ => operators += 1,
            },
            TokenKind::OtherOp(_) => operators += 1,
            _ => {}
        }
    }
    if deepest > DEEPEST {
        return Some(format!(
            "brackets are nested {deepest} levels deep, more than {DEEPEST}"
        ));
    }
    (operators > MOST_OPERATORS).then(|| {
        format!("the file has {operators} operators and keywords, more than {MOST_OPERATORS}")
    })
}
