//! A text becomes tokens.

use std::ops::Range;

use super::error::{ExpressionError, Result, excerpt};

/// The smallest unit with a meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind<'t> {
    /// Finite and not negative.
    Number(f64),
    /// What stands between quotes, its escapes replaced.
    Text(String),
    /// A name as it stands, of a parameter or a function.
    Name(&'t str),
    /// A parameter's name in backquotes.
    Quoted(String),
    /// An operator, a keyword, a bracket or a comma, in the first of its spellings.
    Symbol(&'static str),
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind<'t>,
    /// Where it stands in the text, in bytes.
    pub(super) span: Range<usize>,
}

/// Words that are no names, and what they mean.
static KEYWORDS: [(&str, &str); 10] = [
    ("and", "and"),
    ("or", "or"),
    ("not", "not"),
    ("in", "in"),
    ("true", "true"),
    ("false", "false"),
    ("null", "null"),
    ("True", "true"),
    ("False", "false"),
    ("None", "null"),
];

/// All else: what it means, or what should be written instead. What begins with another
/// stands before it.
static SYMBOLS: [(&str, std::result::Result<&str, &str>); 29] = [
    ("===", Err("==")),
    ("=>", Err(">=")),
    ("=<", Err("<=")),
    ("<>", Err("!=")),
    ("//", Err("floor(a / b)")),
    ("**", Ok("**")),
    ("==", Ok("==")),
    ("!=", Ok("!=")),
    ("<=", Ok("<=")),
    (">=", Ok(">=")),
    ("&&", Ok("and")),
    ("||", Ok("or")),
    ("<", Ok("<")),
    (">", Ok(">")),
    ("!", Ok("not")),
    ("+", Ok("+")),
    ("-", Ok("-")),
    ("*", Ok("*")),
    ("/", Ok("/")),
    ("%", Ok("%")),
    ("(", Ok("(")),
    (")", Ok(")")),
    ("[", Ok("[")),
    ("]", Ok("]")),
    (",", Ok(",")),
    ("=", Err("==")),
    ("&", Err("and")),
    ("|", Err("or")),
    ("^", Err("**")),
];

/// The tokens of a text; the last one is its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.take_while(char::is_whitespace);
        let start = lexer.at;
        let kind = lexer.token()?;
        let is_end = kind == TokenKind::End;
        let span = start..lexer.at;
        tokens.push(Token { kind, span });
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    /// How many bytes are read.
    at: usize,
}

impl<'t> Lexer<'t> {
    fn token(&mut self) -> Result<TokenKind<'t>> {
        let mut ahead = self.rest().chars();
        let Some(first) = ahead.next() else {
            return Ok(TokenKind::End);
        };
        match first {
            '0'..='9' => self.number(),
            '.' if ahead.next().is_some_and(|next| next.is_ascii_digit()) => self.number(),
            '"' | '\'' => self.quoted_text(first),
            '`' => self.quoted_name(),
            '_' => Ok(self.word()),
            letter if letter.is_alphabetic() => Ok(self.word()),
            other => self.symbol(other),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) {
        let rest = self.rest();
        let end = rest.find(|c: char| !belongs(c));
        self.at += end.unwrap_or(rest.len());
    }

    fn error(&self, at: usize, problem: impl Into<String>) -> ExpressionError {
        ExpressionError::new(self.text, at, problem)
    }

    fn number(&mut self) -> Result<TokenKind<'t>> {
        let start = self.at;
        self.take_while(|c| c.is_ascii_digit() || c == '.');
        if let Some(exponent) = self.rest().strip_prefix(['e', 'E']) {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.starts_with(|c: char| c.is_ascii_digit()) {
                self.at = self.text.len() - digits.len();
            }
        }
        // Also what can't belong to a number, so that the message has all of it.
        self.take_while(|c| is_of_name(c) || c == '.');
        let number = &self.text[start..self.at];
        let shown = excerpt(number);
        let problem = match number.parse::<f64>() {
            Ok(finite) if finite.is_finite() => return Ok(TokenKind::Number(finite)),
            Ok(_) => format!("`{shown}` is too large for a number"),
            Err(_) => format!(
                "`{shown}` is no number; a parameter's name that begins with a digit stands in backquotes"
            ),
        };
        Err(self.error(start, problem))
    }

    /// A name, in which dots may stand between letters, or a keyword.
    fn word(&mut self) -> TokenKind<'t> {
        let start = self.at;
        self.take_while(is_of_name);
        while let Some(after) = self.rest().strip_prefix('.') {
            if !after.starts_with(is_of_name) {
                break;
            }
            self.at += 1;
            self.take_while(is_of_name);
        }
        let word = &self.text[start..self.at];
        let keyword = KEYWORDS.iter().find(|(spelling, _)| *spelling == word);
        keyword.map_or(TokenKind::Name(word), |(_, meaning)| {
            TokenKind::Symbol(meaning)
        })
    }

    /// A name between backquotes; two of them stand for one in the name.
    fn quoted_name(&mut self) -> Result<TokenKind<'t>> {
        let mut name = String::new();
        let mut rest = &self.rest()[1..];
        while let Some((part, after)) = rest.split_once('`') {
            name.push_str(part);
            let Some(doubled) = after.strip_prefix('`') else {
                self.at = self.text.len() - after.len();
                return Ok(TokenKind::Quoted(name));
            };
            name.push('`');
            rest = doubled;
        }
        Err(self.error(self.at, "the name that begins here ends with no backquote"))
    }

    fn quoted_text(&mut self, quote: char) -> Result<TokenKind<'t>> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at = start + at + 1;
                return Ok(TokenKind::Text(text));
            }
            if c == '\\' {
                let escaped = escaped(&mut chars).ok_or_else(|| {
                    let known = r#"the escapes are \\, \", \', \n, \r, \t and \u with four digits"#;
                    self.error(start + at, format!("this is no escape; {known}"))
                })?;
                text.push(escaped);
            } else {
                text.push(c);
            }
        }
        Err(self.error(
            start,
            format!("the text that begins here ends with no {quote}"),
        ))
    }

    fn symbol(&mut self, first: char) -> Result<TokenKind<'t>> {
        let rest = self.rest();
        let mut known = SYMBOLS.iter();
        let problem = match known.find(|(spelling, _)| rest.starts_with(*spelling)) {
            Some((spelling, Ok(meaning))) => {
                self.at += spelling.len();
                return Ok(TokenKind::Symbol(meaning));
            }
            Some((spelling, Err(instead))) => {
                format!("`{spelling}` is no operator; write `{instead}`")
            }
            None => format!(
                "`{first}` means nothing here; a parameter's name that has it stands in backquotes"
            ),
        };
        Err(self.error(self.at, problem))
    }
}

/// Whether a name goes on with this character.
fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The character that an escape stands for, whose backslash was read; `None` if it is none.
fn escaped(chars: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    match chars.next()?.1 {
        plain @ ('\\' | '"' | '\'') => Some(plain),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let mut code = 0;
            for _ in 0..4 {
                code = code * 16 + chars.next()?.1.to_digit(16)?;
            }
            char::from_u32(code)
        }
        _ => None,
    }
}
