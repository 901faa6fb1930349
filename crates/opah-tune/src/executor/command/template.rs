//! The words of a command, with `{name}` where a trial's values go.
//!
//! A word stays one word whatever is filled in, and nothing in it is interpreted: no shell
//! ever sees it.

use crate::error::{Error, Result};
use crate::hparams::Space;
use crate::problem::{Problem, did_you_mean};

/// The placeholders that are no parameters: the trial's own directory, its number, and the
/// file with its parameters.
pub(super) const DIRECTORY: &str = "dir";
pub(super) const NUMBER: &str = "number";
pub(super) const PARAMS: &str = "params";
const BUILT_IN: [&str; 3] = [DIRECTORY, NUMBER, PARAMS];

/// A command with placeholders; the first word is the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    words: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    /// As it was typed.
    typed: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(String),
}

impl Template {
    /// Reads the words of a command and checks their placeholders against the space.
    pub(super) fn new(words: &[String], space: &Space) -> Result<Self> {
        let mut problems = Vec::new();
        let mut template = Self { words: Vec::new() };
        for (at, typed) in words.iter().enumerate() {
            let place = if at == 0 {
                format!("the program `{typed}`")
            } else {
                format!("argument {at} of the command, `{typed}`")
            };
            let is_parameter = |name: &str| {
                let mut parameters = space.parameters.iter();
                parameters.any(|parameter| &*parameter.name == name)
            };
            let checked = Word::read(typed, is_parameter).check(at == 0, space);
            match checked {
                Ok(word) => template.words.push(word),
                Err(message) => problems.push(Problem { place, message }),
            }
        }
        if problems.is_empty() {
            Ok(template)
        } else {
            Err(Error::Command(problems))
        }
    }

    /// The words as they were typed.
    pub(crate) fn typed(&self) -> Vec<String> {
        self.words.iter().map(|word| word.typed.clone()).collect()
    }

    /// The program, unless it depends on the trial.
    pub(super) fn program(&self) -> Option<&str> {
        match &self.words.first()?.parts[..] {
            [Part::Text(program)] => Some(program),
            _ => None,
        }
    }

    /// Parameters that stand nowhere in a command that has others; told, because they may have
    /// been forgotten.
    pub(super) fn warnings(&self, space: &Space) -> Vec<String> {
        let used = |name: &str| self.words.iter().any(|word| word.has(name));
        let names = || space.parameters.iter().map(|parameter| &*parameter.name);
        if !names().any(used) {
            return Vec::new();
        }
        let unused = names().filter(|name| !used(name));
        unused
            .map(|name| {
                format!(
                    "`{{{name}}}` stands nowhere in the command; the parameter reaches the \
                     program by its environment only"
                )
            })
            .collect()
    }

    /// The words with what `value` says of each placeholder. A word of which it says nothing,
    /// because the trial goes without that parameter, is left out; and so is the option before
    /// it, `-m` or `--momentum`, if the word is nothing but the placeholder.
    pub(super) fn fill(&self, value: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
        let mut words = Vec::with_capacity(self.words.len());
        let mut after_option = false;
        for word in &self.words {
            if let Some(text) = word.fill(value) {
                words.push(text);
                after_option = word.is_option();
            } else {
                if after_option && matches!(word.parts[..], [Part::Placeholder(_)]) {
                    words.pop();
                }
                after_option = false;
            }
        }
        words
    }
}

/// Whether it looks like the name of a parameter.
fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || "_.-".contains(letter))
}

impl Word {
    /// `{name}` is a placeholder, `{{name}}` the text `{name}`; all other braces are text, as
    /// those of scripts, JSON and `${VARIABLE}` are.
    fn read(typed: &str, is_parameter: impl Fn(&str) -> bool) -> Self {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = typed;
        let is_placeholder = |name: &&str| is_parameter(name) || is_name(name);
        while let Some(at) = rest.find('{') {
            text.push_str(&rest[..at]);
            let brace = &rest[at..];
            let inside = |open: &str, close: &str| {
                let (inside, after) = brace.strip_prefix(open)?.split_once(close)?;
                Some((inside, after)).filter(|(inside, _)| is_placeholder(inside))
            };
            if let Some((name, after)) = inside("{{", "}}") {
                text.extend(["{", name, "}"]);
                rest = after;
            } else if let Some((name, after)) = inside("{", "}").filter(|_| !text.ends_with('$')) {
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(Part::Placeholder(name.to_owned()));
                rest = after;
            } else {
                text.push('{');
                rest = &brace[1..];
            }
        }
        text.push_str(rest);
        if !text.is_empty() || parts.is_empty() {
            parts.push(Part::Text(text));
        }
        Self {
            typed: typed.to_owned(),
            parts,
        }
    }

