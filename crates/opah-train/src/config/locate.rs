//! From a path in the values back to the source: where a key was written.
//!
//! The way down is followed through the syntax: locals, object and list literals, imports,
//! `+`, and conditions of which only one branch has the key. Where a function or a computed
//! key stands in between, the key is still found if it is written exactly once in all files
//! and can't have come from anywhere else. Otherwise nothing is said.

use std::path::Path;

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::ast::{BinaryOp, Bind, Expr, ExprKind, Field, FieldName, Member, ObjInside};
use rsjsonnet_lang::interner::StrInterner;
use rsjsonnet_lang::lexer::Lexer;
use rsjsonnet_lang::parser::Parser;
use rsjsonnet_lang::span::{SourceId, SpanContext, SpanId, SpanManager};
use rsjsonnet_lang::token::{STokenKind, Token, TokenKind};

use super::jsonnet::Source;
use super::path::{KeyPath, Step};
use super::place::Place;

/// Names may be followed through other names so often.
const MOST_STEPS: usize = 400;

/// Where the last key (or list element) of a path is written.
pub(super) fn key(sources: &[Source], values: &[String], path: &KeyPath) -> Option<Place> {
    let last = path.0.last()?;
    let (strings, tree) = (Arena::new(), Arena::new());
    let interner = StrInterner::new();
    let mut spans = SpanManager::new();
    let mut cut_files = Vec::with_capacity(sources.len());
    let mut parsed_files = Vec::with_capacity(sources.len());
    for source in sources {
        let text = &source.text;
        let (context, id) = spans.insert_source_context(text.len());
        let lexer = Lexer::new(&strings, &tree, &interner, &mut spans, context, text);
        let tokens = lexer.lex_to_eof(false).ok()?;
        cut_files.push((source, tokens.clone()));
        let parser = Parser::new(&strings, &tree, &interner, &mut spans, tokens);
        if let Ok(root) = parser.parse_root_expr() {
            parsed_files.push(ParsedFile { source, id, root });
        }
    }
    let found = if parsed_files.len() == sources.len() {
        by_syntax(&parsed_files, path)
    } else {
        Found::Unknown
    };
    let (source, span) = match (found, last) {
        (Found::Here(span), _) => {
            let (context, ..) = spans.get_span(span);
            let SpanContext::Source(id) = spans.get_context(context);
            let file = parsed_files.iter().find(|file| file.id == *id)?;
            (file.source, span)
        }
        (Found::Absent, _) | (Found::Unknown, Step::Index(_)) => return None,
        (Found::Unknown, Step::Key(key)) => by_uniqueness(&cut_files, values, key)?,
    };
    let (_, start, end) = spans.get_span(span);
    Some(Place::new(&source.file, &source.text, start, end))
}

enum Found {
    Here(SpanId),
    /// The first key of the path is not in this object.
    Absent,
    Unknown,
}

fn by_syntax(files: &[ParsedFile<'_>], path: &KeyPath) -> Found {
    match files.first() {
        Some(first) => Walk { files }.find(&first.root, &Scope::file(first.source), &path.0, 0),
        None => Found::Unknown,
    }
}

struct ParsedFile<'a> {
    source: &'a Source,
    id: SourceId,
    root: Expr<'a, 'a>,
}

/// The names that are visible at a point: those of one `local` or object, and what is
/// around it.
struct Scope<'s, 'a> {
    file: &'a Source,
    names: Names<'a>,
    around: Option<&'s Scope<'s, 'a>>,
}

enum Names<'a> {
    None,
    Local(&'a [Bind<'a, 'a>]),
    Object(&'a [Member<'a, 'a>]),
}

impl<'s, 'a> Scope<'s, 'a> {
    fn file(file: &'a Source) -> Scope<'s, 'a> {
        Scope {
            file,
            names: Names::None,
            around: None,
        }
    }

    fn inside(&'s self, names: Names<'a>) -> Scope<'s, 'a> {
        Scope {
            file: self.file,
            names,
            around: Some(self),
        }
    }

    /// The definition of a name, and the scope it is read in. No name that a function or a
    /// `for` binds is met: neither is walked into.
    fn definition(&'s self, name: &str) -> Option<(&'a Bind<'a, 'a>, &'s Scope<'s, 'a>)> {
        let bind = match self.names {
            Names::None => None,
            Names::Local(binds) => binds.iter().find(|bind| bind.name.value.value() == name),
            Names::Object(members) => members
                .iter()
                .filter_map(|member| match member {
                    Member::Local(local) => Some(&local.bind),
                    _ => None,
                })
                .find(|bind| bind.name.value.value() == name),
        };
        match (bind, self.around) {
            (Some(bind), _) => Some((bind, self)),
            (None, Some(around)) => around.definition(name),
            (None, None) => None,
        }
    }
}

struct Walk<'w, 'a> {
    files: &'w [ParsedFile<'a>],
}

