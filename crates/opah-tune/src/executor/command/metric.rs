//! Where a trial's value comes from: what the program prints, or files that it writes.
//!
//! The value is the last one that there is. Patterns, rows and numbered files give one after
//! the other while the program runs: they are its learning curve, and the pruner is asked.

use std::path::{Component, Path, PathBuf};

use opah::json::replace_bare_words;
use regex::Regex;
use serde_json::Value;

use crate::problem::did_you_mean;

/// Where the value of a trial comes from.
#[derive(Debug, Clone)]
pub enum Metric {
    /// The last number on standard output.
    LastNumber,
    /// What a pattern finds in the lines of standard output.
    Pattern(Pattern),
    /// A number in a file: in one of JSON when the program has ended, in others in each row.
    File(MetricFile),
    /// A number in each of several files, which are read as they come.
    Numbered(Numbered),
}

/// A regular expression. Its group `value`, or else its first group, is the value; its group
/// `step`, if it has one, the step.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

/// A key in a file of CSV or of lines of JSON (`.jsonl`, `.ndjson`), of which each row is a
/// step, or in one of JSON, which every other is taken for. A relative path begins in the
/// trial's own folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricFile {
    path: PathBuf,
    key: String,
}

/// Files with a number in their name, which is the step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    folder: PathBuf,
    prefix: String,
    suffix: String,
    key: String,
}

impl Metric {
    /// What can be said of its name: the key in a file.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::LastNumber | Self::Pattern(_) => None,
            Self::File(file) => Some(&file.key),
            Self::Numbered(files) => Some(&files.key),
        }
    }

    /// Whether there are values while the program runs.
    pub(crate) fn is_curve(&self) -> bool {
        match self {
            Self::LastNumber => false,
            Self::File(file) => file.has_rows(),
            Self::Pattern(_) | Self::Numbered(_) => true,
        }
    }

    /// As it is kept with the study.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::LastNumber => "the last number on standard output".to_owned(),
            Self::Pattern(pattern) => format!("the pattern {}", pattern.0.as_str()),
            Self::File(file) => format!("{} of {}", file.key, file.path.display()),
            Self::Numbered(files) => format!(
                "{} of {}",
                files.key,
                files
                    .folder
                    .join(format!("{}*{}", files.prefix, files.suffix))
                    .display()
            ),
        }
    }
}

impl Pattern {
    /// Reads a regular expression; an error is a sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        Regex::new(text)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// The step, if the pattern tells it, and the value in a line.
    pub(super) fn find(&self, line: &str) -> Option<(Option<usize>, f64)> {
        let found = self.0.captures(line)?;
        let step = found.name("step");
        let value = found.name("value").or_else(|| {
            let is_step =
                |group: &regex::Match| step.is_some_and(|step| step.range() == group.range());
            let mut groups = found.iter().skip(1).flatten();
            groups.find(|group| !is_step(group))
        });
        let value = value.or_else(|| found.get(0))?;
        let value = value.as_str().trim().parse().ok()?;
        Some((step.and_then(|step| step.as_str().parse().ok()), value))
    }
}

/// The last number in a text: a word that is one, with whatever stands around it but letters,
/// digits, `.`, `_`, `+` and `-`. `nan` and `inf` are numbers.
pub(super) fn last_number(text: &str) -> Option<f64> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    let mut words = text.rsplit(|c: char| !is_part(c));
    words.find_map(|word| {
        // The full stop of a sentence.
        let word = word.trim_end_matches('.');
        word.parse().ok()
    })
}

/// A path, a colon and a key, of which the last colon parts them.
fn path_and_key(text: &str) -> Result<(&Path, &str), String> {
    match text.rsplit_once(':') {
        Some((path, key)) if !path.is_empty() && !key.is_empty() => {
            let path = Path::new(path);
            let is_inside =
                |part: Component| matches!(part, Component::Normal(_) | Component::CurDir);
            if path.components().all(is_inside) {
                Ok((path, key))
            } else {
                Err("the file is one of the trial's own folder; give its path in that".to_owned())
            }
        }
        _ => Err("a file and a key in it are FILE:KEY, as in `metrics.json:accuracy`".to_owned()),
    }
}

