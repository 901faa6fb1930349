//! A parameter as it is typed in a shell: `lr=float(1e-5, 0.1, log)`, `layers=int(1, 6)`,
//! `width=int(8, 64, step=8)`, `opt=cat(adam, sgd)`, `momentum=float(0, 1) if opt == "sgd"`.
//!
//! It is read into an entry of the file's form, so that both have the same types and rules.

use serde_json::{Map, Number, Value, json};

use super::kind;

/// Short names of types.
const ALIASES: [(&str, &str); 2] = [("cat", "categorical"), ("choice", "categorical")];

const FORM: &str = "a parameter is NAME=TYPE(…), as in `lr=float(1e-5, 0.1, log)`, \
                    `layers=int(1, 6)` or `opt=cat(adam, sgd)`, perhaps with \
                    ` if CONDITION` after it";

/// One argument in the parentheses.
#[derive(Debug, PartialEq)]
struct Argument {
    text: String,
    is_quoted: bool,
}

/// The entry that the text is short for; an error is a sentence.
pub(super) fn entry(text: &str) -> Result<Value, String> {
    let (name, rest) = text.split_once('=').ok_or(FORM)?;
    let (given, rest) = rest.split_once('(').ok_or(FORM)?;
    let given = given.trim();
    let alias = ALIASES.iter().find(|(short, _)| *short == given);
    let kind = alias.map_or(given, |(_, long)| *long);
    let (arguments, rest) = arguments(rest)?;
    let mut attributes = Map::new();
    attributes.insert("name".to_owned(), name.trim().into());
    if kind == "categorical" {
        let choices = arguments.iter().map(Argument::value).collect();
        attributes.insert("choices".to_owned(), Value::Array(choices));
    } else {
        numbers(kind, &arguments, &mut attributes)?;
    }
    let mut entry = json!({"type": kind, "attributes": attributes});
    match rest.trim() {
        "" => {}
        rest => {
            let condition = rest.strip_prefix("if").filter(|condition| {
                let first = condition.chars().next();
                first.is_some_and(|first| first.is_whitespace() || first == '(')
            });
            let condition = condition.ok_or_else(|| format!("`{rest}` after `)`; {FORM}"))?;
            entry["if"] = condition.trim().into();
        }
    }
    Ok(entry)
}

/// What stands before the `)`, between commas, and what stands after it.
fn arguments(text: &str) -> Result<(Vec<Argument>, &str), String> {
    let mut arguments = Vec::new();
    let mut rest = text.trim_start();
    if let Some(after) = rest.strip_prefix(')') {
        return Ok((arguments, after));
    }
    loop {
        let (argument, after) = argument(rest)?;
        arguments.push(argument);
        let after = after.trim_start();
        if let Some(after) = after.strip_prefix(')') {
            return Ok((arguments, after));
        }
        let Some(after) = after.strip_prefix(',') else {
            return Err(format!("`,` or `)` is missing before `{after}`"));
        };
        rest = after.trim_start();
    }
}

fn argument(text: &str) -> Result<(Argument, &str), String> {
    let Some(quote @ ('"' | '\'')) = text.chars().next() else {
        let end = text.find([',', ')']).ok_or("the `)` is missing")?;
        let word = text[..end].trim();
        if word.is_empty() {
            return Err("a value is missing between the commas".to_owned());
        }
        let argument = Argument {
            text: word.to_owned(),
            is_quoted: false,
        };
        return Ok((argument, &text[end..]));
    };
    let mut inner = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => {
                inner.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            c if c == quote => {
                let argument = Argument {
                    text: inner,
                    is_quoted: true,
                };
                return Ok((argument, &text[at + c.len_utf8()..]));
            }
            c => inner.push(c),
        }
    }
    Err(format!("the closing {quote} is missing"))
}

/// The arguments of a type with numbers: those that it requires by their order, the others by
/// their names.
fn numbers(
    kind: &str,
    arguments: &[Argument],
    attributes: &mut Map<String, Value>,
) -> Result<(), String> {
    // What can't be found is told with all that is known of types.
    let Some(kind) = kind::find(kind) else {
        return Ok(());
    };
    let mut in_order = kind.required.iter().filter(|name| **name != "name");
    for argument in arguments {
        let named = argument
            .text
            .split_once('=')
            .filter(|_| !argument.is_quoted);
        let (name, value) = if let Some((name, value)) = named {
            (name.trim(), plain(value.trim()))
        } else if kind.optional.contains(&argument.text.as_str()) {
            (argument.text.as_str(), Value::Bool(true))
        } else if let Some(name) = in_order.next() {
            (*name, argument.value())
        } else {
            let takes = kind.required[1..].join(", ");
            return Err(format!(
                "`{}` is too much; `{}` takes {takes}{}",
                argument.text,
                kind.name,
                match kind.optional {
                    [] => String::new(),
                    _ => ", and perhaps `step=…` or `log`".to_owned(),
                }
            ));
        };
        if attributes.insert(name.to_owned(), value).is_some() {
            return Err(format!("`{name}` is given twice"));
        }
    }
    Ok(())
}

