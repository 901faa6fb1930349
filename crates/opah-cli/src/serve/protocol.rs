//! The line protocol as types: what is asked for, and what is answered.
//!
//! A request is one line, a JSON object with `op`; the reply is one line too, a JSON object
//! with `ok`. Members that a request does not have here are ignored.
//!
//! JSON has no word for NaN and the infinities. As a number, `null` and the texts `"nan"`,
//! `"inf"`, `"-inf"` are taken for them, and so are the bare words that Python's `json`
//! writes; replies have texts, as in `"Infinity"`.

use std::num::NonZeroU32;

use anyhow::{Result, anyhow, bail};
use opah::Direction;
use opah::json::replace_bare_words;
use opah::suggestion::{self, nearest};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The version of the protocol that is spoken here.
pub(super) const PROTOCOL: u64 = 1;

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Request {
    Hello(Hello),
    Create(Box<Create>),
    Ask(Ask),
    Report(Report),
    Tell(Tell),
    Enqueue(Enqueue),
    Best(OfStudy),
    Close(OfStudy),
    Bye,
}

/// Reads the line of a request.
type Read = fn(&str) -> serde_json::Result<Request>;

/// All that can be asked for.
static OPS: &[(&str, Read)] = &[
    ("hello", |line| read(line).map(Request::Hello)),
    ("create", |line| read(line).map(Request::Create)),
    ("ask", |line| read(line).map(Request::Ask)),
    ("report", |line| read(line).map(Request::Report)),
    ("tell", |line| read(line).map(Request::Tell)),
    ("enqueue", |line| read(line).map(Request::Enqueue)),
    ("best", |line| read(line).map(Request::Best)),
    ("close", |line| read(line).map(Request::Close)),
    ("bye", |_| Ok(Request::Bye)),
];

fn read<T: DeserializeOwned>(line: &str) -> serde_json::Result<T> {
    serde_json::from_str(line)
}

impl Request {
    /// What a line asks for; the error says what is wrong with it.
    pub(super) fn parse(line: &[u8]) -> Result<Self> {
        let line = std::str::from_utf8(line)
            .map_err(|error| anyhow!("the line is not UTF-8: {error}"))?
            .trim();
        match serde_json::from_str(line) {
            Ok(head) => Self::of_op(head, line),
            Err(error) if error.is_syntax() => {
                let line = replace_bare_words(line, &["\"nan\"", "\"inf\"", "\"-inf\""]);
                match serde_json::from_str(&line) {
                    Ok(head) => Self::of_op(head, &line),
                    Err(_) => bail!("the line is not JSON: {error}"),
                }
            }
            Err(error) => bail!(
                "a request is a JSON object, such as {{\"op\":\"hello\",\"protocol\":1}}: {error}"
            ),
        }
    }

    fn of_op(head: Head, line: &str) -> Result<Self> {
        let names = || OPS.iter().map(|(name, _)| *name);
        let known = || names().collect::<Vec<_>>().join(", ");
        let Some(name) = head.op else {
            bail!("the request has no `op`; the ops are {}", known());
        };
        let Some((_, read)) = OPS.iter().find(|(known, _)| *known == name) else {
            let meant = did_you_mean(&name, names());
            bail!("no op is named `{name}`{meant}; the ops are {}", known());
        };
        read(line).map_err(|error| anyhow!("`{name}`: {error}"))
    }
}

/// `, did you mean …?` if one of the candidates is near.
pub(super) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    suggestion::did_you_mean(nearest(word, candidates))
}

#[derive(Deserialize)]
struct Head {
    op: Option<String>,
}

/// Who is there?
#[derive(Debug, Deserialize)]
pub(super) struct Hello {
    /// The version that is spoken there.
    pub(super) protocol: Option<u64>,
}