impl MetricFile {
    /// Reads `FILE:KEY`; an error is a sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        let (path, key) = path_and_key(text)?;
        Ok(Self {
            path: path.to_owned(),
            key: key.to_owned(),
        })
    }

    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(&self.path)
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is CSV.
    pub(super) fn is_table(&self) -> bool {
        self.ends_in("csv")
    }

    /// Whether it has several rows.
    pub(super) fn has_rows(&self) -> bool {
        self.is_table() || self.ends_in("jsonl") || self.ends_in("ndjson")
    }

    fn ends_in(&self, ending: &str) -> bool {
        let found = self.path.extension();
        found.is_some_and(|found| found.eq_ignore_ascii_case(ending))
    }

    /// The value, or what is wrong, as a sentence.
    pub(super) fn value(&self, folder: &Path) -> Result<f64, String> {
        value_in(&self.path(folder), &self.key)
    }
}

impl Numbered {
    /// Reads `metrics_epoch_*.json:KEY`; an error is a sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        let (path, key) = path_and_key(text)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = path.parent().unwrap_or(Path::new(""));
        let parts = name.split_once('*').filter(|(prefix, suffix)| {
            ![prefix, suffix]
                .iter()
                .any(|part| part.contains(['*', '?', '[']))
        });
        match parts {
            Some((prefix, suffix)) if !folder.to_string_lossy().contains('*') => Ok(Self {
                folder: folder.to_owned(),
                prefix: prefix.to_owned(),
                suffix: suffix.to_owned(),
                key: key.to_owned(),
            }),
            _ => Err(
                "the name of the files has one `*`, which stands for the step, as in \
                 `metrics_epoch_*.json:accuracy`"
                    .to_owned(),
            ),
        }
    }

    /// The files that there are, by their steps.
    pub(super) fn files(&self, folder: &Path) -> Vec<(usize, PathBuf)> {
        let folder = folder.join(&self.folder);
        // The program makes it when it likes.
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<(usize, PathBuf)> = entries
            .filter_map(|entry| {
                let name = entry.file_name();
                let middle = name.to_str()?.strip_prefix(&*self.prefix)?;
                let step = middle.strip_suffix(&*self.suffix)?;
                let step = step.parse::<usize>().ok()?;
                Some((step, entry.path()))
            })
            .collect();
        files.sort();
        files
    }

    /// The value in one of the files, or what is wrong, as a sentence.
    pub(super) fn value(&self, file: &Path) -> Result<f64, String> {
        value_in(file, &self.key)
    }
}

fn value_in(file: &Path, key: &str) -> Result<f64, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string());
    let found = text.and_then(|text| in_json(&text, key));
    found.map_err(|problem| format!("{}: {problem}", file.display()))
}

/// The number that a text of JSON has under a key.
pub(super) fn in_json(text: &str, key: &str) -> Result<f64, String> {
    // Python writes NaN and infinities as bare words.
    let text = replace_bare_words(text, &["\"NaN\"", "\"inf\"", "\"-inf\""]);
    let whole: Value = serde_json::from_str(&text).map_err(|error| format!("no JSON: {error}"))?;
    let found = match whole.get(key) {
        Some(found) => found,
        None => nested(&whole, key)?,
    };
    let number = match found {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| format!("`{key}` is {found}, which is no number"))
}

/// What `a.b.0` leads to.
fn nested<'v>(whole: &'v Value, key: &str) -> Result<&'v Value, String> {
    let mut value = whole;
    for name in key.split('.') {
        let inner = match value {
            Value::Array(items) => name.parse::<usize>().ok().and_then(|at| items.get(at)),
            other => other.get(name),
        };
        value = inner.ok_or_else(|| match value {
            Value::Object(fields) => missing(name, fields.keys().map(String::as_str)),
            _ => format!("`{name}` of `{key}` is not there"),
        })?;
    }
    Ok(value)
}