    fn check(self, is_program: bool, space: &Space) -> std::result::Result<Self, String> {
        for part in &self.parts {
            let Part::Placeholder(name) = part else {
                continue;
            };
            let parameter = space
                .parameters
                .iter()
                .find(|parameter| *parameter.name == **name);
            match parameter {
                Some(_) if BUILT_IN.contains(&name.as_str()) => {
                    return Err(format!(
                        "`{{{name}}}` is both a parameter and what opah calls the trial's own; \
                         give the parameter another name"
                    ));
                }
                Some(parameter) if is_program && parameter.condition.is_some() => {
                    return Err(format!(
                        "not every trial has `{name}`, and so some would have no program"
                    ));
                }
                None if !BUILT_IN.contains(&name.as_str()) => {
                    let names = space.parameters.iter().map(|parameter| &*parameter.name);
                    let known: Vec<&str> = names.chain(BUILT_IN).collect();
                    let meant = did_you_mean(name, known.iter().copied());
                    let known = known.join("}`, `{");
                    return Err(format!(
                        "nothing is called `{name}`{meant} (the placeholders are `{{{known}}}`; \
                         the text is written `{{{{{name}}}}}`)"
                    ));
                }
                _ => {}
            }
        }
        Ok(self)
    }

    fn has(&self, name: &str) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Placeholder(used) if used == name))
    }

    /// Whether it is an option by itself, such as `--momentum`.
    fn is_option(&self) -> bool {
        match &self.parts[..] {
            [Part::Text(text)] => {
                text.len() > 1 && text.starts_with('-') && text != "--" && !text.contains('=')
            }
            _ => false,
        }
    }

    fn fill(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Placeholder(name) => filled.push_str(&value(name)?),
            }
        }
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use opah_train::config::ExtVars;

    use super::*;
    use crate::hparams::Source;

    fn space(texts: &[&str]) -> Space {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Source::Inline(texts).read(&ExtVars::new()).unwrap()
    }

    fn template(words: &[&str], space: &Space) -> Result<Template> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Template::new(&words, space)
    }

    #[test]
    fn words_stay_words_whatever_is_filled_in() {
        let space = space(&["lr=float(0,1)", "a b=cat(x,y)", "m=float(0,1) if lr > 0.5"]);
        let words = [
            "train",
            "--lr={lr}",
            "{a b}",
            "{\"lr\": {lr}}",
            "echo ${lr} {{lr}} { ls; }",
            "-m",
            "{m}",
            "--m={m}",
            "{dir}/{number}",
            "",
            "}",
            "--",
            "{m}",
        ];
        let template = template(&words, &space).unwrap();
        let fill = |m: Option<&str>| {
            template.fill(&|name| match name {
                "lr" => Some("0.1".to_owned()),
                "a b" => Some("-o $(rm) 'é'\n\"".to_owned()),
                "m" => m.map(str::to_owned),
                DIRECTORY => Some("/t".to_owned()),
                NUMBER => Some("7".to_owned()),
                _ => None,
            })
        };
        assert_eq!(
            fill(Some("0.9")),
            [
                "train",
                "--lr=0.1",
                "-o $(rm) 'é'\n\"",
                "{\"lr\": 0.1}",
                "echo ${lr} {lr} { ls; }",
                "-m",
                "0.9",
                "--m=0.9",
                "/t/7",
                "",
                "}",
                "--",
                "0.9",
            ]
        );
        assert_eq!(
            fill(None),
            [
                "train",
                "--lr=0.1",
                "-o $(rm) 'é'\n\"",
                "{\"lr\": 0.1}",
                "echo ${lr} {lr} { ls; }",
                "/t/7",
                "",
                "}",
                "--"
            ]
        );
        assert_eq!(template.typed(), words);
        assert_eq!(template.program(), Some("train"));
        assert_eq!(template.warnings(&space), [""; 0]);
    }

    #[test]
    fn placeholders_that_are_wrong_are_told_before_anything_runs() {
        let lr = space(&["lr=float(0,1)", "dir=int(1,2)", "m=cat(a,b) if lr > 0.5"]);
        let told = |words: &[&str]| template(words, &lr).unwrap_err().to_string();
        assert_eq!(
            told(&["a", "--lr={rl}"]),
            "argument 1 of the command, `--lr={rl}`: nothing is called `rl`; did you mean `lr`? \
             (the placeholders are `{lr}`, `{dir}`, `{m}`, `{dir}`, `{number}`, `{params}`; \
             the text is written `{{rl}}`)"
        );
        assert!(told(&["{x}", "{y}"]).starts_with("2 things are wrong:"));
        assert!(told(&["a", "{dir}"]).contains("is both a parameter and"));
        assert!(told(&["{m}"]).contains("some would have no program"));
        let unused = template(&["a", "{lr}"], &lr).unwrap().warnings(&lr);
        assert_eq!(unused.len(), 2);
        assert!(
            unused[0].starts_with("`{dir}` stands nowhere"),
            "{unused:?}"
        );
        assert_eq!(template(&["a"], &lr).unwrap().warnings(&lr), [""; 0]);
    }
}