/// A study is to begin.
#[derive(Debug, Deserialize)]
pub(super) struct Create {
    pub(super) study: String,
    /// The seed of the sampler's draws; a fresh one if there is none.
    pub(super) seed: Option<u64>,
    pub(super) directions: Vec<Direction>,
    /// The parameters, in the order in which they are drawn.
    pub(super) space: Vec<Map<String, Value>>,
    /// How many trials there will be.
    pub(super) budget: Option<u64>,
    /// How many reports a trial will make if nothing stops it.
    pub(super) steps: Option<u64>,
    /// Where good values are believed to be, by parameter.
    #[serde(default)]
    pub(super) priors: Map<String, Value>,
    /// Read by `options.rs`.
    #[serde(default)]
    pub(super) options: Map<String, Value>,
}

/// Trials to run.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    pub(super) study: String,
    /// How many; one if it is not said.
    pub(super) n: Option<NonZeroU32>,
}

/// What a running trial has reached.
#[derive(Debug, Deserialize)]
pub(super) struct Report {
    pub(super) study: String,
    pub(super) trial: u64,
    /// 0, 1, 2, …
    pub(super) step: i64,
    /// With one direction.
    #[serde(default, deserialize_with = "given")]
    pub(super) value: Option<Number>,
    /// With several directions: one for each.
    pub(super) values: Option<Vec<Number>>,
}

/// A number that is there, though it may be null, which is NaN.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Number>, D::Error> {
    Number::deserialize(deserializer).map(Some)
}

/// How a trial ended.
#[derive(Debug, Deserialize)]
pub(super) struct Tell {
    pub(super) study: String,
    pub(super) trial: u64,
    /// One for each direction if the trial is complete; else not looked at.
    pub(super) values: Option<Vec<Number>>,
    #[serde(default)]
    pub(super) state: State,
    /// Why it failed.
    pub(super) reason: Option<String>,
}

/// In what state a trial ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    #[default]
    Complete,
    Pruned,
    Failed,
}

/// A trial that is to be asked for next, with values for some parameters.
#[derive(Debug, Deserialize)]
pub(super) struct Enqueue {
    pub(super) study: String,
    pub(super) params: Map<String, Value>,
}

/// A request that says no more than which study is meant.
#[derive(Debug, Deserialize)]
pub(super) struct OfStudy {
    pub(super) study: String,
}

/// A number, NaN and the infinities included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Number(pub(super) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Null => Some(f64::NAN),
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text
                .parse::<f64>()
                .ok()
                .filter(|number| !number.is_finite() && !text.contains(char::is_numeric)),
            _ => None,
        };
        number.map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "{value} is not a number; null or \"nan\", \"inf\" and \"-inf\" stand for those \
                 that JSON has no word for"
            ))
        })
    }
}

/// What is answered: `ok`, and what the request asked for.
#[derive(Debug, Serialize)]
pub(super) struct Reply {
    ok: bool,
    #[serde(flatten)]
    body: Body,
}

/// What a reply has besides `ok`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Body {
    Hello {
        name: &'static str,
        protocol: u64,
        version: &'static str,
    },
    Asked(Asked),
    AskedMany {
        trials: Vec<Asked>,
    },
    Reported {
        prune: bool,
    },
    Enqueued {
        trial: u64,
    },
    Best(Best),
    /// Of several objectives: the Pareto front.
    BestOfMany {
        trials: Vec<Best>,
    },
    Done {},
    Error {
        error: String,
    },
}

/// A trial to run.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    pub(super) trial: u64,
    pub(super) params: Map<String, Value>,
    /// If values are reused: the trial that had these parameters before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) twin: Option<u64>,
    /// The twin's values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) values: Option<Vec<Value>>,
}

/// A trial that was not beaten.
#[derive(Debug, Serialize)]
pub(super) struct Best {
    pub(super) trial: u64,
    pub(super) params: Map<String, Value>,
    /// Infinite ones are texts.
    pub(super) values: Vec<Value>,
}

impl Reply {
    pub(super) fn error(error: String) -> Self {
        Self {
            ok: false,
            body: Body::Error { error },
        }
    }
}