/// That there is no such key, and which there are.
pub(super) fn missing<'n>(key: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    let meant = did_you_mean(key, known.clone());
    let known: Vec<&str> = known.collect();
    format!("there is no `{key}`{meant} (there is {})", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_is_a_word_that_is_one() {
        for (text, expected) in [
            ("0.5", Some(0.5)),
            ("epoch 1\nloss=0.25, accuracy: 0.75.\n", Some(0.75)),
            ("took 12s, 93%", Some(93.0)),
            ("0.5 at 2026-11-20 by v1.2.3 in e5", Some(0.5)),
            ("-1e-3", Some(-1e-3)),
            ("x: +.5 (best)", Some(0.5)),
            ("12_000", None),
            ("done", None),
            ("", None),
        ] {
            assert_eq!(last_number(text), expected, "{text}");
        }
        assert!(last_number("1\nnan").is_some_and(f64::is_nan));
        assert_eq!(last_number("1 -inf"), Some(f64::NEG_INFINITY));
    }

    #[test]
    fn patterns_find_values_and_steps() {
        let find = |pattern: &str, line: &str| Pattern::new(pattern).unwrap().find(line);
        assert_eq!(find("acc=([0-9.]+)", "loss=1 acc=0.5"), Some((None, 0.5)));
        assert_eq!(find("[0-9.]+", "acc 0.5"), Some((None, 0.5)));
        let pattern = r"epoch (?P<step>\d+).*acc (\S+)";
        assert_eq!(find(pattern, "epoch 3: acc 0.5"), Some((Some(3), 0.5)));
        let pattern = r"(?<value>\S+) after (?<step>\d+)";
        assert_eq!(find(pattern, "0.5 after 4"), Some((Some(4), 0.5)));
        assert_eq!(find(pattern, "much after 4"), None);
        assert!(find("loss (.*)", "loss nan").unwrap().1.is_nan());
        assert!(Pattern::new("(").unwrap_err().contains("unclosed group"));
    }

    #[test]
    fn keys_of_json_may_be_nested() {
        let folder = tempfile::tempdir().unwrap();
        let value = |name: &str, text: &str, key: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            let file = MetricFile::new(&format!("{name}:{key}")).unwrap();
            file.value(folder.path())
        };
        let json = r#"{"a.b": 1, "loss": NaN, "best": {"accuracy": [0.25, 0.5]}, "n": "3"}"#;
        assert_eq!(value("m.json", json, "a.b"), Ok(1.0));
        assert_eq!(value("m.json", json, "best.accuracy.1"), Ok(0.5));
        assert_eq!(value("m.json", json, "n"), Ok(3.0));
        assert!(value("m.json", json, "loss").unwrap().is_nan());
        let told = |name: &str, text: &str, key: &str| value(name, text, key).unwrap_err();
        assert!(told("m.json", json, "best.acuracy").ends_with(
            "m.json: there is no `acuracy`; did you mean `accuracy`? (there is accuracy)"
        ));
        assert!(told("m.json", "{\"x\": 0.", "x").contains("no JSON: EOF"));
        assert!(told("m.json", json, "best").contains("which is no number"));
        assert!(
            MetricFile::new("none:x")
                .unwrap()
                .value(folder.path())
                .is_err()
        );
        for wrong in ["metrics.json", ":x", "x:"] {
            assert!(MetricFile::new(wrong).unwrap_err().contains("FILE:KEY"));
        }
    }

    #[test]
    fn numbered_files_stand_in_the_order_of_their_steps() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "e_10.json",
            "e_2.json",
            "e_.json",
            "e_x.json",
            "e_3.json.tmp",
        ] {
            std::fs::write(folder.path().join(name), "{\"x\": 1}").unwrap();
        }
        let files = Numbered::new("e_*.json:x").unwrap();
        let found = files.files(folder.path());
        let steps: Vec<usize> = found.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [2, 10]);
        assert_eq!(files.value(&found[0].1), Ok(1.0));
        assert!(files.files(Path::new("nowhere")).is_empty());
        for wrong in ["e.json:x", "*_*.json:x", "*/e_1.json:x", "e_*.json"] {
            assert!(Numbered::new(wrong).is_err(), "{wrong}");
        }
    }
}
