//! Everything that is wrong with an input, told at once.

use std::fmt;
use std::path::Path;

use crate::positioned_json::{Position, place};

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `file:line:column`, or as much of it as is known.
    pub place: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Collects what is wrong with one file.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    file: &'a Path,
    found: Vec<Problem>,
}

impl<'a> Problems<'a> {
    pub(crate) fn of(file: &'a Path) -> Self {
        Self {
            file,
            found: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, at: Option<Position>, message: impl Into<String>) {
        self.found.push(Problem {
            place: place(self.file, at),
            message: message.into(),
        });
    }

    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn into_found(self) -> Vec<Problem> {
        self.found
    }
}

/// Problems as lines; a single one stands by itself.
pub(crate) fn listed(problems: &[Problem]) -> String {
    if let [only] = problems {
        return only.to_string();
    }
    let mut text = format!("{} things are wrong:", problems.len());
    for problem in problems {
        text.push_str("\n  ");
        text.push_str(&problem.to_string().replace('\n', "\n  "));
    }
    text
}

/// `; did you mean `x`?` of the candidate that is near enough to `word`, or nothing.
pub(crate) fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> String {
    suggested(opah::suggestion::nearest(word, candidates))
}

/// The same of a name that was found already.
pub(crate) fn suggested(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
