//! Tokens become a tree, by recursive descent; one function for each rank of operators:
//!
//! ```text
//! disjunction = conjunction { "or" conjunction }
//! conjunction = negation { "and" negation }
//! negation    = "not" negation | comparison
//! comparison  = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=") sum } | sum ["not"] "in" list
//! sum         = product { ("+" | "-") product }
//! product     = sign { ("*" | "/" | "%") sign }
//! sign        = "-" sign | power
//! power       = atom [ "**" sign ]
//! atom        = number | text | "true" | "false" | "null" | parameter
//!             | function "(" disjunction { "," disjunction } ")" | "(" disjunction ")"
//! list        = "[" [ disjunction { "," disjunction } ] "]"
//! ```

use std::collections::BTreeSet;

use super::error::{ExpressionError, Result, excerpt};
use super::lexer::{Token, TokenKind, tokens};
use super::operator::{
    Arithmetic, COMPARISONS, FUNCTIONS, Function, Operator, POWERS, PRODUCTS, SUMS,
};
use super::syntax::{Form, Node};
use super::value::Value;
use crate::suggestion::{did_you_mean, nearest};

/// In characters.
const MAX_LENGTH: usize = 10_000;

/// How many brackets, signs, `not` and `**` may stand within one another.
const MAX_DEPTH: usize = 64;

const A_VALUE: &str = "a value (a number, a text in quotes, a parameter, a function or `(`)";

/// The tree, and the names of its parameters.
pub(super) fn parse(text: &str) -> Result<(Node, BTreeSet<String>)> {
    if let Some((at, _)) = text.char_indices().nth(MAX_LENGTH) {
        let problem = format!("the expression has more than {MAX_LENGTH} characters");
        return Err(ExpressionError::new(text, at, problem));
    }
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
        names: BTreeSet::new(),
    };
    let root = parser.disjunction()?;
    if parser.peek().kind != TokenKind::End {
        return Err(parser.unexpected("the end or an operator, such as `and`,"));
    }
    Ok((root, parser.names))
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    /// The token that is read next; never beyond the end.
    at: usize,
    depth: usize,
    names: BTreeSet<String>,
}

impl<'t> Parser<'t> {
    fn disjunction(&mut self) -> Result<Node> {
        self.joined("or", Self::conjunction, Form::Or)
    }

    fn conjunction(&mut self) -> Result<Node> {
        self.joined("and", Self::negation, Form::And)
    }

