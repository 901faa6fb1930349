//! JSON that remembers where each value stands, so that an error can point at it.
//!
//! Strictly RFC 8259; literals are read by `serde_json`. A key that an object has twice is
//! an error, as nobody means it.

use std::fmt;
use std::path::Path;

use serde_json::{Number, Value};

/// A line and a column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A value and, if it is known, where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Option<Position>,
    pub(crate) value: NodeValue,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeValue {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Array(Vec<Node>),
    /// In the order of the text; the position of each key, then its value.
    Object(Vec<(String, Option<Position>, Node)>),
}

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) at: Position,
    pub(crate) message: String,
}

impl Node {
    /// Reads a whole text.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut reader = Reader { text, at: 0 };
        let node = reader.value(0)?;
        reader.skip_space();
        match reader.peek() {
            None => Ok(node),
            Some(found) => Err(reader.error(format!("`{found}` after the end of the value"))),
        }
    }

    /// The same for a value without a text.
    pub(crate) fn without_positions(value: &Value) -> Self {
        let value = match value {
            Value::Null => NodeValue::Null,
            Value::Bool(truth) => NodeValue::Bool(*truth),
            Value::Number(number) => NodeValue::Number(number.clone()),
            Value::String(text) => NodeValue::Text(text.clone()),
            Value::Array(items) => {
                NodeValue::Array(items.iter().map(Self::without_positions).collect())
            }
            Value::Object(fields) => NodeValue::Object(
                fields
                    .iter()
                    .map(|(key, value)| (key.clone(), None, Self::without_positions(value)))
                    .collect(),
            ),
        };
        Self { at: None, value }
    }

    /// The value without positions.
    pub(crate) fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(truth) => (*truth).into(),
            NodeValue::Number(number) => Value::Number(number.clone()),
            NodeValue::Text(text) => text.clone().into(),
            NodeValue::Array(items) => items.iter().map(Self::to_json).collect(),
            NodeValue::Object(fields) => fields
                .iter()
                .map(|(key, _, value)| (key.clone(), value.to_json()))
                .collect(),
        }
    }

    /// The value of a key; `None` when it is missing or this is no object.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let NodeValue::Object(fields) = &self.value else {
            return None;
        };
        let found = fields.iter().find(|(known, _, _)| known == key);
        found.map(|(_, _, value)| value)
    }

    /// The fields of an object.
    pub(crate) fn fields(&self) -> Option<&[(String, Option<Position>, Node)]> {
        match &self.value {
            NodeValue::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// As an error message names it: `the text "a"`, `an array`, `3`.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            NodeValue::Null => f.write_str("null"),
            NodeValue::Bool(truth) => truth.fmt(f),
            NodeValue::Number(number) => number.fmt(f),
            NodeValue::Text(text) => write!(f, "the text {text:?}"),
            NodeValue::Array(_) => f.write_str("an array"),
            NodeValue::Object(_) => f.write_str("an object"),
        }
    }
}

/// `file:line:column`, or as much of it as is known.
pub(crate) fn place(file: &Path, at: Option<Position>) -> String {
    match at {
        Some(Position { line, column }) => format!("{}:{line}:{column}", file.display()),
        None => file.display().to_string(),
    }
}

/// A value that was typed, with what is wrong with it as `line:column: message`; refused is
/// also an object that has a key twice.
///
/// ```
/// assert_eq!(opah_tune::parse_json("[1]"), Ok(serde_json::json!([1])));
/// let problem = opah_tune::parse_json("{\"a\": 1, \"a\": 2}").unwrap_err();
/// assert!(problem.starts_with("1:10: "), "{problem}");
/// ```
pub fn parse_json(text: &str) -> std::result::Result<Value, String> {
    let node = Node::parse(text).map_err(|SyntaxError { at, message }| {
        let Position { line, column } = at;
        format!("{line}:{column}: {message}")
    })?;
    Ok(node.to_json())
}