impl<'a> Walk<'_, 'a> {
    /// Where the last of `steps`, which are not empty, is written, seen from `expr`.
    fn find(
        &self,
        expr: &Expr<'a, 'a>,
        scope: &Scope<'_, 'a>,
        steps: &[Step],
        depth: usize,
    ) -> Found {
        if depth > MOST_STEPS {
            return Found::Unknown;
        }
        let find = |expr, scope: &Scope<'_, 'a>| self.find(expr, scope, steps, depth + 1);
        match expr.kind {
            ExprKind::Paren(inner) | ExprKind::Assert(_, inner) => find(inner, scope),
            ExprKind::Local(binds, body) => find(body, &scope.inside(Names::Local(binds))),
            ExprKind::Ident(name) => match scope.definition(name.value.value()) {
                Some((bind, scope)) if bind.params.is_none() => find(&bind.value, scope),
                _ => Found::Unknown,
            },
            ExprKind::Field(base, name) => {
                let mut longer = vec![Step::Key(name.value.value().to_owned())];
                longer.extend_from_slice(steps);
                match self.find(base, scope, &longer, depth + 1) {
                    Found::Here(span) => Found::Here(span),
                    _ => Found::Unknown,
                }
            }
            ExprKind::Import(path) => match (&path.kind, scope.file.file.parent()) {
                (ExprKind::String(path), folder) => {
                    let file = folder.unwrap_or(Path::new("")).join(path);
                    match self.files.iter().find(|parsed| parsed.source.file == file) {
                        Some(parsed) => find(&parsed.root, &Scope::file(parsed.source)),
                        None => Found::Unknown,
                    }
                }
                _ => Found::Unknown,
            },
            ExprKind::If(_, then, otherwise) => {
                let otherwise = match otherwise {
                    Some(otherwise) => find(otherwise, scope),
                    None => Found::Absent,
                };
                match (find(then, scope), otherwise) {
                    (Found::Here(span), Found::Absent) | (Found::Absent, Found::Here(span)) => {
                        Found::Here(span)
                    }
                    (Found::Absent, Found::Absent) => Found::Absent,
                    _ => Found::Unknown,
                }
            }
            ExprKind::Binary(left, BinaryOp::Add, right) if is_key(steps) => {
                match find(right, scope) {
                    Found::Absent => find(left, scope),
                    found => found,
                }
            }
            ExprKind::ObjExt(left, inside, _) if is_key(steps) => {
                match self.in_object(&inside, scope, steps, depth) {
                    Found::Absent => find(left, scope),
                    found => found,
                }
            }
            ExprKind::Object(inside) => self.in_object(&inside, scope, steps, depth),
            ExprKind::Array(items) => match steps.split_first() {
                Some((Step::Index(index), rest)) => match items.get(*index) {
                    Some(item) if rest.is_empty() => Found::Here(item.span),
                    Some(item) => self.find(item, scope, rest, depth + 1),
                    None => Found::Absent,
                },
                _ => Found::Unknown,
            },
            ExprKind::Null | ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String(_) => {
                Found::Absent
            }
            _ => Found::Unknown,
        }
    }

    fn in_object(
        &self,
        inside: &ObjInside<'a, 'a>,
        scope: &Scope<'_, 'a>,
        steps: &[Step],
        depth: usize,
    ) -> Found {
        let (ObjInside::Members(members), Some((Step::Key(key), rest))) =
            (inside, steps.split_first())
        else {
            return Found::Unknown;
        };
        let mut computed = false;
        for member in *members {
            let Member::Field(field) = member else {
                continue;
            };
            let (name, span) = match field.name() {
                FieldName::Ident(name) => (name.value.value(), name.span),
                FieldName::String(name, span) => (name.value(), *span),
                FieldName::Expr(..) => {
                    computed = true;
                    continue;
                }
            };
            if name != key {
                continue;
            }
            if rest.is_empty() {
                return Found::Here(span);
            }
            return match field {
                Field::Value(.., value) => {
                    let scope = scope.inside(Names::Object(members));
                    match self.find(value, &scope, rest, depth + 1) {
                        Found::Here(span) => Found::Here(span),
                        // The first key is there, so the path is not absent; with `+:`
                        // its rest may stand in the object that is extended.
                        _ => Found::Unknown,
                    }
                }
                Field::Func(..) => Found::Unknown,
            };
        }
        if computed {
            Found::Unknown
        } else {
            Found::Absent
        }
    }
}

fn is_key(steps: &[Step]) -> bool {
    matches!(steps.first(), Some(Step::Key(_)))
}

/// The only place where `key` is written as a key, if keys come from nowhere else: no
/// computed names, no files imported as text, no string with the key in it, neither in the
/// files nor in the external variables.
fn by_uniqueness<'a>(
    files: &[(&'a Source, Vec<Token<'_, '_>>)],
    values: &[String],
    key: &str,
) -> Option<(&'a Source, SpanId)> {
    if values.iter().any(|value| value.contains(key)) {
        return None;
    }
    let mut places = Vec::new();
    for (source, tokens) in files {
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| tokens[at].kind);
            let names_a_field = tokens.get(at + 1).is_some_and(|next| is_colon(&next.kind))
                && matches!(
                    before,
                    Some(TokenKind::Simple(STokenKind::LeftBrace | STokenKind::Comma))
                );
            match token.kind {
                TokenKind::Ident(name) if names_a_field && name.value() == key => {
                    places.push((*source, token.span));
                }
                TokenKind::String(text) if names_a_field && text == key => {
                    places.push((*source, token.span));
                }
                TokenKind::String(text) if names_a_field && text != key => {}
                TokenKind::String(text) | TokenKind::TextBlock(text) if text.contains(key) => {
                    return None;
                }
                TokenKind::Simple(STokenKind::Importstr | STokenKind::Importbin) => return None,
                TokenKind::Simple(STokenKind::RightBracket)
                    if tokens.get(at + 1).is_some_and(|next| is_colon(&next.kind)) =>
                {
                    return None;
                }
                _ => {}
            }
        }
    }
    match places.as_slice() {
        [_] => places.pop(),
        _ => None,
    }
}

fn is_colon(kind: &TokenKind<'_, '_>) -> bool {
    matches!(
        kind,
        TokenKind::Simple(
            STokenKind::Colon
                | STokenKind::ColonColon
                | STokenKind::ColonColonColon
                | STokenKind::PlusColon
                | STokenKind::PlusColonColon
                | STokenKind::PlusColonColonColon
        )
    )
}