    /// Parts with a word between them, or the only part.
    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Node>,
        form: fn(Vec<Node>) -> Form,
    ) -> Result<Node> {
        let start = self.peek().span.start;
        let first = part(self)?;
        if !self.is_next(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.takes(word) {
            parts.push(part(self)?);
        }
        Ok(self.node(start, form(parts)))
    }

    fn negation(&mut self) -> Result<Node> {
        let start = self.peek().span.start;
        if !self.takes("not") {
            return self.comparison();
        }
        let operand = self.deeper(Self::negation)?;
        Ok(self.node(start, Form::Not(Box::new(operand))))
    }

    fn comparison(&mut self) -> Result<Node> {
        let start = self.peek().span.start;
        let first = self.sum()?;
        let is_excluded = self.takes("not");
        if is_excluded || self.is_next("in") {
            let list = self.list()?;
            let within = self.node(start, Form::In(Box::new(first), list));
            return Ok(if is_excluded {
                self.node(start, Form::Not(Box::new(within)))
            } else {
                within
            });
        }
        let mut others = Vec::new();
        while let Some(comparison) = self.operator(&COMPARISONS) {
            others.push((comparison, self.sum()?));
        }
        Ok(if others.is_empty() {
            first
        } else {
            self.node(start, Form::Compare(Box::new(first), others))
        })
    }

    /// `in` and what follows.
    fn list(&mut self) -> Result<Vec<Node>> {
        if !self.takes("in") {
            return Err(self.unexpected("`in`"));
        }
        if !self.is_next("[") {
            return Err(self.unexpected("a list such as `[1, 2]`"));
        }
        self.items("]")
    }

    fn sum(&mut self) -> Result<Node> {
        self.computed(&SUMS, Self::product)
    }

    fn product(&mut self) -> Result<Node> {
        self.computed(&PRODUCTS, Self::sign)
    }

    /// Parts with operators of one rank between them, or the only part.
    fn computed(
        &mut self,
        operators: &'static [Operator<Arithmetic>],
        part: fn(&mut Self) -> Result<Node>,
    ) -> Result<Node> {
        let start = self.peek().span.start;
        let first = part(self)?;
        let mut others = Vec::new();
        while let Some(operator) = self.operator(operators) {
            others.push((operator, part(self)?));
        }
        Ok(if others.is_empty() {
            first
        } else {
            self.node(start, Form::Compute(Box::new(first), others))
        })
    }

    fn sign(&mut self) -> Result<Node> {
        let start = self.peek().span.start;
        if !self.takes("-") {
            return self.power();
        }
        let operand = self.deeper(Self::sign)?;
        Ok(self.node(start, Form::Negative(Box::new(operand))))
    }

    fn power(&mut self) -> Result<Node> {
        let start = self.peek().span.start;
        let base = self.atom()?;
        let Some(operator) = self.operator(&POWERS) else {
            return Ok(base);
        };
        let exponent = self.deeper(Self::sign)?;
        let form = Form::Compute(Box::new(base), vec![(operator, exponent)]);
        Ok(self.node(start, form))
    }

    fn atom(&mut self) -> Result<Node> {
        let Token { kind, span } = self.peek().clone();
        let form = match kind {
            TokenKind::Number(number) => Form::Constant(Value::Number(number)),
            TokenKind::Text(text) => Form::Constant(Value::Text(text)),
            TokenKind::Symbol("true") => Form::Constant(Value::Truth(true)),
            TokenKind::Symbol("false") => Form::Constant(Value::Truth(false)),
            TokenKind::Symbol("null") => Form::Constant(Value::Null),
            TokenKind::Symbol("(") => return self.parenthesized(),
            TokenKind::Symbol("not") => {
                let problem = "`not` binds less than what stands before it; put it in parentheses with what it negates";
                return Err(self.error(problem));
            }
            TokenKind::Name(name) if self.is_function() => return self.call(name),
            TokenKind::Name(name) => self.parameter(name.to_owned()),
            TokenKind::Quoted(name) => self.parameter(name),
            TokenKind::Symbol(_) | TokenKind::End => return Err(self.unexpected(A_VALUE)),
        };
        self.at += 1;
        Ok(Node { form, span })
    }

    fn parenthesized(&mut self) -> Result<Node> {
        let start = self.peek().span.start;
        self.at += 1;
        let inner = self.deeper(Self::disjunction)?;
        if !self.takes(")") {
            return Err(self.unexpected("`)` or an operator, such as `and`,"));
        }
        Ok(self.node(start, inner.form))
    }

    fn parameter(&mut self, name: String) -> Form {
        self.names.insert(name.clone());
        Form::Parameter(name)
    }

    /// Whether the name that comes next is a function's.
    fn is_function(&self) -> bool {
        let after = self.tokens.get(self.at + 1);
        after.is_some_and(|token| token.kind == TokenKind::Symbol("("))
    }

    fn call(&mut self, name: &str) -> Result<Node> {
        let start = self.peek().span.start;
        let known = FUNCTIONS.iter().map(|function| function.symbol);
        let Some(function) = FUNCTIONS.iter().find(|function| function.symbol == name) else {
            let meant = did_you_mean(nearest(name, known.clone()));
            let name = excerpt(name);
            let known = known.collect::<Vec<_>>().join(", ");
            let problem =
                format!("no function is named `{name}`{meant}; the functions are {known}");
            return Err(self.error(problem));
        };
        self.at += 1;
        let arguments = self.items(")")?;
        let n = arguments.len();
        let wanted = match function.meaning {
            Function::OfOne(_) if n != 1 => "one number",
            Function::OfSeveral(_) if n < 2 => "at least two numbers",
            _ => return Ok(self.node(start, Form::Call(function, arguments))),
        };
        let problem = format!("`{name}` takes {wanted}, and has {n}");
        Err(ExpressionError::new(self.text, start, problem))
    }

    /// What stands between the bracket that comes next and `close`, with commas between.
    fn items(&mut self, close: &str) -> Result<Vec<Node>> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.takes(close) {
            if !items.is_empty() && !self.takes(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
            items.push(self.deeper(Self::disjunction)?);
        }
        Ok(items)
    }

    /// What is nested in what is read now.
    fn deeper(&mut self, part: fn(&mut Self) -> Result<Node>) -> Result<Node> {
        if self.depth == MAX_DEPTH {
            let problem = format!("the expression is nested more than {MAX_DEPTH} deep");
            return Err(self.error(problem));
        }
        self.depth += 1;
        let node = part(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn peek(&self) -> &Token<'t> {
        &self.tokens[self.at]
    }

    fn is_next(&self, symbol: &str) -> bool {
        matches!(self.peek().kind, TokenKind::Symbol(next) if next == symbol)
    }

    fn takes(&mut self, symbol: &str) -> bool {
        let is_next = self.is_next(symbol);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes one of these operators, if one comes next.
    fn operator<T: 'static>(
        &mut self,
        operators: &'static [Operator<T>],
    ) -> Option<&'static Operator<T>> {
        operators
            .iter()
            .find(|operator| self.takes(operator.symbol))
    }

    /// A node from `start` to what was read last.
    fn node(&self, start: usize, form: Form) -> Node {
        let end = self.tokens[self.at - 1].span.end;
        let span = start..end;
        Node { form, span }
    }

    fn error(&self, problem: impl Into<String>) -> ExpressionError {
        ExpressionError::new(self.text, self.peek().span.start, problem)
    }

    fn unexpected(&self, wanted: &str) -> ExpressionError {
        let Token { kind, span } = self.peek();
        let problem = if *kind == TokenKind::End {
            format!("the expression ends where {wanted} is expected")
        } else {
            let found = excerpt(&self.text[span.clone()]);
            format!("`{found}` stands where {wanted} is expected")
        };
        self.error(problem)
    }
}