impl From<Body> for Reply {
    fn from(body: Body) -> Self {
        Self { ok: true, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        Request::parse(line.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_request_is_told_so() {
        for (line, said) in [
            ("", "a request is a JSON object, such as"),
            ("{\"op\":", "a request is a JSON object, such as"),
            ("3", "a request is a JSON object, such as"),
            ("nonsense", "the line is not JSON: "),
            ("{\"op\":\"bye\"} {}", "the line is not JSON: "),
            ("{}", "the request has no `op`; the ops are hello, create, "),
            (
                r#"{"op":"aks"}"#,
                "no op is named `aks`, did you mean `ask`?; the ops are hello, create, ",
            ),
            (
                r#"{"op":"tell","study":"s","trial":0,"values":["1e999"]}"#,
                "`tell`: \"1e999\" is not a number; ",
            ),
            (r#"{"op":"ask"}"#, "`ask`: missing field `study`"),
            (r#"{"op":"ask","study":"s","n":0}"#, "`ask`: invalid value"),
            (
                r#"{"op":"tell","study":"s","trial":-1,"values":[1]}"#,
                "`tell`: invalid value: integer `-1`, expected u64",
            ),
            (
                r#"{"op":"tell","study":"s","trial":0,"state":"prune"}"#,
                "`tell`: unknown variant `prune`, expected one of `complete`, `pruned`, `failed`",
            ),
            (
                r#"{"op":"tell","study":"s","trial":0,"values":["3"]}"#,
                "`tell`: \"3\" is not a number; ",
            ),
            (
                r#"{"op":"report","study":"s","trial":0,"value":1}"#,
                "`report`: missing field `step`",
            ),
        ] {
            let error = refused(line);
            assert!(error.starts_with(said), "{line}: {error}");
        }
        let error = Request::parse(b"{\"op\":\"\xff\"}")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("the line is not UTF-8: "), "{error}");
    }

    #[test]
    fn numbers_without_a_word_in_json_are_read_in_every_spelling() {
        for (written, expected) in [
            ("2", 2.0),
            ("-0.5e3", -500.0),
            ("null", f64::NAN),
            ("NaN", f64::NAN),
            ("\"nan\"", f64::NAN),
            ("Infinity", f64::INFINITY),
            ("\"Infinity\"", f64::INFINITY),
            ("\"inf\"", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("\"-inf\"", f64::NEG_INFINITY),
        ] {
            let line = format!(
                r#"{{"op":"tell","study":"NaN","trial":3,"values":[{written}],"more":[]}}"#
            );
            let Request::Tell(tell) = Request::parse(line.as_bytes()).unwrap() else {
                panic!("{line}");
            };
            let number = tell.values.unwrap()[0].0;
            assert!(
                number == expected || (number.is_nan() && expected.is_nan()),
                "{line}"
            );
            assert_eq!((tell.study.as_str(), tell.state), ("NaN", State::Complete));
            let line =
                format!(r#"{{"op":"report","study":"s","trial":3,"step":0,"value":{written}}}"#);
            let Request::Report(report) = Request::parse(line.as_bytes()).unwrap() else {
                panic!("{line}");
            };
            let reported = report.value.unwrap().0;
            assert!(reported == expected || (reported.is_nan() && expected.is_nan()));
        }
    }

    #[test]
    fn replies_have_ok_first_and_only_what_was_asked_for() {
        let spelled = |reply: Reply| serde_json::to_string(&reply).unwrap();
        let params = Map::from_iter([("x".to_owned(), serde_json::json!(0.5))]);
        let asked = Asked {
            trial: 0,
            params,
            twin: None,
            values: None,
        };
        assert_eq!(
            spelled(Body::Asked(asked).into()),
            r#"{"ok":true,"trial":0,"params":{"x":0.5}}"#
        );
        assert_eq!(spelled(Body::Done {}.into()), r#"{"ok":true}"#);
        assert_eq!(
            spelled(Body::Reported { prune: false }.into()),
            r#"{"ok":true,"prune":false}"#
        );
        assert_eq!(
            spelled(Reply::error("no".to_owned())),
            r#"{"ok":false,"error":"no"}"#
        );
    }
}