impl Argument {
    fn value(&self) -> Value {
        if self.is_quoted {
            self.text.clone().into()
        } else {
            plain(&self.text)
        }
    }
}

/// A word without quotes: what JSON has, other spellings of numbers, or a text.
fn plain(word: &str) -> Value {
    match word {
        "true" => return true.into(),
        "false" => return false.into(),
        "null" => return Value::Null,
        _ => {}
    }
    let number = serde_json::from_str::<Number>(word).ok();
    let number = number.or_else(|| Number::from_f64(word.parse().ok()?));
    number.map_or_else(|| word.into(), Value::Number)
}

#[cfg(test)]
mod tests {
    use crate::hparams::Source;
    use opah_train::config::ExtVars;

    fn read(texts: &[&str]) -> crate::Result<crate::hparams::Space> {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Source::Inline(texts).read(&ExtVars::new())
    }

    #[test]
    fn every_form_is_read() {
        let space = read(&[
            "opt=cat(adam, sgd)",
            "lr=float(1e-5,1e-1,log)",
            "layers=int(1,6)",
            "width = int(8, 64, step=8)",
            "n=int(1, 1024, log)",
            "rate=float(.5, 1, step=0.25)",
            r#"odd name=categorical("a, b", 'it''s', "\"", -o, 1, 0.5, true, null, 1e3)"#,
            "lambda=loguniform(0.1, 1)",
            "momentum=float(0,1) if opt==\"sgd\"",
            "nesterov=cat(true,false) if(momentum > 0.5)",
        ]);
        // A quote in a quote needs a backslash.
        let told = space.unwrap_err().to_string();
        assert!(
            told.contains("`,` or `)` is missing before `'s', "),
            "{told}"
        );
        let space = read(&[
            "opt=cat(adam, sgd)",
            "lr=float(1e-5,1e-1,log)",
            "layers=int(1,6)",
            "width = int(8, 64, step=8)",
            "n=int(1, 1024, log)",
            "rate=float(.5, 1, step=0.25)",
            r#"odd name=categorical("a, b", 'it\'s', "\"", -o, 2, 0.5, true, null)"#,
            "rho=loguniform(0.1, 1)",
            "momentum=float(0,1) if opt==\"sgd\"",
            "nesterov=cat(true,false) if(momentum > 0.5)",
        ])
        .unwrap();
        let shown: Vec<String> = space
            .parameters
            .iter()
            .map(|parameter| {
                let condition = parameter.condition.as_ref();
                let condition =
                    condition.map_or_else(String::new, |condition| format!(" if {condition}"));
                format!("{} {}{condition}", parameter.name, parameter.distribution)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "opt categorical(adam, sgd)",
                "lr float(1e-05, 0.1, log)",
                "layers int(1, 6)",
                "width int(8, 64, step=8)",
                "n int(1, 1024, log)",
                "rate float(0.5, 1.0, step=0.25)",
                "odd name categorical(a, b, it's, \", -o, 2, 0.5, true, null)",
                "rho float(0.1, 1.0, log)",
                "momentum float(0.0, 1.0) if opt==\"sgd\"",
                "nesterov categorical(true, false) if (momentum > 0.5)",
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_typed() {
        for (text, expected) in [
            ("lr", "a parameter is NAME=TYPE(…), as in "),
            ("lr=0.1", "a parameter is NAME=TYPE(…), as in "),
            (
                "lr=flaot(0,1)",
                "unknown type `flaot`; did you mean `float`?",
            ),
            ("lr=float(0,1", "the `)` is missing"),
            ("lr=float(0,,1)", "a value is missing between the commas"),
            ("lr=float(0)", "`float` needs the attribute `high`"),
            (
                "lr=float(0,1,2)",
                "`2` is too much; `float` takes low, high, and perhaps",
            ),
            ("lr=float(0,1,low=0)", "`low` is given twice"),
            (
                "lr=float(0,1,stpe=2)",
                "unknown attribute `stpe`; did you mean `step`?",
            ),
            (
                "lr=float(0,one)",
                "`high` must be a number, not the text \"one\"",
            ),
            ("lr=float(1,0)", "`lr`: "),
            ("lr=float(0,1,log)", "`lr`: "),
            ("lr=float(0,1) fi x", "`fi x` after `)`; a parameter is"),
            (
                "lr=float(0,1) if x > 1",
                "no parameter `x` stands before this one",
            ),
            ("=float(0,1)", "`name` is empty"),
            ("opt=cat()", "`opt`: "),
            ("opt=cat('a)", "the closing ' is missing"),
        ] {
            let told = read(&[text]).unwrap_err().to_string();
            assert!(told.starts_with(&format!("--param {text}: ")), "{told}");
            assert!(told.contains(expected), "{told}");
        }
        let twice = read(&["a=int(1,2)", "a=int(1,3)"]).unwrap_err().to_string();
        assert!(twice.contains("`a` is given twice"), "{twice}");
        assert!(
            read(&[])
                .unwrap_err()
                .to_string()
                .contains("has no parameter")
        );
    }
}