/// Deeper texts are refused instead of overflowing the stack.
const MOST_LEVELS: usize = 100;

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, level: usize) -> Result<Node, SyntaxError> {
        self.skip_space();
        if level > MOST_LEVELS {
            return Err(self.error(format!("more than {MOST_LEVELS} levels")));
        }
        let at = Some(self.position());
        let value = match self.peek() {
            Some('{') => self.object(level)?,
            Some('[') => self.array(level)?,
            Some('"') => NodeValue::Text(self.string()?),
            Some(_) => self.word()?,
            None => return Err(self.error("the text ends where a value is expected".to_owned())),
        };
        Ok(Node { at, value })
    }

    fn object(&mut self, level: usize) -> Result<NodeValue, SyntaxError> {
        self.at += 1;
        let mut fields: Vec<(String, Option<Position>, Node)> = Vec::new();
        loop {
            self.skip_space();
            if fields.is_empty() && self.take('}') {
                return Ok(NodeValue::Object(fields));
            }
            if self.peek() != Some('"') {
                return Err(self.expected("a key in double quotes"));
            }
            let (start, at) = (self.at, self.position());
            let key = self.string()?;
            if fields.iter().any(|(known, _, _)| *known == key) {
                self.at = start;
                return Err(self.error(format!("the key `{key}` is given twice")));
            }
            self.skip_space();
            if !self.take(':') {
                return Err(self.expected("`:`"));
            }
            fields.push((key, Some(at), self.value(level + 1)?));
            self.skip_space();
            if self.take('}') {
                return Ok(NodeValue::Object(fields));
            }
            if !self.take(',') {
                return Err(self.expected("`,` or `}`"));
            }
        }
    }

    fn array(&mut self, level: usize) -> Result<NodeValue, SyntaxError> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if items.is_empty() && self.take(']') {
                return Ok(NodeValue::Array(items));
            }
            items.push(self.value(level + 1)?);
            self.skip_space();
            if self.take(']') {
                return Ok(NodeValue::Array(items));
            }
            if !self.take(',') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.bytes().enumerate().skip(1).find(|(_, byte)| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            return Err(self.error("a text that never ends".to_owned()));
        };
        let literal = &rest[..=end];
        let text = serde_json::from_str(literal)
            .map_err(|_| self.error(format!("{literal} is no JSON text")))?;
        self.at += literal.len();
        Ok(text)
    }

    /// `null`, `true`, `false` or a number.
    fn word(&mut self) -> Result<NodeValue, SyntaxError> {
        let ends = |c: char| c.is_whitespace() || ",:]}[{\"".contains(c);
        let rest = self.rest();
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let value = match serde_json::from_str(word) {
            Ok(Value::Null) => NodeValue::Null,
            Ok(Value::Bool(truth)) => NodeValue::Bool(truth),
            Ok(Value::Number(number)) => NodeValue::Number(number),
            _ if word.is_empty() => return Err(self.expected("a value")),
            _ => return Err(self.error(format!("`{word}` is no JSON value"))),
        };
        self.at += word.len();
        Ok(value)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn position(&self) -> Position {
        let before = &self.text[..self.at];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position {
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }

    fn expected(&self, wanted: &str) -> SyntaxError {
        match self.peek() {
            Some(found) => self.error(format!("expected {wanted}, found `{found}`")),
            None => self.error(format!("expected {wanted}, but the text ends")),
        }
    }

    fn error(&self, message: String) -> SyntaxError {
        SyntaxError {
            at: self.position(),
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_where_they_begin() {
        let text = "[\n  {\"é\": 1, \"low\": -2.5e1},\n  \"x\\\"y\"\n]";
        let node = Node::parse(text).unwrap();
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(node.to_json(), expected);
        let NodeValue::Array(items) = &node.value else {
            panic!("{node:?}")
        };
        let low = items[0].get("low").unwrap();
        assert_eq!(
            low.at,
            Some(Position {
                line: 2,
                column: 19
            })
        );
        assert_eq!(items[1].at, Some(Position { line: 3, column: 3 }));
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_stands() {
        let refused = |text: &str| {
            let error = Node::parse(text).unwrap_err();
            format!("{}:{}: {}", error.at.line, error.at.column, error.message)
        };
        let cases = [
            ("", "1:1: the text ends where a value is expected"),
            ("[1,]", "1:4: expected a value, found `]`"),
            ("[1 2]", "1:4: expected `,` or `]`, found `2`"),
            (
                "{\"a\": 1,\n}",
                "2:1: expected a key in double quotes, found `}`",
            ),
            ("{\"a\": 1,\n \"a\": 2}", "2:2: the key `a` is given twice"),
            (
                "{'a': 1}",
                "1:2: expected a key in double quotes, found `'`",
            ),
            ("[tru]", "1:2: `tru` is no JSON value"),
            ("[01]", "1:2: `01` is no JSON value"),
            ("[1] 2", "1:5: `2` after the end of the value"),
            ("[\"a", "1:2: a text that never ends"),
        ];
        for (text, expected) in cases {
            assert_eq!(refused(text), expected, "{text}");
        }
        assert!(refused(&"[".repeat(1000)).contains("levels"));
    }
}
