//! Where in which file something stands, and how that is shown.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

/// Longer lines are cut around the point.
const LONGEST_LINE: usize = 100;

/// A stretch of a source file's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was given.
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// How many characters are meant, at least 1, within the line.
    pub width: usize,
    /// The text of the line.
    pub source_line: String,
}

impl Place {
    /// The place of the bytes `start..end` of a file's text; of a stretch over several
    /// lines, the part on the first.
    pub(super) fn new(file: &Path, text: &[u8], start: usize, end: usize) -> Place {
        let start = start.min(text.len());
        let end = end.clamp(start, text.len());
        let before = &text[..start];
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let line_end = text[start..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(text.len(), |at| start + at);
        let characters = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().count();
        Place {
            file: file.to_owned(),
            line: before.split(|byte| *byte == b'\n').count(),
            column: 1 + characters(&text[line_start..start]),
            width: characters(&text[start..end.min(line_end)]).max(1),
            source_line: String::from_utf8_lossy(&text[line_start..line_end])
                .trim_end()
                .to_owned(),
        }
    }

    /// The source line with the stretch underlined.
    ///
    /// ```text
    ///    9 | local lr = std.parseJson(std.extVar('rl'));
    ///      |                          ^^^^^^^^^^^^^^^^
    /// ```
    pub fn snippet(&self) -> String {
        let characters: Vec<char> = self.source_line.chars().collect();
        let column = (self.column - 1).min(characters.len());
        let from = column.saturating_sub(LONGEST_LINE / 2);
        let to = characters.len().min(from + LONGEST_LINE);
        let shown: String = characters[from..to].iter().collect();
        let indent: String = characters[from..column]
            .iter()
            .map(|c| if *c == '\t' { '\t' } else { ' ' })
            .collect();
        let carets = "^".repeat(self.width.clamp(1, (to - column).max(1)));
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        format!("  {number} | {shown}\n  {margin} | {indent}{carets}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// Where a wrong value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// From here.
    At(Place),
    /// From this file; where in it can't be told.
    In(PathBuf),
    /// From a change made to the file's values, quoted.
    Change(String),
}

impl Location {
    /// The line of the source below a message, if it is known.
    pub(super) fn below(&self) -> String {
        match self {
            Location::At(place) => format!("\n{}", place.snippet()),
            Location::In(_) | Location::Change(_) => String::new(),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::At(place) => place.fmt(f),
            Location::In(file) => file.display().fmt(f),
            Location::Change(change) => write!(f, "in `{change}`"),
        }
    }
}

/// A step of the evaluation that led to an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// "while evaluating `lr`".
    pub what: String,
    /// Where that stands.
    pub place: Option<Place>,
}

/// What Jsonnet has to say about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub at: Location,
    /// How the evaluation got there, the innermost step first.
    pub trace: Vec<Frame>,
}

/// More steps are counted, not shown.
const SHOWN_FRAMES: usize = 8;

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}", self.at, self.message, self.at.below())?;
        f.write_str(&self.chain())
    }
}

impl Diagnostic {
    /// The trace, a line each, with a line break before each.
    pub(super) fn chain(&self) -> String {
        let mut chain = String::new();
        for frame in self.trace.iter().take(SHOWN_FRAMES) {
            let _ = write!(chain, "\n  {}", frame.what);
            if let Some(place) = &frame.place {
                let _ = write!(chain, " at {place}");
            }
        }
        if self.trace.len() > SHOWN_FRAMES {
            let more = self.trace.len() - SHOWN_FRAMES;
            let _ = write!(chain, "\n  … and {more} steps more");
        }
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_the_stretch_ends_with_its_line() {
        let text = "a\n\t'Ä': [\n1]".as_bytes();
        let start = text.iter().position(|byte| *byte == b'[').unwrap();
        let place = Place::new(Path::new("f"), text, start, text.len());
        assert_eq!((place.line, place.column, place.width), (2, 7, 1));
        assert_eq!(place.snippet(), "  2 | \t'Ä': [\n    | \t     ^");
    }

    #[test]
    fn the_end_of_a_file_is_a_place() {
        let place = Place::new(Path::new("f"), b"{\n", 2, 2);
        assert_eq!(place.to_string(), "f:2:1");
        assert_eq!(place.snippet(), "  2 | \n    | ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_point() {
        let text = "x".repeat(1000);
        let place = Place::new(Path::new("f"), text.as_bytes(), 500, 900);
        let snippet = place.snippet();
        let lines: Vec<&str> = snippet.lines().collect();
        assert_eq!(lines[0].len(), 6 + LONGEST_LINE);
        assert_eq!(lines[1].len(), 6 + LONGEST_LINE);
    }
}
